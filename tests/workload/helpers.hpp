#pragma once

#include <unistd.h>

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "sim/workload/workload.hpp"

namespace agentsim::workload {

// A folder for one test's files, gone with it.
class TestFolder {
 public:
  TestFolder()
      : path_(std::filesystem::temp_directory_path() / ("agentsim-test-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

inline std::string gzipped(const std::string& text) {
  std::string out;
  boost::iostreams::filtering_ostream stream;
  stream.push(boost::iostreams::gzip_compressor());
  stream.push(boost::iostreams::back_inserter(out));
  stream << text;
  stream.reset();
  return out;
}

inline WorkloadSpec read_spec(const std::string& yaml) {
  const config::Value map = config::Value::parse(yaml, "w.yaml");
  WorkloadSpec spec;
  Diagnostics diagnostics;
  config::read_map(map, "the workload", spec, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

inline Workload make_workload(const std::string& yaml, uint64_t seed = 1) {
  return Workload(read_spec(yaml), seed);
}

// A message without the names of test folders, so that it is the same on every run.
inline std::string without_folders(std::string text) {
  const std::string mark = "agentsim-test-";
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
    const size_t space = text.find_last_of(" '\n", at);
    const size_t begin = space == std::string::npos ? 0 : space + 1;
    text.erase(begin, text.find('/', at) + 1 - begin);
  }
  return text;
}

// The text of the ConfigError that making this workload ends in, with the test folder's name left out; "" if
// none.
inline std::string errors_of(const std::string& yaml) {
  try {
    make_workload(yaml);
    return "";
  } catch (const ConfigError& error) {
    return without_folders(error.what());
  }
}

inline uint64_t fingerprint_of(const SessionPlan& plan) {
  Fnv1a hash;
  add_to(hash, plan);
  return hash.value();
}

// Prompt tokens that a cache without limits finds in earlier prompts of the session, in blocks of 64 tokens.
inline uint64_t hit_tokens(const SessionPlan& plan) {
  const auto shared = [&](const Call& a, const Call& b) {
    uint64_t tokens = 0;
    for (uint32_t i = 0; i < std::min(a.slice_count, b.slice_count); ++i) {
      const Slice& x = plan.slices[a.first_slice + i];
      const Slice& y = plan.slices[b.first_slice + i];
      if (x.stream != y.stream || x.begin != y.begin) break;
      tokens += std::min(x.tokens(), y.tokens());
      if (x.end != y.end) break;
    }
    return tokens / 64 * 64;
  };
  uint64_t sum = 0;
  for (size_t i = 0; i < plan.calls.size(); ++i) {
    uint64_t best = 0;
    for (size_t j = 0; j < i; ++j) best = std::max(best, shared(plan.calls[i], plan.calls[j]));
    sum += best;
  }
  return sum;
}

}  // namespace agentsim::workload

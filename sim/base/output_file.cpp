#include "sim/base/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <fstream>

#include "sim/base/contract.hpp"

namespace agentsim {

struct OutputFile::Streams {
  std::ofstream file;
  boost::iostreams::filtering_ostream out;
};

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)),
      partial_(fmt::format("{}.partial-{}", path_.string(), ::getpid())),
      streams_(std::make_unique<Streams>()) {
  std::error_code ignored;
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), ignored);
  streams_->file.open(partial_, std::ios::binary | std::ios::trunc);
  if (!streams_->file) throw RunError(fmt::format("{}: cannot be written", path_.string()));
  if (path_.extension() == ".gz") streams_->out.push(boost::iostreams::gzip_compressor());
  streams_->out.push(streams_->file);
}

OutputFile::~OutputFile() {
  if (!streams_) return;
  streams_.reset();
  std::error_code ignored;
  std::filesystem::remove(partial_, ignored);
}

void OutputFile::check() const {
  if (!streams_->out || !streams_->file)
    throw RunError(fmt::format("{}: cannot be written (is the disk full?)", path_.string()));
}

void OutputFile::write(std::string_view text) {
  streams_->out.write(text.data(), static_cast<std::streamsize>(text.size()));
  check();
}

void OutputFile::commit() {
  streams_->out.reset();  // flushes and closes the filters
  streams_->file.close();
  check();
  streams_.reset();
  std::error_code failed;
  std::filesystem::rename(partial_, path_, failed);
  if (failed) throw RunError(fmt::format("{}: cannot be put in place: {}", path_.string(), failed.message()));
}

}  // namespace agentsim

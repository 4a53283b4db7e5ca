#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/run_folder.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim {

using workload::TestFolder;

// What `work` returns, done in a process of its own, because SimGrid is one simulation a process. Throws if
// it does.
inline std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no child");
  if (child == 0) {
    std::string text;
    try {
      text = "=" + work();
    } catch (const std::exception& error) {
      text = std::string("!") + error.what();
    }
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t bytes = ::write(ends[1], text.data() + sent, text.size() - sent);
      if (bytes <= 0) ::_exit(3);
      sent += static_cast<size_t>(bytes);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[1 << 16];
  for (ssize_t bytes; (bytes = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(bytes));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("the child process ended with status " + std::to_string(status));
  if (text.empty() || text[0] == '!') throw std::runtime_error(text.empty() ? "no answer" : text.substr(1));
  return text.substr(1);
}

// The files of a run by name.
using Files = std::map<std::string, std::string>;

// Runs the first platform of a scenario in a process of its own.
inline Files run_files(const std::string& scenario, const std::vector<std::string>& settings = {},
                       const std::string& engine = "fast", int64_t seed = 1) {
  const TestFolder folder;
  const std::string target = folder.write("marker", "") + ".run";
  const std::string text = in_child([&] {
    Overrides overrides;
    overrides.settings = settings;
    overrides.engine = engine;
    const Scenario s = load_scenario(scenario, overrides);
    ResultFolder results(target);
    run_into(s, s.platforms.front(), static_cast<uint64_t>(seed), "test", results, "");
    nlohmann::json files = nlohmann::json::object();
    for (const char* name : {"summary.json", "sessions.csv", "calls.csv", "replicas.csv", "links.csv"}) {
      std::ifstream in(results.path() / name, std::ios::binary);
      std::ostringstream all;
      all << in.rdbuf();
      files[name] = all.str();
    }
    return files.dump();
  });
  return nlohmann::json::parse(text).get<Files>();
}

// The same of a scenario that is given as text.
inline Files run_text(const std::string& yaml, const std::vector<std::string>& settings = {},
                      const std::string& engine = "fast", int64_t seed = 1) {
  const TestFolder folder;
  return run_files(folder.write("s.yaml", yaml), settings, engine, seed);
}

inline nlohmann::json summary(const Files& files) {
  return nlohmann::json::parse(files.at("summary.json"));
}

// A CSV file without quotes.
class Table {
 public:
  explicit Table(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    names_ = split(line);
    while (std::getline(lines, line)) rows_.push_back(split(line));
  }
  size_t size() const { return rows_.size(); }
  double at(size_t row, const std::string& column) const { return std::atof(text(row, column).c_str()); }
  const std::string& text(size_t row, const std::string& column) const {
    for (size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == column) return rows_.at(row)[i];
    throw std::runtime_error("no column " + column);
  }
  double sum(const std::string& column) const {
    double total = 0.0;
    for (size_t row = 0; row < size(); ++row) total += at(row, column);
    return total;
  }

 private:
  static std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    return cells;
  }
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
};

// What a run takes from its first platform, for expected values.
struct Parts {
  explicit Parts(const std::string& yaml)
      : scenario(load(yaml)),
        choice(scenario.platforms.front()),
        links(choice.cluster, choice.deployment, 0),
        group(links.stage()),
        step_time(choice.deployment, choice.cluster.node().gpu, links, choice.cluster.node().host_speed) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  double seconds(const model::Batch& batch, int64_t context, double rate) const {
    const model::StepCost cost = step_time.cost(batch);
    return std::max(cost.least_s,
                    cost.compute_s(static_cast<double>(context), 0.0) +
                        (group.size() > 1 ? cost.lanes[model::Lane::tensor].seconds(rate) : 0.0));
  }
  // Of a prompt of that length in chunks of the token budget, on an empty cache.
  double prefill_s(int64_t tokens, double rate) const {
    double sum = 0.0;
    for (int64_t done = 0; done < tokens;) {
      const int64_t chunk = std::min(tokens - done, choice.deployment.engine.token_budget);
      model::Batch batch;
      batch.chunks.push_back({static_cast<double>(chunk), static_cast<double>(done)});
      done += chunk;
      batch.finished_prompts = done == tokens ? 1 : 0;
      sum += seconds(batch, 0, rate);
    }
    return sum;
  }
  // Of one sequence alone, from the first token to the last.
  double decode_s(int64_t prompt, int64_t output, double rate) const {
    double sum = 0.0;
    for (int64_t token = 1; token < output; ++token) {
      model::Batch batch;
      batch.decoding = 1;
      sum += seconds(batch, prompt + token, rate);
    }
    return sum;
  }
  // Of a message alone on the links.
  double travel_s(const platform::Route& route, double bytes) const {
    double narrowest = 1e300;
    for (const int link : route.links) narrowest = std::min(narrowest, choice.cluster.link_bytes_per_s(link));
    return route.latency_s + bytes / narrowest;
  }

  Scenario scenario;
  const PlatformChoice& choice;
  model::ReplicaLinks links;
  const model::CollectiveGroup& group;  // of its first stage
  model::StepTime step_time;

 private:
  static Scenario load(const std::string& yaml) {
    const TestFolder folder;
    return load_scenario(folder.write("parts.yaml", yaml));
  }
};

}  // namespace agentsim

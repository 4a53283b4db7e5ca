#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analysis/batch/command.hpp"
#include "analysis/batch/executor.hpp"
#include "sim/base/contract.hpp"
#include "sim/base/text_file.hpp"
#include "sim/config/library.hpp"

namespace agentsim::batch {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct SlurmSpec {
  std::string partition, account, options;
  double time_s = 0.0;
  double memory_bytes = 0.0;
  int64_t cpus = 1, points_per_task = 1, at_once = 0;
};

template <class V>
void describe(V& v, SlurmSpec& spec) {
  using config::Bounds;
  v.field("partition", spec.partition, "of the cluster; absent: its default");
  v.field("account", spec.account, "that pays");
  v.field("time", spec.time_s, Dimension::time, config::kPositive,
          "limit of a task; absent: that of the partition");
  v.field("memory", spec.memory_bytes, Dimension::bytes, config::kPositive,
          "of a task; absent: that of the partition");
  v.field("cpus", spec.cpus, Bounds{1, 4096}, "of a task: as many points at once");
  v.field("points_per_task", spec.points_per_task, Bounds{1, 1e6}, "points that a task runs");
  v.field("at_once", spec.at_once, Bounds{1, 1e6}, "tasks at once; absent: as many as the cluster likes");
  v.field("options", spec.options, "further options of sbatch, separated by spaces");
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Ids of the jobs of a batch; none: nothing was submitted.
std::vector<std::string> jobs_of(const fs::path& out) {
  const fs::path file = out / "slurm" / "jobs.json";
  if (!fs::exists(file)) return {};
  const Json json = Json::parse(read_text(file.string()), nullptr, false);
  if (!json.is_array()) throw RunError(fmt::format("{}: is damaged", file.string()));
  return json.get<std::vector<std::string>>();
}

// A cluster that runs Slurm: one array of tasks, each of which runs some points, and a job behind it that
// merges. All is kept in files that every node sees; nothing of ours goes on running.
class Slurm : public Executor {
 public:
  void describe(config::Reader& reader) override {
    batch::describe(reader, spec_);
    partition_ = reader.at("partition");
    section_ = reader.at("");
  }

  void check() const override {
    const CommandResult found = run_command({"sinfo", "-h", "-o", "%R"});
    if (found.status == 127)
      throw ConfigError("the executor slurm needs Slurm's commands (sbatch, sinfo), which are not here");
    if (found.status != 0) throw ConfigError(fmt::format("Slurm does not answer: {}", found.error));
    const std::vector<std::string> partitions = words_of(found.out);
    if (spec_.partition.empty() ||
        std::find(partitions.begin(), partitions.end(), spec_.partition) != partitions.end())
      return;
    Diagnostics diagnostics;
    config::add_unknown_word(partition_, "partition", partitions, diagnostics);
    diagnostics.throw_if_any();
  }

  bool run(const Batch& batch, Standing&) const override {
    if (batch.points.empty()) return true;
    const fs::path folder = batch.out / "slurm";
    std::error_code failed;
    fs::remove_all(folder, failed);
    fs::create_directories(folder / "logs", failed);
    if (failed) throw RunError(fmt::format("{}: cannot be made: {}", folder.string(), failed.message()));
    const size_t tasks = write_tasks(batch, folder / "tasks.txt");
    write_file(folder / "task.sh",
               script(batch, "work") + " --tasks " + quoted((folder / "tasks.txt").string()) +
                   fmt::format(" --task $((SLURM_ARRAY_TASK_ID + $1)) --jobs {}\n", spec_.cpus));
    write_file(folder / "merge.sh", script(batch, "merge") + " --quiet\n");
    std::vector<std::string> jobs;
    const auto submitted = [&](const std::string& job) {
      jobs.push_back(job);  // known at once: what is submitted can be cancelled
      write_file(folder / "jobs.json", Json(jobs).dump() + "\n");
    };
    const size_t most = longest_array();
    try {
      for (size_t first = 0; first < tasks; first += most)
        submitted(submit(array_words(batch, folder, std::min(most, tasks - first), jobs),
                         {"task.sh", fmt::format("{}", first)}, folder));
      submitted(submit(merge_words(batch, folder, jobs), {"merge.sh"}, folder));
    } catch (...) {
      cancel(batch.out);
      throw;
    }
    return false;
  }

  std::vector<std::string> at_work(const fs::path& out) const override {
    std::vector<std::string> lines;
    for (const std::string& job : jobs_of(out)) {
      const CommandResult queue = run_command({"squeue", "-h", "-r", "-j", job, "-o", "%T (%r)"});
      if (queue.status != 0 && queue.error.find("Invalid job id") == std::string::npos)
        throw RunError(fmt::format("squeue: {}", queue.status == 127 ? "is not here" : queue.error));
      std::map<std::string, int> states;
      std::istringstream text(queue.out);
      for (std::string line; std::getline(text, line);) ++states[line];
      for (const auto& [state, count] : states) {
        const bool says_why = state.find("(None)") == std::string::npos;
        lines.push_back(fmt::format("Slurm job {}: {} {}", job, count,
                                    says_why ? state : state.substr(0, state.find(' '))));
      }
    }
    return lines;
  }

  bool cancel(const fs::path& out) const override {
    if (at_work(out).empty()) return false;
    std::vector<std::string> words{"scancel"};
    for (const std::string& job : jobs_of(out)) words.push_back(job);
    const CommandResult done = run_command(words);
    if (done.status != 0) throw RunError(fmt::format("scancel: {}", done.error));
    return true;
  }

 private:
  // The numbers of a task's points, one task a line.
  size_t write_tasks(const Batch& batch, const fs::path& file) const {
    const auto each = static_cast<size_t>(spec_.points_per_task);
    std::string text;
    for (size_t i = 0; i < batch.numbers.size(); ++i)
      text += fmt::format("{}{}", batch.numbers[i],
                          (i + 1) % each == 0 || i + 1 == batch.numbers.size() ? '\n' : ' ');
    write_file(file, text);
    return (batch.numbers.size() + each - 1) / each;
  }

  static std::string script(const Batch& batch, const char* command) {
    std::string text =
        "#!/bin/sh\nexport AGENTSIM_HOME=" + quoted(fs::absolute(config::Library::root()).string()) +
        "\nexec";
    for (const std::string& word : batch.program) text += " " + quoted(word);
    return text + fmt::format(" {} {}", command, quoted(batch.out.string()));
  }

  static size_t longest_array() {
    const CommandResult config = run_command({"scontrol", "show", "config"});
    const size_t at = config.out.find("MaxArraySize");
    const size_t number = at == std::string::npos ? at : config.out.find_first_of("0123456789", at);
    return number == std::string::npos ? 1000 : std::max(1UL, std::stoul(config.out.substr(number, 12)));
  }

  std::vector<std::string> common_words(const Batch& batch, const fs::path& folder, const char* log) const {
    std::vector<std::string> words{"sbatch",
                                   "--parsable",
                                   "--job-name=" + batch.name,
                                   "--requeue",
                                   "--open-mode=append",
                                   "--chdir=" + fs::current_path().string(),
                                   "--output=" + (folder / "logs" / log).string()};
    if (!spec_.partition.empty()) words.push_back("--partition=" + spec_.partition);
    if (!spec_.account.empty()) words.push_back("--account=" + spec_.account);
    if (spec_.memory_bytes > 0.0)
      words.push_back(fmt::format("--mem={:.0f}M", std::ceil(spec_.memory_bytes / 0x1p20)));
    return words;
  }

  std::vector<std::string> array_words(const Batch& batch, const fs::path& folder, size_t tasks,
                                       const std::vector<std::string>& before) const {
    std::vector<std::string> words = common_words(batch, folder, "%A_%a.log");
    words.push_back(
        fmt::format("--array=0-{}{}", tasks - 1, spec_.at_once > 0 ? fmt::format("%{}", spec_.at_once) : ""));
    words.push_back(fmt::format("--cpus-per-task={}", spec_.cpus));
    if (spec_.time_s > 0.0) {
      const auto seconds = static_cast<int64_t>(std::ceil(spec_.time_s));
      words.push_back(fmt::format("--time={}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    if (spec_.at_once > 0 && !before.empty()) words.push_back("--dependency=afterany:" + before.back());
    for (const std::string& word : words_of(spec_.options)) words.push_back(word);
    return words;
  }

  std::vector<std::string> merge_words(const Batch& batch, const fs::path& folder,
                                       const std::vector<std::string>& arrays) const {
    std::vector<std::string> words = common_words(batch, folder, "merge.log");
    words.push_back(fmt::format("--dependency=afterany:{}", fmt::join(arrays, ":")));
    for (const std::string& word : words_of(spec_.options)) words.push_back(word);
    return words;
  }

  std::string submit(std::vector<std::string> words, const std::vector<std::string>& script_words,
                     const fs::path& folder) const {
    words.push_back((folder / script_words.front()).string());
    words.insert(words.end(), script_words.begin() + 1, script_words.end());
    const CommandResult done = run_command(words);
    if (done.status != 0) {
      const std::string message = fmt::format("Slurm refuses the job: {}", done.error);
      if (section_.is_null()) throw ConfigError(message);
      throw ConfigError(std::vector<Diagnostic>{section_.mistake(message)});
    }
    return done.out.substr(0, done.out.find_first_of(";\n"));
  }

  SlurmSpec spec_;
  config::Value partition_, section_;
};

const Executors::Entry entry{"slurm", "a job array of a Slurm cluster",
                             [] { return std::make_unique<Slurm>(); }};

}  // namespace
}  // namespace agentsim::batch

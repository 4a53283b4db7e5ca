#include "analysis/sweep/sweep_folder.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/text_file.hpp"
#include "sim/run_folder.hpp"

namespace agentsim::sweep {
namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

SweepFolder::SweepFolder(fs::path path) : path_(fs::absolute(path).lexically_normal()) {
  if (path_.filename().empty()) path_ = path_.parent_path();
}

void SweepFolder::write(const SweepRecord& record, const Plan& plan) const {
  const Json json{{"command", record.command},
                  {"version", version()},
                  {"sweep", record.file},
                  {"folder", record.folder.string()},
                  {"settings", record.overrides.settings},
                  {"executor", plan.spec().executor},
                  {"store", record.store.string()},
                  {"points", plan.points().size()},
                  {"fingerprint", record.fingerprint}};
  write_file(path_ / "manifest.json", json.dump(2) + "\n");
}

SweepRecord SweepFolder::read() const {
  const fs::path file = path_ / "manifest.json";
  if (!fs::is_directory(path_)) batch::refuse_folder(path_, "no such folder");
  const Json json = fs::exists(file) ? Json::parse(read_text(file.string()), nullptr, false) : Json();
  if (!json.is_object() || !json.contains("sweep") || !json.contains("fingerprint"))
    batch::refuse_folder(path_, "is not the folder of a sweep");
  SweepRecord record;
  record.command = json.at("command");
  record.file = json.at("sweep");
  record.folder = json.at("folder").get<std::string>();
  record.overrides.settings = json.at("settings").get<std::vector<std::string>>();
  record.overrides.executor = json.at("executor");
  record.store = json.at("store").get<std::string>();
  record.fingerprint = json.at("fingerprint");
  return record;
}

Merged SweepFolder::write_tables(const Plan& plan, const batch::ResultStore& store) const {
  Merged merged = merge(plan, store, failures());
  write_file(path_ / "sweep.csv", merged.results);
  write_file(path_ / "failures.csv", merged.failures);
  return merged;
}

Plan plan_again(const SweepRecord& record) {
  std::error_code failed;
  fs::current_path(record.folder, failed);  // words of the files may be paths from there
  if (failed)
    batch::refuse_folder(record.folder, fmt::format("the sweep was started here: {}", failed.message()));
  Plan plan(load_sweep(record.file, record.overrides));
  if (plan.fingerprint() != record.fingerprint)
    throw ConfigError(
        fmt::format("{}: it or a file that it reads has changed since the sweep was started; start it again: "
                    "finished points "
                    "that are still the same are not run again",
                    record.file));
  return plan;
}

}  // namespace agentsim::sweep

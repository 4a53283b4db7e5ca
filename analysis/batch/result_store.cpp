#include "analysis/batch/result_store.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"
#include "sim/base/hash.hpp"

namespace agentsim::batch {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kIndex = "point.json";

std::string host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::optional<std::string> bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return file.bad() ? std::nullopt : std::optional(std::move(text));
}

std::string checksum(const std::string& text) {
  return fmt::format("{:016x}", Fnv1a().add(text).value());
}

bool is_kept(const std::string& file, ResultStore::Keep keep) {
  return keep == ResultStore::Keep::tables || file == "summary.json" || file == "manifest.json";
}

// Nothing if there is no point or its index cannot be understood.
std::optional<Json> index_of(const fs::path& folder) {
  const std::optional<std::string> text = bytes_of(folder / kIndex);
  if (!text) return {};
  Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json["files"].is_object() || !json["tables"].is_boolean()) return {};
  return json;
}

bool is_gone(const std::string& partial_name) {
  const size_t mark = partial_name.rfind(".partial-");
  if (mark == std::string::npos) return false;
  const auto pid = static_cast<pid_t>(std::atol(partial_name.c_str() + mark + 9));
  if (pid <= 0 || (::kill(pid, 0) != 0 && errno == ESRCH)) return pid > 0;
  // Where nobody reaps orphans the dead stay in the list, as "pid (name) Z ...".
  const std::string stat = bytes_of(fmt::format("/proc/{}/stat", pid)).value_or("");
  const size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && (stat[name_end + 2] == 'Z' || stat[name_end + 2] == 'X');
}

}  // namespace

void refuse_folder(const fs::path& path, const std::string& why) {
  std::error_code failed;
  const fs::path near = fs::proximate(path, failed);  // as it was typed, mostly
  const bool is_below = !failed && !near.empty() && *near.begin() != "..";
  throw ConfigError(
      std::vector<Diagnostic>{{Place{(is_below ? near : path).string(), 0, 0, 1, ""}, why, "", {}, ""}});
}

void ResultStore::open() const {
  std::error_code failed;
  fs::create_directories(root_ / "work", failed);
  if (failed) refuse_folder(root_, fmt::format("the results store cannot be made: {}", failed.message()));
  const std::string mine = host() + ".";
  for (const auto& entry : fs::directory_iterator(root_ / "work", failed)) {
    const std::string name = entry.path().filename().string();
    if (name.compare(0, mine.size(), mine) == 0 && is_gone(name)) fs::remove_all(entry.path(), failed);
  }
  check_writable();
}

void ResultStore::check_writable() const {
  const fs::path probe = root_ / "work" / fmt::format("{}.probe-{}", host(), ::getpid());
  write_file(probe, std::string(1 << 16, ' '));
  std::error_code ignored;
  fs::remove(probe, ignored);
}

fs::path ResultStore::folder(const std::string& key) const {
  return root_ / key.substr(0, 2) / key;
}

ResultStore::State ResultStore::state(const std::string& key, Keep keep) const {
  const fs::path at = folder(key);
  std::error_code ignored;
  if (!fs::exists(at, ignored)) return State::absent;
  const std::optional<Json> index = index_of(at);
  if (!index || index->value("key", "") != key) return State::damaged;
  if (keep == Keep::tables && !(*index)["tables"].get<bool>()) return State::absent;
  size_t found = 0;
  for (const auto& [name, sum] : (*index)["files"].items()) {
    if (!is_kept(name, keep)) continue;
    ++found;
    const std::optional<std::string> text = bytes_of(at / name);
    if (!text || !sum.is_string() || checksum(*text) != sum.get<std::string>()) return State::damaged;
  }
  return found >= 2 ? State::whole : State::damaged;
}

double ResultStore::wall_s(const std::string& key) const {
  const std::optional<Json> index = index_of(folder(key));
  return index && index->contains("wall_s") && index->at("wall_s").is_number()
             ? index->at("wall_s").get<double>()
             : 0.0;
}

std::unique_ptr<ResultFolder> ResultStore::begin(const std::string& key) const {
  return std::make_unique<ResultFolder>(root_ / "work" / fmt::format("{}.{}", host(), key));
}

void ResultStore::put(const std::string& key, const ResultFolder& written, Keep keep, double wall_s) const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(written.path())) {
    const std::string name = entry.path().filename().string();
    if (!is_kept(name, keep)) {
      fs::remove(entry.path());
      continue;
    }
    const std::optional<std::string> text = bytes_of(entry.path());
    if (!text) throw RunError(fmt::format("{}: cannot be read", entry.path().string()));
    files[name] = checksum(*text);
  }
  const Json index{{"key", key}, {"tables", keep == Keep::tables}, {"wall_s", wall_s}, {"files", files}};
  written.write(kIndex, index.dump(2) + "\n");
  const fs::path at = folder(key);
  std::error_code failed;
  fs::create_directories(at.parent_path(), failed);
  // A folder that is not empty cannot be renamed over: a damaged or smaller one goes first.
  for (int attempt = 0; attempt < 3; ++attempt) {
    fs::rename(written.path(), at, failed);
    if (!failed || state(key, keep) == State::whole) return;  // perhaps somebody else was faster
    const fs::path old = written.path().string() + ".old";
    std::error_code ignored;
    fs::rename(at, old, ignored);
    fs::remove_all(old, ignored);
  }
  throw RunError(fmt::format("{}: cannot be put in place: {}", at.string(), failed.message()));
}

}  // namespace agentsim::batch

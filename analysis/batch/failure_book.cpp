#include "analysis/batch/failure_book.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "analysis/batch/result_store.hpp"
#include "sim/base/contract.hpp"

namespace agentsim::batch {
namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

namespace {

Ending::Kind kind_of(const std::string& word) {
  using Kind = Ending::Kind;
  for (const Kind kind : {Kind::config_error, Kind::contract_violation, Kind::run_error, Kind::interrupted})
    if (word == name(kind)) return kind;
  return Kind::killed;
}

}  // namespace

FailureBook::FailureBook(fs::path folder) : folder_(std::move(folder)) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) refuse_folder(folder_, fmt::format("cannot be made: {}", failed.message()));
}

void FailureBook::catch_output(const std::string& key) const {
  const int file = ::open(log(key).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    throw RunError(fmt::format("{}: cannot be written: {}", log(key).string(), std::strerror(errno)));
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  ::close(file);
}

void FailureBook::record(const Failure& failure) const {
  const Json json{{"key", failure.key},
                  {"point", failure.name},
                  {"kind", name(failure.ending.kind)},
                  {"attempts", failure.attempts},
                  {"message", failure.ending.words}};
  write_file(folder_ / (failure.key + ".json"),
             json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void FailureBook::forget(const std::string& key) const {
  std::error_code ignored;
  fs::remove(log(key), ignored);
  fs::remove(folder_ / (key + ".json"), ignored);
}

std::optional<Failure> FailureBook::find(const std::string& key) const {
  std::ifstream file(folder_ / (key + ".json"), std::ios::binary);
  if (!file) return {};
  const Json json = Json::parse(std::string{std::istreambuf_iterator<char>(file), {}}, nullptr, false);
  if (!json.is_object()) return {};
  return Failure{key,
                 json.value("point", ""),
                 {kind_of(json.value("kind", "")), json.value("message", "")},
                 json.value("attempts", 0)};
}

}  // namespace agentsim::batch

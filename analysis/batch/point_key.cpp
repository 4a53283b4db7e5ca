#include "analysis/batch/point_key.hpp"

#include <fmt/format.h>

#include <fstream>

#include "sim/base/text_file.hpp"
#include "sim/model/protocol.hpp"
#include "sim/run_folder.hpp"

namespace agentsim::batch {
namespace {

using config::Value;

// A value without the file it comes from: what the scenario says of a cluster may be a map of its own.
void add_value(const Value& value, Digest& digest) {
  if (value.is_scalar()) digest.add(value.scalar());
  digest.add(static_cast<uint64_t>(value.kind()));
  digest.add(value.items().size() + value.entries().size());
  for (const Value& item : value.items()) add_value(item, digest);
  for (const auto& [name, item] : value.entries()) {
    digest.add(name.scalar());
    add_value(item, digest);
  }
}

std::string digest_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError(fmt::format("{}: cannot be read", path));
  Digest digest;
  std::string piece(1 << 16, '\0');
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0)
    digest.add(std::string_view(piece.data(), static_cast<size_t>(file.gcount())));
  return digest.text();
}

}  // namespace

Digest& Digest::add(std::string_view text) {
  first_.add(text);
  second_.add(text);
  return *this;
}

Digest& Digest::add(uint64_t number) {
  first_.add(number);
  second_.add(number);
  return *this;
}

std::string Digest::text() const {
  return fmt::format("{:016x}{:016x}", first_.value(), mix64(second_.value()));
}

void KeyMaker::add_files(const std::set<std::string>& files, Digest& digest) {
  for (const std::string& file : files) {
    auto found = contents_.find(file);
    if (found == contents_.end()) found = contents_.emplace(file, digest_of_file(file)).first;
    digest.add(found->second);
  }
}

std::string KeyMaker::common(const Scenario& scenario) {
  config::Dumper::Json json = dump_common(scenario);
  for (const char* key : {"name", "title", "seed", "replications"}) json.erase(key);
  Digest digest;
  digest.add(json.dump()).add(static_cast<uint64_t>(scenario.mode));
  add_files(scenario.files, digest);
  return digest.text();
}

std::string KeyMaker::platform(const PlatformChoice& choice) {
  Digest digest;
  digest.add(dump_platform(choice).dump());
  add_value(choice.named, digest);
  add_files(choice.files, digest);
  const FileLog log;  // a run reads these when it begins
  for (int group = 0; group < choice.cluster.groups(); ++group)
    model::load_protocols(choice.cluster.node(group).collective_class);
  add_files(log.files(), digest);
  return digest.text();
}

std::string KeyMaker::key(const std::string& common, const std::string& platform, uint64_t seed) {
  return Digest().add(common).add(platform).add(seed).add(results_version()).text();
}

}  // namespace agentsim::batch

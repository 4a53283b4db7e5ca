#include "analysis/fidelity/table.hpp"

#include <boost/crc.hpp>

#include "sim/config/library.hpp"

namespace agentsim::fidelity {

CsvFile measured(const std::string& file) {
  return CsvFile((config::Library::root() / file).string());
}

platform::Accelerator gpu_named(const std::string& name) {
  return platform::load_accelerator(config::Value::parse(name, "fidelity"));
}

std::string token_class(double tokens) {
  return tokens <= 64.0 ? "1-64" : tokens <= 1024.0 ? "65-1024" : "over 1024";
}

bool is_held_out(const CsvFile& file, const CsvRow& row) {
  std::string key;
  for (size_t i = 0; i + 1 < file.columns().size(); ++i)
    key += (i == 0 ? "" : "|") + std::string(row.text(i));
  boost::crc_32_type crc;
  crc.process_bytes(key.data(), key.size());
  return crc.checksum() % 2 == 1;
}

}  // namespace agentsim::fidelity

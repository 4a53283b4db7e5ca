#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <cmath>
#include <set>
#include <sstream>

#include "sim/base/text_file.hpp"
#include "sim/config/library.hpp"
#include "sim/model/collective.hpp"
#include "tests/model/shipped.hpp"

// Simulated against measured all-reduces, on the rows that platforms/fit/first_fit.py did not see.
namespace agentsim::model {
namespace {

struct Row {
  int gpus = 0;
  double bytes = 0.0;
  double measured_s = 0.0;
};

// The odd half: crc32 of "device|library|n_gpus|size", as the fit splits them.
bool is_odd(const std::vector<std::string>& cells) {
  boost::crc_32_type crc;
  const std::string key = cells[0] + "|" + cells[2] + "|" + cells[3] + "|" + cells[4];
  crc.process_bytes(key.data(), key.size());
  return crc.checksum() % 2 == 1;
}

// All-reduces from 64 KiB as a serving engine runs them: vLLM's table, and NCCL's from 8 MiB.
std::vector<Row> rows_of(const std::string& device) {
  std::vector<Row> rows;
  std::set<std::string> seen;
  const auto file = config::Library::root() / "tests/validation/data/aic/collectives_measured.csv.gz";
  read_lines(file.string(), [&](std::string_view line, int) {
    std::istringstream stream{std::string(line)};
    std::vector<std::string> cells;
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    REQUIRE(cells.size() >= 6);
    if (cells[0] != device || cells[1] != "all_reduce" || !is_odd(cells) ||
        !seen.insert(std::string(line)).second)
      return;
    const Row row{std::stoi(cells[3]), std::stod(cells[4]), std::stod(cells[5]) * 1e-6};
    const bool is_engine = cells[2].compare(0, 4, "vLLM") == 0 || row.bytes >= 0x1p23;
    if (is_engine && row.bytes >= 65536.0) rows.push_back(row);
  });
  return rows;
}

double percentile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(std::ceil(q * static_cast<double>(values.size()))) - 1];
}

void compare(const std::string& device, const std::string& platform, const std::string& collective_class) {
  const platform::Cluster on = cluster(platform);
  const Protocols protocols = load_protocols(collective_class);
  std::vector<double> errors;
  for (const Row& row : rows_of(device)) {
    const CollectiveGroup group(on, first_gpus(row.gpus), protocols);
    const double simulated_s = group.all_reduce(row.bytes).seconds(group.rate());
    errors.push_back(std::abs(simulated_s / row.measured_s - 1.0));
  }
  REQUIRE(errors.size() >= 20);
  const double median = percentile(errors, 0.5);
  const double p90 = percentile(errors, 0.9);
  fmt::print("{}: all-reduce from 64 KiB, {} rows held out: median error {:.1f} %, p90 {:.1f} %\n", device,
             errors.size(), 100 * median, 100 * p90);
  CHECK(median <= 0.15);
  CHECK(p90 <= 0.30);
}

TEST_CASE("all-reduces on H100 with NVSwitch take the measured times") {
  compare("H100 SXM", "hgx_h100_x1", "nvswitch");
}

TEST_CASE("all-reduces on RTX PRO 6000 over PCIe take the measured times") {
  compare("RTX PRO 6000 Server", "rtx_pro_6000_pcie_x1", "pcie");
}

}  // namespace
}  // namespace agentsim::model

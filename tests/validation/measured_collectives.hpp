#pragma once

#include <boost/crc.hpp>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sim/base/text_file.hpp"
#include "sim/config/library.hpp"

// The rows of the measured tables that platforms/fit did not see.
namespace agentsim::validation {

struct Measured {
  std::string device;
  std::string collective;
  int gpus = 0;
  double bytes = 0.0;
  double seconds = 0.0;
};

using Cells = std::vector<std::string>;

// Calls take(cells, is_odd) for each different line below the header; odd in the order of the file.
template <class Take>
void each_row(const std::string& table, Take take) {
  std::set<std::string> seen;
  const auto file = config::Library::root() / "tests/validation/data" / table;
  read_lines(file.string(), [&](std::string_view line, int number) {
    Cells cells;
    std::istringstream stream{std::string(line)};
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (number > 1 && seen.insert(std::string(line)).second) take(cells, number % 2 == 1);
  });
}

// platforms/fit/first_fit.py splits by crc32 of "device|library|n_gpus|size".
inline bool is_odd_by_key(const Cells& cells) {
  boost::crc_32_type crc;
  const std::string key = cells[0] + "|" + cells[2] + "|" + cells[3] + "|" + cells[4];
  crc.process_bytes(key.data(), key.size());
  return crc.checksum() % 2 == 1;
}

// aiconfigurator. All-reduces as a serving engine runs them: vLLM's, and NCCL's from 8 MiB where the fit took
// it.
inline void add_aiconfigurator(std::vector<Measured>& rows) {
  each_row("aic/collectives_measured.csv.gz", [&](const Cells& c, bool odd) {
    const bool first_fit = c[1] == "all_reduce" && (c[0] == "H100 SXM" || c[0] == "RTX PRO 6000 Server");
    const double bytes = std::stod(c[4]);
    const bool nccl = bytes >= 0x1p23 && (first_fit || (c[0] == "A100 SXM" && c[3] == "4"));
    const bool engine = c[1] != "all_reduce" || c[2].compare(0, 4, "vLLM") == 0 || nccl;
    if (!engine || !(first_fit ? is_odd_by_key(c) : odd)) return;
    rows.push_back(
        {c[0], c[1] == "alltoall" ? "all_to_all" : c[1], std::stoi(c[3]), bytes, std::stod(c[5]) * 1e-6});
  });
  each_row("aic/vllm_allreduce.csv.gz", [&](const Cells& c, bool odd) {
    if (odd && c[0] == "a100_sxm" && c[2] == "vLLM_custom_graph")
      rows.push_back({"A100 SXM", "all_reduce", std::stoi(c[3]), std::stod(c[4]), std::stod(c[5]) * 1e-6});
  });
}

// vidur, whose sizes are 8 KiB apart: a row is taken if it is twice as large as the last, as in the other
// tables.
inline void add_vidur(std::vector<Measured>& rows) {
  static const std::map<std::string, std::string> kDevices{
      {"a100_pairwise_nvlink all_reduce 2", "A100 pairwise NVLink"},
      {"a100_pairwise_nvlink all_reduce 4", "A100 pairwise NVLink"},
      {"a100_dgx send_recv 2", "A100 SXM"},
      {"h100_dgx send_recv 2", "H100 SXM"},
      {"h100_dgx send_recv 1", "H100 SXM, 2 nodes"}};
  std::map<std::string, double> last;
  each_row("vidur/network.csv.gz", [&](const Cells& c, bool odd) {
    const auto device = kDevices.find(c[0] + " " + c[1] + " " + c[3]);
    if (!odd || device == kDevices.end() || std::stod(c[4]) < 2.0 * last[device->first]) return;
    last[device->first] = std::stod(c[4]);
    rows.push_back({device->second, c[1] == "send_recv" ? "p2p" : c[1], std::stoi(c[2]), std::stod(c[4]),
                    std::stod(c[5]) * 1e-6});
  });
}

inline void add_apex(std::vector<Measured>& rows) {
  each_row("apex/collectives_h100sxm_v100pcie.csv.gz", [&](const Cells& c, bool odd) {
    if (!odd || c[1] != "V100-PCIE-16GB") return;
    const int nodes = std::stoi(c[2]);
    const int gpus = std::stoi(c[3]);
    const std::string device = nodes == 1 ? "V100 PCIe" : "V100 PCIe, " + c[2] + " x " + c[3];
    const std::string op = c[0] == "alltoall" ? "all_to_all" : c[0] == "sendrecv" ? "p2p" : c[0];
    rows.push_back({device, op, nodes * gpus, std::stod(c[5]) * 1024.0, std::stod(c[6]) * 1e-6});
  });
}

// From 64 KiB.
inline std::vector<Measured> measured_collectives() {
  std::vector<Measured> all;
  add_aiconfigurator(all);
  add_vidur(all);
  add_apex(all);
  std::vector<Measured> large;
  for (const Measured& row : all)
    if (row.bytes >= 65536.0) large.push_back(row);
  return large;
}

}  // namespace agentsim::validation

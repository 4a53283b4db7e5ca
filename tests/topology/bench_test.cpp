#include "analysis/topology/bench.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace agentsim::topology {
namespace {

using doctest::Approx;

std::vector<BenchRow> rows_of(const std::string& name) {
  return bench(platform::load_cluster(config::Value::parse(name, "t.yaml")));
}

const BenchRow* row(const std::vector<BenchRow>& rows, const std::string& operation, const std::string& where,
                    double bytes) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const BenchRow& r) {
    return r.operation == operation && r.where == where && r.bytes == bytes;
  });
  return found == rows.end() ? nullptr : &*found;
}

TEST_CASE("a transfer takes the latency of its route and its bytes over the narrowest link") {
  const std::vector<BenchRow> rows = rows_of("hgx_h100_x2");
  // Over NVSwitch: two links of 0.5 us and 450 GB/s.
  const BenchRow* inside = row(rows, "p2p", "NV 0>1", 1024.0);
  REQUIRE(inside != nullptr);
  CHECK(inside->time_s == Approx(1e-6 + 1024.0 / 450e9));
  CHECK(inside->busbw_bytes_per_s == Approx(1024.0 / inside->time_s));
  CHECK(row(rows, "p2p", "NET 0>8", 1 << 30) != nullptr);
  CHECK(row(rows, "p2p", "NV 0>2", 1024.0) == nullptr);
}

TEST_CASE("bus bandwidth is what each GPU moves of the buffer") {
  const std::vector<BenchRow> rows = rows_of("hgx_h100_x1");
  const BenchRow* reduce = row(rows, "all_reduce", "8 GPUs", 1 << 30);
  const BenchRow* gather = row(rows, "all_gather", "8 GPUs", 1 << 30);
  REQUIRE(reduce != nullptr);
  REQUIRE(gather != nullptr);
  CHECK(reduce->busbw_bytes_per_s == Approx(reduce->algbw_bytes_per_s * 1.75));
  CHECK(gather->busbw_bytes_per_s == Approx(gather->algbw_bytes_per_s * 0.875));
  CHECK(row(rows, "all_reduce", "16 GPUs", 1 << 30) == nullptr);
}

TEST_CASE("the table has a title for each block and JSON an entry for each line") {
  const std::vector<BenchRow> rows{{"p2p", "NV 0>1", 1024.0, 1e-6, 1.024e9, 1.024e9}};
  CHECK(table(rows) ==
        "# p2p, NV 0>1\n"
        "    size (B)    time (us) algbw (GB/s) busbw (GB/s)\n"
        "        1024         1.00         1.02         1.02\n");
  CHECK(to_json(rows)[0]["algbw_bytes_per_s"] == 1.024e9);
}

}  // namespace
}  // namespace agentsim::topology

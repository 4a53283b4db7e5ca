#include "sim/config/dumper.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "sim/metrics/slo.hpp"
#include "sim/model/collective.hpp"
#include "sim/model/deployment.hpp"
#include "sim/platform/cluster.hpp"
#include "sim/scenario.hpp"

namespace agentsim::config {
namespace {

using Names = std::set<std::string>;

// The keys a Reader takes: what it lists as valid when it meets one that nobody knows.
template <class Spec>
Names read_names(Spec spec = {}) {
  Diagnostics diagnostics;
  read_map(Value::parse("{no key has this name: 1}", "t.yaml"), "it", spec, diagnostics);
  try {
    diagnostics.throw_if_any();
  } catch (const ConfigError& error) {
    for (const Diagnostic& d : error.diagnostics())
      if (!d.valid.empty()) return {d.valid.begin(), d.valid.end()};
  }
  return {};
}

template <class Spec>
Names dumped_names(const Spec& spec = {}) {
  Names names;
  const Dumper::Json json = dump(spec);
  for (const auto& [key, value] : json.items()) names.insert(key);
  return names;
}

// The keys that are read but not written again, because they name files or are comments.
template <class Spec>
Names read_only(const Spec& spec = {}) {
  Names left = read_names<Spec>(spec);
  for (const std::string& name : dumped_names(spec)) {
    CAPTURE(name);
    CHECK(left.erase(name) == 1);
  }
  return left;
}

TEST_CASE("the dumper and the reader know the same names") {
  CHECK(read_only<model::Engine>() == Names{"provenance", "title"});
  CHECK(read_only<model::LLM>() == Names{"license", "provenance", "source"});
  CHECK(read_only<model::Precision>().empty());
  CHECK(read_only<model::Protocol>().empty());
  CHECK(read_only<model::Deployment>() == Names{"engine", "model"});
  CHECK(read_only<metrics::SLO>().empty());
  CHECK(read_only<Reporting>().empty());
  CHECK(read_only<platform::ClusterSpec>() == Names{"groups", "node", "provenance"});
  CHECK(read_only<platform::Fabric>().empty());
  CHECK(read_only<platform::Accelerator>() == Names{"provenance"});
  CHECK(read_only<platform::PeakCompute>().empty());
  CHECK(read_only<platform::Efficiency>().empty());
  CHECK(read_only<platform::GemmEfficiency>().empty());
  CHECK(read_only<platform::PrefillAttentionEfficiency>().empty());
  CHECK(read_only<platform::DecodeAttentionEfficiency>().empty());
  CHECK(read_only<platform::ElementwiseEfficiency>().empty());
}

TEST_CASE("values are dumped in base units under the names they are read by") {
  model::Engine engine;
  Diagnostics diagnostics;
  read_map(
      Value::parse(
          "{name: e, host_overhead: 1.5 ms, runtime_reserve: 2 GiB, block_size: 32, prefix_caching: off}",
          "e.yaml"),
      "the engine", engine, diagnostics);
  diagnostics.throw_if_any();
  const Dumper::Json json = dump(engine);
  CHECK(json["name"] == "e");
  CHECK(json["host_overhead"] == 0.0015);
  CHECK(json["runtime_reserve"] == 2147483648.0);
  CHECK(json["block_size"] == 32);
  CHECK(json["prefix_caching"] == false);
  CHECK(json["token_budget"] == engine.token_budget);
}

TEST_CASE("nested maps and lists and own types are dumped as such") {
  platform::Efficiency efficiency;
  efficiency.gemm["fp8"].tiles = {{64, 128}, {256, 128}};
  efficiency.gemm["fp8"].quantise.launch_s = 2e-6;
  const Dumper::Json json = dump(efficiency);
  CHECK(json["gemm"]["fp8"]["tiles"] == Dumper::Json{"64x128", "256x128"});
  CHECK(json["gemm"]["fp8"]["quantise"]["launch"] == 2e-6);
  CHECK(json["decode_attention"] == Dumper::Json::object());
  model::Deployment deployment;
  CHECK(dump(deployment)["replicas"] == "fill");
  deployment.replicas = 3;
  CHECK(dump(deployment)["replicas"] == 3);
}

}  // namespace
}  // namespace agentsim::config

#include "analysis/study/compare.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/base/contract.hpp"
#include "sim/base/text_file.hpp"
#include "sim/simulation.hpp"
#include "tests/study/helpers.hpp"

namespace agentsim::study {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPrices = "prices: [rental_2026, owned_2026]\nseed: 5\nreplications: 3\n";

// Stands for a simulation: slower by a tenth on PCIe, and different with each seed.
void pretend(const Scenario&, const PlatformChoice& choice, uint64_t seed, const std::string&,
             const ResultFolder& folder, const std::string& prefix) {
  const double jitter = static_cast<double>(seed % 7) * 0.01;
  const double ttft_s = (choice.label == "pcie" ? 1.1 : 1.0) * (1.0 + jitter);
  folder.write(prefix + "summary.json", summary(seed, ttft_s, 0.01 + jitter * 0.01).dump());
  folder.write(prefix + "manifest.json",
               run_manifest(std::to_string(seed), choice.label + std::to_string(seed)).dump());
}

struct Result {
  workload::TestFolder folder;
  std::filesystem::path out = std::filesystem::path(folder.write("a", "")).parent_path() / "out";

  Comparison compare_with(const RunInto& run, const std::string& more = kPrices) {
    return compare(scenario(folder, more), {out, 2, true, "agentsim compare s.yaml"}, run);
  }
  Json json(const std::string& file) const { return Json::parse(read_text((out / file).string())); }
  std::string kept() const {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator(out.parent_path()))
      names += entry.path().filename().string() + " ";
    return names;
  }
};

TEST_CASE("a comparison runs every platform with the same seeds and keeps every run") {
  Result result;
  result.compare_with(pretend);
  for (const char* label : {"nvlink", "pcie"})
    for (int r = 0; r < 3; ++r)
      CHECK(result.json(fmt::format("runs/{}/{}/summary.json", label, r))["seed"] == replication_seed(5, r));
  const Json manifest = result.json("manifest.json");
  CHECK(manifest["command"] == "agentsim compare s.yaml");
  CHECK(manifest["seeds"] == Json({5, replication_seed(5, 1), replication_seed(5, 2)}));
  CHECK(manifest["prices"]["rental_2026"]["gpu_hour"]["h100_sxm"]["verified"] == "datasheet");
  CHECK(manifest["resolved"]["pcie"]["deployment"]["tp"] == 4);
  CHECK(manifest["study"]["baseline"] == "nvlink");
}

TEST_CASE("a comparison pairs the replications") {
  Result result;
  const Comparison comparison = result.compare_with(pretend);
  const Figure& ttft = comparison.platforms[1].figure("ttft_s_p50");
  CHECK(ttft.to_baseline.interval->low == doctest::Approx(1.1).epsilon(1e-12));
  CHECK(ttft.to_baseline.interval->high == doctest::Approx(1.1).epsilon(1e-12));
  CHECK(ttft.estimate.interval->half_width() > 1e-3);
  // The same goodput, at 13.52 and 23.6 USD/h
  const Figure& cost = comparison.platforms[1].figure("usd_per_slo_session", "rental_2026");
  CHECK(*cost.to_baseline.value == doctest::Approx(13.52 / 23.6));
  REQUIRE(comparison.verdicts.size() == 1);
  CHECK(comparison.verdicts[0].outcome == Outcome::suffices);
  CHECK(result.json("compare.json")["verdicts"][0]["outcome"] == "suffices");
}

TEST_CASE("a metric that is undefined is empty in the files") {
  Result result;
  result.compare_with(pretend);
  const std::string csv = read_text((result.out / "compare.csv").string());
  CHECK(csv.substr(0, csv.find('\n')) == "platform,prices,metric,mean,low,high,n,ratio,ratio_low,ratio_high");
  CHECK(csv.find("\npcie,,ttft_s_p95,,,,0,,,\n") != std::string::npos);
  CHECK(csv.find("\nnvlink,rental_2026,usd_per_h,23.6,23.6,23.6,3,1,1,1\n") != std::string::npos);
}

TEST_CASE("the same comparison writes the same bytes") {
  Result first, second;
  const std::string fingerprint = first.compare_with(pretend).fingerprint;
  const std::string csv = read_text((first.out / "compare.csv").string());
  CHECK(first.compare_with(pretend).fingerprint == fingerprint);
  CHECK(read_text((first.out / "compare.csv").string()) == csv);
}

TEST_CASE("replications that repeat the first are no evidence") {
  Result result;
  const Comparison comparison =
      result.compare_with([](const Scenario&, const PlatformChoice&, uint64_t seed, const std::string&,
                             const ResultFolder& folder, const std::string& prefix) {
        folder.write(prefix + "summary.json", summary(seed, 1.0, 0.01).dump());
        folder.write(prefix + "manifest.json", run_manifest("same", std::to_string(seed)).dump());
      });
  CHECK(comparison.repeats == 2);
  CHECK(comparison.platforms[1].figure("ttft_s_p50").estimate.n == 1);
  CHECK(comparison.verdicts[0].outcome == Outcome::inconclusive);
}

TEST_CASE("platforms that ran other sessions are not compared") {
  Result result;
  const RunInto run = [](const Scenario&, const PlatformChoice& choice, uint64_t seed, const std::string&,
                         const ResultFolder& folder, const std::string& prefix) {
    folder.write(prefix + "summary.json", summary(seed, 1.0, 0.01).dump());
    folder.write(prefix + "manifest.json", run_manifest(choice.label, "f").dump());
  };
  CHECK_THROWS_WITH_AS(result.compare_with(run), "replication 0 ran other sessions on pcie than on nvlink",
                       ContractViolation);
}

TEST_CASE("a comparison that fails leaves nothing behind") {
  Result result;
  const RunInto run = [](const Scenario& s, const PlatformChoice& choice, uint64_t seed,
                         const std::string& command, const ResultFolder& folder, const std::string& prefix) {
    pretend(s, choice, seed, command, folder, prefix);
    if (choice.label == "pcie") throw RunError("no more");
  };
  CHECK_THROWS_AS(result.compare_with(run), RunError);
  CHECK(result.kept().find("out") == std::string::npos);
}

TEST_CASE("one platform alone has figures and no verdict") {
  Result result;
  Scenario alone = scenario(result.folder, kPrices);
  alone.platforms.pop_back();
  const Comparison comparison = compare(alone, {result.out, 1, true, ""}, pretend);
  CHECK(comparison.verdicts.empty());
  CHECK(comparison.platforms.size() == 1);
}

}  // namespace
}  // namespace agentsim::study

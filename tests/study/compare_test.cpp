#include "analysis/study/compare.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
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

  Comparison compare_with(const RunInto& run, const std::string& more = kPrices, size_t jobs = 2) {
    return compare(scenario(folder, more), {out, jobs, true, "agentsim compare s.yaml"}, run);
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

TEST_CASE("a comparison that fails before a run is finished leaves nothing behind") {
  Result result;
  const RunInto run = [](const Scenario&, const PlatformChoice&, uint64_t, const std::string&,
                         const ResultFolder&, const std::string&) { throw RunError("no more"); };
  CHECK_THROWS_WITH_AS(result.compare_with(run, kPrices, 1),
                       "nvlink, replication 0: no more; nothing was written", RunError);
  CHECK(result.kept().find("out") == std::string::npos);
}

TEST_CASE("a comparison of a wrong scenario leaves nothing behind") {
  Result result;
  const RunInto run = [](const Scenario& s, const PlatformChoice& choice, uint64_t seed,
                         const std::string& command, const ResultFolder& folder, const std::string& prefix) {
    pretend(s, choice, seed, command, folder, prefix);
    if (seed != 5) throw ConfigError("s.yaml:1:1: too long");
  };
  CHECK_THROWS_WITH_AS(result.compare_with(run), "s.yaml:1:1: too long", ConfigError);
  CHECK(result.kept().find("out") == std::string::npos);
}

// Notes each run in a file, and fails on PCIe as long as the file `broken` is there.
struct Counted {
  std::filesystem::path folder;

  void operator()(const Scenario& s, const PlatformChoice& choice, uint64_t seed, const std::string& command,
                  const ResultFolder& results, const std::string& prefix) const {
    std::ofstream(folder / "runs", std::ios::app) << choice.label[0];
    if (choice.label == "pcie" && std::filesystem::exists(folder / "broken")) throw ContractViolation("I2");
    pretend(s, choice, seed, command, results, prefix);
  }
  std::string runs() const { return read_text((folder / "runs").string()); }
};

TEST_CASE("a comparison that was ended goes on where it was, and leaves what any other leaves") {
  Result result, other;
  const Counted counted{result.out.parent_path()};
  result.folder.write("broken", "");
  CHECK_THROWS_AS(result.compare_with(counted, kPrices, 1), ContractViolation);
  CHECK(counted.runs() == "np");
  std::filesystem::remove(counted.folder / "broken");
  result.compare_with(counted, kPrices, 1);
  CHECK(counted.runs() ==
        "np"
        "pnpnp");  // not the first one again
  other.compare_with(pretend);
  for (const char* file : {"compare.csv", "compare.json", "manifest.json", "runs/pcie/2/manifest.json"})
    CHECK(read_text((result.out / file).string()) == read_text((other.out / file).string()));
  CHECK(result.kept().find("out.runs") == std::string::npos);
}

TEST_CASE("comparisons that share a store run what they have in common once") {
  Result result;
  const Counted counted{result.out.parent_path()};
  const Scenario s = scenario(result.folder, kPrices);
  const CompareOptions options{result.out, 2, true, "agentsim compare s.yaml", counted.folder / "store"};
  compare(s, options, counted);
  const Comparison again =
      compare(scenario(result.folder, std::string(kPrices) + "name: other\n"), options, counted);
  CHECK(counted.runs().size() == 6);
  CHECK(again.platforms.size() == 2);
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

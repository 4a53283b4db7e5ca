#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "tests/simulation/helpers.hpp"

// One server, Poisson arrivals: an engine that runs one sequence at a time. Waiting is from the arrival at
// the replica to the first step.
namespace agentsim {
namespace {

constexpr uint64_t kSeeds = 10;
constexpr double kT99 = 3.250;  // Student's t, 9 degrees of freedom, two-sided 99 %

std::string server(int sessions, const std::string& output, double rate_per_s) {
  return fmt::format(
      "workload:\n"
      "  sessions: {}\n"
      "  source: single_call\n"
      "  single_call: {{prompt: 16, output: {}}}\n"
      "  arrival: {{kind: poisson, rate: {:.12g}/s}}\n"
      "deployment: {{model: llama_3_1_8b, tp: 1, replicas: 1, engine: {{preset: vllm_v1, max_sequences: "
      "1}}}}\n"
      "platforms: [hgx_h100_x1]\n",
      sessions, output, rate_per_s);
}

struct Estimate {
  double mean;
  double half_width;  // 99 %
};

// The mean wait in one run; the first tenth of it is left out.
double mean_wait(const std::string& yaml, uint64_t seed) {
  const std::string text = in_child([&] {
    const Parts parts(yaml);
    metrics::Recorder recorder;
    simulate(parts.scenario, parts.choice, seed, recorder);
    recorder.sort();
    double sum = 0.0;
    const size_t first = recorder.calls().size() / 10;
    for (size_t i = first; i < recorder.calls().size(); ++i)
      sum += recorder.calls()[i].scheduled_s - recorder.calls()[i].queued_s;
    return fmt::format("{}", sum / static_cast<double>(recorder.calls().size() - first));
  });
  return std::stod(text);
}

// From runs with different seeds.
Estimate mean_wait(const std::string& yaml) {
  std::vector<double> means;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) means.push_back(mean_wait(yaml, seed));
  double mean = 0.0;
  for (const double m : means) mean += m / kSeeds;
  double variance = 0.0;
  for (const double m : means) variance += (m - mean) * (m - mean) / (kSeeds - 1);
  return {mean, kT99 * std::sqrt(variance / kSeeds)};
}

void check_within(const std::string& law, const Estimate& measured, double expected, double precision) {
  MESSAGE(law << ": expected " << expected << " s, measured " << measured.mean << " +- "
              << measured.half_width << " s, " << 100.0 * (measured.mean / expected - 1.0) << " % off");
  CHECK(std::abs(measured.mean - expected) <= measured.half_width);
  CHECK(measured.half_width < precision * expected);  // else the test says little
}

TEST_CASE("calls of one length wait as in M over D over 1") {
  // Given a service time S that is always the same and a load of 0.7, then the mean wait is rho S / (2 (1 -
  // rho)).
  const Parts parts(server(1, "20", 1.0));
  const double service_s = parts.prefill_s(16, 1.0) + parts.decode_s(16, 20, 1.0);
  const double rho = 0.6;
  const Estimate wait = mean_wait(server(20000, "20", rho / service_s));
  check_within("M/D/1", wait, rho * service_s / (2.0 * (1.0 - rho)), 0.04);
}

TEST_CASE("calls of geometric length wait as in M over M over 1") {
  // Given output lengths that are geometric with a mean of 100, then a call takes nearly exponential time,
  // and the mean wait at a load of 0.6 is nearly rho E[S] / (1 - rho). Nearly: lengths are whole tokens, the
  // prompt's step comes on top, and steps grow with the context. Pollaczek and Khinchine's lambda E[S2] / (2
  // (1 - rho)) with the exact moments has none of these gaps.
  const double mean_tokens = 100.0;
  const Parts parts(server(1, "1", 1.0));
  double first = 0.0, second = 0.0, weight = 1.0 / mean_tokens;
  double service_s = parts.prefill_s(16, 1.0);
  for (int64_t tokens = 1; tokens <= 4000; ++tokens) {
    first += weight * service_s;
    second += weight * service_s * service_s;
    weight *= 1.0 - 1.0 / mean_tokens;
    model::Batch batch;
    batch.decoding = 1;
    service_s += parts.seconds(batch, 16 + tokens, 1.0);
  }
  const double rho = 0.6;
  const Estimate wait = mean_wait(server(25000, "{geometric: {mean: 100}}", rho / first));
  check_within("M/M/1", wait, rho * first / (1.0 - rho), 0.06);
  check_within("M/G/1", wait, rho / first * second / (2.0 * (1.0 - rho)), 0.06);
}

}  // namespace
}  // namespace agentsim

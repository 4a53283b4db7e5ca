#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

Workload of_arrival(const std::string& arrival, int sessions, uint64_t seed = 1) {
  return make_workload(
      fmt::format("sessions: {}\nsource: single_call\nsingle_call: {{prompt: 1, output: 1}}\n"
                  "arrival: {}\n",
                  sessions, arrival),
      seed);
}

std::vector<double> times_of(const std::string& arrival, int sessions) {
  const Workload workload = of_arrival(arrival, sessions);
  std::vector<double> times;
  for (int i = 0; i < sessions; ++i) times.push_back(workload.arrival_s(static_cast<size_t>(i)));
  CHECK(std::is_sorted(times.begin(), times.end()));
  CHECK(times.front() > 0.0);
  return times;
}

double share_before(const std::vector<double>& times, double low, double high) {
  const auto in = std::count_if(times.begin(), times.end(), [&](double t) { return t >= low && t < high; });
  return static_cast<double>(in) / static_cast<double>(times.size());
}

TEST_CASE("gaps of gamma arrivals have the mean of their rate and the variation that was asked for") {
  for (const double cv : {0.5, 1.0, 3.0}) {
    const std::vector<double> times = times_of(fmt::format("{{kind: gamma, rate: 4/s, cv: {}}}", cv), 100000);
    double sum = 0.0, squares = 0.0;
    for (size_t i = 1; i < times.size(); ++i) {
      const double gap = times[i] - times[i - 1];
      sum += gap;
      squares += gap * gap;
    }
    const auto n = static_cast<double>(times.size() - 1);
    const double mean = sum / n;
    // Standard error of the mean: 0.25 cv / sqrt(n); of the deviation of a gamma: cv sqrt((2 + 6 cv^2) / 4n).
    CHECK(std::abs(mean - 0.25) < 4.0 * 0.25 * cv / std::sqrt(n));
    CHECK(std::abs(std::sqrt(squares / n - mean * mean) / mean - cv) <
          4.0 * cv * std::sqrt((2.0 + 6.0 * cv * cv) / (4.0 * n)));
  }
}

TEST_CASE("a ramp has the sessions that the area under its rate says") {
  // Given 0 to 10/s over 1000 s and 10/s after: 5000 sessions in the ramp, a quarter of them in its first
  // half; 5000 in the 500 s behind it. The deviation of such a count is its root.
  const std::vector<double> times = times_of("{kind: ramp, from: 0/s, to: 10/s, over: 1000 s}", 10000);
  const auto count = [&](double low, double high) { return share_before(times, low, high) * 10000.0; };
  CHECK(std::abs(count(0.0, 500.0) - 1250.0) < 4.0 * std::sqrt(1250.0));
  CHECK(std::abs(count(0.0, 1000.0) - 5000.0) < 4.0 * std::sqrt(5000.0));
  CHECK(std::abs(count(1000.0, 1300.0) - 3000.0) < 4.0 * std::sqrt(3000.0));
}

TEST_CASE("a ramp that does not rise is a Poisson process") {
  CHECK(times_of("{kind: ramp, from: 2/s, to: 2/s, over: 10 s}", 1000)[999] ==
        doctest::Approx(times_of("{kind: poisson, rate: 2/s}", 1000)[999]).epsilon(1e-12));
}

TEST_CASE("a falling ramp has the sessions that the area under its rate says") {
  // 10/s to 2/s over 100 s: 600 sessions, 400 of them in the first half.
  const std::vector<double> times = times_of("{kind: ramp, from: 10/s, to: 2/s, over: 100 s}", 700);
  CHECK(std::abs(share_before(times, 0.0, 50.0) * 700.0 - 400.0) < 4.0 * 20.0);
  CHECK(std::abs(share_before(times, 0.0, 100.0) * 700.0 - 600.0) < 4.0 * std::sqrt(600.0));
}

TEST_CASE("a day has its sessions around its peak") {
  // Given a swing of 0.8 about the mean, then the half day around the peak holds 1/2 + 0.8 / pi of them.
  const std::vector<double> times =
      times_of("{kind: diurnal, rate: 1/min, amplitude: 0.8, period: 24 h, peak: 14 h}", 144000);
  double around_peak = 0.0;
  for (const double time : times) {
    const double hour = std::fmod(time / 3600.0, 24.0);
    around_peak += hour >= 8.0 && hour < 20.0 ? 1.0 : 0.0;
  }
  CHECK(times.back() == doctest::Approx(100.0 * 86400.0).epsilon(0.01));
  CHECK(std::abs(around_peak / 144000.0 - (0.5 + 0.8 / 3.14159265)) < 4.0 * 0.5 / std::sqrt(144000.0));
}

TEST_CASE("a day without a swing is a Poisson process") {
  CHECK(times_of("{kind: diurnal, rate: 2/s, amplitude: 0}", 1000)[999] ==
        doctest::Approx(times_of("{kind: poisson, rate: 2/s}", 1000)[999]).epsilon(1e-12));
}

TEST_CASE("users of a closed workload pause as their thoughts are distributed") {
  const Workload workload =
      of_arrival("{kind: closed, concurrency: 3, think: {exponential: {mean: 2 min}}}", 20000);
  CHECK(workload.concurrency() == 3);
  double sum = 0.0;
  for (size_t i = 0; i < 20000; ++i) sum += workload.pause_s(i);
  CHECK(std::abs(sum / 20000.0 - 120.0) < 4.0 * 120.0 / std::sqrt(20000.0));
  CHECK(workload.pause_s(7) ==
        of_arrival("{kind: closed, concurrency: 3, think: {exponential: {mean: 2 min}}}", 20000).pause_s(7));
  CHECK(of_arrival("{kind: closed, concurrency: 3}", 5).pause_s(3) == 0.0);
}

TEST_CASE("people have so many agents at work, and each agent is somebody's") {
  const Workload workload = of_arrival("{kind: people, people: 3, agents: 10, think: 5 s}", 100);
  CHECK(workload.concurrency() == 30);
  CHECK(workload.person(0) == 0);
  CHECK(workload.person(9) == 0);
  CHECK(workload.person(10) == 1);
  CHECK(workload.person(29) == 2);
  CHECK(workload.pause_s(50) == 5.0);
  CHECK(of_arrival("{kind: closed, concurrency: 4}", 9).person(3) == 3);
}

TEST_CASE("a recorded trace at half its times is twice the load") {
  // The recorded file has its own dates; scaling multiplies them.
  const std::string source =
      "source: call_csv\ncall_csv: {file: tests/workload/data/poisson1_conv_200.csv}\narrival: {kind: trace";
  const Workload as_it_was = make_workload(source + "}\n");
  const Workload faster = make_workload(source + ", time_scale: 0.5}\n");
  for (size_t i = 0; i < as_it_was.sessions(); ++i)
    CHECK(faster.arrival_s(i) == doctest::Approx(0.5 * as_it_was.arrival_s(i)));
}

}  // namespace
}  // namespace agentsim::workload

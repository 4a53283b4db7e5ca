#include "sim/serving/step_run.hpp"

#include <doctest/doctest.h>

#include "sim/base/contract.hpp"

namespace agentsim::serving {
namespace {

double date(double anchor_s, Ticks ticks) {
  return anchor_s + static_cast<double>(ticks) * kTickSeconds;
}

// Whole seconds make sums that can be done by hand.
StepTicks seconds(int64_t fixed, int64_t communication = 0, int64_t per_token = 0) {
  return {fixed << 50, per_token << 50, communication << 50};
}

TEST_CASE("many steps take exactly as long as the same steps one by one") {
  // Given steps of odd numbers of ticks over a growing context, then the closed form is their sum to the
  // tick.
  const StepTicks step{7123456789013, 1234567, 1003};
  StepRun run;
  run.begin(12.5, step, {40001, 37, 0, 0});
  Ticks sum = 0;
  for (int64_t i = 0; i < 4096; ++i) {
    REQUIRE(run.ticks(i) == sum);
    REQUIRE(run.date_s(i) == date(12.5, sum));
    sum += step.fixed + step.per_token * (40001 + 37 * i);
  }
  CHECK(run.communication_s(4096) == 4096 * 1003 * kTickSeconds);
}

TEST_CASE("a window that some calls have filled grows by the others") {
  // Given steps over a context of 1000 that grows by 5, of which 300 that grow by 2 count once more, then the closed form
  // is the sum to the tick.
  const StepTicks step{7123456789013, 1234567, 1003, 7654321};
  StepRun run;
  run.begin(1.0, step, {1000, 5, 300, 2});
  CHECK(run.window_growth() == 2);
  Ticks sum = 0;
  for (int64_t i = 0; i < 2000; ++i) {
    REQUIRE(run.ticks(i) == sum);
    sum += step.fixed + step.per_token * (1000 + 5 * i) + step.per_window_token * (300 + 2 * i);
  }
  // A change of speed after three steps and a half goes on from the contexts of the fourth.
  const double middle = (run.date_s(3) + run.date_s(4)) / 2;
  run.change_speed(middle, step);
  CHECK(run.step_s() == doctest::Approx(static_cast<double>(step.fixed + step.per_token * 1015 +
                                                            step.per_window_token * 306) *
                                        kTickSeconds));
}

TEST_CASE("steps that wait for launches take as long as the same steps one by one") {
  // Given steps that grow by 37 x 1234567 ticks from 7.17e12 and take no less than 7.2e12, which they pass within the run,
  // than 7.0e12, which they pass from the first, and than 9e12, which they never pass, then the closed form is the sum.
  for (const Ticks least : {7200000000001, 7000000000000, 9000000000000}) {
    CAPTURE(least);
    const StepTicks step{7123456789013, 1234567, 1003, 0, least};
    StepRun run;
    run.begin(12.5, step, {40001, 37, 0, 0});
    Ticks sum = 0;
    int64_t waiting = 0;
    for (int64_t i = 0; i < 4096; ++i) {
      REQUIRE(run.ticks(i) == sum);
      const Ticks alone = 7123456789013 + 1234567 * (40001 + 37 * i);
      waiting += alone < least ? 1 : 0;
      sum += alone < least ? least : alone;
    }
    CHECK(waiting == (least > 8000000000000 ? 4096 : least > 7200000000000 ? 595 : 0));
  }
}

TEST_CASE("a step that waits for launches keeps the share that is done when its links slow down") {
  // Given steps of 3 s on the GPU that launches stretch to 8 s, and 10 s on the GPU from when a quarter of the first is
  // done, then three quarters of 10 s are left.
  const auto step = [](int64_t fixed) { return StepTicks{fixed << 50, 0, 0, 0, Ticks{8} << 50}; };
  StepRun run;
  run.begin(0.0, step(3), {1, 1, 0, 0});
  CHECK(run.date_s(2) == 16.0);
  run.change_speed(2.0, step(10));
  CHECK(run.date_s(1) == 9.5);
  CHECK(run.date_s(2) == 19.5);
}

// The same in units of about a millisecond, of which many steps of a growing context make no overflow.
constexpr double kUnit = 0x1.0p-10;
StepTicks units(int64_t fixed, int64_t per_token) {
  return {fixed << 40, per_token << 40, 0};
}

TEST_CASE("the steps done at a date are those that end by then") {
  // Given steps of 3 4 5 6 units, then 2 are done from the date 7 to just before the date 12.
  StepRun run;
  run.begin(0.0, units(1, 1), {2, 1, 0, 0});
  CHECK(run.completed(0.0, 100) == 0);
  CHECK(run.completed(2.999 * kUnit, 100) == 0);
  CHECK(run.completed(3.0 * kUnit, 100) == 1);
  CHECK(run.completed(7.0 * kUnit, 100) == 2);
  CHECK(run.completed(11.999 * kUnit, 100) == 2);
  CHECK(run.completed(12.0 * kUnit, 100) == 3);
  CHECK(run.completed(1e6 * kUnit, 3) == 3);
  for (int64_t n = 0; n <= 100; ++n) CHECK(run.completed(run.date_s(n), 100) == n);
}

TEST_CASE("a change of speed keeps the share of the step that is done") {
  // Given steps of 8 s that become 4 s when a quarter of the second is done, then that one takes 3 s more.
  StepRun run;
  run.begin(0.0, seconds(8, 4), {1, 1, 0, 0});
  run.change_speed(10.0, seconds(4, 0));
  CHECK(run.anchor_s() == 10.0);
  CHECK(run.date_s(1) == 13.0);
  CHECK(run.date_s(2) == 17.0);
  CHECK(run.communication_s(1) == 0.0);
}

TEST_CASE("speeds that change again and again in one step add up") {
  // Given a step of 8 s: after 2 s (1/4) it takes 16 s, after 4 more (1/2) 4 s, after 1 more (3/4) 8 s again;
  // then the last quarter takes 2 s and the step ends at 9 s.
  StepRun run;
  run.begin(0.0, seconds(8, 2), {1, 1, 0, 0});
  CHECK(run.communication_until_s(2.0) == 0.5);
  run.change_speed(2.0, seconds(16, 8));
  CHECK(run.communication_until_s(6.0) == doctest::Approx(2.0).epsilon(1e-13));
  run.change_speed(6.0, seconds(4, 1));
  CHECK(run.communication_until_s(7.0) == doctest::Approx(0.25).epsilon(1e-13));
  run.change_speed(7.0, seconds(8, 4));
  CHECK(run.date_s(1) == doctest::Approx(9.0).epsilon(1e-13));
  CHECK(run.communication_s(1) == doctest::Approx(1.0).epsilon(1e-13));
  CHECK(run.date_s(2) == doctest::Approx(17.0).epsilon(1e-13));
}

TEST_CASE("later steps of a changed run go on with the context of their own") {
  // Given steps of 1 + 1 a token units from a context of 2, changed to 2 a token halfway through the third (5
  // units), then the rest of it is half of 1 + 2 x 4 = 9 units and the next takes 1 + 2 x 5 = 11.
  StepRun run;
  run.begin(0.0, units(1, 1), {2, 1, 0, 0});
  run.change_speed(9.5 * kUnit, units(1, 2));
  CHECK(run.date_s(1) == 14.0 * kUnit);
  CHECK(run.date_s(2) == 25.0 * kUnit);
  CHECK(run.step_s() == 9.0 * kUnit);
}

TEST_CASE("a change to the same speed changes no date") {
  // Given a change of nothing at every tenth of a step, then the step ends when it would have.
  StepRun run;
  run.begin(0.0, seconds(10), {1, 0, 0, 0});
  for (int tenth = 1; tenth < 10; ++tenth) run.change_speed(tenth, seconds(10));
  CHECK(run.date_s(1) == doctest::Approx(10.0).epsilon(1e-12));
  CHECK(run.date_s(2) == doctest::Approx(20.0).epsilon(1e-12));
}

TEST_CASE("a run ends before its ticks overflow") {
  // Given steps of 200 s, which are 2 to the 57.6 ticks, then a run has 5 of them, and of short ones 4096.
  StepRun run;
  run.begin(0.0, seconds(200), {1, 1, 0, 0});
  CHECK(run.max_steps() == 5);
  run.begin(0.0, {1000, 0, 0}, {1, 1, 0, 0});
  CHECK(run.max_steps() == 4096);
  // A thousand sequences on slow memory: 1 us a token, so the 4096th step takes 4 s more than the first and
  // all of them 8600 s, more than 63 bits of ticks.
  run.begin(0.0, {to_ticks(1e-3), to_ticks(1e-6), 0}, {1000, 1024, 0, 0});
  CHECK(run.max_steps() < 4096);
  double sum_s = 0.0;
  for (int64_t i = 0; i < run.max_steps(); ++i) sum_s += 1e-3 + 1e-6 * static_cast<double>(1000 + 1024 * i);
  CHECK(run.date_s(run.max_steps()) == doctest::Approx(sum_s).epsilon(1e-9));
}

TEST_CASE("a step that takes no time or very long is a contract violation") {
  // Given no ticks or 1000 s, then it is refused.
  StepRun run;
  CHECK_THROWS_AS(run.begin(0.0, {0, 0, 0}, {1, 1, 0, 0}), ContractViolation);
  CHECK_THROWS_AS(to_ticks(1000.0), ContractViolation);
  CHECK_THROWS_AS(to_ticks(-1e-9), ContractViolation);
  CHECK(to_ticks(1.0) == Ticks{1} << 50);
}

}  // namespace
}  // namespace agentsim::serving

#include "analysis/fitting/fit.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace agentsim::fitting {
namespace {

// Two kinds of sessions and a sub-agent, by formulas that no fit knows of.
const char* const kKnown = R"(
mixes: {session: {short: 2, long: 1}}
roles:
  short:
    first_prompt: {lognormal: {median: 15000, p90: 22000}}
    calls: {lognormal: {median: 20, p90: 50}}
    steps_per_turn: {geometric: {mean: 5}}
    new_tokens: {lognormal: {median: 300, p90: 2000}}
    human_tokens: {lognormal: {median: 100, p90: 500}}
    output: {lognormal: {median: 200, p90: 800}}
    tool: {lognormal: {median: 4 s, p90: 30 s}}
    think: {lognormal: {median: 60 s, p90: 300 s}}
    spawn:
      - {role: helper, probability: 0.05, agents: 0.4, count: 2}
  long:
    first_prompt: {lognormal: {median: 100000, p90: 130000}}
    calls: {lognormal: {median: 60, p90: 120}}
    steps_per_turn: {geometric: {mean: 8}}
    new_tokens: {lognormal: {median: 500, p90: 3000}}
    output: {lognormal: {median: 300, p90: 900}}
    tool: {lognormal: {median: 8 s, p90: 60 s}}
    think: {lognormal: {median: 90 s, p90: 600 s}}
    context_changes:
      - {above: {lognormal: {median: 160000, p90: 170000}}, size: 0.25, kept: 0.4}
  helper:
    first_prompt: {lognormal: {median: 4000, p90: 8000}}
    calls: {lognormal: {median: 8, p90: 15}}
    new_tokens: {lognormal: {median: 800, p90: 4000}}
    output: {lognormal: {median: 150, p90: 400}}
    tool: {lognormal: {median: 2 s, p90: 10 s}}
)";

const std::vector<std::string> kNames{"helper", "long", "short"};  // as a role file numbers them

std::vector<const SessionFacts*> pointers_to(const std::vector<SessionFacts>& sessions) {
  std::vector<const SessionFacts*> out;
  for (const SessionFacts& session : sessions) out.push_back(&session);
  return out;
}

TEST_CASE("a fit of sessions drawn from known roles draws the same percentiles") {
  const std::vector<SessionFacts> known = regenerate(kKnown, "session", 1500, 7);
  FitOptions options;
  options.classes = 4;
  const Fit here = fit(pointers_to(known), kNames, options);
  for (const Difference& d : here.differences)
    if (!d.is_within()) MESSAGE(d.measure << " P" << d.percent << ": " << d.wanted << " became " << d.found);
  CHECK(here.outside() <= 1);  // P99 of the number of sub-agents is a small whole number
  REQUIRE(here.roles.size() == here.roots + 1);
  CHECK(here.roles.back().name == "helper");
  // Short sessions come first, and only they spawn.
  REQUIRE(here.roles.front().spawn.size() == 1);
  CHECK(here.roles.front().spawn.front().probability == doctest::Approx(0.05).epsilon(0.3));
}

TEST_CASE("a fit gives the same roles every time") {
  const std::vector<SessionFacts> known = regenerate(kKnown, "session", 100, 3);
  FitOptions options;
  options.classes = 2;
  options.regenerated = 200;
  CHECK(fit(pointers_to(known), kNames, options).text == fit(pointers_to(known), kNames, options).text);
}

TEST_CASE("whatever few sessions are fitted, the roles can be read and drawn from") {
  FitOptions options;
  options.regenerated = 50;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const std::vector<SessionFacts> known = regenerate(kKnown, "session", 15 + 5 * seed, seed);
    const Fit here = fit(pointers_to(known), kNames, options);
    CHECK(regenerate(here.text, "session", 5, seed).size() == 5);
  }
}

TEST_CASE("a front that all sessions share becomes the role's prefix") {
  const std::vector<SessionFacts> known = regenerate(
      "{mixes: {session: {a: 1}}, roles: {a: {prefix: 6400, first_prompt: 1000, steps_per_turn: 4, "
      "new_tokens: 100, "
      "output: 50}}}",
      "session", 60, 3);
  FitOptions options;
  options.classes = 1;
  options.regenerated = 100;
  const Fit here = fit(pointers_to(known), {"a"}, options);
  CHECK(here.roles.front().prefix == 6400);
  CHECK(here.roles.front().first_prompt.at(0.5) == 1000);
  CHECK(here.outside() == 0);
}

TEST_CASE("sessions of a single call can be fitted") {
  const std::vector<SessionFacts> known = regenerate(
      "{mixes: {session: {a: 1}}, roles: {a: {first_prompt: {lognormal: {median: 2000, p90: 9000}}, "
      "new_tokens: 0, "
      "output: {lognormal: {median: 100, p90: 400}}}}}",
      "session", 400, 3);
  FitOptions options;
  options.regenerated = 2000;
  const Fit here = fit(pointers_to(known), {"a"}, options);
  CHECK(here.outside() == 0);
}

}  // namespace
}  // namespace agentsim::fitting

#include "analysis/sweep/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "analysis/batch/point_key.hpp"
#include "sim/simulation.hpp"
#include "tests/sweep/helpers.hpp"

namespace agentsim::sweep {
namespace {

std::set<std::string> keys(const Plan& plan) {
  std::set<std::string> all;
  for (const PlanPoint& point : plan.points()) all.insert(point.key);
  return all;
}

TEST_CASE("a grid is every combination, on every platform, replicated") {
  const SweepFiles files;
  const Plan plan = files.plan(
      "axes:\n"
      "  users: {path: workload.arrival.concurrency, values: [1, 2, 4]}\n"
      "  tp: {path: deployment.tp, values: [1, 2]}\n");
  REQUIRE(plan.points().size() == 3 * 2 * 2 * 2);
  CHECK(keys(plan).size() == 24);
  CHECK(plan.name(plan.points()[0]) == "users 1, tp 1, hgx_h100_x1, replication 0");
  CHECK(plan.name(plan.points()[3]) == "users 1, tp 1, rtx_pro_6000_pcie_x1, replication 1");
  CHECK(plan.name(plan.points()[4]) == "users 1, tp 2, hgx_h100_x1, replication 0");
  CHECK(plan.name(plan.points()[23]) == "users 4, tp 2, rtx_pro_6000_pcie_x1, replication 1");
  CHECK(plan.points()[4].platform->deployment.tp == 2);
}

TEST_CASE("replications have the same seeds at every point") {
  const SweepFiles files;
  const Plan plan = files.plan(std::string(kConcurrency) + "replications: 3\n");
  REQUIRE(plan.points().size() == 3 * 2 * 3);
  for (const PlanPoint& point : plan.points()) CHECK(point.seed == replication_seed(1, point.replication));
}

TEST_CASE("zipped axes advance together") {
  const SweepFiles files;
  const Plan plan = files.plan(
      "axes:\n"
      "  users: {path: workload.arrival.concurrency, values: [1, 2]}\n"
      "  tp: {path: deployment.tp, values: [1, 2, 4]}\n"
      "  sessions: {path: workload.sessions, values: [10, 20]}\n"
      "zip: [[users, sessions]]\n"
      "replications: 1\n"
      "only: [{platform: hgx_h100_x1}]\n");
  std::vector<std::string> names;
  for (const PlanPoint& point : plan.points()) names.push_back(plan.name(point));
  REQUIRE(names.size() == 6);
  CHECK(names[0] == "users 1, tp 1, sessions 10, hgx_h100_x1, replication 0");
  CHECK(names[1] == "users 1, tp 2, sessions 10, hgx_h100_x1, replication 0");
  CHECK(names[5] == "users 2, tp 4, sessions 20, hgx_h100_x1, replication 0");
}

TEST_CASE("a Latin hypercube has one sample in each slice of each axis") {
  const SweepFiles files;
  const std::string body =
      "axes:\n"
      "  rate: {path: workload.arrival.rate, range: {from: 0/s, to: 10/s}}\n"
      "  router: {path: deployment.router, values: [random, least_outstanding]}\n"
      "set: {workload.arrival.kind: poisson}\n"
      "design: {latin_hypercube: {points: 10, seed: 3}}\n";
  // The scenario's own concurrency is no key of poisson arrivals: only the design is drawn.
  const SweepSpec spec = files.load(body);
  const Design design = draw(spec);
  REQUIRE(design.rows.size() == 10);
  std::vector<bool> slices(10, false);
  int random = 0;
  for (size_t row = 0; row < 10; ++row) {
    slices[static_cast<size_t>(*design.level(row, 0).number)] = true;
    random += design.level(row, 1).label == "random" ? 1 : 0;
  }
  CHECK(std::count(slices.begin(), slices.end(), true) == 10);
  CHECK(random == 5);
  CHECK(draw(spec).level(7, 0).label == design.level(7, 0).label);
}

TEST_CASE("filters keep and leave out points by axis and platform") {
  const SweepFiles files;
  const auto count = [&](const std::string& filters) {
    return files
        .plan(
            "axes:\n"
            "  users: {path: workload.arrival.concurrency, values: [1, 2, 4]}\n"
            "  tp: {path: deployment.tp, values: [1, 2, 4]}\n"
            "  router: {path: deployment.router, values: [random, least_outstanding]}\n"
            "replications: 1\n" +
            filters)
        .points()
        .size();
  };
  CHECK(count("") == 36);
  CHECK(count("skip: [{users: '> 2'}]\n") == 24);
  CHECK(count("skip: [{users: '<= tp'}]\n") == 12);  // 2 > 1, 4 > 1, 4 > 2
  CHECK(count("only: [{users: [1, 4], tp: 2}]\n") == 8);
  CHECK(count("skip: [{router: '!= random'}, {platform: hgx_h100_x1, tp: '>= 2'}]\n") == 18 - 6);
}

TEST_CASE("a sweep whose points another one has shares their keys") {
  const SweepFiles files;
  const Plan first = files.plan(kConcurrency);
  const Plan second = files.plan(
      "name: other\ntitle: Another\n"
      "axes: {many: {path: workload.arrival.concurrency, log: {from: 2, to: 8, steps: 3}}}\n"
      "only: [{platform: hgx_h100_x1}]\n");
  const std::set<std::string> a = keys(first), b = keys(second);
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  CHECK(both.size() == 2 * 2);  // 2 and 4 users
  CHECK(first.fingerprint() != second.fingerprint());
}

TEST_CASE("a plan reads a point as read_scenario does") {
  const SweepFiles files;
  const Plan plan = files.plan(kConcurrency);
  Overrides overrides;
  overrides.settings = {"workload.arrival.concurrency=2"};
  const Scenario scenario = load_scenario(files.folder.file("base.yaml"), overrides);
  batch::KeyMaker maker;
  CHECK(plan.points()[4].key == maker.key(scenario, scenario.platforms[0], replication_seed(1, 0)));
  CHECK(plan.points()[7].key == maker.key(scenario, scenario.platforms[1], replication_seed(1, 1)));
}

TEST_CASE("a mistake of many points is told once, with its place and its first point") {
  const SweepFiles files;
  const std::string words = files.mistakes(
      "axes:\n"
      "  users: {path: workload.arrival.concurrency, values: [1, 2]}\n"
      "  router: {path: deployment.router, values: [random, randm]}\n");
  CHECK(words.find("sweep.yaml:4:54: unknown router 'randm'\n") == 0);
  CHECK(words.rfind("unknown router") == words.find("unknown router"));
  const std::string end = "\n  note: at the point users 1, router randm, hgx_h100_x1";
  REQUIRE(words.size() > end.size());
  CHECK(words.substr(words.size() - end.size()) == end);
}

TEST_CASE("points that cannot be run are kept as such if the sweep says so") {
  const SweepFiles files;
  const Plan plan =
      files.plan("axes: {tp: {path: deployment.tp, values: [1, 3]}}\ninfeasible: record\nreplications: 1\n");
  REQUIRE(plan.points().size() == 4);
  CHECK(plan.points()[0].problem == "");
  CHECK(plan.points()[2].key == "");
  CHECK(plan.points()[2].problem.find("tp 3 does not divide the 32 heads") != std::string::npos);
  std::vector<size_t> numbers;
  CHECK(plan.work("", numbers).size() == 2);
  CHECK(numbers == std::vector<size_t>{0, 1});
}

TEST_CASE("filters that leave nothing are a mistake") {
  const SweepFiles files;
  CHECK(files.mistakes(std::string(kConcurrency) + "skip: [{users: '> 0'}]\n") ==
        "sweep.yaml: the filters leave no point");
}

}  // namespace
}  // namespace agentsim::sweep

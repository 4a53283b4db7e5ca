#include "sim/network/flow_net.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "sim/base/contract.hpp"
#include "tests/network/script.hpp"

namespace agentsim::network {
namespace {

constexpr TrafficClass kKv = TrafficClass::kv_handoff;

// Two links, a of 10 GB/s and b of 4 GB/s.
struct TwoLinks {
  Kernel kernel;
  FlowNet net{kernel, {{"a", 10 * kGB}, {"b", 4 * kGB}}};
  Script script{kernel};
  PathId a = net.add_path({{0}, 0.0});
  PathId b = net.add_path({{1}, 0.0});
  PathId ab = net.add_path({{0, 1}, 0.0});
  PathId slow_a = net.add_path({{0}, 0.25});
  PathId nowhere = net.add_path({{}, 0.5});

  void send_at(double time_s, PathId path, uint64_t bytes, uint64_t payload) {
    script.at(time_s, [=] { net.send(path, bytes, kKv, script, payload); });
  }
  bool is_balanced() const {
    return net.bytes_requested() == net.bytes_delivered() + net.bytes_dropped() &&
           net.flows_started() == net.flows_finished() + net.flows_cancelled();
  }
};

TEST_CASE("a lone flow takes its latency plus bytes over bandwidth") {
  TwoLinks t;
  t.net.start();
  t.send_at(1.0, t.slow_a, 5 * kOneGB, 7);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 1);
  CHECK(t.script.ended[0].first == 7);
  CHECK(t.script.ended[0].second == doctest::Approx(1.75).epsilon(1e-12));  // 1 + 0.25 + 5/10
  CHECK(t.net.link_bytes(0, kKv) == 5 * kGB);
  CHECK(t.net.link_bytes(1, kKv) == 0);
  CHECK(t.net.link_busy_s(0) == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(t.is_balanced());
}

TEST_CASE("two flows share a link and the one held elsewhere leaves the rest") {
  // By hand: 1 crosses a and b, 2 only a. 1 is held to 4 GB/s by b, 2 gets 6. 2 ends at 1 s; 1 goes on at 4
  // until 2 s.
  TwoLinks t;
  t.net.start();
  t.send_at(0, t.ab, 8 * kOneGB, 1);
  t.send_at(0, t.a, 6 * kOneGB, 2);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 2);
  CHECK(t.script.ended[0].first == 2);
  CHECK(t.script.ended[0].second == doctest::Approx(1).epsilon(1e-9));
  CHECK(t.script.ended[1].second == doctest::Approx(2).epsilon(1e-9));
  CHECK(t.net.link_bytes(0, kKv) == 14 * kGB);
  CHECK(t.net.link_bytes(1, kKv) == 8 * kGB);
}

TEST_CASE("a flow that joins later halves the rate from then on") {
  // 10 GB alone at 10 GB/s; from 0.5 s two at 5: the first has 5 GB left and ends at 1.5 s, with 5 of 6 GB of
  // the second gone; its last GB takes 0.1 s.
  TwoLinks t;
  t.net.start();
  t.send_at(0, t.a, 10 * kOneGB, 1);
  t.send_at(0.5, t.a, 6 * kOneGB, 2);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 2);
  CHECK(t.script.ended[0].second == doctest::Approx(1.5).epsilon(1e-9));
  CHECK(t.script.ended[1].second == doctest::Approx(1.6).epsilon(1e-9));
  CHECK(t.net.link_busy_s(0) == doctest::Approx(1.6).epsilon(1e-9));
}

TEST_CASE("latency does not weigh in the sharing of a link") {
  TwoLinks t;
  const PathId far = t.net.add_path({{0}, 0.001});
  const PathId farther = t.net.add_path({{0}, 0.010});
  t.net.start();
  t.send_at(0.009, far, 5 * kOneGB, 1);
  t.send_at(0.000, farther, 5 * kOneGB, 2);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 2);
  CHECK(t.script.ended[0].second == doctest::Approx(1.01).epsilon(1e-9));
  CHECK(t.script.ended[1].second == doctest::Approx(1.01).epsilon(1e-9));
}

TEST_CASE("no bytes or no links take the latency alone and end in an event of their own") {
  TwoLinks t;
  t.net.start();
  t.script.at(1, [&] {
    t.net.send(t.slow_a, 0, kKv, t.script, 1);
    t.net.send(t.nowhere, 9 * kOneGB, kKv, t.script, 2);
    t.net.send(t.a, 0, kKv, t.script, 3);
    CHECK(t.script.ended.empty());
  });
  t.kernel.run();
  CHECK(t.script.ended == std::vector<Script::Dated>{{3, 1.0}, {1, 1.25}, {2, 1.5}});
  CHECK(t.net.link_bytes(0, kKv) == 0);
  CHECK(t.net.bytes_delivered() == 9 * kGB);
  CHECK(t.is_balanced());
}

TEST_CASE("a cancelled flow counts what it had sent and frees the link") {
  // 1 and 2 at 5 GB/s each; 1 is cancelled at 0.4 s with 2 GB sent; 2 has 4 of 6 GB left, at 10: 0.8 s.
  TwoLinks t;
  t.net.start();
  FlowId first = 0;
  t.script.at(0, [&] { first = t.net.send(t.a, 8 * kOneGB, kKv, t.script, 1); });
  t.send_at(0, t.a, 6 * kOneGB, 2);
  t.script.at(0.4, [&] {
    t.net.cancel(first);
    t.net.cancel(first);
    t.net.cancel(0);
  });
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 1);
  CHECK(t.script.ended[0].first == 2);
  CHECK(t.script.ended[0].second == doctest::Approx(0.8).epsilon(1e-9));
  CHECK(t.net.link_bytes(0, kKv) == doctest::Approx(8 * kGB).epsilon(1e-9));
  CHECK(t.net.bytes_dropped() == doctest::Approx(6 * kGB).epsilon(1e-9));
  CHECK(t.net.flows_cancelled() == 1);
  CHECK(t.is_balanced());
}

TEST_CASE("a flow can be cancelled in every phase") {
  TwoLinks t;
  t.net.start();
  FlowId flow = 0;
  FlowId twin = 0;
  const auto send = [&](PathId path) { flow = t.net.send(path, kOneGB, kKv, t.script, 1); };
  const auto cancel = [&] { t.net.cancel(flow); };
  t.script.at(0, [&] { send(t.slow_a); });
  t.script.at(0.1, cancel);  // within the latency
  t.script.at(1, [&] {
    send(t.a);
    cancel();  // before it moves
  });
  t.script.at(2, [&] {
    send(t.a);
    twin = t.net.send(t.b, 4 * kOneGB / 10, kKv, t.script, 2);  // both are due at 2.1
  });
  t.script.then = [&](FlowId, uint64_t payload) {  // arrived, but the target is yet to be told
    if (payload == 1) t.net.cancel(twin);
    if (payload == 2) cancel();
  };
  t.send_at(3, t.a, kOneGB, 3);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 2);
  CHECK(t.script.ended[1].second == doctest::Approx(3.1).epsilon(1e-9));
  CHECK(t.net.flows_cancelled() == 3);
  CHECK(t.net.bytes_dropped() == 2 * kGB);
  CHECK(t.is_balanced());
}

TEST_CASE("a flow cancelled at the very date of its end is not told") {
  TwoLinks t;
  t.net.start();
  FlowId flow = 0;
  t.script.at(0, [&] { flow = t.net.send(t.a, 5 * kOneGB, kKv, t.script, 1); });
  t.script.at(0.5, [&] { t.net.cancel(flow); });
  t.send_at(0.75, t.a, kOneGB, 2);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 1);
  CHECK(t.script.ended[0].first == 2);
  CHECK(t.net.link_bytes(0, kKv) == doctest::Approx(6 * kGB));
  CHECK(t.is_balanced());
}

TEST_CASE("an event posted for the date at which a flow ends happens before the flow ends") {
  TwoLinks t;
  t.net.start();
  size_t ended = 9;
  t.send_at(0, t.a, 5 * kOneGB, 1);
  t.script.at(0.5, [&] { ended = t.script.ended.size(); });
  t.kernel.run();
  CHECK(ended == 0);
  CHECK(t.script.ended.size() == 1);
}

TEST_CASE("time that ran ahead without flows starts the next flow at its own date") {
  // Given many events while nothing moves, then a flow whose end is followed by another such stretch.
  TwoLinks t;
  t.net.start();
  int ticks = 0;
  for (int i = 0; i < 1000; ++i) t.script.at(i * 0.01, [&] { ++ticks; });
  t.send_at(7.005, t.a, 10 * kOneGB, 1);
  t.script.then = [&](FlowId, uint64_t payload) {
    if (payload == 1) t.send_at(t.kernel.now() + 5, t.a, kOneGB, 2);
  };
  t.kernel.run();
  CHECK(ticks == 1000);
  REQUIRE(t.script.ended.size() == 2);
  CHECK(t.script.ended[0].second == doctest::Approx(8.005).epsilon(1e-12));
  CHECK(t.script.ended[1].second == doctest::Approx(13.105).epsilon(1e-12));
}

TEST_CASE("a path may be added while the simulation runs") {
  TwoLinks t;
  t.net.start();
  t.script.at(1, [&] { t.net.send(t.net.add_path({{1, 0}, 0.0}), 2 * kOneGB, kKv, t.script, 1); });
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 1);
  CHECK(t.script.ended[0].second == doctest::Approx(1.5).epsilon(1e-12));
}

TEST_CASE("a link crossed twice counts twice") {
  TwoLinks t;
  const PathId twice = t.net.add_path({{0, 0}, 0.0});
  t.net.start();
  t.send_at(0, twice, 5 * kOneGB, 1);
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 1);
  CHECK(t.script.ended[0].second == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(t.net.link_bytes(0, kKv) == 10 * kGB);
}

TEST_CASE("stop drops the flows in every phase and run returns") {
  TwoLinks t;
  t.net.start();
  t.send_at(0, t.a, 100 * kOneGB, 1);
  t.send_at(0.9, t.slow_a, kOneGB, 2);
  t.script.at(1, [&] {
    t.net.send(t.b, kOneGB, kKv, t.script, 3);
    t.kernel.stop();
  });
  t.kernel.run();
  CHECK(t.kernel.now() == 1);
  CHECK(t.script.ended.empty());
  CHECK(t.net.flows_cancelled() == 3);
  CHECK(t.net.bytes_delivered() == doctest::Approx(10 * kGB));
  CHECK(t.is_balanced());
  t.script.at(2, [&] { t.net.send(t.b, 2 * kOneGB, kKv, t.script, 4); });
  t.kernel.run();
  REQUIRE(t.script.ended.size() == 1);
  CHECK(t.script.ended[0].second == doctest::Approx(2.5));
}

TEST_CASE("an exception of a target reaches the caller of run though flows are on the links") {
  TwoLinks t;
  t.net.start();
  t.send_at(0, t.a, 100 * kOneGB, 1);
  t.send_at(0, t.b, kOneGB, 2);
  t.script.then = [](FlowId, uint64_t) { throw std::runtime_error("disk full"); };
  CHECK_THROWS_WITH(t.kernel.run(), "disk full");
}

TEST_CASE("a process has one network") {
  TwoLinks t;
  CHECK_THROWS_AS(t.net.send(t.a, 1, kKv, t.script), ContractViolation);
  t.net.start();
  Kernel other;
  FlowNet second(other, {{"a", 1.0}});
  CHECK_THROWS_AS(second.start(), ContractViolation);
  CHECK_THROWS_AS(t.net.add_group({{0, 1}}, t.script), ContractViolation);
}

TEST_CASE("a flow without an end is a broken contract of the caller and says so") {
  Kernel kernel;
  CHECK_THROWS_AS(FlowNet(kernel, {{"dead", 0.0}}), ContractViolation);
  FlowNet net(kernel, {{"a", 1.0}});
  CHECK_THROWS_AS(net.add_path({{1}, 0.0}), ContractViolation);
  CHECK_THROWS_AS(net.add_path({{0}, -1.0}), ContractViolation);
}

TEST_CASE("every traffic class has a name of its own") {
  for (size_t i = 0; i < kTrafficClasses; ++i) {
    for (size_t j = 0; j < i; ++j) {
      CHECK(std::string(name(static_cast<TrafficClass>(i))) != name(static_cast<TrafficClass>(j)));
    }
  }
}

}  // namespace
}  // namespace agentsim::network

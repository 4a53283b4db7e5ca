#include "sim/network/collectives.hpp"

#include <doctest/doctest.h>

#include "tests/network/script.hpp"

namespace agentsim::network {
namespace {

constexpr TrafficClass kKv = TrafficClass::kv_handoff;

// A link of 10 GB/s that a collective crosses twice, and one of 6 GB/s that it crosses once.
struct Shared {
  Kernel kernel;
  FlowNet net{kernel, {{"a", 10 * kGB}, {"b", 6 * kGB}}};
  Script script{kernel};
  PathId a = net.add_path({{0}, 0.0});
  PathId b = net.add_path({{1}, 0.0});

  void send_at(double time_s, PathId path, uint64_t bytes, uint64_t payload) {
    script.at(time_s, [=] { net.send(path, bytes, kKv, script, payload); });
  }
};

TEST_CASE("a watcher is told when a flow comes and goes and not when its narrowest link stays") {
  Shared s;
  const GroupId group = s.net.add_group({{0, 2}, {1, 1}}, s.script);
  s.net.start();
  std::vector<double> rates{s.net.group_rate(group)};
  s.script.watch = [&](GroupId g) { rates.push_back(s.net.group_rate(g)); };
  s.send_at(1, s.a, 10 * kOneGB, 1);  // a: 10/3, narrower than b: 6; ends at 2
  s.send_at(1.5, s.b, kOneGB, 2);     // b: 6/2 = 3 until 1 GB at 6 GB/s is through
  s.kernel.run();
  CHECK(rates.size() == 5);
  CHECK(rates[0] == doctest::Approx(5 * kGB));
  CHECK(rates[1] == doctest::Approx(10 * kGB / 3));
  CHECK(rates[2] == doctest::Approx(3 * kGB));
  CHECK(rates[3] == doctest::Approx(10 * kGB / 3));
  CHECK(rates[4] == doctest::Approx(5 * kGB));
  CHECK(s.script.changes[0] == Script::Dated{group, 1.0});
  CHECK(s.script.changes[2].second == doctest::Approx(1.5 + 1.0 / 6));
  CHECK(s.script.changes[3].second == doctest::Approx(2));
}

TEST_CASE("a watcher that has read the passing rate is told of the return") {
  Shared s;
  const GroupId group = s.net.add_group({{0, 1}}, s.script);
  s.net.start();
  double read = 0;
  s.script.at(1, [&] {
    const FlowId flow = s.net.send(s.a, kOneGB, kKv, s.script);
    read = s.net.group_rate(group);
    s.net.cancel(flow);
  });
  s.kernel.run();
  CHECK(read == doctest::Approx(5 * kGB));
  CHECK(s.script.changes == std::vector<Script::Dated>{{group, 1.0}});
}

TEST_CASE("a running collective leaves a flow the bandwidth minus its mean rate") {
  // 2 crossings at 1.5 GB/s leave 7 of 10 GB/s: 7 GB take 1 s. On b one crossing leaves 4.5 of 6.
  Shared s;
  const GroupId group = s.net.add_group({{0, 2}, {1, 1}}, s.script);
  s.net.start();
  s.script.at(0, [&] { s.net.set_group_mean_rate(group, 1.5 * kGB); });
  s.send_at(1, s.a, 7 * kOneGB, 1);
  s.send_at(3, s.b, 9 * kOneGB, 2);
  s.kernel.run();
  REQUIRE(s.script.ended.size() == 2);
  CHECK(s.script.ended[0].second == doctest::Approx(2).epsilon(1e-9));
  CHECK(s.script.ended[1].second == doctest::Approx(5).epsilon(1e-9));
}

TEST_CASE("flows on several links of a collective all feel it") {
  Shared s;
  const GroupId group = s.net.add_group({{0, 2}, {1, 1}}, s.script);
  s.net.start();
  s.script.at(0, [&] { s.net.set_group_mean_rate(group, 1 * kGB); });
  s.send_at(0, s.a, 8 * kOneGB, 1);
  s.send_at(0, s.b, 10 * kOneGB, 2);
  s.kernel.run();
  REQUIRE(s.script.ended.size() == 2);
  CHECK(s.script.ended[0].second == doctest::Approx(1).epsilon(1e-9));
  CHECK(s.script.ended[1].second == doctest::Approx(2).epsilon(1e-9));
}

TEST_CASE("a flow follows the mean rate up and down and has the link alone once the collective idles") {
  // 10 GB/s: 1 s at 10-2*1 = 8, 1 s at 10-2*3 = 4, 1 s at 10-2*2 = 6, the last 5 of 23 GB at 10.
  Shared s;
  const GroupId group = s.net.add_group({{0, 2}}, s.script);
  s.net.start();
  s.script.at(0, [&] { s.net.set_group_mean_rate(group, 1 * kGB); });
  s.send_at(0, s.a, 23 * kOneGB, 1);
  s.script.at(1, [&] { s.net.set_group_mean_rate(group, 3 * kGB); });
  s.script.at(2, [&] { s.net.set_group_mean_rate(group, 2 * kGB); });
  s.script.at(3, [&] { s.net.set_group_mean_rate(group, 0); });
  s.kernel.run();
  REQUIRE(s.script.ended.size() == 1);
  CHECK(s.script.ended[0].second == doctest::Approx(3.5).epsilon(1e-9));
}

TEST_CASE("two collectives that share a link settle on rates that agree") {
  // Each wants c = 1 s of work and then 5 GB over the link: r = 5/(1 + 5/s), s = 10 - r of the other.
  // The fixed point of s = 10 - 5/(1 + 5/s): s^2 = 50, s = 7.0711.
  Shared s;
  Script other(s.kernel);
  const GroupId one = s.net.add_group({{0, 1}}, s.script);
  const GroupId two = s.net.add_group({{0, 1}}, other);
  s.net.start();
  s.script.watch = other.watch = [&](GroupId g) {
    s.net.set_group_mean_rate(g, 5 * kGB / (1 + 5 * kGB / s.net.group_rate(g)));
  };
  s.script.at(0, [&] {
    s.script.watch(one);
    s.script.watch(two);
  });
  s.kernel.run();
  CHECK(s.net.group_rate(one) / kGB == doctest::Approx(7.0711).epsilon(1e-3));
  CHECK(s.net.group_rate(two) / kGB == doctest::Approx(7.0711).epsilon(1e-3));
  CHECK(s.kernel.events() < 50);
}

TEST_CASE("groups of one watcher take turns and do not disturb each other") {
  // Given one busy group of a replica, then another of its own has the whole link and that of another replica what is left.
  Shared s;
  Script other(s.kernel);
  const GroupId busy = s.net.add_group({{0, 1}}, s.script);
  const GroupId own = s.net.add_group({{0, 1}}, s.script, TrafficClass::expert_parallel);
  const GroupId foreign = s.net.add_group({{0, 1}}, other);
  s.net.start();
  s.script.at(0, [&] { s.net.set_group_mean_rate(busy, 4 * kGB); });
  s.kernel.run();
  CHECK(s.net.group_rate(own) == doctest::Approx(10 * kGB));
  CHECK(s.net.group_rate(foreign) == doctest::Approx(6 * kGB));
  CHECK(s.script.changes.empty());
}

TEST_CASE("a watcher may send and cancel and set rates from within its callback") {
  Shared s;
  const GroupId group = s.net.add_group({{0, 1}}, s.script);
  s.net.start();
  FlowId first = 0;
  s.script.watch = [&](GroupId g) {
    if (s.script.changes.size() == 1) {
      s.net.set_group_mean_rate(g, 1 * kGB);
      s.net.cancel(first);
      s.net.send(s.a, 9 * kOneGB, kKv, s.script, 2);
    }
  };
  s.script.at(1, [&] { first = s.net.send(s.a, kOneGB, kKv, s.script, 1); });
  s.kernel.run();
  REQUIRE(s.script.ended.size() == 1);
  CHECK(s.script.ended[0].first == 2);
  CHECK(s.script.ended[0].second == doctest::Approx(2).epsilon(1e-9));  // 9 GB at 10-1
  CHECK(s.net.group_rate(group) == doctest::Approx(10 * kGB));
}

TEST_CASE("a collective accounts its bytes on each link as often as it crosses it") {
  Shared s;
  const GroupId tp = s.net.add_group({{0, 2}, {1, 1}}, s.script);
  const GroupId ep = s.net.add_group({{0, 1}}, s.script, TrafficClass::expert_parallel);
  s.net.account_group(tp, 100);
  s.net.account_group(ep, 7);
  CHECK(s.net.link_bytes(0, TrafficClass::tensor_parallel) == 200);
  CHECK(s.net.link_bytes(1, TrafficClass::tensor_parallel) == 100);
  CHECK(s.net.link_bytes(0, TrafficClass::expert_parallel) == 7);
}

TEST_CASE("stop ends the shadow of a running collective too") {
  Shared s;
  const GroupId group = s.net.add_group({{0, 1}}, s.script);
  s.net.start();
  s.script.at(0, [&] { s.net.set_group_mean_rate(group, kGB); });
  s.send_at(0, s.a, 90 * kOneGB, 1);
  s.script.at(1, [&] { s.kernel.stop(); });
  s.kernel.run();
  CHECK(s.kernel.now() == 1);
  CHECK(s.net.bytes_delivered() == doctest::Approx(9 * kGB));
}

}  // namespace
}  // namespace agentsim::network

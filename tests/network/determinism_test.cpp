#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <iostream>

#include "sim/base/hash.hpp"
#include "tests/network/pcie_tree.hpp"

namespace agentsim::network {
namespace {

// Random flows on a tree whose collective changes its rate at each arrival; every end goes into the hash, bit
// by bit.
class Hashed : public FlowTarget, public GroupWatcher, public EventTarget {
 public:
  uint64_t run() {
    net_.start();
    for (int i = 0; i < 2000; ++i) kernel_.at(5.0 * stream_.uniform(), *this, 0, i);
    kernel_.run();
    return hash_.value();
  }
  void on_event(uint32_t, uint64_t) override {
    const auto way = static_cast<size_t>(stream_.uniform() * 8);
    const auto bytes = static_cast<uint64_t>(1 + stream_.uniform() * 5e7);
    const FlowId flow = net_.send(paths_[way], bytes, TrafficClass::background, *this, bytes);
    if (bytes % 7 == 0) net_.cancel(last_);
    last_ = flow;
  }
  void on_flow_end(FlowId, uint64_t payload) override { add(payload, kernel_.now()); }
  void on_rate_change(GroupId group) override {
    add(group, net_.group_rate(group));
    net_.set_group_mean_rate(group, net_.group_rate(group) / 3);
  }

 private:
  static std::vector<LinkSpec> links() {
    std::vector<LinkSpec> all;
    PcieTree::add_links(all);
    return all;
  }
  void add(uint64_t id, double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    hash_.add(id).add(bits);
  }
  std::vector<PathId> add_paths() {
    std::vector<PathId> all;
    for (LinkId gpu = 0; gpu < 8; ++gpu) all.push_back(net_.add_path(PcieTree(0).host_to_gpu(gpu)));
    net_.add_group({{PcieTree::kSwitchDown, 1}, {PcieTree::kSwitchDown + 1, 2}}, *this);
    return all;
  }

  Kernel kernel_;
  FlowNet net_{kernel_, links()};
  std::vector<PathId> paths_ = add_paths();
  RandomStream stream_{7, "flows"};
  Fnv1a hash_;
  FlowId last_ = 0;
};

// In a process of its own, as there is one network a process.
uint64_t hash_of_a_run() {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    const uint64_t hash = Hashed().run();
    const bool is_written = write(ends[1], &hash, sizeof hash) == sizeof hash;
    _exit(is_written ? 0 : 1);
  }
  uint64_t hash = 0;
  REQUIRE(read(ends[0], &hash, sizeof hash) == sizeof hash);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
  close(ends[0]);
  close(ends[1]);
  return hash;
}

TEST_CASE("two runs give the same dates and rates to the last bit") {
  const uint64_t first = hash_of_a_run();
  CHECK(first != Fnv1a().value());
  CHECK(first == hash_of_a_run());
}

}  // namespace
}  // namespace agentsim::network

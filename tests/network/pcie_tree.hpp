#pragma once

#include <boost/random/exponential_distribution.hpp>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/random_stream.hpp"
#include "sim/network/flow_net.hpp"

namespace agentsim::network {

// Eight GPUs in a PCIe tree: two under each of four switches, two switches a socket, one link each way
// between the sockets; every direction has 50 GB/s. Several such trees stand side by side without touching
// each other.
struct PcieTree {
  static constexpr double kBytesPerS = 50e9;
  static constexpr LinkId kGpuUp = 0, kGpuDown = 8, kSwitchUp = 16, kSwitchDown = 20, kLinks = 26;

  explicit PcieTree(LinkId first, bool nic = false) : first_link(first), has_nic(nic) {}
  static void add_links(std::vector<LinkSpec>& links) {
    for (LinkId i = 0; i < kLinks; ++i) links.push_back({"link" + std::to_string(links.size()), kBytesPerS});
  }
  // A ring over all GPUs crosses every link once.
  Path ring() const {
    Path path{{}, 0.0};
    for (LinkId i = 0; i < kLinks; ++i) path.links.push_back(first_link + i);
    return path;
  }
  // A NIC of 15 GB/s for all GPUs, where flows from and to the host come in and go out.
  static void add_nic(std::vector<LinkSpec>& links) {
    for (const char* way : {"in", "out"}) links.push_back({"nic" + std::to_string(links.size()) + way, 15e9});
  }
  Path host_to_gpu(LinkId gpu) const {
    Path path{{first_link + kSwitchDown + gpu / 2, first_link + kGpuDown + gpu}, 0.0};
    if (has_nic) path.links.push_back(first_link + kLinks);
    return path;
  }
  Path gpu_to_host(LinkId gpu) const {
    Path path{{first_link + kGpuUp + gpu, first_link + kSwitchUp + gpu / 2}, 0.0};
    if (has_nic) path.links.push_back(first_link + kLinks + 1);
    return path;
  }

  LinkId first_link;
  bool has_nic;
};

// Flows between host and a random GPU, by Poisson arrivals, the same on every tree.
class Background : public EventTarget, public FlowTarget {
 public:
  Background(Kernel& kernel, FlowNet& net, const std::vector<PcieTree>& trees, double per_s, uint64_t bytes)
      : kernel_(kernel), net_(net), mean_s_(1 / per_s), bytes_(bytes), total_s_(trees.size()) {
    for (const PcieTree& tree : trees) {
      for (LinkId gpu = 0; gpu < 8; ++gpu) {
        paths_.push_back(net.add_path(tree.host_to_gpu(gpu)));
        paths_.push_back(net.add_path(tree.gpu_to_host(gpu)));
      }
    }
  }
  void start() { kernel_.after(gap_s(), *this, 0); }
  void on_event(uint32_t, uint64_t) override {
    const auto way = static_cast<size_t>(stream_.uniform() * 16);
    for (size_t tree = 0; tree < total_s_.size(); ++tree) {
      net_.send(paths_[tree * 16 + way], bytes_, TrafficClass::background, *this, starts_.size());
      starts_.push_back({tree, kernel_.now()});
    }
    start();
  }
  void on_flow_end(FlowId, uint64_t index) override {
    const auto [tree, since_s] = starts_[index];
    total_s_[tree].first += kernel_.now() - since_s;
    ++total_s_[tree].second;
  }
  double mean_flow_s(size_t tree) const { return total_s_[tree].first / total_s_[tree].second; }

 private:
  double gap_s() { return boost::random::exponential_distribution<double>(1 / mean_s_)(stream_.engine()); }

  Kernel& kernel_;
  FlowNet& net_;
  double mean_s_;
  uint64_t bytes_;
  RandomStream stream_{1, "background"};
  std::vector<PathId> paths_;
  std::vector<std::pair<size_t, double>> starts_;
  std::vector<std::pair<double, int>> total_s_;
};

}  // namespace agentsim::network

#include "sim/serving/weight_loader.hpp"

#include <utility>

namespace agentsim::serving {

void WeightLoader::add(Replica& replica, std::vector<network::PathId> paths, uint64_t bytes_per_gpu) {
  const size_t parts = paths.size();
  loads_.push_back({&replica, std::move(paths), bytes_per_gpu, parts});
  replica.hold();
}

void WeightLoader::start() {
  for (size_t l = 0; l < loads_.size(); ++l)
    for (const network::PathId path : loads_[l].paths)
      net_.send(path, loads_[l].bytes, network::TrafficClass::weights, *this, l);
}

void WeightLoader::on_flow_end(network::FlowId, uint64_t payload) {
  Load& load = loads_[payload];
  if (--load.left > 0) return;
  ready_s_ = kernel_.now();
  load.replica->release();
}

}  // namespace agentsim::serving

#include "sim/network/flow_table.hpp"

namespace agentsim::network {

namespace {
FlowId make_id(uint32_t slot, uint32_t generation) {
  return (uint64_t{generation} << 32) | slot;
}
}  // namespace

FlowId FlowTable::add(Flow flow) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(flows_.size()));
    flows_.emplace_back();
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  const uint32_t last = flows_[slot].generation;
  flow.generation = last == 0xffffffffU ? 1 : last + 1;
  flows_[slot] = flow;
  return make_id(slot, flow.generation);
}

Flow* FlowTable::find(FlowId id) {
  const auto slot = static_cast<uint32_t>(id);
  if (slot >= flows_.size()) return nullptr;
  Flow& flow = flows_[slot];
  return flow.phase != Flow::Phase::none && flow.generation == id >> 32 ? &flow : nullptr;
}

void FlowTable::remove(FlowId id) {
  const auto slot = static_cast<uint32_t>(id);
  flows_[slot].phase = Flow::Phase::none;
  free_slots_.push_back(slot);
}

std::vector<FlowId> FlowTable::all() const {
  std::vector<FlowId> ids;
  for (uint32_t slot = 0; slot < flows_.size(); ++slot) {
    if (flows_[slot].phase != Flow::Phase::none) ids.push_back(make_id(slot, flows_[slot].generation));
  }
  return ids;
}

}  // namespace agentsim::network

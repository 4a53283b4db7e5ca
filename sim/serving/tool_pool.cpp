#include "sim/serving/tool_pool.hpp"

#include <algorithm>

#include "sim/base/contract.hpp"

namespace agentsim::serving {

uint64_t ToolPool::queue_of(int resource, uint64_t person) {
  AGENTSIM_CONTRACT(resource < static_cast<int>(resources_.size()), "a tool wants the resource {} of {}",
                    resource, resources_.size());
  const ResourceSpec spec = resource < 0 ? ResourceSpec{} : resources_[static_cast<size_t>(resource)];
  const auto [found, is_new] =
      numbers_.emplace(std::pair(resource, spec.per_person ? person : 0), queues_.size());
  if (is_new) queues_.emplace_back().spec = spec;
  return found->second;
}

ToolPool::ToolId ToolPool::begin(int resource, uint64_t person, double service_s, ToolClient& client,
                                 uint64_t ticket) {
  ToolId id = static_cast<ToolId>(tools_.size());
  if (unused_.empty()) {
    tools_.emplace_back();
  } else {
    id = unused_.back();
    unused_.pop_back();
  }
  Tool& tool = tools_[id];
  tool = Tool{};
  tool.client = &client;
  tool.ticket = ticket;
  tool.queue = queue_of(resource, person);
  tool.service_s = service_s;
  tool.asked_s = kernel_.now();
  queues_[tool.queue].waiting.push_back(id);
  serve(tool.queue);
  return id;
}

// Begins what may begin now.
void ToolPool::serve(uint64_t number) {
  Queue& queue = queues_[number];
  while (!queue.waiting.empty() && (queue.spec.servers == 0 || queue.running < queue.spec.servers)) {
    if (queue.spec.rate_per_s > 0.0 && kernel_.now() < queue.next_start_s) {
      kernel_.cancel(queue.wake);
      queue.wake = kernel_.at(queue.next_start_s, *this, kNextSlot, number);
      return;
    }
    const ToolId id = queue.waiting.front();
    queue.waiting.pop_front();
    Tool& tool = tools_[id];
    tool.started_s = kernel_.now();
    tool.end = kernel_.at(kernel_.now() + tool.service_s, *this, kEnd, id);
    ++queue.running;
    if (queue.spec.rate_per_s > 0.0) queue.next_start_s = kernel_.now() + 1.0 / queue.spec.rate_per_s;
  }
}

void ToolPool::cancel(ToolId id) {
  Tool& tool = tools_[id];
  const uint64_t number = tool.queue;
  Queue& queue = queues_[number];
  if (tool.started_s < 0.0) {
    queue.waiting.erase(std::find(queue.waiting.begin(), queue.waiting.end(), id));
  } else {
    kernel_.cancel(tool.end);
    --queue.running;
  }
  unused_.push_back(id);
  serve(number);
}

void ToolPool::on_event(uint32_t kind, uint64_t payload) {
  if (kind == kNextSlot) return serve(payload);
  const Tool tool = tools_[payload];
  unused_.push_back(static_cast<ToolId>(payload));
  --queues_[tool.queue].running;
  serve(tool.queue);
  tool.client->on_tool_end(tool.ticket, static_cast<ToolId>(payload), tool.started_s - tool.asked_s);
}

}  // namespace agentsim::serving

#include "sim/serving/scheduler.hpp"

namespace agentsim::serving {
namespace {

// First come, first served: vLLM's default policy.
class FCFS : public Scheduler {
 public:
  bool before(const Request& a, const Request& b) const override { return a.order < b.order; }
};

const Schedulers::Entry entry{"fcfs", "first come, first served (vLLM default)",
                              [] { return std::make_unique<FCFS>(); }};

}  // namespace
}  // namespace agentsim::serving

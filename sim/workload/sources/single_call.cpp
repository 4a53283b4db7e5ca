#include <nlohmann/json.hpp>

#include "sim/base/random_stream.hpp"
#include "sim/workload/distribution.hpp"
#include "sim/workload/plan_builder.hpp"
#include "sim/workload/session_source.hpp"

namespace agentsim::workload {
namespace {

struct Parameters {
  Distribution prefix;
  Distribution prompt;
  Distribution output;
};

// Sessions of one call each, for cheap single requests and for comparison with simulators of plain requests.
class SingleCalls : public SessionSource {
 public:
  SingleCalls(const Parameters& parameters, uint64_t seed) : p_(parameters), seed_(seed) {
    names_.roles = {"caller"};
  }

  SessionPlan plan(size_t index) const override {
    RandomStream random(seed_, "session", index);
    SessionPlan plan;
    plan.agents.emplace_back().call_count = 1;
    Call& call = add_call(plan);
    const uint32_t prefix = p_.prefix.draw_count(random);
    const uint32_t prompt = p_.prompt.draw_count(random, prefix == 0 ? 1 : 0);
    call.output_tokens = p_.output.draw_count(random, 1);
    call.output_stream = stream_id("single call", index);
    call.output_begin = prompt;
    extend(plan, {stream_id("single call prefix", 0), 0, prefix});
    extend(plan, {stream_id("single call", index), 0, prompt});
    return plan;
  }

 private:
  Parameters p_;
  uint64_t seed_;
};

class SingleCallOptions : public Described<SingleCallOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("prefix", p_.prefix, "tokens at the front that all calls share");
    v.value("prompt", p_.prompt, "tokens of the prompt behind the prefix", config::Need::required);
    v.value("output", p_.output, "tokens generated, at least 1", config::Need::required);
  }
  std::unique_ptr<SessionSource> open(uint64_t seed) const override {
    return std::make_unique<SingleCalls>(p_, seed);
  }

 private:
  Parameters p_;
};

const Sources::Entry entry("single_call", "sessions of one call with drawn lengths",
                           [] { return std::make_unique<SingleCallOptions>(); });

}  // namespace
}  // namespace agentsim::workload

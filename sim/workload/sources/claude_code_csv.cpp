#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sim/base/random_stream.hpp"
#include "sim/workload/input_file.hpp"
#include "sim/workload/session_source.hpp"
#include "sim/workload/sources/claude_code_sessions.hpp"

namespace agentsim::workload {
namespace {

struct Parameters {
  InputFile file;
  ClaudeCodeRules rules;
  std::string order = "file";
};

// Replays recorded trees of Claude Code calls.
class ClaudeCodeTrace : public SessionSource {
 public:
  ClaudeCodeTrace(const Parameters& parameters, uint64_t seed) : trace_(parameters.rules), seed_(seed) {
    trace_.add(read_claude_code_csv(parameters.file.path));
    names_.roles = trace_.roles();
    order_.resize(trace_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    if (parameters.order == "shuffled") shuffle(seed);
    resampled_ = parameters.order == "resampled";
    trace_.each_count([&](size_t number, const std::string& what) {
      notes_.push_back(fmt::format("{} {}", number, what));
    });
  }

  std::optional<size_t> sessions() const override { return trace_.size(); }

  SessionPlan plan(size_t index) const override {
    const size_t pass = resampled_ ? 0 : index / trace_.size();
    SessionPlan plan = trace_.plan(resampled_ ? resample(index) : order_[index % trace_.size()], index);
    if (pass > 0) plan.name = fmt::format("{}+{}", plan.name, pass);
    return plan;
  }

 private:
  // Drawn with replacement, so that replications differ as other people's sessions would (the bootstrap).
  size_t resample(size_t index) const {
    return static_cast<size_t>(RandomStream(seed_, "resample", index).uniform() *
                               static_cast<double>(trace_.size()));
  }

  void shuffle(uint64_t seed) {
    RandomStream random(seed, "order");
    for (size_t i = order_.size(); i > 1; --i) {
      const auto other = static_cast<size_t>(random.uniform() * static_cast<double>(i));
      std::swap(order_[i - 1], order_[other]);
    }
  }

  ClaudeCodeSessions trace_;
  bool resampled_ = false;
  uint64_t seed_ = 0;
  std::vector<uint32_t> order_;
};

class ClaudeCodeOptions : public Described<ClaudeCodeOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", p_.file, "call table, scenarios/traces/README.md", config::Need::required);
    describe_rules(v, p_.rules);
    v.choice("order", p_.order, {"file", "shuffled", "resampled"},
             "of the sessions: as recorded, permuted, or drawn with replacement");
  }
  std::unique_ptr<SessionSource> open(uint64_t seed) const override {
    return std::make_unique<ClaudeCodeTrace>(p_, seed);
  }

 private:
  Parameters p_;
};

const Sources::Entry entry("claude_code_csv", "recorded Claude Code sessions with their sub-agents",
                           [] { return std::make_unique<ClaudeCodeOptions>(); });

}  // namespace
}  // namespace agentsim::workload

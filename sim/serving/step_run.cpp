#include "sim/serving/step_run.hpp"

#include <algorithm>
#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::serving {
namespace {

constexpr int64_t kLongestRun = 4096;
constexpr Ticks kTickLimit = Ticks{1} << 60;

Ticks share(double fraction, Ticks ticks) {
  return std::llround(fraction * static_cast<double>(ticks));
}

}  // namespace

Ticks to_ticks(double seconds) {
  AGENTSIM_CONTRACT(seconds >= 0.0 && seconds < 1000.0, "a step of {} s is out of range", seconds);
  return std::llround(seconds / kTickSeconds);
}

void StepRun::begin(double date_s, const StepTicks& step, const Contexts& contexts) {
  anchor_s_ = date_s;
  step_ = step;
  contexts_ = contexts;
  head_ = whole(0);
  head_communication_ = step.communication;
  AGENTSIM_CONTRACT(head_ > 0, "a step takes {} ticks", head_);
  const Contexts last = contexts.after(kLongestRun);
  const double longest =
      std::max(static_cast<double>(step.least),
               static_cast<double>(step.fixed) +
                   static_cast<double>(step.per_token) * static_cast<double>(last.tokens) +
                   static_cast<double>(step.per_window_token) * static_cast<double>(last.window_tokens));
  max_steps_ =
      std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(kTickLimit) / longest), 1, kLongestRun);
}

void StepRun::change_speed(double date_s, const StepTicks& step) {
  const int64_t done = completed(date_s, max_steps_);
  const Ticks current = ticks(done + 1) - ticks(done);
  // A first step that is itself the rest of one is a smaller share of a whole step.
  const double remaining =
      left(date_s, done) * static_cast<double>(current) / static_cast<double>(whole(done));
  begin(date_s, step, contexts_.after(done));
  head_ = std::max<Ticks>(1, share(remaining, head_));
  head_communication_ = share(remaining, step.communication);
}

double StepRun::left(double date_s, int64_t done) const {
  const auto whole_s = static_cast<double>(ticks(done + 1) - ticks(done)) * kTickSeconds;
  return std::clamp(1.0 - (date_s - this->date_s(done)) / whole_s, 0.0, 1.0);
}

double StepRun::communication_until_s(double date_s) const {
  const int64_t done = completed(date_s, max_steps_);
  const double step_s = communication_s(done + 1) - communication_s(done);
  return communication_s(done) + (1.0 - left(date_s, done)) * step_s;
}

// head + sum over i in [1, steps) of whole(i). Contexts grow, so the first of them are those that take `least`.
Ticks StepRun::ticks(int64_t steps) const {
  if (steps <= 0) return 0;
  const int64_t later = steps - 1;
  const Ticks first =
      step_.fixed + step_.per_token * contexts_.tokens + step_.per_window_token * contexts_.window_tokens;
  const Ticks growth = step_.per_token * contexts_.growth + step_.per_window_token * contexts_.window_growth;
  int64_t bound = 0;
  if (step_.least > first) bound = growth > 0 ? std::min(later, (step_.least - first) / growth) : later;
  return head_ + bound * step_.least + (later - bound) * first +
         growth * (later * steps / 2 - bound * (bound + 1) / 2);
}

int64_t StepRun::completed(double date_s, int64_t limit) const {
  int64_t low = 0;
  int64_t high = limit;
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    if (this->date_s(middle) <= date_s)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

double StepRun::communication_s(int64_t steps) const {
  if (steps <= 0) return 0.0;
  return static_cast<double>(head_communication_ + (steps - 1) * step_.communication) * kTickSeconds;
}

}  // namespace agentsim::serving

#pragma once

#include <algorithm>
#include <cstdint>

namespace agentsim::serving {

// Time inside a run of steps is counted in whole ticks, so that one closed form for many steps and the sum
// over single ones are the same number, not nearly the same.
using Ticks = int64_t;
inline constexpr double kTickSeconds = 0x1.0p-50;  // 0.9 fs
Ticks to_ticks(double seconds);

// The time of a step of one batch: fixed + per_token * C + per_window_token * C_w ticks, C being the summed context and
// C_w the same with no more of each call than the model's window; no step takes less than `least`.
struct StepTicks {
  Ticks fixed = 0;  // exposed communication included
  Ticks per_token = 0;
  Ticks communication = 0;
  Ticks per_window_token = 0;
  Ticks least = 0;

  Ticks of(int64_t tokens, int64_t window_tokens) const {
    return std::max(least, fixed + per_token * tokens + per_window_token * window_tokens);
  }
  bool operator==(const StepTicks& o) const {
    return fixed == o.fixed && per_token == o.per_token && communication == o.communication &&
           per_window_token == o.per_window_token && least == o.least;
  }
};

// C and C_w of a batch, and by how much each step adds to them.
struct Contexts {
  int64_t tokens = 0;
  int64_t growth = 0;
  int64_t window_tokens = 0;
  int64_t window_growth = 0;

  // After so many steps.
  Contexts after(int64_t steps) const {
    return {tokens + growth * steps, growth, window_tokens + window_growth * steps, window_growth};
  }
};

// Steps of an unchanged batch, one after the other, each with more context by the same number of tokens. Its dates are
// an anchor plus whole ticks. A change of speed in the middle of a step keeps the share of the step that is
// done.
class StepRun {
 public:
  // The first step starts at `date_s` with those contexts.
  void begin(double date_s, const StepTicks& step, const Contexts& contexts);
  // At `date_s`, with completed() steps done, the rest of the step in flight and all later ones take `step`
  // instead. The run starts anew from there.
  void change_speed(double date_s, const StepTicks& step);

  const StepTicks& step() const { return step_; }
  int64_t window_growth() const { return contexts_.window_growth; }
  double anchor_s() const { return anchor_s_; }
  // Of a whole step at the start of the run.
  double step_s() const { return static_cast<double>(whole(0)) * kTickSeconds; }
  // When `steps` steps are done.
  double date_s(int64_t steps) const { return anchor_s_ + static_cast<double>(ticks(steps)) * kTickSeconds; }
  // Steps done at a date, at most `limit`.
  int64_t completed(double date_s, int64_t limit) const;
  // Exposed communication of the first `steps` steps.
  double communication_s(int64_t steps) const;
  // The same until a date, a step that is half done counting half.
  double communication_until_s(double date_s) const;
  // A run is begun anew after that many steps, so that ticks never overflow.
  int64_t max_steps() const { return max_steps_; }
  // From the anchor to the end of step `steps`.
  Ticks ticks(int64_t steps) const;

 private:
  // A step that is whole, after so many.
  Ticks whole(int64_t steps) const {
    const Contexts c = contexts_.after(steps);
    return step_.of(c.tokens, c.window_tokens);
  }
  // Share of step `done`, the one in flight, that is left at a date.
  double left(double date_s, int64_t done) const;

  double anchor_s_ = 0.0;
  StepTicks step_;
  Ticks head_ = 0;  // of the first step, which may be the rest of one
  Ticks head_communication_ = 0;
  Contexts contexts_;
  int64_t max_steps_ = 0;
};

}  // namespace agentsim::serving

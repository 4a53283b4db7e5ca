#pragma once

#include <cstdint>

namespace agentsim::serving {

// Time inside a run of steps is counted in whole ticks, so that one closed form for many steps and the sum
// over single ones are the same number, not nearly the same.
using Ticks = int64_t;
inline constexpr double kTickSeconds = 0x1.0p-50;  // 0.9 fs
Ticks to_ticks(double seconds);

// The time of a step of one batch: fixed + per_token * C ticks, C being the summed context.
struct StepTicks {
  Ticks fixed = 0;  // exposed communication included
  Ticks per_token = 0;
  Ticks communication = 0;

  bool operator==(const StepTicks& o) const {
    return fixed == o.fixed && per_token == o.per_token && communication == o.communication;
  }
};

// Steps of an unchanged batch, one after the other: each adds `growth` tokens to the context. Its dates are
// an anchor plus whole ticks. A change of speed in the middle of a step keeps the share of the step that is
// done.
class StepRun {
 public:
  // The first step starts at `date_s` with a context of `context` tokens.
  void begin(double date_s, const StepTicks& step, int64_t context, int64_t growth);
  // At `date_s`, with completed() steps done, the rest of the step in flight and all later ones take `step`
  // instead. The run starts anew from there.
  void change_speed(double date_s, const StepTicks& step);

  const StepTicks& step() const { return step_; }
  double anchor_s() const { return anchor_s_; }
  // Of a whole step at the start of the run.
  double step_s() const {
    return static_cast<double>(step_.fixed + step_.per_token * context_) * kTickSeconds;
  }
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
  // Share of step `done`, the one in flight, that is left at a date.
  double left(double date_s, int64_t done) const;

  double anchor_s_ = 0.0;
  StepTicks step_;
  Ticks head_ = 0;  // of the first step, which may be the rest of one
  Ticks head_communication_ = 0;
  int64_t context_ = 0;
  int64_t growth_ = 0;
  int64_t max_steps_ = 0;
};

}  // namespace agentsim::serving

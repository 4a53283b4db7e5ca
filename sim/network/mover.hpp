#pragma once

namespace agentsim::network {

// What the kernel asks of the side that moves bytes, whose clock only advances inside run().
class Mover {
 public:
  virtual ~Mover() = default;

  // Date the moving side has reached, in s.
  virtual double clock() const = 0;
  // Bytes are on the links, so time may not run ahead of clock().
  virtual bool is_moving() const = 0;
  // Flows wait to be started, or rates to be set, at the kernel's date.
  virtual bool has_changes() const = 0;
  // Only when clock() has reached the kernel's date.
  virtual void apply_changes() = 0;
  // Asks for Kernel::pump() at that date at the latest.
  virtual void wake_at(double time_s) = 0;
  // Advances until neither a wake-up nor a flow is left.
  virtual void run() = 0;
  virtual void drop_flows() = 0;
};

}  // namespace agentsim::network

#pragma once

#include <cstdint>

#include "sim/base/contract.hpp"

namespace agentsim::serving {

// The KV blocks of one replica by state. Only counts: which block is which does not matter to time.
//   used    private to a running call, or a cached prefix that running calls hold
//   cached  a prefix nobody holds; can be evicted
//   free    never filled, or evicted
class BlockPool {
 public:
  explicit BlockPool(int64_t total) : total_(total), free_(total) {}

  int64_t total() const { return total_; }
  int64_t free() const { return free_; }
  int64_t used() const { return used_; }
  int64_t cached() const { return cached_; }
  int64_t available() const { return free_ + cached_; }

  void take(int64_t blocks) { move(free_, used_, blocks); }
  void give_back(int64_t blocks) { move(used_, free_, blocks); }
  void hold(int64_t blocks) { move(cached_, used_, blocks); }
  void let_go(int64_t blocks) { move(used_, cached_, blocks); }
  void evict(int64_t blocks) { move(cached_, free_, blocks); }

  // I2: no block is lost or counted twice.
  void check() const {
    AGENTSIM_CONTRACT(used_ + cached_ + free_ == total_ && used_ >= 0 && cached_ >= 0 && free_ >= 0,
                      "I2: used {} + cached {} + free {} != total {}", used_, cached_, free_, total_);
  }

 private:
  void move(int64_t& from, int64_t& to, int64_t blocks) {
    from -= blocks;
    to += blocks;
    AGENTSIM_CONTRACT(blocks >= 0 && from >= 0, "I2: {} blocks moved from a state that lacks them", blocks);
  }

  int64_t total_;
  int64_t free_;
  int64_t used_ = 0;
  int64_t cached_ = 0;
};

}  // namespace agentsim::serving

#pragma once

#include <vector>

#include "sim/serving/observer.hpp"

namespace agentsim::metrics {

// Keeps everything that happened, for the files and the statistics.
class Recorder : public serving::Observer {
 public:
  void on_session_end(const serving::SessionRecord& session,
                      const std::vector<serving::CallRecord>& calls) override {
    sessions_.push_back(session);
    calls_.insert(calls_.end(), calls.begin(), calls.end());
  }
  void on_sample(const serving::ReplicaSample& sample) override { samples_.push_back(sample); }

  // Sessions by index; calls by session, agent and call. Once, after the run.
  void sort();

  const std::vector<serving::SessionRecord>& sessions() const { return sessions_; }
  const std::vector<serving::CallRecord>& calls() const { return calls_; }
  const std::vector<serving::ReplicaSample>& samples() const { return samples_; }

 private:
  std::vector<serving::SessionRecord> sessions_;
  std::vector<serving::CallRecord> calls_;
  std::vector<serving::ReplicaSample> samples_;
};

}  // namespace agentsim::metrics

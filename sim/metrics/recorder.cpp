#include "sim/metrics/recorder.hpp"

#include <algorithm>
#include <tuple>

namespace agentsim::metrics {

void Recorder::sort() {
  std::sort(sessions_.begin(), sessions_.end(),
            [](const auto& a, const auto& b) { return a.session < b.session; });
  std::sort(calls_.begin(), calls_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.session, a.agent, a.call) < std::tie(b.session, b.agent, b.call);
  });
}

}  // namespace agentsim::metrics

#pragma once

#include <functional>
#include <vector>

namespace agentsim::platform {

// Max-min fair rates of flows that run at once, by progressive filling (Bertsekas and Gallager, Data
// Networks, 6.5.2): all rates grow together until a link is full; the flows on it keep their rate, the others
// grow on.
//
// A flow is the links it crosses; one that stands there twice is paid for twice. A flow without links is
// without limit. `capacity` gives bytes/s of a link; the result is bytes/s by flow.
std::vector<double> max_min_rates(const std::vector<std::vector<int>>& flows,
                                  const std::function<double(int)>& capacity);

}  // namespace agentsim::platform

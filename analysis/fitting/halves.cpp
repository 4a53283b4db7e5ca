#include "analysis/fitting/halves.hpp"

#include "sim/base/random_stream.hpp"

namespace agentsim::fitting {

std::vector<std::vector<HalfDifference>> cross_check(const Load& load, size_t classes, size_t splits,
                                                     const FitOptions& options) {
  std::vector<std::vector<HalfDifference>> out;
  for (size_t split = 0; split < splits; ++split) {
    std::vector<const SessionFacts*> order = load.all();
    RandomStream random(options.seed, "halves", split);
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random.uniform() * static_cast<double>(i))]);
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
    const std::vector<const SessionFacts*> halves[2] = {{order.begin(), middle}, {middle, order.end()}};
    FitOptions half_options = options;
    half_options.classes = classes;
    std::vector<HalfDifference>& entries = out.emplace_back();
    for (int i = 0; i < 2; ++i) {
      const Fit here = fit(halves[i], load.roles, half_options);
      const std::vector<SessionFacts> drawn =
          regenerate(here.text, "session", options.regenerated, options.seed);
      std::vector<const SessionFacts*> all;
      for (const SessionFacts& session : drawn) all.push_back(&session);
      const std::vector<Difference> found = differences(measures_of(halves[1 - i]), measures_of(all));
      const std::vector<Difference> recorded =
          differences(measures_of(halves[1 - i]), measures_of(halves[i]));
      entries.resize(found.size());
      for (size_t k = 0; k < found.size(); ++k) {
        entries[k].recorded.push_back(recorded[k]);
        entries[k].regenerated.push_back(found[k]);
      }
    }
  }
  return out;
}

}  // namespace agentsim::fitting

#include "analysis/sweep/plan.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "analysis/batch/point_key.hpp"
#include "sim/base/text_file.hpp"
#include "sim/run_folder.hpp"
#include "sim/simulation.hpp"

namespace agentsim::sweep {
namespace {

using config::Value;

constexpr size_t kMostMistakes = 20;

// Parts of scenarios, each read once however many points have it.
struct Common {
  Scenario scenario;  // without platforms
  std::string digest;
};
struct Platform {
  std::string label;
  std::optional<PlatformChoice> choice;
  std::string digest;
  std::vector<Diagnostic> mistakes;
};
struct Prices {
  std::vector<cost::PriceList> lists;
  std::map<const Platform*, std::vector<Diagnostic>> mistakes;
};
struct Parts {
  config::FileCache cache;  // also for the processes that run the points
  std::map<std::string, Common> commons;
  std::map<std::string, Platform> platforms;
  std::map<std::string, Prices> prices;
  std::map<std::string, std::shared_ptr<PlatformChoice>> clusters;  // with no deployment
};

template <class Function>
std::vector<Diagnostic> mistakes_of(Function function) {
  Diagnostics diagnostics;
  try {
    function(diagnostics);
    diagnostics.throw_if_any();
  } catch (const ConfigError& error) {
    return error.diagnostics();
  }
  return {};
}

}  // namespace

// Makes the points of a plan.
class Plan::Reader {
 public:
  Reader(Plan& plan, Parts& parts) : plan_(plan), parts_(parts) {}

  void read() {
    for (size_t row = 0; row < plan_.design_.rows.size(); ++row) {
      read_row(row);
      if (mistakes_.size() >= kMostMistakes) break;
    }
    if (!mistakes_.empty()) throw ConfigError(mistakes_);
  }

 private:
  void read_row(size_t row) {
    const SweepSpec& spec = plan_.spec_;
    Value root = spec.scenario;
    for (size_t a = 0; a < spec.axes.size(); ++a)
      root.set(spec.axes[a].path(), plan_.design_.level(row, a).value);
    const Value* platforms = root.find("platforms");
    if (platforms == nullptr || !platforms->is_list() || platforms->items().empty()) {
      add(row, "",
          (platforms != nullptr ? *platforms : root)
              .mistake("a sweep wants a list of 'platforms' in its scenario"));
      return;
    }
    const Common* common = nullptr;
    std::vector<Diagnostic> wrong;
    for (const Value& item : platforms->items()) {
      const Platform& platform = read_platform_part(root, item);
      if (!is_wanted(row, platform.label)) continue;
      if (common == nullptr && wrong.empty())
        wrong = mistakes_of([&](Diagnostics& d) { common = &read_common_part(root, d); });
      std::vector<Diagnostic> all = wrong;
      all.insert(all.end(), platform.mistakes.begin(), platform.mistakes.end());
      const Prices* prices = nullptr;
      const std::vector<Diagnostic> unpriced =
          mistakes_of([&](Diagnostics& d) { prices = &read_prices_part(root, platform, d); });
      all.insert(all.end(), unpriced.begin(), unpriced.end());
      add_points(row, common, platform, prices, all);
    }
  }

  bool is_wanted(size_t row, const std::string& label) const {
    const Level platform{{}, label, {}};
    const LevelOf level = [&](size_t axis) -> const Level& {
      return axis < plan_.spec_.axes.size() ? plan_.design_.level(row, axis) : platform;
    };
    bool is_in = plan_.spec_.only.empty();
    for (const Filter& filter : plan_.spec_.only) is_in = is_in || filter.holds(level);
    for (const Filter& filter : plan_.spec_.skip) is_in = is_in && !filter.holds(level);
    return is_in;
  }

  const Common& read_common_part(const Value& root, Diagnostics& diagnostics) {
    std::string key;
    for (const auto& [name, value] : root.entries()) {
      if (name.scalar() == "platforms" || name.scalar() == "deployment" || name.scalar() == "study") continue;
      key += name.scalar() + value.key();
    }
    auto found = parts_.commons.find(key);
    if (found == parts_.commons.end()) {
      Scenario scenario;
      scenario.file = plan_.spec_.scenario_file;
      scenario.name = plan_.spec_.name;
      scenario.root = root;
      read_common(root, scenario, diagnostics);
      diagnostics.throw_if_any();
      found = parts_.commons.emplace(key, Common{scenario, keys_.common(scenario)}).first;
    }
    return found->second;
  }

  const Platform& read_platform_part(const Value& root, const Value& item) {
    const Value* deployment = root.find("deployment");
    const Value none;
    const std::string key = item.key() + (deployment != nullptr ? *deployment : none).key();
    const auto found = parts_.platforms.find(key);
    if (found != parts_.platforms.end()) return found->second;
    Platform platform;
    platform.mistakes = mistakes_of([&](Diagnostics& diagnostics) {
      const std::optional<PlatformEntry> entry =
          read_platform_entry(item, deployment != nullptr ? *deployment : none, diagnostics);
      if (!entry) return;
      platform.label = entry->label;
      if (const Value* several = root.find("deployments")) {
        diagnostics.add(
            several->mistake("a sweep runs scenarios with one 'deployment', not with 'deployments'"));
        return;
      }
      if (deployment == nullptr) return;  // told once, by the common part
      const FileLog log;
      const model::Deployment spec = read_deployment(entry->deployment, diagnostics);
      auto& cluster = parts_.clusters[entry->label + "\n" + entry->cluster.key()];
      if (!cluster) cluster = std::make_shared<PlatformChoice>(read_platform(*entry, spec));
      if (!diagnostics.empty()) return;
      PlatformChoice choice = *cluster;
      choice.deployment = spec;
      choice.files.insert(log.files().begin(), log.files().end());
      check_fit(choice, item, diagnostics);
      if (!diagnostics.empty()) return;
      platform.digest = keys_.platform(choice);
      platform.choice = std::move(choice);
    });
    return parts_.platforms.emplace(key, std::move(platform)).first->second;
  }

  const Prices& read_prices_part(const Value& root, const Platform& platform, Diagnostics& diagnostics) {
    const Value* value = root.find("prices");
    const Value none;
    if (value == nullptr) value = &none;
    const std::string key = value->key();
    auto found = parts_.prices.find(key);
    if (found == parts_.prices.end()) {
      Prices prices;
      for (const Value& word :
           value->is_list() ? value->items() : std::vector<Value>(value->is_null() ? 0 : 1, *value))
        prices.lists.push_back(cost::load_price_list(word, diagnostics));
      diagnostics.throw_if_any();
      found = parts_.prices.emplace(key, std::move(prices)).first;
    }
    Prices& prices = found->second;
    if (!platform.choice) return prices;
    const auto [checked, is_new] = prices.mistakes.try_emplace(&platform);
    if (is_new)
      checked->second = mistakes_of([&](Diagnostics& d) {
        for (const cost::PriceList& list : prices.lists)
          cost::check_priced(list, platform.choice->cluster, platform.label, d);
      });
    for (const Diagnostic& d : checked->second) diagnostics.add(d);
    diagnostics.throw_if_any();
    return prices;
  }

  void add_points(size_t row, const Common* common, const Platform& platform, const Prices* prices,
                  const std::vector<Diagnostic>& mistakes) {
    const SweepSpec& spec = plan_.spec_;
    if (!mistakes.empty() && !spec.records_infeasible) {
      for (const Diagnostic& d : mistakes) add(row, platform.label, d);
      return;
    }
    const int64_t replications =
        spec.replications > 0 ? spec.replications : (common != nullptr ? common->scenario.replications : 1);
    for (int64_t r = 0; r < replications; ++r) {
      PlanPoint point;
      point.row = row;
      point.replication = r;
      if (common != nullptr) {
        point.scenario = &common->scenario;
        point.seed = replication_seed(common->scenario.seed, r);
      }
      if (platform.choice) point.platform = &*platform.choice;
      if (prices != nullptr) point.prices = &prices->lists;
      if (mistakes.empty())
        point.key = batch::KeyMaker::key(common->digest, platform.digest, point.seed);
      else
        point.problem = ConfigError(mistakes).what();
      plan_.points_.push_back(std::move(point));
    }
  }

  // One mistake is told once, with the first point that has it.
  void add(size_t row, const std::string& label, Diagnostic d) {
    if (!told_.insert(d.text()).second) return;
    std::string where;
    for (size_t a = 0; a < plan_.spec_.axes.size(); ++a)
      where += fmt::format("{} {}, ", plan_.spec_.axes[a].name(), plan_.design_.level(row, a).label);
    where += label;
    if (label.empty()) where.resize(where.size() - 2);
    d.note += fmt::format("{}at the point {}", d.note.empty() ? "" : "; ", where);
    mistakes_.push_back(std::move(d));
  }

  Plan& plan_;
  Parts& parts_;
  batch::KeyMaker keys_;
  std::set<std::string> told_;
  std::vector<Diagnostic> mistakes_;
};

Plan::Plan(SweepSpec spec) : spec_(std::move(spec)), design_(draw(spec_)) {
  const auto parts = std::make_shared<Parts>();
  parts_ = parts;
  Reader(*this, *parts).read();
  if (points_.empty()) throw ConfigError(fmt::format("{}: the filters leave no point", spec_.file));
}

Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;

std::string Plan::name(const PlanPoint& point) const {
  std::string text;
  for (size_t a = 0; a < spec_.axes.size(); ++a)
    text += fmt::format("{} {}, ", spec_.axes[a].name(), design_.level(point.row, a).label);
  if (point.platform != nullptr) text += point.platform->label + ", ";
  return text + fmt::format("replication {}", point.replication);
}

std::string Plan::fingerprint() const {
  batch::Digest digest;
  for (const Axis& axis : spec_.axes) digest.add(axis.column()).add(uint64_t{0});
  for (const PlanPoint& point : points_) {
    for (size_t a = 0; a < spec_.axes.size(); ++a) digest.add(design_.level(point.row, a).label);
    digest.add(point.key).add(point.problem);
  }
  return digest.text();
}

std::vector<batch::Point> Plan::work(const std::string& command, std::vector<size_t>& numbers) const {
  std::vector<batch::Point> work;
  for (size_t i = 0; i < points_.size(); ++i) {
    const PlanPoint& point = points_[i];
    if (point.key.empty()) continue;
    numbers.push_back(i);
    work.push_back({name(point), point.key, [&point, command](const ResultFolder& folder) {
                      run_into(*point.scenario, *point.platform, point.seed, command, folder, "");
                    }});
  }
  return work;
}

}  // namespace agentsim::sweep

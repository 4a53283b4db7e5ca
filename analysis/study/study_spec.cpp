#include "analysis/study/study_spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/config/library.hpp"

namespace agentsim::study {
namespace {

using config::Value;

// `rental_2026`, `[rental_2026, owned_2026]`, or a price list that stands here.
std::vector<cost::PriceList> load_prices(const Scenario& scenario, Diagnostics& diagnostics) {
  std::vector<cost::PriceList> lists;
  const Value* prices = scenario.root.find("prices");
  if (prices == nullptr || prices->is_null()) {
    Diagnostic d =
        scenario.root.mistake("the scenario lacks the key 'prices', without which no costs can be compared");
    d.valid = config::Library::names("platforms/prices");
    diagnostics.add(std::move(d));
    return lists;
  }
  if (prices->is_list() && prices->items().empty())
    diagnostics.add(prices->mistake("'prices' wants at least one price list"));
  for (const Value& word : prices->is_list() ? prices->items() : std::vector<Value>{*prices}) {
    Diagnostics own;
    cost::PriceList list = cost::load_price_list(word, own);
    const bool is_twice =
        std::any_of(lists.begin(), lists.end(), [&](const auto& other) { return other.name == list.name; });
    if (own.empty() && is_twice)
      own.add(word.mistake(fmt::format("two price lists are called '{}'", list.name)));
    const bool is_sound = own.empty();
    if (is_sound)
      for (const PlatformChoice& choice : scenario.platforms)
        cost::check_priced(list, choice.cluster, choice.label, own);
    try {
      own.throw_if_any();
    } catch (const ConfigError& error) {
      for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
    }
    if (is_sound) lists.push_back(std::move(list));
  }
  return lists;
}

void check_labels(const Scenario& scenario, Diagnostics& diagnostics) {
  for (const PlatformChoice& choice : scenario.platforms) {
    const std::string& label = choice.label;
    if (!label.empty() && label != "." && label != ".." && label.find('/') == std::string::npos) continue;
    const Value* list = scenario.root.find("platforms");
    const Value& at = list != nullptr ? *list : scenario.root;
    diagnostics.add(at.mistake(fmt::format("the label '{}' cannot name a folder of results", label)));
  }
}

void check_baseline(const Scenario& scenario, StudySpec& study, Diagnostics& diagnostics) {
  std::vector<std::string> labels;
  for (const PlatformChoice& choice : scenario.platforms) labels.push_back(choice.label);
  if (labels.empty()) return;
  // Alone on the command line, a platform is its own baseline.
  if (study.baseline.empty() || labels.size() == 1) study.baseline = labels.front();
  if (std::find(labels.begin(), labels.end(), study.baseline) == labels.end())
    config::add_unknown_word(*scenario.root.find("study")->find("baseline"), "baseline", labels, diagnostics);
}

}  // namespace

StudySpec load_study(const Scenario& scenario) {
  StudySpec study;
  Diagnostics diagnostics;
  if (const Value* map = scenario.root.find("study")) config::read_map(*map, "the study", study, diagnostics);
  study.prices = load_prices(scenario, diagnostics);
  check_labels(scenario, diagnostics);
  check_baseline(scenario, study, diagnostics);
  diagnostics.throw_if_any();
  return study;
}

}  // namespace agentsim::study

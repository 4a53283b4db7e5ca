#include "analysis/sweep/filter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/config/reader.hpp"

namespace agentsim::sweep {
namespace {

using config::Value;

// "<= 4" -> "<=", and the rest is left.
std::string take_comparison(std::string& text) {
  for (const char* sign : {"<=", ">=", "!=", "==", "<", ">"}) {
    const std::string word = sign;
    if (text.compare(0, word.size(), word) != 0) continue;
    const size_t start = text.find_first_not_of(' ', word.size());
    text = start == std::string::npos ? "" : text.substr(start);
    return word;
  }
  return "==";
}

std::optional<size_t> axis_named(const std::string& name, const std::vector<Axis>& axes) {
  for (size_t a = 0; a < axes.size(); ++a)
    if (axes[a].name() == name) return a;
  if (name == "platform") return axes.size();
  return {};
}

bool compare(const Level& a, const std::string& sign, const Level& b) {
  if (!a.number || !b.number) return (a.label == b.label) == (sign == "==");
  const double x = *a.number, y = *b.number;
  if (sign == "<") return x < y;
  if (sign == "<=") return x <= y;
  if (sign == ">") return x > y;
  if (sign == ">=") return x >= y;
  return (x == y) == (sign == "==");
}

}  // namespace

Filter Filter::read(const Value& map, const std::vector<Axis>& axes, Diagnostics& diagnostics) {
  Filter filter;
  if (!map.is_map()) {
    diagnostics.add(
        map.mistake(fmt::format("a filter wants a map from axes to conditions, not {}", map.kind_name())));
    return filter;
  }
  std::vector<std::string> names{"platform"};
  for (const Axis& axis : axes) names.push_back(axis.name());
  for (const auto& [key, value] : map.entries()) {
    const std::optional<size_t> axis = axis_named(key.scalar(), axes);
    if (!axis) {
      config::add_unknown_word(key, "axis", names, diagnostics);
      continue;
    }
    Condition condition;
    condition.axis = *axis;
    const bool is_quantity = *axis < axes.size() && axes[*axis].dimension();
    for (const Value& item : value.is_list() ? value.items() : std::vector<Value>{value}) {
      std::string text = item.scalar();
      if (!value.is_list()) condition.comparison = take_comparison(text);
      if (!value.is_list()) condition.other = axis_named(text, axes);
      if (condition.other) break;
      Level level{item, text, is_quantity ? axes[*axis].quantity(text) : std::nullopt};
      if (!item.is_scalar() || text.empty() || (is_quantity && !level.number))
        diagnostics.add(item.mistake(
            fmt::format("the condition on '{}' wants {}, a list of such, or a comparison", key.scalar(),
                        is_quantity ? description(*axes[*axis].dimension()) : "a value of the axis")));
      condition.values.push_back(std::move(level));
    }
    const bool orders = condition.comparison.find_first_of("<>") != std::string::npos;
    const bool other_is_quantity =
        !condition.other || (*condition.other < axes.size() && axes[*condition.other].dimension());
    if (orders && (!is_quantity || !other_is_quantity))
      diagnostics.add(
          value.mistake(fmt::format("'{}' compares numbers, and '{}' has words", condition.comparison,
                                    is_quantity ? axes[*condition.other].name() : key.scalar())));
    filter.conditions_.push_back(std::move(condition));
  }
  return filter;
}

bool Filter::holds(const LevelOf& level) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& c) {
    const Level& mine = level(c.axis);
    if (c.other) return compare(mine, c.comparison, level(*c.other));
    return std::any_of(c.values.begin(), c.values.end(),
                       [&](const Level& value) { return compare(mine, c.comparison, value); });
  });
}

}  // namespace agentsim::sweep

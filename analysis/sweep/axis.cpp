#include "analysis/sweep/axis.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "sim/config/reader.hpp"

namespace agentsim::sweep {
namespace {

using config::Need;
using config::Value;

struct Unit {
  Dimension dimension;
  const char* suffix;  // of a column
};
constexpr Unit kUnits[] = {{Dimension::number, ""},
                           {Dimension::time, "_s"},
                           {Dimension::bytes, "_bytes"},
                           {Dimension::bandwidth, "_bytes_per_s"},
                           {Dimension::compute, "_flop_per_s"},
                           {Dimension::rate, "_per_s"},
                           {Dimension::power, "_w"},
                           {Dimension::money, "_usd"},
                           {Dimension::money_rate, "_usd_per_s"},
                           {Dimension::money_energy, "_usd_per_j"},
                           {Dimension::money_power, "_usd_per_ws"}};

// The dimension in which all texts are quantities.
std::optional<Dimension> common_dimension(const std::vector<std::string>& texts) {
  for (const Unit& unit : kUnits)
    if (std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
          return parse_quantity(text, unit.dimension).has_value();
        }))
      return unit.dimension;
  return {};
}

struct RangeText {
  std::string from, to;
  int64_t steps = 0;
  bool is_whole = false;
};

template <class V>
void describe(V& v, RangeText& range) {
  v.field("from", range.from, "first value, with its unit", Need::required);
  v.field("to", range.to, "last value, in the same unit", Need::required);
  v.field("steps", range.steps, config::Bounds{2, 1e6}, "values of a grid, both ends among them");
  v.field("whole", range.is_whole, "round to whole numbers");
}

}  // namespace

Level Range::level(double share) const {
  double number = is_log ? from * std::pow(to / from, share) : from + (to - from) * share;
  if (is_whole) number = std::round(number);
  std::string text = fmt::format("{:.10g}", number);
  if (!unit.empty()) text += " " + unit;
  return {Value::word(text, at), text, {}};
}

Axis Axis::read(const std::string& name, const Value& map, Diagnostics& diagnostics) {
  Axis axis;
  axis.name_ = name;
  const std::string what = fmt::format("the axis '{}'", name);
  config::Reader reader(map, what, diagnostics);
  std::string path;
  reader.field("path", path, "of the scenario", Need::required);
  for (const char* kind : {"values", "range", "log", "files"}) reader.known(kind);
  reader.finish();
  if (!map.is_map()) return axis;
  if (!path.empty()) axis.path_ = *map.find("path");
  const size_t before = diagnostics.size();
  std::vector<const Value*> given;
  if (const Value* values = map.find("values"))
    given.push_back(values), axis.read_values(*values, diagnostics);
  if (const Value* range = map.find("range"))
    given.push_back(range), axis.read_range(*range, false, diagnostics);
  if (const Value* range = map.find("log"))
    given.push_back(range), axis.read_range(*range, true, diagnostics);
  if (const Value* files = map.find("files")) given.push_back(files), axis.read_files(*files, diagnostics);
  if (given.size() != 1) {
    Diagnostic d = (given.empty() ? map : *given.back())
                       .mistake(what + " wants one of 'values', 'range', 'log' and 'files'");
    diagnostics.add(std::move(d));
  }
  if (diagnostics.size() == before) axis.find_dimension();
  return axis;
}

void Axis::read_values(const Value& values, Diagnostics& diagnostics) {
  if (values.is_map()) {
    for (const auto& [label, value] : values.entries()) levels_.push_back({value, label.scalar(), {}});
  } else if (values.is_list()) {
    for (const Value& value : values.items()) {
      if (!value.is_scalar())
        diagnostics.add(value.mistake(fmt::format(
            "{} needs a label here: write the values as {{label: value, ...}}", value.kind_name())));
      levels_.push_back({value, value.scalar(), {}});
    }
  } else {
    diagnostics.add(values.mistake(
        fmt::format("'values' wants a list, or a map from labels to values, not {}", values.kind_name())));
    return;
  }
  if (levels_.empty()) diagnostics.add(values.mistake("'values' wants at least one value"));
  for (size_t i = 0; i < levels_.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (levels_[i].label == levels_[k].label) {
        diagnostics.add(
            levels_[i].value.mistake(fmt::format("the value '{}' stands here twice", levels_[i].label)));
        break;
      }
}

void Axis::read_range(const Value& map, bool is_log, Diagnostics& diagnostics) {
  RangeText text;
  const size_t before = diagnostics.size();
  const std::string key = is_log ? "log" : "range";
  config::read_map(map, "'" + key + "'", text, diagnostics);
  if (diagnostics.size() != before || !map.is_map()) return;
  Range range;
  std::string from_unit, to_unit;
  const std::optional<double> from = parse_number(text.from, &from_unit),
                              to = parse_number(text.to, &to_unit);
  const auto check = [&](const char* end, bool good, const std::string& wanted) {
    if (!good) diagnostics.add(map.find(end)->mistake(fmt::format("'{}' {}", end, wanted)));
    return good;
  };
  if (!check("from", from.has_value(), "wants a number, with a unit if it has one") ||
      !check("to", to.has_value(), "wants a number, with a unit if it has one"))
    return;
  check("to", from_unit == to_unit,
        fmt::format("wants the same unit as 'from', '{}', not '{}'", from_unit, to_unit));
  check("to", common_dimension({text.from, text.to}).has_value() || from_unit != to_unit,
        fmt::format("has an unknown unit '{}'", to_unit));
  check("to", *to > *from, "must be greater than 'from'");
  if (is_log) check("from", *from > 0.0, "must be greater than 0 for steps of equal ratio");
  range = {*from, *to, from_unit, text.steps, is_log, text.is_whole, map};
  range_ = range;
}

void Axis::read_files(const Value& pattern, Diagnostics& diagnostics) {
  namespace fs = std::filesystem;
  if (!pattern.is_scalar()) {
    diagnostics.add(pattern.mistake(
        fmt::format("'files' wants a pattern such as traces/*.csv, not {}", pattern.kind_name())));
    return;
  }
  const fs::path folder = fs::path(pattern.file()).parent_path();
  glob_t found{};
  if (::glob((folder / pattern.scalar()).c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      const fs::path path = found.gl_pathv[i];
      const fs::path relative = folder.empty() ? path : path.lexically_relative(folder);
      const std::string name = path.filename().string();
      // A word without a slash could name a file of the library.
      const std::string word = relative.has_parent_path() ? relative.string() : "./" + relative.string();
      levels_.push_back({Value::word(word, pattern), name.substr(0, name.find('.')), {}});
    }
  }
  ::globfree(&found);
  if (levels_.empty())
    diagnostics.add(pattern.mistake(fmt::format("no file is called '{}'", pattern.scalar())));
  for (size_t i = 1; i < levels_.size(); ++i)
    if (levels_[i].label == levels_[i - 1].label)
      for (Level& level : levels_) level.label = level.value.scalar();
}

void Axis::find_dimension() {
  if (range_) {
    dimension_ = common_dimension({range_->level(0.0).label, range_->level(1.0).label});
    return;
  }
  std::vector<std::string> texts;
  for (const Level& level : levels_) texts.push_back(level.label);
  dimension_ = common_dimension(texts);
  for (Level& level : levels_) level.number = quantity(level.label);
}

std::string Axis::column() const {
  for (const Unit& unit : kUnits) {
    const std::string suffix = unit.suffix;
    if (dimension_ != unit.dimension) continue;
    const bool has_it = name_.size() > suffix.size() &&
                        name_.compare(name_.size() - suffix.size(), suffix.size(), suffix) == 0;
    return has_it ? name_ : name_ + suffix;
  }
  return name_;
}

std::optional<double> Axis::quantity(const std::string& text) const {
  return dimension_ ? parse_quantity(text, *dimension_) : std::nullopt;
}

std::vector<Level> Axis::grid() const {
  if (!range_) return levels_;
  std::vector<Level> levels;
  for (int64_t i = 0; i < range_->steps; ++i) {
    Level level = range_->level(static_cast<double>(i) / static_cast<double>(range_->steps - 1));
    level.number = quantity(level.label);
    if (levels.empty() || levels.back().label != level.label) levels.push_back(std::move(level));
  }
  return levels;
}

Level Axis::slice(size_t index, size_t count, double within) const {
  const double share = (static_cast<double>(index) + within) / static_cast<double>(count);
  if (!range_) {
    const auto last = levels_.size() - 1;
    return levels_[std::min(last, static_cast<size_t>(share * static_cast<double>(levels_.size())))];
  }
  Level level = range_->level(share);
  level.number = quantity(level.label);
  return level;
}

}  // namespace agentsim::sweep

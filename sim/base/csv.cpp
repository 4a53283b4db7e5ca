#include "sim/base/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/base/suggest.hpp"
#include "sim/base/text_file.hpp"
#include "sim/base/units.hpp"

namespace agentsim {
namespace {

constexpr size_t kMostMistakes = 20;
constexpr size_t kShownWidth = 100;  // trace lines can be thousands of characters long

void split(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  size_t begin = 0;
  while (true) {
    const bool is_quoted = begin < line.size() && line[begin] == '"';
    size_t quote = std::string_view::npos;
    if (is_quoted) {
      quote = line.find('"', begin + 1);
      while (quote != std::string_view::npos && quote + 1 < line.size() && line[quote + 1] == '"')
        quote = line.find('"', quote + 2);
    }
    const bool is_closed = quote != std::string_view::npos;
    size_t end = line.find(',', is_closed ? quote : begin);
    if (end == std::string_view::npos) end = line.size();
    fields.push_back(is_closed ? line.substr(begin + 1, quote - begin - 1) : line.substr(begin, end - begin));
    if (end == line.size()) return;
    begin = end + 1;
  }
}

struct EndOfReading {};

}  // namespace

Diagnostic mistake_on_line(const std::string& path, int line, const std::string& message) {
  return Diagnostic{Place{path, 0, 0, 1, ""}, fmt::format("line {}: {}", line, message), "", {}, ""};
}

void CsvRow::mistake(size_t column, const std::string& what) {
  const std::string_view field = fields_[column];
  Place place{*path_, line_, static_cast<int>(field.data() - source_.data()) + 1, 1, ""};
  place.width = static_cast<int>(std::clamp<size_t>(field.size(), 1, 40));
  const size_t shown = std::max(kShownWidth, static_cast<size_t>(place.column + place.width));
  place.source_line = std::string(source_.substr(0, shown)) + (source_.size() > shown ? "..." : "");
  diagnostics_->add(Diagnostic{place, fmt::format("{} {}", names_->at(column), what), "", {}, ""});
  if (diagnostics_->size() >= kMostMistakes) throw EndOfReading();
}

double CsvRow::number(size_t column) {
  const std::optional<double> value = parse_number(text(column));
  if (!value)
    mistake(column,
            is_empty(column) ? "is empty" : fmt::format("is not a number: '{}'", text(column).substr(0, 40)));
  else if (*value < 0.0)
    mistake(column, "is negative");
  else
    return *value;
  return 0.0;
}

std::optional<double> CsvRow::maybe_number(size_t column) {
  if (is_empty(column)) return {};
  return number(column);
}

int64_t CsvRow::whole(size_t column, int64_t low, int64_t high) {
  const std::string_view field = text(column);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty())
    mistake(column, "is empty");
  else if (error != std::errc() || end != field.data() + field.size())
    mistake(column, fmt::format("is not a whole number: '{}'", field.substr(0, 40)));
  else if (value < 0 && low >= 0)
    mistake(column, "is negative");
  else if (value < low || value > high)
    mistake(column, fmt::format("must be between {} and {}, not {}", low, high, value));
  else
    return value;
  return low;
}

CsvFile::CsvFile(const std::string& path) : path_(path) {
  try {
    read_lines(path, [&](std::string_view line, int) {
      header_ = line;
      throw EndOfReading();
    });
  } catch (const EndOfReading&) {
  }
  if (header_.compare(0, 3, "\xef\xbb\xbf") == 0) header_.erase(0, 3);  // a byte-order mark
  if (header_.empty()) throw ConfigError({Diagnostic{Place{path, 0, 0, 1, ""}, "is empty", "", {}, ""}});
  std::vector<std::string_view> fields;
  split(header_, fields);
  names_.assign(fields.begin(), fields.end());
}

bool CsvFile::has(const std::string& column) const {
  return std::find(names_.begin(), names_.end(), column) != names_.end();
}

size_t CsvFile::column(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<size_t>(found - names_.begin());
  Diagnostic d{Place{path_, 0, 0, 1, ""}, fmt::format("has no column '{}'", name), nearest(name, names_),
               names_, ""};
  throw ConfigError(std::vector<Diagnostic>{std::move(d)});
}

void CsvFile::each_row(const std::function<void(CsvRow&)>& body) const {
  Diagnostics diagnostics;
  CsvRow row;
  row.names_ = &names_;
  row.path_ = &path_;
  row.diagnostics_ = &diagnostics;
  size_t rows = 0;
  try {
    read_lines(path_, [&](std::string_view line, int number) {
      if (number == 1 || line.empty()) return;
      ++rows;
      row.source_ = line;
      row.line_ = number;
      split(line, row.fields_);
      if (row.fields_.size() == names_.size()) return body(row);
      const std::string message =
          fmt::format("{} fields where the header names {}", row.fields_.size(), names_.size());
      diagnostics.add(Diagnostic{
          Place{path_, number, 1, 1, std::string(line.substr(0, kShownWidth))}, message, "", {}, ""});
      if (diagnostics.size() >= kMostMistakes) throw EndOfReading();
    });
  } catch (const EndOfReading&) {
  }
  diagnostics.throw_if_any();
  if (rows == 0)
    throw ConfigError({Diagnostic{Place{path_, 0, 0, 1, ""}, "has a header but no rows", "", {}, ""}});
}

}  // namespace agentsim

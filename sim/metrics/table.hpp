#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace agentsim::metrics {

// A CSV file as code: each column is declared once with its name (the unit is its end), what it means, and
// how it is read from a row. The writer, `agentsim list columns` and docs/output.md come from it.
template <class Row>
struct Column {
  const char* name;
  const char* meaning;
  std::string (*cell)(const Row&);
};

// What `list columns` shows of a file.
struct ColumnDoc {
  std::string file;
  std::string name;
  std::string meaning;
};

template <class Row>
std::string csv(const std::vector<Column<Row>>& columns, const std::vector<Row>& rows) {
  std::string text;
  for (size_t c = 0; c < columns.size(); ++c) text += (c > 0 ? "," : "") + std::string(columns[c].name);
  text += '\n';
  for (const Row& row : rows) {
    for (size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) text += ',';
      text += columns[c].cell(row);
    }
    text += '\n';
  }
  return text;
}

template <class Row>
void document(const char* file, const std::vector<Column<Row>>& columns, std::vector<ColumnDoc>& docs) {
  for (const Column<Row>& column : columns) docs.push_back({file, column.name, column.meaning});
}

// Cells. Seconds to the nanosecond, without trailing zeros; other numbers to nine digits; nothing for an
// undefined one.
std::string seconds_cell(double seconds);
std::string number_cell(double value);
inline std::string number_cell(const std::optional<double>& value) {
  return value ? number_cell(*value) : "";
}
template <class Integer>
std::string count_cell(Integer value) {
  return fmt::format("{}", value);
}
// RFC 4180: quoted where it holds a comma, a quote or a line break.
std::string text_cell(const std::string& text);

}  // namespace agentsim::metrics

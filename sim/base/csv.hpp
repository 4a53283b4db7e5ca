#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostic.hpp"

namespace agentsim {

// One line of a CSV file. A field that is wrong is reported with its place, and the reading goes on with 0,
// so that one run finds many mistakes.
class CsvRow {
 public:
  std::string_view text(size_t column) const { return fields_[column]; }
  bool is_empty(size_t column) const { return fields_[column].empty(); }
  // A finite number >= 0.
  double number(size_t column);
  // Nothing if the field is empty.
  std::optional<double> maybe_number(size_t column);
  // A whole number in [low, high].
  int64_t whole(size_t column, int64_t low, int64_t high);
  int line() const { return line_; }
  // "<column's name> <what>".
  void mistake(size_t column, const std::string& what);

 private:
  friend class CsvFile;
  const std::vector<std::string>* names_ = nullptr;
  const std::string* path_ = nullptr;
  Diagnostics* diagnostics_ = nullptr;
  std::string_view source_;
  int line_ = 0;
  std::vector<std::string_view> fields_;  // into source_, without quotes
};

// A CSV file (RFC 4180, no line breaks inside quotes) whose first line names its columns; `.gz` is read as it
// is.
class CsvFile {
 public:
  // Reads the header. Throws ConfigError: no such file, empty, truncated.
  explicit CsvFile(const std::string& path);

  bool has(const std::string& column) const;
  // Throws ConfigError naming the nearest and all columns.
  size_t column(const std::string& name) const;
  const std::vector<std::string>& columns() const { return names_; }
  const std::string& path() const { return path_; }

  // Streams the rows once. Throws ConfigError with the mistakes that were found (it gives up after 20), or if
  // there is no row.
  void each_row(const std::function<void(CsvRow&)>& body) const;

 private:
  std::string path_;
  std::string header_;
  std::vector<std::string> names_;
};

// A mistake on a line of which only the number is still known.
Diagnostic mistake_on_line(const std::string& path, int line, const std::string& message);

}  // namespace agentsim

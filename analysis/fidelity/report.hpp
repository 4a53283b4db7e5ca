#pragma once

#include <string>
#include <vector>

#include "analysis/fidelity/table.hpp"

namespace agentsim::fidelity {

// |predicted / measured - 1| over some rows, as shares; bias is median(predicted / measured) - 1.
struct Errors {
  size_t rows = 0;
  double median = 0.0;
  double p90 = 0.0;  // linear between order statistics
  double worst = 0.0;
  double bias = 0.0;
};
Errors errors_of(const std::vector<Row>& rows);

struct Line {
  std::string gpu;
  std::string op;
  std::string size;  // "all" first, then each class
  Errors errors;
};

struct Chapter {
  std::string table;
  std::string help;
  std::string judged_on;
  std::vector<Line> lines;
};

// Empty: all tables. Throws ConfigError for an unknown one.
std::vector<Chapter> read_book(const std::vector<std::string>& tables);

enum class Format { text, markdown, json, csv };
std::string print_book(const std::vector<Chapter>& book, Format format);

}  // namespace agentsim::fidelity

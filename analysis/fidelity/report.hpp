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

// How a chapter does against one target: each of its lines over all sizes has to meet it.
struct Verdict {
  Target target;
  Errors pooled;  // over the rows of all its lines
  size_t lines = 0;
  size_t met = 0;
  Line furthest;  // that with the largest median

  bool is_met() const { return met == lines && lines > 0; }
};

struct Chapter {
  std::string table;
  std::string help;
  std::string judged_on;
  std::string reason;
  bool in_sample = false;
  std::vector<Row> rows;    // fitted ones too
  std::vector<Line> lines;  // of those that judge, as everything below
  std::vector<Verdict> verdicts;
  std::vector<LeftOut> left_out;
};

// Empty: all tables. Throws ConfigError for an unknown one.
std::vector<Chapter> read_book(const std::vector<std::string>& tables);

// `rows` is a CSV of each row, for looking where errors come from; `half` says which were fitted.
enum class Format { text, markdown, json, csv, rows };
std::string print_book(const std::vector<Chapter>& book, Format format);

}  // namespace agentsim::fidelity

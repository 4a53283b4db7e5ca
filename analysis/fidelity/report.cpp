#include "analysis/fidelity/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "analysis/statistics/quantile.hpp"
#include "sim/base/suggest.hpp"

namespace agentsim::fidelity {
namespace {

bool speaks_of(const Target& target, const std::string& op) {
  return target.ops.empty() || std::any_of(target.ops.begin(), target.ops.end(),
                                           [&](const std::string& begin) { return op.rfind(begin, 0) == 0; });
}

Verdict verdict_of(const Target& target, const std::vector<Row>& rows, const std::vector<Line>& lines) {
  Verdict verdict;
  verdict.target = target;
  std::vector<Row> asked;
  for (const Row& row : rows)
    if (speaks_of(target, row.op)) asked.push_back(row);
  verdict.pooled = errors_of(asked);
  for (const Line& line : lines) {
    if (line.size != "all" || !speaks_of(target, line.op)) continue;
    if (verdict.lines == 0 || line.errors.median > verdict.furthest.errors.median) verdict.furthest = line;
    ++verdict.lines;
    if (line.errors.median <= target.median && (target.p90 <= 0.0 || line.errors.p90 <= target.p90))
      ++verdict.met;
  }
  return verdict;
}

Chapter chapter_of(const std::string& name) {
  const std::unique_ptr<Table> table = Tables::make(name);
  const std::vector<Row> all = table->rows();
  std::vector<Row> rows;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rows),
               [](const Row& row) { return !row.is_fitted; });
  std::map<std::pair<std::string, std::string>, std::map<std::string, std::vector<Row>>> groups;
  for (const Row& row : rows) {
    auto& sizes = groups[{row.gpu, row.op}];
    sizes[""].push_back(row);
    if (!row.size.empty()) sizes[row.size].push_back(row);
  }
  Chapter chapter;
  chapter.table = name;
  chapter.help = Tables::help(name);
  chapter.judged_on = table->judged_on();
  chapter.reason = table->reason();
  chapter.in_sample = table->is_in_sample();
  chapter.left_out = table->left_out();
  for (const auto& [key, sizes] : groups)
    for (const auto& [size, of_size] : sizes)
      chapter.lines.push_back({key.first, key.second, size.empty() ? "all" : size, errors_of(of_size)});
  for (const Target& target : table->targets())
    chapter.verdicts.push_back(verdict_of(target, rows, chapter.lines));
  chapter.rows = all;
  return chapter;
}

}  // namespace

Errors errors_of(const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  std::vector<double> ratios, errors;
  for (const Row& row : rows) {
    ratios.push_back(row.predicted / row.measured);
    errors.push_back(std::abs(ratios.back() - 1.0));
  }
  std::sort(ratios.begin(), ratios.end());
  std::sort(errors.begin(), errors.end());
  Errors e;
  e.rows = rows.size();
  e.median = statistics::quantile(errors, 0.5);
  e.p90 = statistics::quantile(errors, 0.9);
  e.worst = errors.back();
  e.bias = statistics::quantile(ratios, 0.5) - 1.0;
  return e;
}

std::vector<Chapter> read_book(const std::vector<std::string>& tables) {
  const std::vector<std::string> known = Tables::names();
  for (const std::string& name : tables) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest(name, known);
    throw ConfigError(fmt::format("unknown table '{}'{}\n  valid: {}", name,
                                  near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                                  sorted_list(known)));
  }
  std::vector<Chapter> book;
  for (const std::string& name : tables.empty() ? known : tables) book.push_back(chapter_of(name));
  return book;
}

}  // namespace agentsim::fidelity

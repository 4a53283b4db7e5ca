#include "analysis/fidelity/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/base/suggest.hpp"

namespace agentsim::fidelity {
namespace {

double quantile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
}

Chapter chapter_of(const std::string& name) {
  const std::unique_ptr<Table> table = Tables::make(name);
  std::map<std::pair<std::string, std::string>, std::map<std::string, std::vector<Row>>> groups;
  for (const Row& row : table->rows()) {
    auto& sizes = groups[{row.gpu, row.op}];
    sizes[""].push_back(row);
    sizes[row.size].push_back(row);
  }
  Chapter chapter{name, Tables::help(name), table->judged_on(), {}};
  for (const auto& [key, sizes] : groups)
    for (const auto& [size, rows] : sizes)
      chapter.lines.push_back({key.first, key.second, size.empty() ? "all" : size, errors_of(rows)});
  return chapter;
}

nlohmann::ordered_json json_of(const std::vector<Chapter>& book) {
  auto all = nlohmann::ordered_json::array();
  for (const Chapter& c : book)
    for (const Line& l : c.lines)
      all.push_back({{"table", c.table},
                     {"judged_on", c.judged_on},
                     {"gpu", l.gpu},
                     {"op", l.op},
                     {"size", l.size},
                     {"rows", l.errors.rows},
                     {"median", l.errors.median},
                     {"p90", l.errors.p90},
                     {"worst", l.errors.worst},
                     {"bias", l.errors.bias}});
  return all;
}

std::string csv_of(const std::vector<Chapter>& book) {
  std::string out = "table,gpu,op,size,rows,median,p90,worst,bias\n";
  for (const Chapter& c : book)
    for (const Line& l : c.lines)
      out += fmt::format("{},{},\"{}\",{},{},{:.4f},{:.4f},{:.4f},{:.4f}\n", c.table, l.gpu, l.op, l.size,
                         l.errors.rows, l.errors.median, l.errors.p90, l.errors.worst, l.errors.bias);
  return out;
}

}  // namespace

Errors errors_of(const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  std::vector<double> ratios, errors;
  for (const Row& row : rows) {
    ratios.push_back(row.predicted_s / row.measured_s);
    errors.push_back(std::abs(ratios.back() - 1.0));
  }
  Errors e;
  e.rows = rows.size();
  e.median = quantile(errors, 0.5);
  e.p90 = quantile(errors, 0.9);
  e.worst = errors.back();
  e.bias = quantile(ratios, 0.5) - 1.0;
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

std::string print_book(const std::vector<Chapter>& book, Format format) {
  if (format == Format::json) return json_of(book).dump(2) + "\n";
  if (format == Format::csv) return csv_of(book);
  const bool markdown = format == Format::markdown;
  std::string out;
  for (const Chapter& c : book) {
    out += fmt::format("{}{}: {}\n{}Judged on: {}.\n\n", markdown ? "## " : "", c.table, c.help,
                       markdown ? "\n" : "", c.judged_on);
    const char* line = markdown ? "| {} | {} | {} | {} | {} | {} | {} | {} |\n"
                                : "{:<20} {:<26} {:<11} {:>6} {:>8} {:>8} {:>8} {:>8}\n";
    out += fmt::format(fmt::runtime(line), "gpu", "op", "size", "rows", "median", "p90", "worst", "bias");
    if (markdown) out += "|---|---|---|---:|---:|---:|---:|---:|\n";
    const auto percent = [](double share) { return fmt::format("{:.1f} %", 100.0 * share); };
    for (const Line& l : c.lines)
      out += fmt::format(fmt::runtime(line), l.gpu, l.op, l.size, l.errors.rows, percent(l.errors.median),
                         percent(l.errors.p90), percent(l.errors.worst), percent(l.errors.bias));
    out += "\n";
  }
  return out;
}

}  // namespace agentsim::fidelity

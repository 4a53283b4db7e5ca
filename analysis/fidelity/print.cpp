#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analysis/fidelity/report.hpp"

namespace agentsim::fidelity {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100.0 * share);
}

std::string limits(const Target& target) {
  return target.p90 > 0.0
             ? fmt::format("median <= {:.0f} %, p90 <= {:.0f} %", 100.0 * target.median, 100.0 * target.p90)
             : fmt::format("median <= {:.0f} %", 100.0 * target.median);
}

// "TPOT, TTFT" or "all".
std::string ops_of(const Target& target) {
  return target.ops.empty() ? "all" : fmt::format("{}", fmt::join(target.ops, ", "));
}

std::string verdict_words(const Verdict& verdict) {
  if (verdict.is_met()) return "met";
  const Errors& e = verdict.furthest.errors;
  const std::string p90 = verdict.target.p90 > 0.0 ? fmt::format(", p90 {}", percent(e.p90)) : "";
  return fmt::format("not met: {} of {} lines; {} {} {}{}", verdict.met, verdict.lines, verdict.furthest.gpu,
                     verdict.furthest.op, percent(e.median), p90);
}

std::string overview(const std::vector<Chapter>& book, bool markdown) {
  const char* line = markdown ? "| {} | {} | {} | {} | {} | {} | {} | {} |\n"
                              : "{:<26} {:<38} {:<27} {:>6} {:>8} {:>8}  {:<7} {}\n";
  std::string out =
      fmt::format(fmt::runtime(line), "table", "ops", "target", "rows", "median", "p90", "sample", "verdict");
  if (markdown) out += "|---|---|---|---:|---:|---:|---|---|\n";
  for (const Chapter& c : book)
    for (const Verdict& v : c.verdicts)
      out += fmt::format(fmt::runtime(line), c.table, ops_of(v.target), limits(v.target), v.pooled.rows,
                         percent(v.pooled.median), percent(v.pooled.p90), c.in_sample ? "in" : "out",
                         verdict_words(v));
  return out;
}

Json json_of(const Errors& e) {
  return {{"rows", e.rows}, {"median", e.median}, {"p90", e.p90}, {"worst", e.worst}, {"bias", e.bias}};
}

Json json_of(const Line& l) {
  Json line{{"gpu", l.gpu}, {"op", l.op}, {"size", l.size}};
  line.update(json_of(l.errors));
  return line;
}

Json json_of(const Verdict& v) {
  Json verdict{{"ops", v.target.ops}, {"median_limit", v.target.median}};
  verdict["p90_limit"] = v.target.p90 > 0.0 ? Json(v.target.p90) : Json(nullptr);
  verdict["met"] = v.is_met();
  verdict["lines"] = v.lines;
  verdict["lines_met"] = v.met;
  verdict["furthest"] = json_of(v.furthest);
  verdict["all_lines"] = json_of(v.pooled);
  return verdict;
}

Json json_of(const std::vector<Chapter>& book) {
  Json all = Json::array();
  for (const Chapter& c : book) {
    Json lines = Json::array(), verdicts = Json::array(), left_out = Json::array();
    for (const Line& l : c.lines) lines.push_back(json_of(l));
    for (const Verdict& v : c.verdicts) verdicts.push_back(json_of(v));
    for (const LeftOut& l : c.left_out)
      left_out.push_back({{"what", l.what}, {"reason", l.reason}, {"rows", l.rows}});
    all.push_back({{"table", c.table},
                   {"help", c.help},
                   {"judged_on", c.judged_on},
                   {"reason", c.reason},
                   {"in_sample", c.in_sample},
                   {"targets", verdicts},
                   {"lines", lines},
                   {"left_out", left_out}});
  }
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

std::string rows_csv(const std::vector<Chapter>& book) {
  std::string out = "table,gpu,op,size,row,half,simulated,measured\n";
  for (const Chapter& c : book)
    for (const Row& r : c.rows)
      out += fmt::format("{},{},\"{}\",{},\"{}\",{},{:.6g},{:.6g}\n", c.table, r.gpu, r.op, r.size, r.what,
                         r.is_fitted ? "fit" : "test", r.predicted, r.measured);
  return out;
}

std::string chapter_text(const Chapter& c, bool markdown) {
  std::string out = fmt::format("{}{}: {}\n{}Judged on: {}.\n", markdown ? "## " : "", c.table, c.help,
                                markdown ? "\n" : "", c.judged_on);
  for (const Verdict& v : c.verdicts)
    out += fmt::format("{}Target, {}: {}: {}.\n", markdown ? "\n" : "",
                       v.target.ops.empty() ? "each gpu and op" : ops_of(v.target), limits(v.target),
                       verdict_words(v));
  if (!c.reason.empty()) out += fmt::format("{}Why: {}.\n", markdown ? "\n" : "", c.reason);
  const char* line = markdown ? "| {} | {} | {} | {} | {} | {} | {} | {} |\n"
                              : "{:<20} {:<34} {:<13} {:>6} {:>8} {:>8} {:>8} {:>8}\n";
  out +=
      "\n" + fmt::format(fmt::runtime(line), "gpu", "op", "size", "rows", "median", "p90", "worst", "bias");
  if (markdown) out += "|---|---|---|---:|---:|---:|---:|---:|\n";
  for (const Line& l : c.lines)
    out += fmt::format(fmt::runtime(line), l.gpu, l.op, l.size, l.errors.rows, percent(l.errors.median),
                       percent(l.errors.p90), percent(l.errors.worst), percent(l.errors.bias));
  if (!c.left_out.empty()) out += "\nLeft out:\n";
  if (!c.left_out.empty() && markdown) out += "\n";
  for (const LeftOut& l : c.left_out) out += fmt::format("- {} ({} rows): {}\n", l.what, l.rows, l.reason);
  return out + "\n";
}

}  // namespace

std::string print_book(const std::vector<Chapter>& book, Format format) {
  if (format == Format::json) return json_of(book).dump(2) + "\n";
  if (format == Format::csv) return csv_of(book);
  if (format == Format::rows) return rows_csv(book);
  const bool markdown = format == Format::markdown;
  std::string chapters;
  for (const Chapter& c : book) chapters += chapter_text(c, markdown);
  const std::string first = overview(book, markdown);
  return markdown ? first + "\n" + chapters : chapters + first;
}

}  // namespace agentsim::fidelity

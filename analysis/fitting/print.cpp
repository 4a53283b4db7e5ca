#include "analysis/fitting/print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace agentsim::fitting {
namespace {

std::string percent(double share) {
  return std::isinf(share) ? "-" : fmt::format("{:.1f} %", 100.0 * share);
}

std::string off(const Difference& d) {
  if (d.found == d.wanted) return "0.0 %";
  return d.wanted == 0.0 ? "new" : fmt::format("{:+.1f} %", 100.0 * (d.found / d.wanted - 1.0));
}

std::string labelled(const Difference& d) {
  return d.unit.empty() ? d.measure : fmt::format("{}, {}", d.measure, d.unit);
}

std::string sessions_line(const Report& report) {
  return fmt::format("{} sessions, {} agents, {} calls", report.load->sessions.size(), report.load->agents(),
                     report.load->calls());
}

const Difference& worst(const Fit& fit) {
  return *std::max_element(
      fit.differences.begin(), fit.differences.end(),
      [](const Difference& a, const Difference& b) { return a.error() / a.limit < b.error() / b.limit; });
}

std::string verdict(const Fit& fit) {
  const Difference& furthest = worst(fit);
  return fmt::format(
      "{} of {} percentiles are within their limits (10 % up to P90, 20 % above); the furthest is P{:g} of "
      "'{}', {}",
      fit.differences.size() - fit.outside(), fit.differences.size(), furthest.percent, furthest.measure,
      off(furthest));
}

// Mean errors of a percentile over all splits. Those that are infinite in one are left out.
struct Errors {
  double halves = 0.0;
  double regenerated = 0.0;
};
Errors errors_at(const Report& report, size_t k) {
  double halves = 0.0, count = 0.0, regenerated = 0.0, drawn = 0.0;
  const auto add = [](double error, double& sum, double& n) {
    if (std::isinf(error)) return;
    sum += error;
    ++n;
  };
  for (const auto& split : report.halves) {
    for (const Difference& d : split[k].recorded) add(d.error(), halves, count);
    for (const Difference& d : split[k].regenerated) add(d.error(), regenerated, drawn);
  }
  return {count > 0.0 ? halves / count : INFINITY, drawn > 0.0 ? regenerated / drawn : INFINITY};
}

std::string roles_text_for_people(const Fit& fit) {
  std::string out;
  for (size_t i = 0; i < fit.roles.size(); ++i) {
    const FittedRole& role = fit.roles[i];
    out += fmt::format("  {:<12} {}\n", role.name, role.comment);
    std::string more;
    if (role.early_first != 1.0)
      more += fmt::format(
          "contexts grow {:.1f} times as fast before the 2nd call, k^-{:.2f} of that excess later; ",
          role.early_first, role.early_decay);
    for (const FittedChange& change : role.changes)
      if (change.probability < 1.0)
        more += fmt::format("{} before {:.2f} % of calls; ", change.comment, 100.0 * change.probability);
      else if (!change.above.is_constant())
        more += fmt::format("{} above {} (P25) to {} (P75) tokens; ", change.comment,
                            short_number(change.above.at(0.25)), short_number(change.above.at(0.75)));
    for (const FittedSpawn& rule : role.spawn)
      more += fmt::format(
          "{:.1f} % send out agents '{}', after {:.2f} % of their calls with tools, and {} for them; ",
          100.0 * rule.agents, rule.role, 100.0 * rule.probability, rule.is_joined ? "wait" : "do not wait");
    if (!more.empty()) out += fmt::format("  {:<12}   {}\n", "", more.substr(0, more.size() - 2));
  }
  return out;
}

std::string print_text(const Report& report) {
  const Fit& fit = *report.fit;
  std::string out =
      fmt::format("{}: {}\n{} classes of sessions, {} roles of sub-agents\n{}", report.path,
                  sessions_line(report), fit.roots, fit.roles.size() - fit.roots, roles_text_for_people(fit));
  out += fmt::format("recorded > regenerated in {} sessions (* beyond its limit)\n",
                     report.options->regenerated);
  for (size_t i = 0; i < fit.differences.size(); ++i) {
    const Difference& d = fit.differences[i];
    if (i == 0 || fit.differences[i - 1].measure != d.measure) out += fmt::format("  {}\n", labelled(d));
    out += fmt::format("    P{:<3g} {:>9} > {:<9} {}{}\n", d.percent, short_number(d.wanted),
                       short_number(d.found), off(d), d.is_within() ? "" : " *");
  }
  if (!report.halves.empty())
    out += "mean error of a fit of one half against the other (of the halves themselves)\n";
  for (size_t i = 0; !report.halves.empty() && i < fit.differences.size(); ++i) {
    const Errors errors = errors_at(report, i);
    if (fit.differences[i].percent == 25) out += fmt::format("  {:<26}", fit.differences[i].measure);
    out += fmt::format(" P{:g} {} ({}){}", fit.differences[i].percent, percent(errors.regenerated),
                       percent(errors.halves), fit.differences[i].percent == 99 ? "\n" : "");
  }
  return out + verdict(fit) + "\n";
}

template <class Cell>
std::string markdown_table(const Fit& fit, Cell cell) {
  std::string out = "| | P25 | P50 | P75 | P90 | P95 | P99 |\n| --- | --- | --- | --- | --- | --- | --- |\n";
  for (size_t i = 0; i < fit.differences.size(); ++i) {
    const Difference& d = fit.differences[i];
    if (d.percent == 25) out += "| " + labelled(d) + " |";
    out += " " + cell(i) + " |" + (d.percent == 99 ? "\n" : "");
  }
  return out;
}

std::string print_markdown(const Report& report) {
  const Fit& fit = *report.fit;
  std::string out = fmt::format("{}, {} classes of sessions; {} sessions drawn.\n{}.\n\n",
                                sessions_line(report), fit.roots, report.options->regenerated, verdict(fit));
  out += markdown_table(fit, [&](size_t i) {
    const Difference& d = fit.differences[i];
    return fmt::format("{} > {}, {}{}", short_number(d.wanted), short_number(d.found), off(d),
                       d.is_within() ? "" : " (!)");
  });
  if (report.halves.empty()) return out;
  out += fmt::format(
      "\nA fit of one half against the other half, mean absolute error over {} splits by chance and both "
      "directions; in "
      "brackets how\nmuch the halves themselves differ.\n\n",
      report.halves.size());
  return out + markdown_table(fit, [&](size_t i) {
           const Errors errors = errors_at(report, i);
           return fmt::format("{} ({})", percent(errors.regenerated), percent(errors.halves));
         });
}

nlohmann::ordered_json number(double value) {
  return std::isinf(value) ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
}

std::string print_json(const Report& report) {
  nlohmann::ordered_json json;
  json["sessions"] = report.load->sessions.size();
  json["agents"] = report.load->agents();
  json["calls"] = report.load->calls();
  json["regenerated_sessions"] = report.options->regenerated;
  json["roles"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < report.fit->roles.size(); ++i)
    json["roles"].push_back({{"name", report.fit->roles[i].name},
                             {"is_root", i < report.fit->roots},
                             {"agents", report.fit->roles[i].agents},
                             {"calls", report.fit->roles[i].calls_seen},
                             {"description", report.fit->roles[i].comment}});
  json["percentiles"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < report.fit->differences.size(); ++i) {
    const Difference& d = report.fit->differences[i];
    nlohmann::ordered_json& entry = json["percentiles"].emplace_back();
    entry["measure"] = d.measure;
    entry["unit"] = d.unit;
    entry["percent"] = d.percent;
    entry["recorded"] = d.wanted;
    entry["regenerated"] = d.found;
    entry["error"] = number(d.error());
    entry["limit"] = d.limit;
    if (report.halves.empty()) continue;
    const Errors errors = errors_at(report, i);
    entry["half_error"] = number(errors.regenerated);
    entry["half_noise"] = number(errors.halves);
  }
  json["outside"] = report.fit->outside();
  return json.dump(2) + "\n";
}

}  // namespace

std::string print(const Report& report, Format format) {
  switch (format) {
    case Format::text:
      return print_text(report);
    case Format::markdown:
      return print_markdown(report);
    case Format::json:
      return print_json(report);
  }
  return "";
}

std::string role_file(const Report& report, const std::string& note) {
  std::string out =
      fmt::format("# Roles of {} recorded sessions ({} agents, {} calls), written by `agentsim fit`.\n",
                  report.load->sessions.size(), report.load->agents(), report.load->calls());
  if (!note.empty()) out += fmt::format("# {}\n", note);
  out += fmt::format(
      "# Every number is an estimate from these sessions. A session's root agent is drawn from the mix "
      "'session'.\n"
      "# {}.\n",
      verdict(*report.fit));
  return out + report.fit->text;
}

}  // namespace agentsim::fitting

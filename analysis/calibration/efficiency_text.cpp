#include "analysis/calibration/efficiency_text.hpp"

#include <fmt/format.h>

#include <sstream>

namespace agentsim::calibration {
namespace {

using config::Bounds, config::Need;
using Lines = std::vector<std::string>;

// Collects "key: value" of a struct's fields, values as a GPU file writes them.
class Fields {
 public:
  void field(const std::string& key, double& value, Dimension dimension, Bounds, const char*,
             Need = Need::optional) {
    const bool is_small = value > 0.0 && value < 1e-7;
    add(key, dimension == Dimension::time
                 ? fmt::format("{:.4g}{}", value * (is_small ? 1e9 : 1e6), is_small ? "ns" : "us")
             : dimension == Dimension::bandwidth ? fmt::format("{:.4g} GB/s", value / 1e9)
                                                 : fmt::format("{:.4g}", value));
  }
  void field(const std::string& key, int64_t& value, Bounds, const char*, Need = Need::optional) {
    add(key, fmt::format("{}", value));
  }
  void field(const std::string& key, bool& value, const char*, Need = Need::optional) {
    add(key, value ? "on" : "off");
  }
  void value(const std::string& key, std::vector<platform::Tile>& tiles, const char*, Need = Need::optional) {
    std::string text;
    for (const platform::Tile& tile : tiles)
      text += fmt::format("{}{}x{}", text.empty() ? "" : ", ", tile.m, tile.n);
    add(key, "[" + text + "]");
  }
  template <class Entry>
  void value(const std::string& key, std::vector<Entry>& entries, const char*, Need = Need::optional) {
    std::string text;
    for (const Entry& entry : entries) text += (text.empty() ? "" : ", ") + to_text(entry);
    add(key, "[" + text + "]");
  }
  template <class Spec>
  void section(const std::string& key, Spec& spec, const char*, Need = Need::optional);

  std::vector<std::pair<std::string, std::string>> all;

 private:
  void add(const std::string& key, const std::string& text) { all.emplace_back(key, text); }
};

// "{launch: 1us, compute: 0.87}", without what a Spec has anyway.
template <class Spec>
std::string flow(Spec spec) {
  Spec standard;
  Fields fields, defaults;
  describe(fields, spec);
  describe(defaults, standard);
  std::string text;
  for (size_t i = 0; i < fields.all.size(); ++i) {
    if (fields.all[i] == defaults.all[i]) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", fields.all[i].first, fields.all[i].second);
  }
  return "{" + text + "}";
}

template <class Spec>
void Fields::section(const std::string& key, Spec& spec, const char*, Need) {
  add(key, flow(spec));
}

// Breaks a line after a comma before it gets longer than 118 columns.
std::string wrapped(const std::string& line, const std::string& indent) {
  std::string out, rest = line;
  while (rest.size() > 118) {
    const size_t comma = rest.rfind(", ", 117);
    if (comma == std::string::npos || comma < indent.size()) break;
    out += rest.substr(0, comma + 1) + "\n";
    rest = indent + rest.substr(comma + 2);
  }
  return out + rest + "\n";
}

template <class Curves>
std::string block(const char* name, const Curves& curves) {
  if (curves.empty()) return "";
  std::string text = fmt::format("  {}:\n", name);
  for (const auto& [dtype, curve] : curves)
    text += wrapped(fmt::format("    {}: {}", dtype, flow(curve)), "        ");
  return text;
}

std::string residual(const Residuals& r) {
  return fmt::format("{{median: {:.3f}, p90: {:.3f}, bias: {:.3f}, rows: {}}}", r.median, r.p90, r.bias,
                     r.rows);
}

std::string provenance_yaml(const std::vector<Curve>& curves, const std::string& source) {
  std::string text = "  efficiency:\n";
  text += fmt::format("    source: \"{}\"\n    verified: measured\n", source);
  text +=
      "    residuals:   # absolute relative error, on the half that was held out and on the half that was "
      "fitted\n";
  for (const Curve& curve : curves)
    text += fmt::format("      {}: {{held_out: {},\n          fitted: {}}}\n", curve.label(),
                        residual(curve.held_out), residual(curve.fitted));
  return text;
}

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Whether a line starts a key of a map that is indented by `indent`.
bool starts_key(const std::string& line, size_t indent) {
  return line.find_first_not_of(' ') == indent && line[indent] != '#';
}

}  // namespace

std::string efficiency_yaml(const platform::Efficiency& e) {
  return "efficiency:\n" + block("gemm", e.gemm) + block("moe", e.moe) +
         block("prefill_attention", e.prefill_attention) + block("decode_attention", e.decode_attention) +
         wrapped(fmt::format("  elementwise: {}", flow(e.elementwise)), "      ");
}

std::string with_efficiency(const std::string& text, const platform::Efficiency& efficiency,
                            const std::vector<Curve>& curves, const std::string& source) {
  const std::string block = efficiency_yaml(efficiency), provenance = provenance_yaml(curves, source);
  const Lines lines = lines_of(text);
  std::string out;
  bool skips = false, in_provenance = false, wrote = false, told = false;
  for (const std::string& line : lines) {
    if (starts_key(line, 0)) {
      if (in_provenance && !told) out += provenance, told = true;
      in_provenance = line.rfind("provenance:", 0) == 0;
      skips = line.rfind("efficiency:", 0) == 0 || line.rfind("efficiency_from:", 0) == 0;
      if ((skips || in_provenance) && !wrote) out += block, wrote = true;
    } else if (in_provenance && starts_key(line, 2)) {
      skips = line.rfind("  efficiency:", 0) == 0;
      if (skips && !told) out += provenance, told = true;
    }
    if (!skips) out += line + "\n";
  }
  if (!wrote) out += block;
  if (!told) out += (in_provenance ? "" : "provenance:\n") + provenance;
  return out;
}

std::string residual_table(const std::vector<Curve>& curves) {
  std::string text = fmt::format("{:28} {:>6} {:>8} {:>8} {:>8}   {:>6} {:>8} {:>8}\n", "", "fitted",
                                 "median", "p90", "bias", "held", "median", "p90");
  for (const Curve& c : curves)
    text += fmt::format("{:28} {:6} {:7.1f}% {:7.1f}% {:+7.1f}%   {:6} {:7.1f}% {:7.1f}%\n", c.label(),
                        c.fitted.rows, 100.0 * c.fitted.median, 100.0 * c.fitted.p90, 100.0 * c.fitted.bias,
                        c.held_out.rows, 100.0 * c.held_out.median, 100.0 * c.held_out.p90);
  return text;
}

}  // namespace agentsim::calibration

#include <fmt/format.h>

#include <algorithm>

#include "analysis/study/comparison.hpp"
#include "analysis/study/words.hpp"

namespace agentsim::study {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kTitle = 26;
constexpr size_t kColumn = 24;
constexpr size_t kColumnsAtOnce = 3;
constexpr size_t kRatio = 26;

// Shortened in the middle: labels often differ at either end.
std::string fitted(const std::string& label, size_t width) {
  if (label.size() <= width) return label;
  const size_t head = (width - 2) / 2;
  return label.substr(0, head) + ".." + label.substr(label.size() - (width - 2 - head));
}

std::string line(const std::string& title, const std::vector<std::string>& cells, const std::string& ratio) {
  std::string text = fmt::format("{:<{}}", title, kTitle);
  for (const std::string& cell : cells) text += fmt::format("{:>{}}", cell, kColumn);
  if (!ratio.empty()) text += fmt::format("{:>{}}", ratio, kRatio);
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

// Lines of at most kWidth; those after the first are indented by two.
std::string wrapped(const std::string& text) {
  std::string out, row;
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    // UTF-8: bytes that continue a character take no column.
    const auto width = static_cast<size_t>(std::count_if(
        word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
    if (!row.empty() && columns + 1 + width > kWidth) {
      out += row + "\n";
      row = " ";
      columns = 1;
    }
    row += (row.empty() ? "" : " ") + word;
    columns += width + (columns > 0 ? 1 : 0);
    at = end + 1;
  }
  return out + row + "\n";
}

using Platforms = std::vector<const PlatformResult*>;

std::string header(const Platforms& platforms, bool has_ratio) {
  std::vector<std::string> labels, gpus, replicas;
  for (const PlatformResult* p : platforms) {
    labels.push_back(fitted(p->label, kColumn - 1));
    gpus.push_back(fitted(fmt::format("{} x {}", p->gpus, p->gpu), kColumn - 1));
    replicas.push_back(fmt::format("{} x {} GPU{}", p->replicas, p->gpus_used / std::max(1, p->replicas),
                                   p->gpus_used == p->replicas ? "" : "s"));
  }
  return line("", labels, has_ratio ? "ratio, paired" : "") + line("GPUs", gpus, "") +
         line("replicas", replicas, "");
}

// `candidate` is the platform whose ratio to the baseline has a column; null for none.
std::string table(const Platforms& platforms, const PlatformResult* candidate) {
  std::string text = header(platforms, candidate != nullptr), prices;
  for (size_t row = 0; row < platforms.front()->figures.size(); ++row) {
    const Figure& first = platforms.front()->figures[row];
    if (first.prices != prices) text += fmt::format("prices: {}\n", first.prices);
    prices = first.prices;
    std::vector<std::string> cells;
    for (const PlatformResult* platform : platforms)
      cells.push_back(words(platform->figures[row].estimate, first.metric->shown));
    const std::string ratio = candidate != nullptr ? words(candidate->figures[row].to_baseline) : "";
    text += line(first.metric->title, cells, ratio);
  }
  return text;
}

std::string tables(const Comparison& comparison) {
  Platforms all{&comparison.platforms[comparison.baseline]};
  for (const PlatformResult& platform : comparison.platforms)
    if (&platform != all.front()) all.push_back(&platform);
  if (all.size() <= 2) return table(all, all.size() == 2 ? all.back() : nullptr);
  std::string text;
  for (size_t begin = 0; begin < all.size(); begin += kColumnsAtOnce) {
    const size_t end = std::min(all.size(), begin + kColumnsAtOnce);
    text += (begin > 0 ? "\n" : "") + table(Platforms(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                                      all.begin() + static_cast<std::ptrdiff_t>(end)),
                                            nullptr);
  }
  return text;
}

}  // namespace

std::string report(const Comparison& comparison) {
  std::string text = wrapped(
      comparison.title.empty() ? comparison.name : fmt::format("{}: {}", comparison.name, comparison.title));
  text += wrapped(
      comparison.seeds.size() == 1
          ? "1 replication, the same sessions on every platform"
          : fmt::format(
                "{} replications, each with the same sessions on every platform; means ± {:.4g} % Student-t "
                "intervals",
                comparison.seeds.size(), comparison.study.confidence * 100.0));
  text += "\n" + tables(comparison);
  for (const Verdict& verdict : comparison.verdicts)
    text += "\n" + wrapped(verdict.text) + wrapped(verdict.compared);
  if (!comparison.notes.empty()) text += "\n";
  for (const std::string& note : comparison.notes) text += wrapped("note: " + note);
  return text + fmt::format("\nfingerprint {}\n", comparison.fingerprint);
}

}  // namespace agentsim::study

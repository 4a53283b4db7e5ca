#include "sim/model/layout.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace agentsim::model {
namespace {

bool alike(const LayerRun& a, const LayerRun& b) {
  return a.windowed == b.windowed && a.experts == b.experts && a.linear == b.linear;
}

void add_layer(Stage& stage, LayerRun layer) {
  layer.count = 1;
  ++stage.layers;
  for (LayerRun& kind : stage.kinds) {
    if (!alike(kind, layer)) continue;
    ++kind.count;
    return;
  }
  stage.kinds.push_back(layer);
}

// Collects mistakes about what does not divide what.
class Divisions {
 public:
  explicit Divisions(const LLM& llm) : llm_(llm) {}
  bool check(const std::string& key, int64_t parts, int64_t whole, const std::string& what) {
    if (whole % parts == 0) return true;
    mistakes.push_back(fmt::format("{} {} does not divide the {} of {}", key, parts, what, llm_.name));
    return false;
  }
  std::vector<std::string> mistakes;

 private:
  const LLM& llm_;
};

std::string width(int64_t whole, const char* what) {
  return fmt::format("inner width {}{}", whole, what);
}

void check_attention(const Deployment& d, Divisions& divisions) {
  const LLM& llm = d.llm;
  const int64_t sharers = d.tp / d.dp_attention;
  const std::string key = d.dp_attention == 1 ? "tp" : "tp / dp_attention";
  if (!divisions.check(key, sharers, llm.heads, fmt::format("{} heads", llm.heads))) return;
  if (llm.linear.key_heads > 0) {
    divisions.check(key, sharers, llm.linear.key_heads,
                    fmt::format("{} heads of linear attention", llm.linear.key_heads));
    divisions.check(key, sharers, llm.linear.value_heads,
                    fmt::format("{} value heads", llm.linear.value_heads));
  }
  if (llm.is_latent() || llm.kv_heads % sharers == 0 || sharers % llm.kv_heads == 0) return;
  divisions.mistakes.push_back(fmt::format("{} {} and the {} KV heads of {} do not divide each other", key,
                                           sharers, llm.kv_heads, llm.name));
}

void check_mlp(const Deployment& d, Divisions& divisions) {
  const LLM& llm = d.llm;
  divisions.check("tp", d.tp, llm.ffn, width(llm.ffn, ""));
  divisions.check(d.ep == 1 ? "tp" : "tp / ep", d.tp / d.ep, llm.experts.inter,
                  width(llm.experts.inter, " of the experts"));
  divisions.check("ep", d.ep, llm.experts.count, fmt::format("{} experts", llm.experts.count));
  if (!d.exchanges_tokens())
    divisions.check("tp", d.tp, llm.experts.shared_inter,
                    width(llm.experts.shared_inter, " of the shared experts"));
}

}  // namespace

std::vector<Stage> stages(const LLM& llm, int64_t pp) {
  std::vector<LayerRun> layers;
  for (const LayerRun& run : llm.layer_runs())
    for (int64_t i = 0; i < run.count; ++i) layers.push_back(run);
  std::vector<Stage> all(static_cast<size_t>(pp));
  size_t next = 0;
  for (int64_t s = 0; s < pp; ++s) {
    Stage& stage = all[static_cast<size_t>(s)];
    stage.is_first = s == 0;
    stage.is_last = s == pp - 1;
    const int64_t left_over = llm.layers % pp;
    const int64_t count = llm.layers / pp + (s < pp - 1 && s >= pp - 1 - left_over ? 1 : 0);
    for (int64_t i = 0; i < count && next < layers.size(); ++i) add_layer(stage, layers[next++]);
  }
  return all;
}

Cut cut_of(const Deployment& d) {
  Cut cut;
  cut.attention = d.tp / d.dp_attention;
  cut.dense = d.tp;
  cut.shared = d.exchanges_tokens() ? 1 : d.tp;
  cut.experts = d.ep;
  cut.expert_inter = d.tp / d.ep;
  cut.expert_skew = d.expert_skew;
  cut.travel = d.exchanges_tokens();
  return cut;
}

std::vector<std::string> layout_mistakes(const Deployment& d) {
  const LLM& llm = d.llm;
  Divisions divisions(llm);
  std::vector<std::string>& mistakes = divisions.mistakes;
  if (d.ep > 1 && llm.experts.count == 0)
    mistakes.push_back(fmt::format("ep {} wants experts, which {} has not", d.ep, llm.name));
  for (const auto& [key, parts] : {std::pair("ep", d.ep), std::pair("dp_attention", d.dp_attention)})
    if (d.tp % parts != 0) mistakes.push_back(fmt::format("{} {} does not divide tp {}", key, parts, d.tp));
  if (d.exchanges_tokens() && d.ep != d.tp)
    mistakes.push_back(
        fmt::format("with dp_attention the experts are shared out among all GPUs of a stage: ep {} or 1, "
                    "not {}",
                    d.tp, d.ep));
  if (d.pp > llm.layers)
    mistakes.push_back(fmt::format("pp {} exceeds the {} layers of {}", d.pp, llm.layers, llm.name));
  if (d.pp > 1 && d.speculation.tokens > 0) mistakes.emplace_back("speculation wants pp 1");
  if (!mistakes.empty()) return mistakes;
  check_attention(d, divisions);
  check_mlp(d, divisions);
  if (d.speculation.draft_llm.layers > 0 && d.speculation.draft != "mtp") {
    Deployment draft = d;
    draft.llm = d.speculation.draft_llm;
    draft.speculation = {};
    draft.ep = 1;
    for (std::string& mistake : layout_mistakes(draft)) mistakes.push_back(std::move(mistake));
  }
  return mistakes;
}

}  // namespace agentsim::model

#include "analysis/cost/session_cost.hpp"

namespace agentsim::cost {
namespace {

std::optional<double> price_of(double amount, double usd_per_h, std::optional<double> per_s) {
  if (!per_s || !(*per_s > 0.0)) return {};
  return usd_per_h / (*per_s * 3600.0) * amount;
}

}  // namespace

SessionCost session_cost(double usd_per_h, const Throughput& throughput) {
  std::optional<double> tokens_per_s;
  if (throughput.prompt_tokens_per_s && throughput.output_tokens_per_s)
    tokens_per_s = *throughput.prompt_tokens_per_s + *throughput.output_tokens_per_s;
  SessionCost cost;
  cost.usd_per_h = usd_per_h;
  cost.usd_per_session = price_of(1.0, usd_per_h, throughput.sessions_per_s);
  cost.usd_per_slo_session = price_of(1.0, usd_per_h, throughput.goodput_per_s);
  cost.usd_per_mtok_output = price_of(1e6, usd_per_h, throughput.output_tokens_per_s);
  cost.usd_per_mtok_total = price_of(1e6, usd_per_h, tokens_per_s);
  return cost;
}

}  // namespace agentsim::cost

#pragma once

#include <optional>

namespace agentsim::cost {

// What a cluster got done, per second; empty where the run does not say.
struct Throughput {
  std::optional<double> sessions_per_s;
  std::optional<double> goodput_per_s;  // sessions that meet the SLO
  std::optional<double> prompt_tokens_per_s;
  std::optional<double> output_tokens_per_s;
};

// The cost of the whole fleet over what it got done: idle hours are paid by the sessions there are. Empty
// where nothing was done, because that has no finite price.
struct SessionCost {
  std::optional<double> usd_per_h;
  std::optional<double> usd_per_session;      // USD/h / (sessions / h)
  std::optional<double> usd_per_slo_session;  // USD/h / (goodput / h)
  std::optional<double> usd_per_mtok_output;  // of a million output tokens, with everything charged to them
  std::optional<double> usd_per_mtok_total;   // of a million prompt and output tokens
};

SessionCost session_cost(double usd_per_h, const Throughput& throughput);

}  // namespace agentsim::cost

#include "analysis/study/verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "analysis/study/words.hpp"
#include "sim/base/units.hpp"

namespace agentsim::study {
namespace {

using statistics::Estimate;
using statistics::Ratio;

enum class Answer { yes, no, open };

Answer meets(const Estimate& share, double wanted) {
  if (!share.interval) return Answer::open;
  if (share.interval->low >= wanted) return Answer::yes;
  return share.interval->high < wanted ? Answer::no : Answer::open;
}

std::vector<PathPart> parts_of(const serving::TimeSplit& path) {
  return {{"network", "the network between gateway and replicas", path.network_s, 0.0},
          {"queue", "the queue (too little capacity for this load)", path.queue_s, 0.0},
          {"prefill", "prefill (compute)", path.prefill_s, 0.0},
          {"decode", "decode (memory bandwidth)", path.decode_s, 0.0},
          {"recompute", "recomputing after preemptions (KV capacity)", path.recompute_s, 0.0},
          {"fabric", "the fabric (exposed collectives)", path.fabric_s, 0.0}};
}

std::string percent(const Estimate& share) {
  if (!share.mean) return "an unknown share";
  if (!share.interval) return fmt::format("{:.1f} %", *share.mean * 100.0);
  return fmt::format("{:.1f} ± {:.1f} %", *share.mean * 100.0, share.interval->half_width() * 100.0);
}

std::string times(const Ratio& ratio) {
  return ratio.value ? words(ratio) + " times" : "an undefined multiple of";
}

std::string meeting(const Contender& c, const Terms& terms) {
  return fmt::format("{} of its sessions meet the SLO ({:.4g} % wanted)", percent(c.slo_sessions),
                     terms.slo_sessions * 100.0);
}

std::string costing(const Contender& baseline, const Ratio& ratio) {
  return fmt::format("one that does costs {} what it costs on {}", times(ratio), baseline.label);
}

// How many replications beyond those there are bring the half width down to `distance`.
std::string further_replications(double deviation, double distance, size_t n, const Terms& terms,
                                 Verdict& verdict) {
  if (const auto needed = statistics::replications_needed(deviation, distance, terms.confidence)) {
    verdict.more_replications = std::max(*needed, n + 1) - n;
    return fmt::format("about {} more replication{} would decide it", *verdict.more_replications,
                       *verdict.more_replications == 1 ? "" : "s");
  }
  return "it lies so near the limit that 1000 replications would not decide it";
}

// Why the SLO is missed: the limits exceeded, where the time goes, and what grew over the baseline.
std::string reason(const Contender& candidate, const Contender& baseline, Verdict& verdict) {
  std::string text;
  if (!candidate.limits_exceeded.empty())
    text += fmt::format("; {}", fmt::join(candidate.limits_exceeded, ", "));
  const PathPart largest = largest_part(candidate.path);
  if (largest.seconds > 0.0) {
    verdict.binding = largest.name;
    text += fmt::format("; without tools and people, most of a session's critical path is {}: {}, {:.0f} %",
                        largest.words, pretty_time(largest.seconds), largest.share * 100.0);
  }
  if (candidate.busy_share)
    text += fmt::format("; replicas are busy {:.0f} % of the time", *candidate.busy_share * 100.0);
  const std::vector<PathPart> mine = parts_of(candidate.path), theirs = parts_of(baseline.path);
  size_t most = 0;
  const auto growth = [&](size_t i) { return mine[i].seconds - theirs[i].seconds; };
  for (size_t i = 1; i < mine.size(); ++i)
    if (growth(i) > growth(most)) most = i;
  if (growth(most) > 0.0)
    text += fmt::format("; against {}, {} grew most, by {}", baseline.label, mine[most].words,
                        pretty_time(growth(most)));
  return text;
}

void judge_without_interval(const Contender& candidate, const Contender& baseline, const Terms& terms,
                            Verdict& v) {
  if (candidate.slo_sessions.n >= 2) {
    v.text = fmt::format(
        "{} is inconclusive: in some replication no session counts, so that it is unknown whether the SLO is "
        "met",
        candidate.label);
    return;
  }
  v.text = fmt::format(
      "{} is inconclusive: one replication has no interval; in it {}, and {}; run at least 3 replications",
      candidate.label, meeting(candidate, terms), costing(baseline, v.cost_ratio));
}

void judge_slo(Answer answer, const Contender& candidate, const Contender& baseline, const Terms& terms,
               Verdict& v) {
  if (answer == Answer::no) {
    v.outcome = Outcome::does_not_suffice;
    v.text = fmt::format("{} does not suffice: {}{}", candidate.label, meeting(candidate, terms),
                         reason(candidate, baseline, v));
    return;
  }
  const Estimate& share = candidate.slo_sessions;
  v.text = fmt::format(
      "{} is inconclusive: {}, on either side of what is wanted; {}", candidate.label,
      meeting(candidate, terms),
      further_replications(*share.deviation, std::abs(*share.mean - terms.slo_sessions), share.n, terms, v));
}

void judge_cost(const Contender& candidate, const Contender& baseline, const Terms& terms, Verdict& v) {
  const Ratio& ratio = v.cost_ratio;
  const double limit = 1.0 + terms.tolerance;
  const std::string start = fmt::format("{}, and {}", meeting(candidate, terms), costing(baseline, ratio));
  if (!ratio.interval) {
    const bool has_no_rival = baseline.slo_sessions.interval && baseline.slo_sessions.interval->high <= 0.0;
    v.outcome = has_no_rival ? Outcome::suffices : Outcome::inconclusive;
    v.text = has_no_rival
                 ? fmt::format("{} suffices: {}, and on {} no session does", candidate.label,
                               meeting(candidate, terms), baseline.label)
                 : fmt::format(
                       "{} is inconclusive: {}, but in some replication no session that does ended in the "
                       "window, so that the cost of one is undefined",
                       candidate.label, meeting(candidate, terms));
  } else if (ratio.interval->high <= limit) {
    v.outcome = Outcome::suffices;
    v.text = fmt::format("{} suffices: {}, within the limit of {:.4g}", candidate.label, start, limit);
  } else if (ratio.interval->low > limit) {
    v.outcome = Outcome::suffices_at_higher_cost;
    v.text = fmt::format("{} suffices at higher cost: {}, above the limit of {:.4g}", candidate.label, start,
                         limit);
  } else {
    v.text = fmt::format("{} is inconclusive: {}, on either side of the limit of {:.4g}; {}", candidate.label,
                         start, limit,
                         further_replications(*ratio.log_deviation, std::abs(std::log(*ratio.value / limit)),
                                              ratio.n, terms, v));
  }
}

std::string platform(const Contender& c) {
  const std::string price = c.usd_per_h ? fmt::format(" at {:.4g} USD/h", *c.usd_per_h) : "";
  const std::string busy = c.busy_share ? fmt::format(", busy {:.0f} %", *c.busy_share * 100.0) : "";
  return fmt::format("{} ({} x {}{}{})", c.label, c.gpus, c.gpu, price, busy);
}

// What was compared with what, and on which terms.
std::string compared(const Contender& candidate, const Contender& baseline, const Terms& terms) {
  return fmt::format(
      "compared: {} with {}: {} numbers of GPUs, the same sessions at the same load on both (not the largest "
      "load that "
      "each could bear), price list {}, {} replication{}, {:.4g} % confidence",
      platform(candidate), platform(baseline), candidate.gpus == baseline.gpus ? "equal" : "unequal",
      terms.prices, candidate.slo_sessions.n, candidate.slo_sessions.n == 1 ? "" : "s",
      terms.confidence * 100.0);
}

}  // namespace

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::suffices:
      return "suffices";
    case Outcome::suffices_at_higher_cost:
      return "suffices at higher cost";
    case Outcome::does_not_suffice:
      return "does not suffice";
    case Outcome::inconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

PathPart largest_part(const serving::TimeSplit& path) {
  const std::vector<PathPart> parts = parts_of(path);
  double sum = 0.0;
  for (const PathPart& part : parts) sum += part.seconds;
  PathPart largest = *std::max_element(
      parts.begin(), parts.end(), [](const PathPart& a, const PathPart& b) { return a.seconds < b.seconds; });
  if (sum > 0.0) largest.share = largest.seconds / sum;
  return largest;
}

Verdict judge(const Contender& candidate, const Contender& baseline, const Ratio& cost_ratio,
              const Terms& terms) {
  Verdict v;
  v.candidate = candidate.label;
  v.baseline = baseline.label;
  v.cost_ratio = cost_ratio;
  const Answer answer = meets(candidate.slo_sessions, terms.slo_sessions);
  if (!candidate.slo_sessions.interval)
    judge_without_interval(candidate, baseline, terms, v);
  else if (answer == Answer::yes)
    judge_cost(candidate, baseline, terms, v);
  else
    judge_slo(answer, candidate, baseline, terms, v);
  const Answer rival = meets(baseline.slo_sessions, terms.slo_sessions);
  if (rival == Answer::no)
    v.text += fmt::format("; {} itself misses the SLO ({})", baseline.label, percent(baseline.slo_sessions));
  else if (rival == Answer::open && baseline.slo_sessions.interval)
    v.text += fmt::format("; whether {} itself meets the SLO is open ({})", baseline.label,
                          percent(baseline.slo_sessions));
  v.compared = compared(candidate, baseline, terms);
  return v;
}

}  // namespace agentsim::study

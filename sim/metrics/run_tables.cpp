#include "sim/metrics/run_tables.hpp"

#include <map>

namespace agentsim::metrics {
namespace {

struct SessionRow {
  serving::SessionRecord s;
  bool meets = false;
};

struct CallRow {
  serving::CallRecord c;
  bool meets = false;
};

struct ReplicaRow {
  serving::ReplicaSample r;
  int64_t kv_blocks = 0;
};

std::string share_cell(int64_t part, int64_t whole) {
  return number_cell(static_cast<double>(part) / static_cast<double>(whole));
}

using S = SessionRow;
const std::vector<Column<S>>& session_columns() {
  static const std::vector<Column<S>> columns{
      {"session", "index in the workload", [](const S& r) { return count_cell(r.s.session); }},
      {"name", "the trace's name for it, or the index", [](const S& r) { return text_cell(r.s.name); }},
      {"arrival_s", "first call at the gateway is due",
       [](const S& r) { return seconds_cell(r.s.arrival_s); }},
      {"end_s", "the last reply is back", [](const S& r) { return seconds_cell(r.s.end_s); }},
      {"latency_s", "end_s - arrival_s", [](const S& r) { return seconds_cell(latency_s(r.s)); }},
      {"active_s", "latency_s - human_s", [](const S& r) { return seconds_cell(active_s(r.s)); }},
      {"agents", "agents of the tree", [](const S& r) { return count_cell(r.s.agents); }},
      {"cancelled_agents", "of those, begun and cancelled: others had answered, or nobody waited any more",
       [](const S& r) { return count_cell(r.s.cancelled_agents); }},
      {"calls", "finished calls of all agents", [](const S& r) { return count_cell(r.s.calls); }},
      {"cancelled_calls", "cancelled on their way or at a replica; they have no row in calls.csv",
       [](const S& r) { return count_cell(r.s.cancelled_calls); }},
      {"prompt_tokens", "of all finished calls", [](const S& r) { return count_cell(r.s.prompt_tokens); }},
      {"hit_tokens", "of those, found in the prefix cache",
       [](const S& r) { return count_cell(r.s.hit_tokens); }},
      {"output_tokens", "of all finished calls", [](const S& r) { return count_cell(r.s.output_tokens); }},
      {"preemptions", "of all finished calls", [](const S& r) { return count_cell(r.s.preemptions); }},
      {"meets_slo", "1 if the session meets the SLO", [](const S& r) { return count_cell(r.meets ? 1 : 0); }},
      {"network_s", "critical path: requests and replies on the fabric",
       [](const S& r) { return seconds_cell(r.s.path.network_s); }},
      {"queue_s", "critical path: waiting at a replica",
       [](const S& r) { return seconds_cell(r.s.path.queue_s); }},
      {"prefill_s", "critical path: steps until the first token, without fabric_s",
       [](const S& r) { return seconds_cell(r.s.path.prefill_s); }},
      {"decode_s", "critical path: steps after the first token, without fabric_s",
       [](const S& r) { return seconds_cell(r.s.path.decode_s); }},
      {"recompute_s", "critical path: steps that repeat what a preemption lost, without fabric_s",
       [](const S& r) { return seconds_cell(r.s.path.recompute_s); }},
      {"fabric_s", "critical path: exposed collectives of all those steps",
       [](const S& r) { return seconds_cell(r.s.path.fabric_s); }},
      {"tool_s", "critical path: tools, and the delay before a sub-agent's first call",
       [](const S& r) { return seconds_cell(r.s.path.tool_s); }},
      {"tool_queue_s", "critical path: tools waiting for what they run on",
       [](const S& r) { return seconds_cell(r.s.path.tool_queue_s); }},
      {"human_s",
       "critical path: think time, waiting for a person who is busy included; the nine parts add up to "
       "latency_s",
       [](const S& r) { return seconds_cell(r.s.path.human_s); }},
      {"join_wait_s",
       "agents waiting for their sub-agents and messages, summed; not a part of the path, which runs through "
       "these",
       [](const S& r) { return seconds_cell(r.s.join_wait_s); }},
  };
  return columns;
}

using C = CallRow;
const std::vector<Column<C>>& call_columns() {
  static const std::vector<Column<C>> columns{
      {"session", "index in the workload", [](const C& r) { return count_cell(r.c.session); }},
      {"agent", "0 = root", [](const C& r) { return count_cell(r.c.agent); }},
      {"call", "of the agent, from 0", [](const C& r) { return count_cell(r.c.call); }},
      {"replica", "that served it", [](const C& r) { return count_cell(r.c.replica); }},
      {"arrival_s", "at the gateway", [](const C& r) { return seconds_cell(r.c.arrival_s); }},
      {"queued_s", "at the replica", [](const C& r) { return seconds_cell(r.c.queued_s); }},
      {"scheduled_s", "in a step for the first time",
       [](const C& r) { return seconds_cell(r.c.scheduled_s); }},
      {"first_token_s", "end of the step that gave it",
       [](const C& r) { return seconds_cell(r.c.first_token_s); }},
      {"last_token_s", "end of the step that gave it",
       [](const C& r) { return seconds_cell(r.c.last_token_s); }},
      {"end_s", "the reply is back at the gateway", [](const C& r) { return seconds_cell(r.c.end_s); }},
      {"prompt_tokens", "whole prompt", [](const C& r) { return count_cell(r.c.prompt_tokens); }},
      {"hit_tokens", "prompt tokens found in the prefix cache when first scheduled",
       [](const C& r) { return count_cell(r.c.hit_tokens); }},
      {"output_tokens", "generated", [](const C& r) { return count_cell(r.c.output_tokens); }},
      {"ttft_s", "first_token_s - arrival_s", [](const C& r) { return seconds_cell(ttft_s(r.c)); }},
      {"tpot_s", "(last_token_s - first_token_s) / (output_tokens - 1); empty for one token",
       [](const C& r) { return has_tpot(r.c) ? seconds_cell(tpot_s(r.c)) : ""; }},
      {"e2e_s", "end_s - arrival_s", [](const C& r) { return seconds_cell(e2e_s(r.c)); }},
      {"meets_slo", "1 if the call is within the limits of the SLO",
       [](const C& r) { return count_cell(r.meets ? 1 : 0); }},
      {"preemptions", "times it lost its KV blocks", [](const C& r) { return count_cell(r.c.preemptions); }},
      {"recomputed_tokens", "computed again after preemptions",
       [](const C& r) { return count_cell(r.c.recomputed_tokens); }},
      {"network_s", "part of e2e_s: request and reply on the fabric",
       [](const C& r) { return seconds_cell(r.c.split.network_s); }},
      {"queue_s", "part of e2e_s: waiting at the replica",
       [](const C& r) { return seconds_cell(r.c.split.queue_s); }},
      {"prefill_s", "part of e2e_s: steps until the first token, without fabric_s",
       [](const C& r) { return seconds_cell(r.c.split.prefill_s); }},
      {"decode_s", "part of e2e_s: steps after the first token, without fabric_s",
       [](const C& r) { return seconds_cell(r.c.split.decode_s); }},
      {"recompute_s", "part of e2e_s: steps that repeat what a preemption lost, without fabric_s",
       [](const C& r) { return seconds_cell(r.c.split.recompute_s); }},
      {"fabric_s", "part of e2e_s: exposed collectives of all those steps",
       [](const C& r) { return seconds_cell(r.c.split.fabric_s); }},
  };
  return columns;
}

using R = ReplicaRow;
const std::vector<Column<R>>& replica_columns() {
  static const std::vector<Column<R>> columns{
      {"time_s", "of the sample", [](const R& r) { return seconds_cell(r.r.time_s); }},
      {"replica", "which", [](const R& r) { return count_cell(r.r.replica); }},
      {"running", "calls in steps", [](const R& r) { return count_cell(r.r.running); }},
      {"waiting", "calls in its queue", [](const R& r) { return count_cell(r.r.waiting); }},
      {"kv_used_share", "KV blocks that running calls hold / all",
       [](const R& r) { return share_cell(r.r.kv_used_blocks, r.kv_blocks); }},
      {"kv_cached_share", "KV blocks kept as cached prefixes, held by none / all",
       [](const R& r) { return share_cell(r.r.kv_cached_blocks, r.kv_blocks); }},
      {"busy_s", "time in steps so far", [](const R& r) { return seconds_cell(r.r.busy_s); }},
      {"fabric_s", "of that, exposed collectives", [](const R& r) { return seconds_cell(r.r.fabric_s); }},
      {"steps", "finished so far", [](const R& r) { return count_cell(r.r.work.steps); }},
      {"prefill_tokens", "computed so far", [](const R& r) { return count_cell(r.r.work.prefill_tokens); }},
      {"decode_tokens", "generated so far, first tokens not counted",
       [](const R& r) { return count_cell(r.r.work.decode_tokens); }},
      {"preemptions", "so far", [](const R& r) { return count_cell(r.r.preemptions); }},
      {"evicted_blocks", "cached blocks thrown away so far",
       [](const R& r) { return count_cell(r.r.evicted_blocks); }},
      {"flop", "useful floating-point operations so far, all its GPUs",
       [](const R& r) { return number_cell(r.r.flop); }},
      {"memory_bytes", "weights and KV cache read so far, all its GPUs",
       [](const R& r) { return number_cell(r.r.memory_bytes); }},
  };
  return columns;
}

using L = LinkRow;
const std::vector<Column<L>>& link_columns() {
  static const std::vector<Column<L>> columns{
      {"link", "node/from>to, one direction of a cable", [](const L& r) { return text_cell(r.link); }},
      {"traffic_class", "why the bytes travelled", [](const L& r) { return r.traffic_class; }},
      {"capacity_bytes_per_s", "what transfers can reach",
       [](const L& r) { return number_cell(r.capacity_bytes_per_s); }},
      {"bytes", "carried in the whole run", [](const L& r) { return number_cell(r.bytes); }},
      {"busy_share", "bytes / (capacity x length of the run)",
       [](const L& r) { return number_cell(r.busy_share); }},
  };
  return columns;
}

}  // namespace

std::string sessions_csv(const Recorder& recorder, const SLO& slo) {
  std::map<uint64_t, uint32_t> meeting;
  for (const serving::CallRecord& call : recorder.calls()) meeting[call.session] += meets(slo, call) ? 1 : 0;
  std::vector<S> rows;
  for (const serving::SessionRecord& session : recorder.sessions())
    rows.push_back({session, meets(slo, session, meeting[session.session])});
  return csv(session_columns(), rows);
}

std::string calls_csv(const Recorder& recorder, const SLO& slo) {
  std::vector<C> rows;
  for (const serving::CallRecord& call : recorder.calls()) rows.push_back({call, meets(slo, call)});
  return csv(call_columns(), rows);
}

std::string replicas_csv(const Recorder& recorder, const std::vector<int64_t>& kv_blocks) {
  std::vector<R> rows;
  for (const serving::ReplicaSample& sample : recorder.samples())
    rows.push_back({sample, kv_blocks.at(sample.replica)});
  return csv(replica_columns(), rows);
}

std::string links_csv(const std::vector<LinkRow>& links) {
  return csv(link_columns(), links);
}

std::vector<ColumnDoc> run_columns() {
  std::vector<ColumnDoc> docs;
  document("sessions.csv", session_columns(), docs);
  document("calls.csv", call_columns(), docs);
  document("replicas.csv", replica_columns(), docs);
  document("links.csv", link_columns(), docs);
  return docs;
}

}  // namespace agentsim::metrics

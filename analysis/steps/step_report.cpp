#include "analysis/steps/step_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/units.hpp"
#include "sim/model/gpu_needs.hpp"

namespace agentsim::steps {
namespace {

struct Contexts {
  double all = 0.0;
  double windowed = 0.0;
};

Contexts contexts(const StepRequest& request, double window) {
  Contexts sum;
  for (const StepRequest::Decode& decode : request.decode) {
    const auto sequences = static_cast<double>(decode.sequences);
    sum.all += sequences * (decode.context + 1.0);
    sum.windowed += sequences * std::min(decode.context + 1.0, window);
  }
  return sum;
}

model::Batch batch_of(const StepRequest& request) {
  model::Batch batch;
  batch.chunks = request.chunks;
  batch.finished_prompts = static_cast<int64_t>(request.chunks.size());
  for (const StepRequest::Decode& decode : request.decode) {
    batch.decoding += decode.sequences;
    if (!batch.chunks.empty())
      batch.contexts.insert(batch.contexts.end(), static_cast<size_t>(decode.sequences), decode.context);
  }
  return batch;
}

// The GPU waits for kernels that the host has not launched yet.
void add_waiting(double launches_s, std::vector<StepPart>& parts) {
  double on_gpu_s = 0.0;
  for (const StepPart& part : parts)
    if (part.kind != "host") on_gpu_s += part.total.seconds;
  if (launches_s > on_gpu_s)
    parts.push_back({"waits for launches", "launch", 1.0, {launches_s - on_gpu_s, 0.0, 0.0, 0.0}});
}

// The parts of one pass, on the GPU and without its limits; they come in the same order.
std::vector<StepPart> parts_of(const Unbound& gpu, const model::Deployment& d,
                               const model::ReplicaLinks& links, const model::Batch& batch,
                               const Contexts& at, double host_speed) {
  const auto seconds = [&](const model::Op& op) {
    return op.count *
           (op.compute.fixed_s + op.compute.per_token_s * at.all + op.per_window_token_s * at.windowed);
  };
  std::vector<StepPart> parts;
  const model::StepTime time(d, gpu.as_it_is, links, host_speed);
  time.each_op(batch, [&](const model::Op& op) {
    const double collective_s = op.count * op.collective.seconds(links.rates()[op.lane]);
    const std::string kind = op.name == "host" ? "host" : collective_s > 0.0 ? "collective" : "kernel";
    parts.push_back({op.name, kind, op.count, {seconds(op) + collective_s, 0.0, 0.0, 0.0}});
  });
  const auto fill = [&](const platform::Accelerator& variant, double Bounds::*field) {
    size_t i = 0;
    model::StepTime(d, variant, links).each_op(batch, [&](const model::Op& op) {
      if (parts[i].kind == "kernel") parts[i].total.*field = seconds(op);
      ++i;
    });
  };
  add_waiting(time.launch_s(batch), parts);
  fill(gpu.without_limits, &Bounds::launch_s);
  fill(gpu.without_memory_limit, &Bounds::compute_s);
  fill(gpu.without_compute_limit, &Bounds::memory_s);
  for (StepPart& part : parts) {
    part.total.compute_s = std::max(0.0, part.total.compute_s - part.total.launch_s);
    part.total.memory_s = std::max(0.0, part.total.memory_s - part.total.launch_s);
  }
  return parts;
}

// Parts of the same name are one, in the order in which they first come; what takes no time is left out.
std::vector<StepPart> merged(const std::vector<StepPart>& parts) {
  std::vector<StepPart> all;
  for (const StepPart& part : parts) {
    if (part.total.seconds <= 0.0) continue;
    const auto same = std::find_if(all.begin(), all.end(), [&](const StepPart& p) {
      return p.name == part.name && p.kind == part.kind;
    });
    if (same == all.end()) {
      all.push_back(part);
      continue;
    }
    same->count += part.count;
    same->total += part.total;
  }
  return all;
}

void add_up(StepReport& report) {
  for (const StepPart& part : report.parts) {
    report.pass_s += part.total.seconds;
    if (part.kind == "host") report.host_s += part.total.seconds;
    if (part.kind == "collective") report.collectives_s += part.total.seconds;
    if (part.kind == "launch") report.launch_s += part.total.seconds;
    if (part.kind != "kernel") continue;
    const double launch_s = std::min(part.total.launch_s, part.total.seconds);
    report.launch_s += launch_s;
    (part.total.compute_s > part.total.memory_s ? report.compute_s : report.memory_s) +=
        part.total.seconds - launch_s;
  }
  const std::pair<double, const char*> causes[] = {{report.compute_s, "compute"},
                                                   {report.memory_s, "memory"},
                                                   {report.launch_s, "launch"},
                                                   {report.host_s, "host"},
                                                   {report.collectives_s, "collectives"}};
  report.binds = std::max_element(std::begin(causes), std::end(causes))->second;
}

std::string title_of(const platform::Cluster& cluster, const model::Deployment& d) {
  std::string layout = fmt::format("{} x {}", d.gpus(), cluster.node().gpu.title);
  if (d.tp > 1) layout += fmt::format(", tp {}", d.tp);
  if (d.pp > 1) layout += fmt::format(", pp {}", d.pp);
  if (d.ep > 1) layout += fmt::format(", ep {}", d.ep);
  if (d.dp_attention > 1) layout += fmt::format(", dp_attention {}", d.dp_attention);
  return fmt::format("{} in {} with a {} cache on {} ({}), {}", d.llm.name, d.precision.weights,
                     d.precision.kv, layout, cluster.node().name,
                     d.engine.name.empty() ? "engine of the command line" : d.engine.name);
}

void check(const platform::Cluster& cluster, const model::Deployment& d) {
  std::vector<Diagnostic> mistakes;
  const auto add = [&](const std::string& message) { mistakes.push_back({{}, message, "", {}, ""}); };
  for (const std::string& mistake : model::layout_mistakes(d)) add(mistake);
  if (d.gpus() > cluster.gpu_count())
    add(fmt::format("a replica of {} GPUs does not fit the {} GPUs of {}", d.gpus(), cluster.gpu_count(),
                    cluster.spec().name));
  const platform::Accelerator& gpu = cluster.node().gpu;
  for (const std::string& mistake : model::gpu_mistakes(d, gpu)) add(mistake);
  if (!mistakes.empty()) throw ConfigError(mistakes);
}

}  // namespace

StepReport step_report(const platform::Cluster& cluster, const model::Deployment& d,
                       const StepRequest& request) {
  check(cluster, d);
  const platform::Accelerator& gpu = cluster.node().gpu;
  const model::ReplicaLinks links(cluster, d, 0);
  const double host_speed = cluster.node().host_speed;
  const model::StepTime time(d, gpu, links, host_speed);
  const model::Batch batch = batch_of(request);
  const Contexts at = contexts(request, static_cast<double>(d.llm.attention_window()));
  StepReport report;
  report.title = title_of(cluster, d);
  const model::StepCost cost = time.cost(batch);
  report.seconds = cost.seconds(links.rates(), at.all, at.windowed);
  report.tokens = static_cast<double>(batch.tokens());
  report.micro_batches = static_cast<int64_t>(time.micro_batches(batch).size());
  report.tokens_per_pass = d.speculation.tokens_per_step();
  report.parts = merged(parts_of(Unbound(gpu), d, links, batch, at, host_speed));
  report.kv = model::kv_capacity(d, gpu);
  add_up(report);
  return report;
}

std::string text(const StepReport& r) {
  const auto ms = [](double s) { return fmt::format("{:.3f}", s * 1e3); };
  std::string out = fmt::format("{}\nstep {}: {:.0f} tokens, {:.0f} tokens/s\n", r.title,
                                pretty_time(r.seconds), r.tokens, r.tokens / r.seconds);
  if (r.micro_batches > 1)
    out +=
        fmt::format("{} micro-batches follow each other through the stages; below the way of the largest\n",
                    r.micro_batches);
  if (r.tokens_per_pass > 1.0)
    out += fmt::format(
        "a pass gives {:.2f} tokens of each sequence, and a step is one of them; below the whole pass\n",
        r.tokens_per_pass);
  out += fmt::format("\n{:<28}{:>7}{:>11}{:>8}{:>13}{:>12}{:>12}  {}\n", "part", "count", "ms", "share",
                     "compute, ms", "memory, ms", "launch, ms", "binds");
  for (const StepPart& p : r.parts) {
    out += fmt::format("{:<28}{:>7.4g}{:>11}{:>7.1f}%", p.name, p.count, ms(p.total.seconds),
                       100.0 * p.total.seconds / r.pass_s);
    if (p.kind == "kernel")
      out += fmt::format("{:>13}{:>12}{:>12}  {}", ms(p.total.compute_s), ms(p.total.memory_s),
                         ms(p.total.launch_s), p.total.binds());
    else
      out += fmt::format("{:>13}{:>12}{:>12}  {}", "-", "-", "-", p.kind == "collective" ? "links" : p.kind);
    out += "\n";
  }
  out += fmt::format(
      "\nall parts {} ms: compute {}, memory {}, launch {}, host {}, collectives {}; {} takes most\n",
      ms(r.pass_s), ms(r.compute_s), ms(r.memory_s), ms(r.launch_s), ms(r.host_s), ms(r.collectives_s),
      r.binds);
  const model::KVCapacity& kv = r.kv;
  out += fmt::format(
      "memory of a GPU for the engine {}: weights {}, activations {}, reserve {}{}; {} KV blocks a "
      "replica{}\n",
      pretty_bytes(kv.memory_bytes), pretty_bytes(kv.weight_bytes), pretty_bytes(kv.activation_bytes),
      pretty_bytes(kv.reserve_bytes),
      kv.window_bytes > 0.0 ? ", windows " + pretty_bytes(kv.window_bytes) : "",
      std::max<int64_t>(0, kv.blocks), kv.blocks > 0 ? "" : ": the model does not fit");
  return out;
}

nlohmann::ordered_json to_json(const StepReport& r) {
  nlohmann::ordered_json parts = nlohmann::ordered_json::array();
  for (const StepPart& p : r.parts) {
    nlohmann::ordered_json part{
        {"name", p.name}, {"kind", p.kind}, {"count", p.count}, {"seconds", p.total.seconds}};
    if (p.kind == "kernel")
      part.update({{"compute_s", p.total.compute_s},
                   {"memory_s", p.total.memory_s},
                   {"launch_s", p.total.launch_s},
                   {"binds", p.total.binds()}});
    parts.push_back(part);
  }
  return {{"title", r.title},
          {"step_s", r.seconds},
          {"tokens", r.tokens},
          {"micro_batches", r.micro_batches},
          {"tokens_per_pass", r.tokens_per_pass},
          {"pass_s", r.pass_s},
          {"compute_s", r.compute_s},
          {"memory_s", r.memory_s},
          {"launch_s", r.launch_s},
          {"host_s", r.host_s},
          {"collectives_s", r.collectives_s},
          {"binds", r.binds},
          {"parts", parts},
          {"kv_blocks", r.kv.blocks},
          {"kv_bytes_per_token_and_gpu", r.kv.kv_bytes_per_token},
          {"weight_bytes_per_gpu", r.kv.weight_bytes},
          {"activation_bytes_per_gpu", r.kv.activation_bytes},
          {"reserve_bytes_per_gpu", r.kv.reserve_bytes},
          {"window_bytes_per_gpu", r.kv.window_bytes}};
}

}  // namespace agentsim::steps

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "analysis/steps/kernel_report.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/platform_word.hpp"
#include "sim/base/units.hpp"
#include "sim/model/op_time.hpp"
#include "sim/model/precision.hpp"

namespace agentsim::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  agentsim kernel gemm --gpu h100_sxm --dtype fp8 --m 128 --n 10240 --k 8192
  agentsim kernel prefill_attention --gpu h100_sxm --heads 16 --kv-heads 2 --tokens 2048 --cached 8192
  agentsim kernel decode_attention --gpu rtx_pro_6000_server --heads 32 --kv-heads 8 --sequences 64 --context 4096
  agentsim kernel moe --gpu h100_sxm --hidden 2048 --inter 768 --experts 128 --topk 8 --tokens 64
  agentsim kernel all_reduce --platform rtx_pro_6000_pcie_x1 --gpus 4 --bytes 1MiB
)";

// What any of the kernels takes; each adds the options that it knows.
struct Options {
  std::string gpu, platform, dtype = "bf16", bytes = "1 MiB";
  double m = 0, n = 0, k = 0;
  double heads = 0, kv_heads = 0, head_dim = 128, window = 0, rank = 512, rope = 64;
  double tokens = 0, cached = 0, sequences = 1, context = 0;
  double hidden = 0, inter = 0, experts = 0, topk = 0, skew = 1;
  int gpus = 2;
};

// A number above 0, or also 0 if `low` is below.
CLI::Validator above(double low) {
  return {[low](const std::string& text) -> std::string {
            const std::optional<double> value = parse_number(text);
            if (value && *value <= 1e15 && (*value > 0.0 || (low < 0.0 && *value == 0.0))) return "";
            return fmt::format("wants a number {}, not '{}'", low < 0.0 ? "from 0" : "above 0", text);
          },
          ""};
}

void need(CLI::App* sub, const char* name, double& out, const char* help) {
  sub->add_option(name, out, help)->required()->type_name("N")->check(above(0.0));
}

void may(CLI::App* sub, const char* name, double& out, const char* help) {
  sub->add_option(name, out, help)->type_name("N")->check(above(-1.0))->capture_default_str();
}

void check_dtype(const platform::Accelerator& gpu, const std::string& dtype, bool attention) {
  std::vector<std::string> valid;
  if (attention)
    for (const auto& [type, curve] : gpu.efficiency.decode_attention) valid.push_back(type);
  else
    for (const std::string& type : model::dtype_names())
      if (model::has_products(gpu, type)) valid.push_back(type);
  Diagnostics diagnostics;
  if (std::find(valid.begin(), valid.end(), dtype) == valid.end())
    config::add_unknown_word(config::Value::parse(dtype, "--dtype"), "data type of the gpu " + gpu.name,
                             valid, diagnostics);
  diagnostics.throw_if_any();
}

using Make = std::function<steps::Kernel(const Options&)>;

steps::Kernel gemm(const Options& o) {
  const double size = model::dtype_bytes(o.dtype);
  return {fmt::format("gemm {} m {} n {} k {}", o.dtype, o.m, o.n, o.k),
          [o](const platform::Accelerator& gpu) { return model::gemm_s(gpu, o.dtype, o.m, o.n, o.k); },
          2.0 * o.m * o.n * o.k, (o.m + o.n) * o.k * size + 2.0 * o.m * o.n};
}

model::AttentionShape shape_of(const Options& o) {
  model::AttentionShape shape{o.heads, o.kv_heads, o.head_dim, o.dtype};
  shape.window = o.window;
  return shape;
}

// Query-key pairs of causal attention.
double pairs(const Options& o) {
  if (o.window == 0.0 || o.cached + o.tokens <= o.window)
    return o.tokens * (o.cached + (o.tokens + 1.0) / 2.0);
  const double growing = std::max(0.0, o.window - o.cached);
  return growing * (o.cached + (growing + 1.0) / 2.0) + (o.tokens - growing) * o.window;
}

steps::Kernel prefill_attention(const Options& o) {
  const double size = model::dtype_bytes(o.dtype);
  const double keys = o.tokens + (o.window > 0.0 ? std::min(o.cached, o.window) : o.cached);
  return {
      fmt::format("prefill attention, {} cache: {} of {} new tokens over {}, {} heads and {} KV heads of {}",
                  o.dtype, o.sequences, o.tokens, o.cached, o.heads, o.kv_heads, o.head_dim),
      [o](const platform::Accelerator& gpu) {
        const std::vector<model::Chunk> chunks(static_cast<size_t>(o.sequences), {o.tokens, o.cached});
        return model::prefill_attention_s(gpu, shape_of(o), chunks);
      },
      4.0 * o.sequences * pairs(o) * o.heads * o.head_dim,
      o.sequences * (4.0 * o.tokens * o.heads + 2.0 * keys * o.kv_heads * size) * o.head_dim};
}

steps::Kernel decode_attention(const Options& o) {
  const double keys = o.sequences * (o.window > 0.0 ? std::min(o.context, o.window) : o.context);
  return {fmt::format("decode attention, {} cache: {} sequences of {} tokens, {} heads and {} KV heads of {}",
                      o.dtype, o.sequences, o.context, o.heads, o.kv_heads, o.head_dim),
          [o, keys](const platform::Accelerator& gpu) {
            const model::Affine t = model::decode_attention_s(gpu, shape_of(o), o.sequences);
            return t.fixed_s + t.per_token_s * keys;
          },
          4.0 * keys * o.heads * o.head_dim,
          2.0 * keys * o.kv_heads * o.head_dim * model::dtype_bytes(o.dtype)};
}

steps::Kernel latent_attention(const Options& o) {
  const double keys = o.sequences * o.context;
  return {
      fmt::format("latent decode attention, {} cache: {} sequences of {} tokens, {} heads, rank {} + {}",
                  o.dtype, o.sequences, o.context, o.heads, o.rank, o.rope),
      [o, keys](const platform::Accelerator& gpu) {
        const model::Affine t = model::latent_decode_s(gpu, {o.heads, o.rank, o.rope, o.dtype}, o.sequences);
        return t.fixed_s + t.per_token_s * keys;
      },
      2.0 * keys * o.heads * (2.0 * o.rank + o.rope), keys * (o.rank + o.rope) * model::dtype_bytes(o.dtype)};
}

steps::Kernel moe(const Options& o) {
  model::MoEShape shape;
  shape.hidden = o.hidden;
  shape.inter = o.inter;
  shape.experts = o.experts;
  shape.topk = o.topk;
  shape.touched =
      o.topk < o.experts ? o.experts * (1.0 - std::pow(1.0 - o.topk / o.experts, o.tokens)) : o.experts;
  shape.skew = o.skew;
  shape.dtype = o.dtype;
  const double expert = 3.0 * o.hidden * o.inter;
  return {fmt::format("moe {}: {} tokens visit {} of {} experts of {} x {}, {:.1f} touched", o.dtype,
                      o.tokens, o.topk, o.experts, o.hidden, o.inter, shape.touched),
          [shape, o](const platform::Accelerator& gpu) { return model::moe_s(gpu, shape, o.tokens); },
          2.0 * o.tokens * o.topk * expert, shape.touched * expert * model::dtype_bytes(o.dtype)};
}

steps::Kernel elementwise(const Options& o) {
  double bytes = 0.0;
  Diagnostics diagnostics;
  config::read_quantity(config::Value::parse(o.bytes, "--bytes"), "bytes", Dimension::bytes,
                        config::kPositive, bytes, diagnostics);
  diagnostics.throw_if_any();
  return {fmt::format("elementwise, {} read and written", pretty_bytes(bytes)),
          [bytes](const platform::Accelerator& gpu) { return model::elementwise_s(gpu, bytes); }, 0.0, bytes};
}

// What a kernel's data type is of.
enum class Typed { products, attention, nothing };

CLI::App* add_kernel(CLI::App* kernel, Arguments& arguments, const std::shared_ptr<Options>& o,
                     const char* name, const char* help, Typed typed, const Make& make) {
  CLI::App* sub = kernel->add_subcommand(name, help);
  sub->add_option("--gpu", o->gpu, "the accelerator: a name or a file")->required()->type_name("NAME");
  if (typed != Typed::nothing)
    sub->add_option("--dtype", o->dtype, typed == Typed::products ? "of the operands" : "of the KV cache")
        ->type_name("TYPE")
        ->capture_default_str();
  sub->add_flag("--json", arguments.json, "print JSON");
  sub->callback([&arguments, o, typed, make] {
    const platform::Accelerator gpu = platform::load_accelerator(config::Value::parse(o->gpu, "--gpu"));
    if (typed != Typed::nothing) check_dtype(gpu, o->dtype, typed == Typed::attention);
    steps::KernelReport report = steps::kernel_report(gpu, make(*o));
    report.title += " on " + gpu.title;
    fmt::print("{}", arguments.json ? steps::to_json(report).dump(2) + "\n" : steps::text(report));
  });
  return sub;
}

void add_heads(CLI::App* sub, Options& o) {
  need(sub, "--heads", o.heads, "query heads on the GPU");
  need(sub, "--kv-heads", o.kv_heads, "key-value heads on the GPU");
  may(sub, "--head-dim", o.head_dim, "width of a head");
  may(sub, "--window", o.window, "tokens that a query sees; 0: all");
}

void run_collective(const Options& o, model::Collective collective, const std::string& name, bool json) {
  const platform::Cluster cluster = load_platform(o.platform);
  if (o.gpus > cluster.gpu_count())
    throw ConfigError(fmt::format("--gpus {}: {} has {}", o.gpus, cluster.spec().name, cluster.gpu_count()));
  double bytes = 0.0;
  Diagnostics diagnostics;
  config::read_quantity(config::Value::parse(o.bytes, "--bytes"), "bytes", Dimension::bytes,
                        config::kPositive, bytes, diagnostics);
  diagnostics.throw_if_any();
  std::vector<int> gpus;
  for (int i = 0; i < o.gpus; ++i) gpus.push_back(i);
  const bool several = cluster.node_of(0) != cluster.node_of(o.gpus - 1);
  const model::CollectiveGroup group(cluster, gpus, model::load_protocols(cluster.node().collective_class),
                                     several ? model::load_protocols("network") : model::Protocols{});
  const std::string title =
      fmt::format("{} of {} by {} GPUs of {}", name, pretty_bytes(bytes), o.gpus, cluster.spec().name);
  const steps::CollectiveReport report = steps::collective_report(title, group, collective, bytes);
  fmt::print("{}", json ? steps::to_json(report).dump(2) + "\n" : steps::text(report));
}

void add_collectives(CLI::App* kernel, Arguments& arguments, const std::shared_ptr<Options>& o) {
  for (size_t i = 0; i < model::collective_names().size(); ++i) {
    const std::string& name = model::collective_names()[i];
    CLI::App* sub =
        kernel->add_subcommand(name, "the collective on the first GPUs of a platform, alone on its links");
    sub->add_option("--platform,--node", o->platform, "a cluster or a node: a name or a file")
        ->required()
        ->type_name("NAME");
    if (name != "p2p")
      sub->add_option("--gpus", o->gpus, "GPUs that take part")->type_name("N")->check(CLI::Range(2, 65536));
    sub->add_option("--bytes", o->bytes, "that a GPU holds, as nccl-tests counts")
        ->type_name("SIZE")
        ->capture_default_str();
    sub->add_flag("--json", arguments.json, "print JSON");
    sub->callback([&arguments, o, i, name] {
      run_collective(*o, static_cast<model::Collective>(i), name, arguments.json);
    });
  }
}

}  // namespace

void add_kernel(CLI::App& app, Arguments& arguments) {
  CLI::App* kernel = app.add_subcommand("kernel", "The time of one kernel or collective, and what binds it");
  kernel->require_subcommand(1);
  kernel->footer(kExamples);
  const auto o = std::make_shared<Options>();
  CLI::App* sub = add_kernel(kernel, arguments, o, "gemm", "C[m,n] = A[m,k] B[k,n]", Typed::products, gemm);
  need(sub, "--m", o->m, "rows: tokens");
  need(sub, "--n", o->n, "columns");
  need(sub, "--k", o->k, "inner dimension");
  sub = add_kernel(kernel, arguments, o, "prefill_attention",
                   "causal attention of new tokens over cached ones", Typed::attention, prefill_attention);
  add_heads(sub, *o);
  need(sub, "--tokens", o->tokens, "new tokens of a sequence");
  may(sub, "--cached", o->cached, "tokens before them in the cache");
  may(sub, "--sequences", o->sequences, "alike, in one kernel");
  sub = add_kernel(kernel, arguments, o, "decode_attention", "one new token for each of some sequences",
                   Typed::attention, decode_attention);
  add_heads(sub, *o);
  need(sub, "--sequences", o->sequences, "in the batch");
  need(sub, "--context", o->context, "tokens of each");
  sub = add_kernel(kernel, arguments, o, "latent_attention", "the same over a latent cache (MLA)",
                   Typed::attention, latent_attention);
  need(sub, "--heads", o->heads, "query heads on the GPU");
  may(sub, "--rank", o->rank, "width of the latent vector");
  may(sub, "--rope-dim", o->rope, "width of what carries the position");
  need(sub, "--sequences", o->sequences, "in the batch");
  need(sub, "--context", o->context, "tokens of each");
  sub = add_kernel(kernel, arguments, o, "moe", "the routed experts of one layer", Typed::products, moe);
  need(sub, "--hidden", o->hidden, "width of a token");
  need(sub, "--inter", o->inter, "inner width of an expert");
  need(sub, "--experts", o->experts, "on the GPU");
  need(sub, "--topk", o->topk, "experts that a token visits");
  need(sub, "--tokens", o->tokens, "in the batch");
  may(sub, "--skew", o->skew, "tokens of the busiest expert over the mean");
  sub = add_kernel(kernel, arguments, o, "elementwise", "a kernel that only moves bytes", Typed::nothing,
                   elementwise);
  sub->add_option("--bytes", o->bytes, "read and written")->type_name("SIZE")->capture_default_str();
  add_collectives(kernel, arguments, o);
}

}  // namespace agentsim::cli

#include "analysis/fidelity/table.hpp"
#include "sim/model/op_time.hpp"

// Single kernels as aiconfigurator measured them, on the rows that platforms/fit/first_fit.py judges on.
namespace agentsim::fidelity {
namespace {

// The latter two have curves of a relative: no fit has read their tables, but the same half judges.
const std::vector<std::string> kGPUs{"h100_sxm", "rtx_pro_6000_server", "a100_sxm_80gb", "l40s"};

CsvFile measured_on(const std::string& gpu, const std::string& kernel) {
  return measured("platforms/measured/" + gpu + "/" + kernel + ".csv.gz");
}

std::string dtype(const CsvRow& row, size_t column) {
  return row.text(column) == "bfloat16" ? "bf16" : std::string(row.text(column));
}

class Gemm : public Table {
 public:
  std::string judged_on() const override { return "held-out half, n and k from 512"; }
  std::vector<Target> targets() const override { return {{0.08, 0.25, {}}}; }
  std::vector<Row> rows() const override {
    std::vector<Row> all;
    for (const std::string& name : kGPUs) {
      const platform::Accelerator gpu = gpu_named(name);
      const CsvFile file = measured_on(name, "gemm");
      file.each_row([&](CsvRow& row) {
        const double m = row.number(1), n = row.number(2), k = row.number(3);
        if (n < 512 || k < 512 || !is_held_out(file, row)) return;
        const std::string type = dtype(row, 0);
        all.push_back(
            {name, "gemm " + type, token_class(m), model::gemm_s(gpu, type, m, n, k), row.number(4) * 1e-3});
      });
    }
    return all;
  }
};

// Both tables have the columns attn_dtype, kv_cache_dtype, batch_size, isl or kv_len, num_heads,
// num_key_value_heads, head_dim, latency_ms.
struct Attention {
  model::AttentionShape shape;
  double batch = 0.0;
  double length = 0.0;
  double seconds = 0.0;
};

Attention attention(CsvRow& row) {
  Attention a;
  a.shape.kv_dtype = dtype(row, 1);
  a.batch = row.number(2);
  a.length = row.number(3);
  a.shape.heads = row.number(4);
  a.shape.kv_heads = row.number(5);
  a.shape.head_dim = row.number(6);
  a.seconds = row.number(7) * 1e-3;
  return a;
}

class Prefill : public Table {
 public:
  std::string judged_on() const override {
    return "held-out half, from 16 new tokens; not fp8 of rtx_pro_6000_server, a rejected table: many of its "
           "rows beat the GPU's "
           "peak, and the curve in use is that of bf16";
  }
  std::vector<Target> targets() const override { return {{0.08, 0.25, {}}}; }
  std::vector<Row> rows() const override {
    std::vector<Row> all;
    for (const std::string& name : kGPUs) {
      const platform::Accelerator gpu = gpu_named(name);
      const CsvFile file = measured_on(name, "prefill_attention");
      file.each_row([&](CsvRow& row) {
        const Attention a = attention(row);
        const bool rejected = name == "rtx_pro_6000_server" && a.shape.kv_dtype == "fp8";
        if (rejected || a.length < 16 || !is_held_out(file, row)) return;
        const std::vector<model::Chunk> chunks(static_cast<size_t>(a.batch), {a.length, 0.0});
        all.push_back({name, "prefill attention " + a.shape.kv_dtype, token_class(a.batch * a.length),
                       model::prefill_attention_s(gpu, a.shape, chunks), a.seconds});
      });
    }
    return all;
  }
};

class Decode : public Table {
 public:
  std::string judged_on() const override {
    return "held-out half, from 64 keys, several heads a KV head, caches above twice the L2 or below 1 MB";
  }
  std::vector<Target> targets() const override { return {{0.08, 0.25, {}}}; }
  std::vector<Row> rows() const override {
    std::vector<Row> all;
    for (const std::string& name : kGPUs) {
      const platform::Accelerator gpu = gpu_named(name);
      const CsvFile file = measured_on(name, "decode_attention");
      file.each_row([&](CsvRow& row) {
        const Attention a = attention(row);
        const double keys = a.batch * a.length;
        const double cache =
            keys * 2.0 * a.shape.kv_heads * a.shape.head_dim * (a.shape.kv_dtype == "bf16" ? 2.0 : 1.0);
        // A repeated micro-benchmark keeps a small cache in L2; a real model streams it from memory.
        const bool fair = (cache > 2.0 * gpu.l2_bytes || cache < 1e6) && a.shape.heads > a.shape.kv_heads;
        if (!fair || a.length < 64 || !is_held_out(file, row)) return;
        const model::Affine t = model::decode_attention_s(gpu, a.shape, a.batch);
        all.push_back({name, "decode attention " + a.shape.kv_dtype, cache < 1e6 ? "under 1 MB" : "over 2 L2",
                       t.fixed_s + t.per_token_s * keys, a.seconds});
      });
    }
    return all;
  }
};

const Tables::Entry gemm{"kernel_gemm", "GEMM kernels (aiconfigurator)",
                         [] { return std::make_unique<Gemm>(); }};
const Tables::Entry prefill{"kernel_prefill_attention", "causal attention kernels (aiconfigurator)",
                            [] { return std::make_unique<Prefill>(); }};
const Tables::Entry decode{"kernel_decode_attention", "decode attention kernels (aiconfigurator)",
                           [] { return std::make_unique<Decode>(); }};

}  // namespace
}  // namespace agentsim::fidelity

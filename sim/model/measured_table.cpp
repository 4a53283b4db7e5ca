#include "sim/model/measured_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/csv.hpp"
#include "sim/base/halves.hpp"

namespace agentsim::model {
namespace {

// The columns of one kernel and what makes a row of them.
class Columns {
 public:
  explicit Columns(const CsvFile& csv) : csv_(csv) {}

  double count(CsvRow& row, const char* name, double low = 1.0) const {
    const size_t column = csv_.column(name);
    const double value = row.number(column);
    if (value < low) row.mistake(column, fmt::format("must be at least {}", low));
    return value;
  }

  std::string text(CsvRow& row, const char* name) const { return std::string(row.text(csv_.column(name))); }

  std::string dtype(CsvRow& row, const char* name) const {
    const std::string word = text(row, name);
    if (word == "bfloat16" || word == "float16" || word == "fp16") return "bf16";
    if (word != "bf16" && word != "fp8" && word != "nvfp4")
      row.mistake(csv_.column(name),
                  fmt::format("must be bf16, bfloat16, float16, fp8 or nvfp4, not '{}'", word));
    return word;
  }

  double seconds(CsvRow& row, const char* name = "latency_ms") const {
    const size_t column = csv_.column(name);
    const double value = row.number(column);
    if (value <= 0.0) row.mistake(column, "must be more than 0");
    return value * 1e-3;
  }

 private:
  const CsvFile& csv_;
};

MeasuredGemm gemm_row(const std::string& dtype, double m, double n, double k, double seconds) {
  MeasuredGemm row;
  row.dtype = dtype;
  row.m = m, row.n = n, row.k = k;
  row.seconds = seconds;
  row.is_fitted = even_hash(dtype, m, n, k);
  return row;
}

void read_gemm(const CsvFile& csv, MeasuredTable& table) {
  const Columns c(csv);
  csv.each_row([&](CsvRow& row) {
    const double m = c.count(row, "m"), n = c.count(row, "n"), k = c.count(row, "k");
    table.gemm.push_back(gemm_row(c.dtype(row, "gemm_dtype"), m, n, k, c.seconds(row)));
    table.gemm.back().file = table.files;
  });
}

AttentionShape attention_shape(const Columns& c, CsvRow& row) {
  AttentionShape shape;
  shape.heads = c.count(row, "num_heads");
  shape.kv_heads = c.count(row, "num_key_value_heads");
  shape.head_dim = c.count(row, "head_dim");
  shape.kv_dtype = c.dtype(row, "kv_cache_dtype");
  return shape;
}

void read_prefill(const CsvFile& csv, MeasuredTable& table) {
  const Columns c(csv);
  csv.each_row([&](CsvRow& row) {
    MeasuredPrefill p;
    p.shape = attention_shape(c, row);
    p.sequences = c.count(row, "batch_size");
    p.chunk = {c.count(row, "isl"), csv.has("cached") ? c.count(row, "cached", 0.0) : 0.0};
    p.seconds = c.seconds(row);
    p.is_fitted = even_hash(p.shape.kv_dtype, p.shape.heads, p.shape.kv_heads, p.shape.head_dim, p.sequences,
                            p.chunk.tokens, p.chunk.cached);
    if (csv.has("decoding")) {
      p.decoding = c.count(row, "decoding", 0.0);
      p.context = c.count(row, "context", 0.0);
      p.is_fitted = even_hash(p.shape.kv_dtype, p.shape.heads, p.shape.kv_heads, p.shape.head_dim,
                              p.sequences, p.chunk.tokens, p.chunk.cached, p.decoding, p.context);
    }
    p.file = table.files;
    table.prefill_attention.push_back(std::move(p));
  });
}

void read_decode(const CsvFile& csv, MeasuredTable& table) {
  const Columns c(csv);
  csv.each_row([&](CsvRow& row) {
    MeasuredDecode d;
    d.shape = attention_shape(c, row);
    d.sequences = c.count(row, "batch_size");
    d.context = c.count(row, "kv_len");
    d.seconds = c.seconds(row);
    d.is_fitted = even_hash(d.shape.kv_dtype, d.shape.heads, d.shape.kv_heads, d.shape.head_dim, d.sequences,
                            d.context);
    d.file = table.files;
    table.decode_attention.push_back(std::move(d));
  });
}

void read_moe(const CsvFile& csv, MeasuredTable& table) {
  const Columns c(csv);
  csv.each_row([&](CsvRow& row) {
    MeasuredMoE e;
    e.dtype = c.dtype(row, "moe_dtype");
    e.tokens = c.count(row, "num_tokens");
    e.hidden = c.count(row, "hidden_size");
    e.inter = c.count(row, "inter_size");
    e.topk = c.count(row, "topk");
    e.experts = c.count(row, "num_experts");
    e.tp = c.count(row, "moe_tp_size");
    e.ep = c.count(row, "moe_ep_size");
    e.distribution = c.text(row, "distribution");
    e.seconds = c.seconds(row);
    e.is_fitted =
        even_hash(e.dtype, e.tokens, e.hidden, e.inter, e.topk, e.experts, e.tp, e.ep, e.distribution);
    if (csv.has("touched")) {
      e.touched = c.count(row, "touched");
      e.is_newer = true;
      e.is_fitted = even_hash(e.dtype, e.tokens, e.hidden, e.inter, e.topk, e.experts, e.tp, e.ep, e.touched);
    }
    e.file = table.files;
    table.moe.push_back(std::move(e));
  });
}

MeasuredElementwise elementwise_row(const std::string& kernel, double bytes, double seconds) {
  MeasuredElementwise row;
  row.kernel = kernel;
  row.bytes = bytes;
  row.seconds = seconds;
  row.is_fitted = even_hash(kernel, bytes);
  return row;
}

void read_elementwise(const CsvFile& csv, MeasuredTable& table) {
  const Columns c(csv);
  csv.each_row([&](CsvRow& row) {
    const double bytes = c.count(row, "bytes");
    table.elementwise.push_back(elementwise_row(c.text(row, "kernel"), bytes, c.seconds(row)));
    table.elementwise.back().file = table.files;
  });
}

// One decoder layer op by op, in 16-bit types. Vidur's attn_pre_proj is QKV, mlp_up_proj gate and up. An op
// of which no time was taken has 0.
void read_layers(const CsvFile& csv, MeasuredTable& table, const std::string& gpu) {
  const Columns c(csv);
  csv.each_row([&](CsvRow& row) {
    if (!gpu.empty() && c.text(row, "gpu") != gpu) return;
    const double tp = c.count(row, "tp"), m = c.count(row, "num_tokens"), hidden = c.count(row, "n_embd");
    const double heads = c.count(row, "n_head"), kv_heads = c.count(row, "n_kv_head"),
                 ffn = c.count(row, "n_ffn");
    const double query = hidden / tp;
    const double key = std::max(1.0, kv_heads / tp) * hidden / heads;
    MeasuredLayer layer;
    layer.gpu = c.text(row, "gpu");
    layer.is_fitted = even_hash(layer.gpu, hidden, heads, kv_heads, ffn, tp, m);
    const auto product = [&](const char* column, double n, double k) {
      const double ms = row.number(csv.column(column));
      if (ms <= 0.0) return;
      layer.gemm.push_back(gemm_row("bf16", m, n, k, ms * 1e-3));
      layer.gemm.back().is_fitted = layer.is_fitted;
      layer.seconds += ms * 1e-3;
    };
    product("attn_pre_proj_ms", query + 2.0 * key, hidden);
    product("attn_post_proj_ms", hidden, query);
    product("mlp_up_proj_ms", 2.0 * ffn / tp, hidden);
    product("mlp_down_proj_ms", hidden, ffn / tp);
    const auto move = [&](const char* kernel, const char* column, double elements) {
      const double ms = row.number(csv.column(column));
      if (ms <= 0.0) return;
      layer.elementwise.push_back(elementwise_row(kernel, m * elements * 2.0, ms * 1e-3));
      layer.elementwise.back().is_fitted = layer.is_fitted;
      layer.seconds += ms * 1e-3;
    };
    move("norm", "input_layernorm_ms", 2.0 * hidden);
    move("norm", "post_attention_layernorm_ms", 2.0 * hidden);
    move("activation", "mlp_act_ms", 3.0 * ffn / tp);
    move("add", "add_ms", 3.0 * hidden);
    move("rotary", "attn_rope_ms", 2.0 * (query + key));
    table.layers.push_back(std::move(layer));
  });
}

}  // namespace

void read_measured(const std::string& path, MeasuredTable& table, const std::string& gpu) {
  const CsvFile csv(path);
  ++table.files;
  if (csv.has("gemm_dtype")) return read_gemm(csv, table);
  if (csv.has("isl")) return read_prefill(csv, table);
  if (csv.has("kv_len")) return read_decode(csv, table);
  if (csv.has("moe_dtype")) return read_moe(csv, table);
  if (csv.has("attn_pre_proj_ms")) return read_layers(csv, table, gpu);
  if (csv.has("bytes")) return read_elementwise(csv, table);
  Diagnostic d{Place{path, 0, 0, 1, ""}, "is no table of measured kernels", "", {}, ""};
  d.note =
      "it wants the columns gemm_dtype, isl, kv_len, moe_dtype, attn_pre_proj_ms or bytes: "
      "platforms/measured/README.md";
  throw ConfigError(std::vector<Diagnostic>{std::move(d)});
}

bool beats_peak(const Accelerator& gpu, const MeasuredTable& table, const std::string& kv_dtype) {
  size_t rows = 0, faster = 0;
  for (const MeasuredPrefill& row : table.prefill_attention) {
    if (row.shape.kv_dtype != kv_dtype) continue;
    const double pairs = row.chunk.tokens * (row.chunk.cached + 0.5 * row.chunk.tokens);
    const double flop = 4.0 * row.sequences * row.shape.heads * row.shape.head_dim * pairs;
    ++rows;
    if (flop / row.seconds > gpu.peak.bf16) ++faster;
  }
  return 100 * faster > rows;
}

}  // namespace agentsim::model

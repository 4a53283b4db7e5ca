#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/model/measured_table.hpp"

namespace agentsim::calibration {

enum class Op { gemm, moe, prefill_attention, decode_attention, elementwise };
std::string name_of(Op op);

// One measured kernel that a curve can be asked for.
struct Observation {
  Op op = Op::gemm;
  std::string dtype;  // of the products or the cache; of elementwise kernels ""
  std::string size;   // class of sizes
  double measured_s = 0.0;
  bool is_fitted = false;
  std::function<double(const platform::Accelerator&)> predict;
  size_t file = 0;
};

Observation observe(const model::MeasuredGemm& row);
Observation observe(const model::MeasuredMoE& row);
Observation observe(const model::MeasuredPrefill& row);
Observation observe(const model::MeasuredDecode& row);
Observation observe(const model::MeasuredElementwise& row);

// The rows of a table that say what a whole model would see, in their order. Left out:
//   gemm               n or k below 512, which no matrix of a served model has
//   prefill_attention  fewer than 16 new tokens a sequence
//   decode_attention   fewer than 256 keys (another kernel, without the pass that joins split keys); one head a KV
//                      head; caches from 1 MB to twice the L2, which a repeated benchmark keeps there
std::vector<Observation> observe(const platform::Accelerator& gpu, const model::MeasuredTable& table);

// The project's own tables of a GPU: platforms/measured/<gpu>/*.csv.gz. Empty if there are none.
std::vector<std::string> shipped_tables(const std::string& gpu);

// "1-64", "65-1024" or "over 1024".
std::string token_class(double tokens);

}  // namespace agentsim::calibration

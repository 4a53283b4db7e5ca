#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/platform/accelerator.hpp"

namespace agentsim::model {

// The data types: bf16, fp8 (e4m3), int8, int4 (AWQ, GPTQ), nvfp4, mxfp4.
const std::vector<std::string>& dtype_names();
// Bytes of one element, without scales.
double dtype_bytes(const std::string& dtype);
// Bytes of one weight with its share of scales and zero points. `group` weights share a scale; 0: what is usual
// for the type, which is a row or a block of 128 x 128 for the 8-bit ones (nothing), 128 for int4 (a scale of
// 2 bytes and a zero point of half a byte), 16 for nvfp4 and 32 for mxfp4 (a scale of one byte).
double weight_bytes(const std::string& dtype, int64_t group = 0);

// How published weights are stored, where they are not bf16 (`quantization_config`).
struct Quantisation {
  std::string weights;      // "": bf16
  std::string activations;  // "": follows from the weights
  std::string kv;
  int64_t group = 0;
  bool experts_only = false;  // attention and shared parts stay in bf16
};

// Data types of what is kept and computed. Embedding, head, norms and router stay in bf16.
struct Precision {
  std::string weights = "bf16";
  std::string activations = "auto";  // what goes into the matrix products
  std::string kv = "bf16";
  int64_t group = 0;
  bool experts_only = false;

  // Of the published weights.
  static Precision of(const Quantisation& quantisation);
};

// How a GPU multiplies with weights of a type.
struct Product {
  std::string compute = "bf16";  // type of the matrix product
  double bytes = 2.0;            // of one weight in memory
  std::string kept = {};         // its type there, where it is not multiplied as such

  bool operator==(const Product& o) const {
    return compute == o.compute && bytes == o.bytes && kept == o.kept;
  }
};

// Whether the GPU has matrix products of that type, in hardware and as a curve.
bool has_products(const platform::Accelerator& gpu, const std::string& dtype);

// `activations: auto` takes the type of the weights where the GPU has products of it (fp8, int8, nvfp4);
// else, and for int4 and mxfp4, the weights are turned into bf16 on the way: read at their size, multiplied
// at the rate of bf16. A type that is asked for is taken as it is.
Product product(const Precision& precision, const platform::Accelerator& gpu);
// Of attention, shared experts and dense layers.
Product rest_product(const Precision& precision, const platform::Accelerator& gpu);

// The attention kernel that serves a type of KV cache: bf16, or fp8 for all smaller ones.
std::string attention_type(const std::string& kv);

template <class Visitor>
void describe(Visitor& v, Quantisation& q) {
  v.field("weights", q.weights, "type of the published weights");
  v.field("activations", q.activations, "type that goes into the matrix products");
  v.field("kv", q.kv, "type of the KV cache");
  v.field("group", q.group, config::Bounds{0, 1e6}, "weights that share a scale");
  v.field("experts_only", q.experts_only, "attention and shared parts stay in bf16");
}

template <class Visitor>
void describe(Visitor& v, Precision& p) {
  v.choice("weights", p.weights, dtype_names(), "of the weights of the matrices");
  v.choice("activations", p.activations, {"auto", "bf16", "fp8", "int8", "nvfp4"},
           "of what goes into the matrix products");
  v.choice("kv", p.kv, {"bf16", "fp8", "int8", "nvfp4"}, "of the KV cache");
  v.field("group", p.group, config::Bounds{0, 1e6}, "weights that share a scale; 0: usual for the type");
  v.field("experts_only", p.experts_only, "attention, shared experts and dense layers stay in bf16");
}

}  // namespace agentsim::model

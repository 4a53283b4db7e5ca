#include "sim/model/precision.hpp"

#include <doctest/doctest.h>

#include "sim/base/contract.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

Product of(const std::string& weights, const std::string& activations, const std::string& on) {
  Precision p;
  p.weights = weights;
  p.activations = activations;
  return product(p, gpu(on));
}

TEST_CASE("a weight has the bytes of its type and its share of scales") {
  CHECK(weight_bytes("bf16") == 2.0);
  CHECK(weight_bytes("fp8") == 1.0);
  CHECK(weight_bytes("int8") == 1.0);
  CHECK(weight_bytes("int4") == 0.5 + 2.5 / 128);  // scale in fp16, zero point in 4 bits
  CHECK(weight_bytes("int4", 32) == 0.5 + 2.5 / 32);
  CHECK(weight_bytes("nvfp4") == 0.5 + 1.0 / 16);
  CHECK(weight_bytes("mxfp4") == 0.5 + 1.0 / 32);
  CHECK_THROWS_AS(weight_bytes("fp64"), ContractViolation);
}

TEST_CASE("products take the type of the weights where the GPU has it, else bf16 at the weights' size") {
  CHECK(of("fp8", "auto", "h100_sxm") == Product{"fp8", 1.0});
  CHECK(of("fp8", "auto", "a100_sxm_80gb") == Product{"bf16", 1.0});
  CHECK(of("int4", "auto", "h100_sxm") == Product{"bf16", 0.51953125, "int4"});
  CHECK(of("mxfp4", "auto", "h100_sxm") == Product{"bf16", 0.53125, "mxfp4"});
  CHECK(of("nvfp4", "auto", "rtx_pro_6000_server").compute == "nvfp4");
  CHECK(of("nvfp4", "auto", "h100_sxm").compute == "bf16");
}

TEST_CASE("activations that are asked for are taken") {
  CHECK(of("int4", "fp8", "h100_sxm").compute == "fp8");
  CHECK(of("fp8", "bf16", "h100_sxm").compute == "bf16");
}

TEST_CASE("weights of the experts alone leave the rest in bf16") {
  const Precision p = Precision::of(llm("gpt_oss_120b").quantisation);
  CHECK(product(p, gpu("h100_sxm")) == Product{"bf16", 0.53125, "mxfp4"});
  CHECK(rest_product(p, gpu("h100_sxm")) == Product{"bf16", 2.0});
}

}  // namespace
}  // namespace agentsim::model

#include "sim/network/traffic.hpp"

#include "sim/base/contract.hpp"

namespace agentsim::network {

const char* name(TrafficClass traffic) {
  switch (traffic) {
    case TrafficClass::tensor_parallel:
      return "tensor_parallel";
    case TrafficClass::expert_parallel:
      return "expert_parallel";
    case TrafficClass::pipeline:
      return "pipeline";
    case TrafficClass::kv_handoff:
      return "kv_handoff";
    case TrafficClass::kv_offload:
      return "kv_offload";
    case TrafficClass::kv_fetch:
      return "kv_fetch";
    case TrafficClass::weights:
      return "weights";
    case TrafficClass::ingress:
      return "ingress";
    case TrafficClass::egress:
      return "egress";
    case TrafficClass::tool:
      return "tool";
    case TrafficClass::background:
      return "background";
  }
  throw ContractViolation("unknown traffic class");
}

}  // namespace agentsim::network

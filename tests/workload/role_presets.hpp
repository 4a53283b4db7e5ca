#pragma once

#include <map>
#include <string>

namespace agentsim::workload {

// Every role file with the role or mix that its sessions begin with.
inline const std::map<std::string, std::string> kPresets{
    {"chat", "chat"},
    {"claude_code_fitted", "session"},
    {"coding_agent", "engineer"},
    {"coding_sub_agents", "coding_lead"},
    {"companion", "companion"},
    {"computer_use", "operator"},
    {"customer_support", "support_agent"},
    {"deep_research", "research_lead"},
    {"disposable_software", "builder"},
    {"general_agent", "general_agent"},
    {"live_translation", "interpreter"},
    {"periodic_calls", "device"},
    {"super_individual", "task"},
    {"swe_batch", "swe_agent"},
    {"tool_agent", "tool_agent"},
    {"web_multi_agent", "orchestrator"},
};

}  // namespace agentsim::workload

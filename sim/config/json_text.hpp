#pragma once

#include <string>

namespace agentsim::config {

// Throws ConfigError at line and column of `name` if `text` is not JSON. JSON is YAML too, but YAML takes much
// that is not JSON and describes the rest in other words.
void check_json(const std::string& text, const std::string& name);

}  // namespace agentsim::config

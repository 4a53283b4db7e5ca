#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace agentsim {

// The whole text of a file; `.gz` is decompressed. Throws ConfigError: missing, unreadable, truncated .gz.
std::string read_text(const std::string& path);

// Calls `line` for each line (without its end) with its number from 1; the file is streamed, so memory does
// not grow with it. `.gz` is decompressed. Throws as read_text does.
void read_lines(const std::string& path, const std::function<void(std::string_view line, int number)>& line);

}  // namespace agentsim

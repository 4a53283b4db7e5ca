#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace agentsim {

// "2026-06-01T05:40:20.151Z", "2023-11-16 18:17:03.9799600", "...+02:00" -> nanoseconds since 1970 (ISO 8601;
// without a zone: UTC). Nothing if it is no such time.
std::optional<int64_t> parse_iso_time(std::string_view text);

}  // namespace agentsim

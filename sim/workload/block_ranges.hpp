#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

namespace agentsim::workload {

// Numbers [first, last] of blocks.
template <class Number>
struct Range {
  Number first = 0;
  Number last = 0;

  Number blocks() const { return last - first + 1; }
};

// Reads "1-1523;1525;1530-1531", each number less than `limit`. False if it is something else.
template <class Number>
bool parse_ranges(std::string_view text, Number limit, std::vector<Range<Number>>& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    Range<Number> range;
    const auto first = std::from_chars(at, end, range.first);
    if (first.ec != std::errc()) return false;
    range.last = range.first;
    at = first.ptr;
    if (at != end && *at == '-') {
      const auto last = std::from_chars(at + 1, end, range.last);
      if (last.ec != std::errc()) return false;
      at = last.ptr;
    }
    if (range.last < range.first || range.last >= limit) return false;
    out.push_back(range);
    if (at == end) return true;
    if (*at != ';' || at + 1 == end) return false;
    ++at;
  }
  return true;
}

}  // namespace agentsim::workload

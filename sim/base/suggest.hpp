#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agentsim {

// Damerau-Levenshtein distance (adjacent transpositions count as one edit).
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word` if it is near enough to be a slip of the pen, else "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "a, b, c", sorted.
std::string sorted_list(std::vector<std::string> words);

}  // namespace agentsim

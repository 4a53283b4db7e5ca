#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentsim {

// What a number measures. Inside the program every quantity is a double in the base unit of its dimension;
// unit words exist only in YAML and in the names of output columns.
enum class Dimension {
  number,        // no unit
  time,          // s
  bytes,         // byte
  bandwidth,     // byte/s
  compute,       // FLOP/s
  rate,          // 1/s
  power,         // W
  money,         // USD
  money_rate,    // USD/s
  money_energy,  // USD/J
  money_power,   // USD/(W s)
};

// "a time such as '50 us' or '2 h'"
std::string description(Dimension dimension);

// The unit words understood for a dimension.
std::vector<std::string> unit_words(Dimension dimension);

// "50us", "400 Gbps", "80GiB", "2/min", "1.69 USD/h" -> the value in the base unit. Nothing if the text is
// not a finite number followed by a unit of that dimension. A bare 0 needs no unit.
std::optional<double> parse_quantity(std::string_view text, Dimension dimension);

// The number at the start of the text and the word after it; nothing if there is no finite number.
std::optional<double> parse_number(std::string_view text, std::string* rest = nullptr);

// For people: "1.5 GB/s", "350 us", "3.2 h". At most four digits.
std::string pretty_time(double seconds);
std::string pretty_bytes(double bytes);
std::string pretty_bandwidth(double bytes_per_s);
std::string pretty_count(double count);

}  // namespace agentsim

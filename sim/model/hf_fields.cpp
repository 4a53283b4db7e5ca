#include "sim/model/hf_fields.hpp"

#include <fmt/format.h>

#include <cmath>

namespace agentsim::model {

const config::Value* HfFields::find(const std::string& name) const {
  const config::Value* found = map_.find(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

int64_t HfFields::whole(const config::Value& value, const std::string& name, int64_t otherwise) {
  double number = 0.0;
  if (!config::read_quantity(value, name, Dimension::number, {0, 1e12}, number, diagnostics_))
    return otherwise;
  if (number == std::floor(number)) return static_cast<int64_t>(number);
  diagnostics_.add(value.mistake(fmt::format("'{}' wants a whole number, not {}", name, value.scalar())));
  return otherwise;
}

int64_t HfFields::need(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const config::Value* found = find(name);
    if (found == nullptr) continue;
    const size_t before = diagnostics_.size();
    const int64_t number = whole(*found, name, 1);
    if (number == 0 && diagnostics_.size() == before)
      diagnostics_.add(found->mistake(fmt::format("'{}' must be above 0", name)));
    return number > 0 ? number : 1;
  }
  missing_.push_back(names.front());
  return 1;
}

int64_t HfFields::get(const std::string& name, int64_t otherwise) {
  const config::Value* found = find(name);
  return found == nullptr ? otherwise : whole(*found, name, otherwise);
}

bool HfFields::flag(const std::string& name, bool otherwise) {
  const config::Value* found = find(name);
  if (found == nullptr) return otherwise;
  if (found->is_scalar() && (found->scalar() == "true" || found->scalar() == "false"))
    return found->scalar() == "true";
  diagnostics_.add(found->mistake(fmt::format("'{}' wants true or false", name)));
  return otherwise;
}

std::string HfFields::word(const std::string& name, const std::string& otherwise) {
  const config::Value* found = find(name);
  return found != nullptr && found->is_scalar() ? found->scalar() : otherwise;
}

std::vector<std::string> HfFields::words(const std::string& name) const {
  std::vector<std::string> all;
  const config::Value* found = find(name);
  if (found == nullptr || !found->is_list()) return all;
  for (const config::Value& item : found->items())
    if (item.is_scalar()) all.push_back(item.scalar());
  return all;
}

}  // namespace agentsim::model

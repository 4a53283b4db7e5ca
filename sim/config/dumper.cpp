#include "sim/config/dumper.hpp"

#include <nlohmann/json.hpp>

namespace agentsim::config {

Dumper::Dumper() : Dumper(Kind::object) {}
Dumper::Dumper(Kind kind)
    : json_(std::make_unique<Json>(kind == Kind::array ? Json::array() : Json::object())) {}
Dumper::~Dumper() = default;

void Dumper::field(const std::string& key, double& out, Dimension, Bounds, const char*, Need) {
  put(key, out);
}
void Dumper::field(const std::string& key, int64_t& out, Bounds, const char*, Need) {
  put(key, out);
}
void Dumper::field(const std::string& key, bool& out, const char*, Need) {
  put(key, out);
}
void Dumper::field(const std::string& key, std::string& out, const char*, Need) {
  put(key, out);
}
void Dumper::choice(const std::string& key, std::string& out, const std::vector<std::string>&, const char*,
                    Need) {
  put(key, out);
}

void Dumper::put(const std::string& key, const Json& value) {
  (*json_)[key] = value;
}
void Dumper::append(const Json& value) {
  json_->push_back(value);
}

}  // namespace agentsim::config

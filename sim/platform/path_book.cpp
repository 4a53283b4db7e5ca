#include "sim/platform/path_book.hpp"

#include "sim/config/library.hpp"

namespace agentsim::platform {

PathBook load_path_book(const config::Value& word, Diagnostics& diagnostics) {
  const std::string path = (config::Library::root() / "platforms" / "paths.yaml").string();
  const config::Value file = config::Value::load(path);
  const config::Value* sets = file.find("sets");
  const config::Value* wanted = sets != nullptr ? sets->find(word.scalar()) : nullptr;
  PathBook book;
  if (wanted == nullptr) {
    std::vector<std::string> names;
    if (sets != nullptr)
      for (const auto& [key, value] : sets->entries()) names.push_back(key.scalar());
    config::add_unknown_word(word, "set of paths", names, diagnostics);
    return book;
  }
  book.name = word.scalar();
  config::read_map(*wanted, "'" + book.name + "'", book, diagnostics);
  return book;
}

}  // namespace agentsim::platform

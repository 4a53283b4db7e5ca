#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace agentsim {

// A file that is written piece by piece and appears whole or not at all: the pieces go to
// `<path>.partial-<pid>`, and commit() renames that. A name that ends in .gz is compressed. Whatever was not
// committed is removed by the destructor. Errors are RunErrors.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  void commit();

 private:
  struct Streams;
  void check() const;
  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::unique_ptr<Streams> streams_;
};

}  // namespace agentsim

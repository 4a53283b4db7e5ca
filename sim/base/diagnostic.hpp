#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace agentsim {

// Where a value stands in a text. Lines and columns count from 1; 0 means "the file as a whole".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  int width = 1;            // characters to underline
  std::string source_line;  // the text of that line, without its end
};

// One mistake of the user's, with all that is needed to mend it.
struct Diagnostic {
  Place place;
  std::string message;
  std::string suggestion;          // "did you mean ..." word, or ""
  std::vector<std::string> valid;  // valid values, or empty
  std::string note;                // a further line, or ""

  // file:line:col: message / the line / a caret / valid: ...
  std::string text() const;
};

// The user's mistakes, all that were found in one go. Exit status 2.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Diagnostic> diagnostics);
  // A mistake that has no place in a file (a command-line word, a missing file).
  explicit ConfigError(const std::string& message);

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

// Collects mistakes so that one run reports them all.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { items_.push_back(std::move(diagnostic)); }
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  // Throws ConfigError, in order of place, if there is anything to report.
  void throw_if_any();

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace agentsim

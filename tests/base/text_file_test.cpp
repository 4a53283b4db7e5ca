#include "sim/base/text_file.hpp"

#include <doctest/doctest.h>

#include "sim/base/diagnostic.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim {
namespace {

using Lines = std::vector<std::pair<std::string, int>>;

Lines lines_of(const std::string& path) {
  Lines all;
  read_lines(path, [&](std::string_view line, int number) { all.emplace_back(line, number); });
  return all;
}

// What is wrong with the file, as both readers must say it; the test folder's name is left out.
std::string error_of(const TestFolder& folder, const std::string& name) {
  const std::string path = folder.file(name);
  std::string text = message_of<ConfigError>([&] { read_text(path); });
  CHECK(text == message_of<ConfigError>([&] { lines_of(path); }));
  const std::string prefix = folder.path().string() + "/";
  for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
    text.erase(at, prefix.size());
  return text;
}

// Twenty thousand lines that do not compress to a single block.
std::string long_text() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 20011) + "," + std::to_string(i) + "\n";
  return text;
}

TEST_CASE("a text is read byte by byte whether it is compressed or not") {
  const TestFolder folder;
  for (const std::string& text :
       {std::string("one\r\ntwo\n\nthree"), std::string(), std::string("a\0b\n", 4), long_text()}) {
    CHECK(read_text(folder.write("t.txt", text)) == text);
    CHECK(read_text(folder.write("t.txt.gz", gzipped(text))) == text);
  }
}

TEST_CASE("lines come without their ends and with their numbers from one") {
  const TestFolder folder;
  const std::string text = "one\r\ntwo\n\nfour";
  const Lines expected{{"one", 1}, {"two", 2}, {"", 3}, {"four", 4}};
  CHECK(lines_of(folder.write("t.csv", text)) == expected);
  CHECK(lines_of(folder.write("t.csv.gz", gzipped(text))) == expected);
  CHECK(lines_of(folder.write("empty.csv", "")).empty());
  CHECK(lines_of(folder.write("ended.csv", "x\n")) == Lines{{"x", 1}});
}

TEST_CASE("a missing file is answered with the nearest name beside it") {
  const TestFolder folder;
  folder.write("sessions.csv", "");
  folder.write("other.txt", "");
  CHECK(error_of(folder, "sesions.csv") == "sesions.csv: no such file, did you mean 'sessions.csv'?");
  CHECK(error_of(folder, "quite_different.json") == "quite_different.json: no such file");
  CHECK(error_of(folder, "no/such/folder.csv") == "no/such/folder.csv: no such file");
}

TEST_CASE("a folder is not read as a file") {
  const TestFolder folder;
  folder.write("sub/file", "");
  CHECK(error_of(folder, "sub") == "sub: is a folder, not a file");
}

TEST_CASE("a gzip file that ends early is refused wherever it was cut") {
  // Given a file cut in its header, in its data, in its checksum and by its last byte.
  const TestFolder folder;
  const std::string whole = gzipped(long_text());
  for (const size_t length : {size_t{1}, size_t{9}, size_t{200}, whole.size() / 2, whole.size() - 9,
                              whole.size() - 4, whole.size() - 1}) {
    CAPTURE(length);
    folder.write("cut.csv.gz", whole.substr(0, length));
    CHECK(error_of(folder, "cut.csv.gz") == "cut.csv.gz: is not a complete gzip file (truncated or damaged)");
  }
}

TEST_CASE("a gzip file with a wrong byte or no gzip at all is refused") {
  const TestFolder folder;
  std::string damaged = gzipped(long_text());
  damaged[damaged.size() - 6] = static_cast<char>(~damaged[damaged.size() - 6]);  // in the checksum
  folder.write("damaged.gz", damaged);
  CHECK(error_of(folder, "damaged.gz") == "damaged.gz: is not a complete gzip file (truncated or damaged)");
  folder.write("plain.gz", "this is plain text, and long enough for a header\n");
  CHECK(error_of(folder, "plain.gz") == "plain.gz: is not a complete gzip file (truncated or damaged)");
}

TEST_CASE("what the caller throws from a line reaches the caller") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv.gz", gzipped("a\nb\n"));
  int seen = 0;
  const auto stop = [&](std::string_view, int) {
    ++seen;
    throw ConfigError("enough");
  };
  CHECK(message_of<ConfigError>([&] { read_lines(file, stop); }) == "enough");
  CHECK(seen == 1);
}

}  // namespace
}  // namespace agentsim

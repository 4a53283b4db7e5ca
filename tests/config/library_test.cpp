#include "sim/config/library.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/base/suggest.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::config {
namespace {

namespace fs = std::filesystem;

// The file that a word of a scenario names, or the mistake.
std::string found(const std::string& yaml, const std::string& file = "s.yaml") {
  Diagnostics diagnostics;
  const std::string path = Library::find(Value::parse(yaml, file), "gpu", "platforms/gpus", diagnostics);
  const std::string error = message_of<ConfigError>([&] { diagnostics.throw_if_any(); });
  CHECK(path.empty() == !error.empty());
  return error.empty() ? path : error;
}

TEST_CASE("the names of a folder are those of its YAML files in order") {
  const std::vector<std::string> names = Library::names("platforms/gpus");
  std::vector<std::string> expected;
  for (const auto& entry : fs::directory_iterator(Library::root() / "platforms" / "gpus"))
    if (entry.path().extension() == ".yaml") expected.push_back(entry.path().stem().string());
  std::sort(expected.begin(), expected.end());
  CHECK(names == expected);
  CHECK(std::count(names.begin(), names.end(), "h100_sxm") == 1);
  CHECK(std::count(names.begin(), names.end(), "rtx_pro_6000_server") == 1);
  CHECK(Library::names("platforms/no_such_folder").empty());
}

TEST_CASE("each shipped file bears the name that is written in it") {
  for (const char* folder : {"platforms/gpus", "platforms/nodes", "platforms/clusters", "platforms/engines",
                             "platforms/prices", "scenarios/models"}) {
    REQUIRE_FALSE(Library::names(folder).empty());
    for (const std::string& name : Library::names(folder)) {
      CAPTURE(std::string(folder));
      CAPTURE(name);
      const Value file = Value::load((Library::root() / folder / (name + ".yaml")).string());
      REQUIRE(file.find("name") != nullptr);
      CHECK(file.find("name")->scalar() == name);
      CHECK(file.find("title") != nullptr);
    }
  }
}

TEST_CASE("a word names a file of the folder") {
  CHECK(fs::equivalent(found("h100_sxm"), Library::root() / "platforms/gpus/h100_sxm.yaml"));
}

TEST_CASE("a path is relative to the file that says it before the root") {
  const TestFolder folder;
  const std::string scenario = folder.write("my/s.yaml", "");
  const std::string own = folder.write("my/platforms/gpus/h100_sxm.yaml", "");
  const std::string other = folder.write("gpu.yaml", "");
  CHECK(fs::equivalent(found("platforms/gpus/h100_sxm.yaml", scenario), own));
  CHECK(fs::equivalent(found("../gpu.yaml", scenario), other));
  CHECK(fs::equivalent(found("platforms/gpus/rtx_pro_6000_server.yaml", scenario),
                       Library::root() / "platforms/gpus/rtx_pro_6000_server.yaml"));
}

TEST_CASE("an unknown name is answered with the nearest and all names") {
  CHECK(found("h100_smx") ==
        "s.yaml:1:1: unknown gpu 'h100_smx'\n"
        "    1 | h100_smx\n"
        "      | ^~~~~~~~ did you mean 'h100_sxm'?\n"
        "  valid: " +
            sorted_list(Library::names("platforms/gpus")));
}

TEST_CASE("a path to no file is answered with the nearest file beside it") {
  const TestFolder folder;
  folder.write("gpus/mine.yaml", "");
  const std::string scenario = folder.write("s.yaml", "");
  CHECK(found("gpus/mime.yaml", scenario) == scenario +
                                                 ":1:1: no such file: 'gpus/mime.yaml'\n"
                                                 "    1 | gpus/mime.yaml\n"
                                                 "      | ^~~~~~~~~~~~~~ did you mean 'gpus/mine.yaml'?");
}

TEST_CASE("a list names no file") {
  CHECK(found("[a]") ==
        "s.yaml:1:1: a gpu is a name or a file, not a list\n"
        "    1 | [a]\n"
        "      | ^");
}

TEST_CASE("an inline map is taken as it stands and a name is loaded") {
  Diagnostics diagnostics;
  Value out;
  REQUIRE(Library::load(Value::parse("{name: own}", "s.yaml"), "gpu", "platforms/gpus", out, diagnostics));
  CHECK(out.find("name")->scalar() == "own");
  REQUIRE(Library::load(Value::parse("h100_sxm", "s.yaml"), "gpu", "platforms/gpus", out, diagnostics));
  CHECK(out.find("name")->scalar() == "h100_sxm");
  CHECK(diagnostics.empty());
  CHECK_FALSE(Library::load(Value::parse("nothing", "s.yaml"), "gpu", "platforms/gpus", out, diagnostics));
  CHECK(diagnostics.size() == 1);
}

}  // namespace
}  // namespace agentsim::config

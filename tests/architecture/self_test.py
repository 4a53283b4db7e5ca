"""The checks find what they look for, each on a project made for it."""

import tempfile
import unittest
from pathlib import Path

import check_columns
import check_readme
import file_sizes
import include_arrows
import listed_sources
import machine_paths
import tree


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
        return self.root / path

    def test_an_arrow_down_the_list_is_told_with_its_place(self):
        self.write("sim/base/units.cpp", '#include "sim/base/units.hpp"\n#include "sim/config/value.hpp"\n')
        self.write("sim/scenario.cpp", '#include "sim/metrics/recorder.hpp"\n')
        self.write("analysis/cost/cost.cpp", '#include "cli/run.hpp"\n')
        self.assertEqual(
            include_arrows.faults(self.root),
            [
                "analysis/cost/cost.cpp:1: analysis may not include cli (cli/run.hpp)",
                "sim/base/units.cpp:2: base may not include config (sim/config/value.hpp)",
            ],
        )

    def test_a_confined_header_is_allowed_at_home_only(self):
        self.write("sim/network/fabric.cpp", "#include <simgrid/s4u.hpp>\n")
        self.write("sim/simulation.cpp", "#include <simgrid/s4u.hpp>\n#include <yaml-cpp/yaml.h>\n")
        self.write("cli/main.cpp", "#include <CLI/CLI.hpp>\n")
        self.assertEqual(
            include_arrows.faults(self.root),
            ["sim/simulation.cpp:2: <yaml-cpp/yaml.h> belongs in sim/config/ only"],
        )

    def test_a_header_is_named_from_the_root(self):
        self.write("sim/base/units.cpp", '#include "units.hpp"\n')
        self.assertEqual(len(include_arrows.faults(self.root)), 1)

    def test_functions_are_found_with_their_lengths(self):
        text = """namespace a {
constexpr int kTable[] = {f(1), 2};
enum class Kind { one, two };
class Box : public Base {
 public:
  explicit Box(int size)
      : size_{size}, lid_(size) {
    auto grow = [&](int by) {
      size_ += by;
    };
    grow(1);
  }
  int size() const { return size_; }
  std::vector<int> all{1, 2};
};
template <class T>
T make(std::pair<int, int> of) {
  // A brace in a comment: {
  return {"{", '{', 1'000};
}
const auto twice = [](int x) {
  return 2 * x;
};
}  // namespace a
"""
        found = list(file_sizes.functions(tree.without_comments(text)))
        self.assertEqual(found, [(6, 7), (13, 1), (16, 5), (21, 3)])

    def test_long_files_and_functions_are_told(self):
        body = "  g();\n" * 69
        self.write("sim/base/long.cpp", f"void f() {{\n{body}}}\n" * 6)
        faults, files, lengths = file_sizes.measure(self.root)
        self.assertEqual((files, lengths), ([426], [71] * 6))
        self.assertEqual(len(faults), 7)

    def test_a_machine_path_is_told(self):
        self.write("notes.md", "see /" + "root/x and https://example.org/" + "work/x\n")
        self.assertEqual(machine_paths.faults(self.root), ["notes.md:1: /" + "root/ is a place on one machine"])

    def test_a_forgotten_source_is_told(self):
        self.write("CMakeLists.txt", "add_subdirectory(tests)\n")
        self.write("tests/CMakeLists.txt", "add_subdirectory(base)\n")
        self.write("tests/cost/CMakeLists.txt", "target_sources(t PRIVATE a_test.cpp)\n")
        self.write("tests/cost/a_test.cpp", "")
        self.write("tests/base/CMakeLists.txt", "target_sources(t PRIVATE deep/b_test.cpp other_c_test.cpp)\n")
        for name in ("deep/b_test.cpp", "c_test.cpp", "other_c_test.cpp"):
            self.write(f"tests/base/{name}", "")
        told = [fault.split(":")[0] for fault in listed_sources.faults(self.root)]
        self.assertEqual(told, ["tests/base/c_test.cpp", "tests/cost/a_test.cpp"])

    def test_columns_and_documents_are_compared_both_ways(self):
        table = "| column | unit | meaning |\n| --- | --- | --- |\n| `a_s` | s | time |\n| gone | - | was |\n"
        document = self.write("output.md", f"# Files\n## `calls.csv`\n{table}\n## links.csv\n{table}")
        self.write("results/x/calls.csv", "a_s,b\n1,2\n")
        told = [fault.split(": ", 1)[1] for fault in check_columns.faults([self.root / "results"], document)]
        self.assertEqual(
            told,
            [
                "links.csv is documented but not written",
                "column b is not documented",
                "documented column gone is missing",
            ],
        )

    def test_a_command_of_the_readme_that_fails_is_told(self):
        fake = self.write("fake", "#!/bin/sh\necho x > results\nexec test $1 = good\n")
        fake.chmod(0o755)
        block = "```sh\n./run\nbuild/release/agentsim \\\n  good\nbuild/release/agentsim bad # why\n```\n"
        readme = self.write("README.md", block + "```\n./not-taken\n```\n")
        told = check_readme.faults(readme, fake)
        lines = [fault.split("\n")[0] for fault in told]
        self.assertEqual(lines, ["README.md: exit 1: build/release/agentsim bad # why"])
        self.assertFalse((self.root / "results").exists())


if __name__ == "__main__":
    unittest.main()

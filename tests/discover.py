"""Writes one ctest entry per test case of a doctest binary: discover.py BINARY SOURCE_DIR OUTPUT.cmake

doctest's own CMake function leaves the file name out, and with it the room (`ctest -R network`).
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def quoted(text):
    """A CMake argument in which nothing is special."""
    mark = "="
    while f"]{mark}]" in str(text):
        mark += "="
    return f"[{mark}[{text}]{mark}]"


def entry(binary, source, name, filename, skipped):
    """The ctest name and the commands for one test case."""
    # A compiler cache may have made the path relative to the folder of the build.
    path = os.path.relpath(filename, source / "tests") if os.path.isabs(filename) else filename
    path = Path(path).as_posix().rpartition("../tests/")[2]
    test = f"{path.removesuffix('_test.cpp')}: {name}"
    # In a doctest filter the comma and the backslash are special and a question mark is any character.
    case = name.replace(",", "?").replace("\\", "?")
    command = [binary, f"--source-file=*{path}", f"--test-case={case}"]
    properties = {
        "WORKING_DIRECTORY": source,
        "ENVIRONMENT": f"AGENTSIM_HOME={source}",
        "LABELS": path.split("/")[0],
        "FAIL_REGULAR_EXPRESSION": "test cases: *0 [|]",  # no test case is success to doctest
        "DISABLED": skipped,
    }
    pairs = " ".join(f"{key} {quoted(value)}" for key, value in properties.items())
    return test, (
        f"add_test({quoted(test)} {' '.join(map(quoted, command))})\n"
        f"set_tests_properties({quoted(test)} PROPERTIES {pairs})\n"
    )


def main():
    binary, source, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    listing = subprocess.run(
        [binary, "--list-test-cases", "--reporters=xml"], check=True, stdout=subprocess.PIPE, cwd=source
    ).stdout
    entries = {}
    for case in xml.fromstring(listing).iter("TestCase"):
        name, text = entry(
            binary, source, case.get("name"), case.get("filename"), case.get("skipped") == "true"
        )
        if name in entries:
            sys.exit(f"{case.get('filename')}:{case.get('line')}: another test is called '{case.get('name')}'")
        entries[name] = text
    output.write_text("".join(entries.values()))


main()

"""Simulated times against those that are checked in: golden.py check|update PROGRAM SCENARIO.yaml

The expected files stand in a folder named after the scenario. Counts and words must be equal; seconds and other
numbers may differ in the fifth digit, because compilers and libraries round differently. After a change that is meant
to change results, `update` writes the files anew; look at their difference before you commit it.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ("summary.json", "calls.csv")
RELATIVE = 1e-4
ABSOLUTE = 2e-9  # calls.csv has whole nanoseconds
SHOWN = 20


def near(actual, expected):
    return abs(actual - expected) <= ABSOLUTE + RELATIVE * abs(expected)


def json_faults(actual, expected, place):
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            if key not in actual or key not in expected:
                yield f"{place}.{key} is {'missing' if key in expected else 'new'}"
            else:
                yield from json_faults(actual[key], expected[key], f"{place}.{key}")
        return
    numbers = [type(value) in (int, float) for value in (actual, expected)]
    tolerant = all(numbers) and float in (type(actual), type(expected))
    if not (near(actual, expected) if tolerant else actual == expected):
        yield f"{place} is {actual}, expected {expected}"


def cell_is_right(column, actual, expected):
    if actual == expected:
        return True
    if not column.endswith("_s") or not actual or not expected:
        return False
    return near(float(actual), float(expected))


def csv_faults(actual, expected):
    actual, expected = list(csv.reader(actual.splitlines())), list(csv.reader(expected.splitlines()))
    if actual[0] != expected[0]:
        yield f"calls.csv has the columns {actual[0]}, expected {expected[0]}"
        return
    if len(actual) != len(expected):
        yield f"calls.csv has {len(actual) - 1} rows, expected {len(expected) - 1}"
        return
    for number, (row, other) in enumerate(zip(actual, expected), start=1):
        for column, cell, right in zip(expected[0], row, other):
            if not cell_is_right(column, cell, right):
                yield f"calls.csv:{number}: {column} is {cell}, expected {right}"


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("check", "update"):
        sys.exit(__doc__)
    command, program, scenario = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    expected_folder = scenario.with_suffix("")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        run = [program, "run", scenario, "--quiet", "--out", out]
        if subprocess.run(run, env={"AGENTSIM_HOME": str(ROOT), **os.environ}, stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"{scenario} does not run")
        actual = {name: (out / name).read_text() for name in FILES}
    if command == "update":
        expected_folder.mkdir(exist_ok=True)
        for name, text in actual.items():
            (expected_folder / name).write_text(text)
        return
    expected = {name: (expected_folder / name).read_text() for name in FILES}
    faults = list(json_faults(*(json.loads(text["summary.json"]) for text in (actual, expected)), "summary"))
    faults += csv_faults(actual["calls.csv"], expected["calls.csv"])
    for fault in faults[:SHOWN]:
        print(fault)
    if faults:
        sys.exit(f"{len(faults)} differences; if they are meant: golden.py update {program} {scenario}")


main()

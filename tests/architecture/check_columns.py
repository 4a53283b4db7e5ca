"""Each column of each CSV that the program writes is documented, and nothing else is.

    check_columns.py RESULTS_DIR... docs/output.md

The document has a heading with the file's name and below it a table `| column | unit | meaning |`.
"""

import csv
import re
import sys
from pathlib import Path

import tree


def written(folders):
    """{file name: {path: columns}}"""
    files = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.csv")):
            with path.open(newline="") as lines:
                files.setdefault(path.name, {})[path] = next(csv.reader(lines), [])
    return files


def documented(text):
    """{file name: {column: unit and meaning}}"""
    files, here, in_table = {}, [], False
    for line in text.splitlines():
        cells = [cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if line.startswith("#"):
            here = re.findall(r"[\w.-]+\.csv", line)
            for name in here:
                files.setdefault(name, {})
        elif not cells:
            in_table = False
        elif cells[0] == "column":
            in_table = True
        elif in_table and not re.fullmatch(r":?-+:?", cells[0]):
            for name in here:
                files[name][cells[0]] = cells[1:]
    return files


def faults(folders, document):
    found = []
    told, seen = documented(document.read_text()), written(folders)
    for name in sorted(told.keys() - seen.keys()):
        found.append(f"{document}: {name} is documented but not written")
    for name in sorted(seen.keys() - told.keys()):
        found.append(f"{document}: {name} is written but has no heading")
    for name in sorted(told.keys() & seen.keys()):
        for path, columns in seen[name].items():
            found += [f"{path}: column {c} is not documented" for c in columns if c not in told[name]]
            found += [f"{path}: documented column {c} is missing" for c in told[name] if c not in columns]
        for column, cells in told[name].items():
            if len(cells) < 2 or not cells[1]:
                found.append(f"{document}: {name}: {column} needs a unit (or -) and a meaning")
    return found


if __name__ == "__main__":
    *results, output_md = map(Path, sys.argv[1:])
    tree.tell(faults(results, output_md), "every column is documented")

"""No file names a place that only its author has: machine_paths.py [ROOT]"""

import re
import sys
from pathlib import Path

import tree

# The brackets keep the pattern from finding itself.
BANNED = re.compile(r"(?<![\w.])(/[w]ork/|/[r]oot/|/[h]ome/\w+/|/[t]mp/bash)")


def faults(root):
    found = []
    for path in tree.project_files(root):
        try:
            text = (root / path).read_text()
        except UnicodeDecodeError:
            continue  # no text
        for number, line in enumerate(text.splitlines(), 1):
            banned = BANNED.search(line)
            if banned:
                found.append(f"{path}:{number}: {banned.group()} is a place on one machine")
    return found


if __name__ == "__main__":
    tree.tell(faults(Path(*sys.argv[1:])), "no machine paths")

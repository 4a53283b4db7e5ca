"""Reads the includes: sim <- analysis <- cli, inside sim only up the list, engines behind their rooms.

    include_arrows.py [ROOT]
"""

import re
import sys
from pathlib import Path

import tree

# Each room and the rooms that it may include besides itself; "sim" is what stands in sim/ directly.
KNOWS = {
    "base": "",
    "config": "base",
    "workload": "base config",
    "platform": "base config",
    "model": "base config platform",
    "network": "base platform",
    "serving": "base workload model network",
    "metrics": "base config workload serving",
    "sim": "base config workload platform model network serving metrics",
    "analysis": "base config workload platform model network serving metrics sim",
    "cli": "base config workload platform model network serving metrics sim analysis",
}
# Headers that are the business of a few files.
CONFINED = {
    "simgrid/": ("sim/network/", "sim/simulation."),
    "xbt/": ("sim/network/", "sim/simulation."),
    "yaml-cpp/": ("sim/config/",),
    "CLI/": ("cli/",),
    "nlopt": ("analysis/calibration/",),
}


def room(path):
    parts = Path(path).parts
    return parts[1] if parts[0] == "sim" and len(parts) > 2 else parts[0]


def fault(path, bracket, header):
    if bracket == "<":
        for prefix, homes in CONFINED.items():
            if header.startswith(prefix) and not path.startswith(homes):
                return f"<{header}> belongs in {' and '.join(homes)} only"
        return None
    if not header.startswith(("sim/", "analysis/", "cli/")):
        return f'"{header}" is not written from the root of the project'
    source, target = room(path), room(header)
    if source not in KNOWS:
        return f"the room {source} is not in the list of {Path(__file__).name}"
    if target != source and target not in KNOWS[source].split():
        return f"{source} may not include {target} ({header})"
    return None


def faults(root):
    found = []
    for path in tree.cpp_files(root):
        for number, line in enumerate((root / path).read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            message = include and fault(path.as_posix(), *include.groups())
            if message:
                found.append(f"{path}:{number}: {message}")
    return found


if __name__ == "__main__":
    tree.tell(faults(Path(*sys.argv[1:])), "every include points up the list of rooms")

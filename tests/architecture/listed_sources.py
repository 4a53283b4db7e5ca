"""Every .cpp is built: it stands in the CMakeLists.txt of its folder or of one above. listed_sources.py [ROOT]"""

import re
import sys
from pathlib import Path

import tree


def is_listed(root, path):
    for folder in path.parents:
        lists = root / folder / "CMakeLists.txt"
        if lists.is_file():
            name = re.escape(path.relative_to(folder).as_posix())
            return re.search(rf"(?<![\w./-]){name}(?![\w./-])", lists.read_text()) is not None
    return False


def faults(root):
    sources = tree.cpp_files(root, ("sim", "analysis", "cli", "tests"))
    return [
        f"{path}: not in the CMakeLists.txt above it, so it is not built"
        for path in sources
        if path.suffix == ".cpp" and not is_listed(root, path)
    ]


if __name__ == "__main__":
    tree.tell(faults(Path(*sys.argv[1:])), "every source file is built")

"""Every .cpp stands in a CMakeLists.txt and is built: listed_sources.py [ROOT]"""

import re
import sys
from pathlib import Path

import tree


def is_built(root, path):
    """Named in the nearest CMakeLists.txt above, whose folder is named in the next, and so on."""
    for folder in path.parents:
        lists = root / folder / "CMakeLists.txt"
        if lists.is_file():
            name = re.escape(path.relative_to(folder).as_posix())
            named = re.search(rf"(?<![\w./-]){name}(?![\w./-])", lists.read_text())
            return named is not None and (folder == Path() or is_built(root, folder))
    return False


def faults(root):
    sources = tree.cpp_files(root, ("sim", "analysis", "cli", "tests"))
    return [
        f"{path}: not built: it or its folder is missing in the CMakeLists.txt above"
        for path in sources
        if path.suffix == ".cpp" and not is_built(root, path)
    ]


if __name__ == "__main__":
    tree.tell(faults(Path(*sys.argv[1:])), "every source file is built")

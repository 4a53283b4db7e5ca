"""What the checks of the architecture share: which files there are, and how faults are told."""

import re
import subprocess
import sys
from pathlib import Path


def cpp_files(root, rooms=("sim", "analysis", "cli")):
    """The .cpp and .hpp files of the product, as paths relative to the root."""
    found = [path for room in rooms for path in (root / room).rglob("*.[ch]pp")]
    return sorted(path.relative_to(root) for path in found)


def project_files(root):
    """All files but those that git ignores; without git, all but the build and the results."""
    git = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-coz", "--exclude-standard"]
    try:
        listed = subprocess.run(git, check=True, capture_output=True, text=True).stdout.split("\0")
        paths = [Path(name) for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path.relative_to(root) for path in root.rglob("*")]
        paths = [path for path in paths if path.parts[0] not in (".git", "build", "results")]
    return sorted(path for path in paths if (root / path).is_file())


def without_comments(text):
    """The same C++ lines with the contents of comments, strings and characters left out."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''

    def blank(match):
        piece = match.group()
        lines = "\n" * piece.count("\n")
        return lines if piece.startswith("/") else piece[0] + lines + piece[-1]

    # A quote between digits (100'000) is no character literal.
    return re.sub(pattern, blank, re.sub(r"(?<=\d)'(?=\d)", "", text), flags=re.DOTALL)


def tell(faults, good):
    """Ends the check: the faults, one a line, or what holds."""
    print("\n".join(faults) if faults else good)
    sys.exit(1 if faults else 0)

"""Runs the commands of a README: check_readme.py README.md AGENTSIM

Taken are the lines of its ```sh blocks that begin with build/release/agentsim or ./, but not ./run and ./check.
They run in order in a scratch copy of the project folder, so what they write does not stay.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import tree


def commands(text):
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"build/release/agentsim\b|\./(?!(run|check)\b)", line):
                yield line


def link_project(root, scratch, binary):
    """The project by links, and the binary where a release build puts it."""
    for path in root.iterdir():
        if path.name not in ("build", "results"):
            (scratch / path.name).symlink_to(path)
    (scratch / "build" / "release").mkdir(parents=True)
    (scratch / "build" / "release" / "agentsim").symlink_to(binary)


def faults(readme, binary):
    found, count = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        link_project(readme.parent, Path(scratch), binary)
        for line in commands(readme.read_text()):
            count += 1
            done = subprocess.run(
                ["bash", "-c", line], cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            print(f"[{done.returncode}] {line}", flush=True)
            if done.returncode != 0:
                found.append(f"{readme.name}: exit {done.returncode}: {line}\n{done.stdout}")
    return found if count else [f"{readme.name}: no command found"]


if __name__ == "__main__":
    tree.tell(faults(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()), "every command ends well")

"""Runs one mistake and compares all that the program says: run_case.py AGENTSIM SOURCE_DIR CASE.expected [--print]

The first line of CASE.expected is the command, `$ agentsim ...`; the rest is what must stand on stderr. The command
runs in a copy of this folder, so a mistake can be tried by hand here. It must end with status 2, print nothing on
stdout and leave no file or folder behind. Lists that grow with the program stand as {list KIND} (what `agentsim
list KIND` names), {commands} and {options COMMAND}.
"""

import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def listed(run, placeholder):
    """The words of a list, in the order of the alphabet."""
    kind, _, argument = placeholder.partition(" ")
    if kind == "list":
        words = re.findall(r"^  (\S+)", run("list", argument).stdout, re.MULTILINE)
    elif kind == "commands":
        words = re.findall(r"^  (\w+) ", run("--help").stdout.split("Subcommands:")[1].split("\n\n")[0], re.MULTILINE)
    else:
        words = re.findall(r"(?<![\w-])(--[a-z-]+)(?= |,|$)", run(argument, "--help").stdout, re.MULTILINE)
    return ", ".join(sorted(set(words)))


def main():
    binary, source, expected = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]).resolve()
    command, _, wanted = expected.read_text().partition("\n")
    words = shlex.split(command)
    if words[:2] != ["$", "agentsim"]:
        sys.exit(f"{expected}:1: is not a command like '$ agentsim check x.yaml'")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(expected.parent, folder, dirs_exist_ok=True)
        before = sorted(Path(folder).rglob("*"))
        environment = dict(os.environ, AGENTSIM_HOME=str(source))

        def run(*arguments):
            return subprocess.run(
                [binary, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
            )

        result = run(*words[2:])
        if sys.argv[4:] == ["--print"]:
            print(command, result.stderr, sep="\n", end="")
            return
        wanted = re.sub(r"\{((list \w+|commands|options \w+))\}", lambda match: listed(run, match[1]), wanted)
        faults = list(
            difflib.unified_diff(wanted.splitlines(), result.stderr.splitlines(), "expected", "stderr", lineterm="")
        )
        if result.returncode != 2:
            faults.append(f"the exit status is {result.returncode}, not 2")
        if result.stdout:
            faults.append(f"this is on stdout:\n{result.stdout}")
        left = [str(path.relative_to(folder)) for path in sorted(Path(folder).rglob("*")) if path not in before]
        if left:
            faults.append(f"this was left behind: {', '.join(left)}")
    print("\n".join(faults) if faults else "as expected")
    sys.exit(1 if faults else 0)


main()

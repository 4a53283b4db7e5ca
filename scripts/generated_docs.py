#!/usr/bin/env python3
"""Keeps what the program prints in the documents: the table and verdict of README.md, the columns of docs/output.md,
docs/fidelity.md.

    scripts/generated_docs.py write     after a change of results; also draws the picture if matplotlib is there
    scripts/generated_docs.py check [AGENTSIM]
                                        fails if a document differs; numbers may differ by 0.2 %, because other
                                        versions of the mathematical library round the last digit otherwise
"""

import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build" / "release" / "agentsim"
SCENARIO = "scenarios/pcie_vs_nvlink.yaml"
BEGIN, END = "<!-- generated: compare -->\n", "<!-- end -->"
FIDELITY = """# Fidelity: simulated against measured

Written by `scripts/generated_docs.py write` from `agentsim fidelity --markdown`. Errors are |simulated / measured - 1|;
bias is the median ratio less one. A target holds for each GPU and op of a table by itself, over all sizes: it is met if
all of them meet it, and otherwise the furthest is named; the columns `median` and `p90` are over all rows together.
Sample `out`: no fit has read the rows that are judged; `in`: one has. Sources of the tables:
`tests/validation/data/README.md`. `agentsim fidelity TABLE --rows` prints every single row.

"""
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def printed(program, *arguments):
    return subprocess.run([program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def with_block(text, block):
    head, rest = text.split(BEGIN)
    return head + BEGIN + block + END + rest.split(END, 1)[1]


def with_columns(text, columns):
    return text[: text.index("### sessions.csv")] + columns


def alike(a, b):
    """Equal words; numbers within 0.2 % or a unit of their last digit."""
    if NUMBER.sub("#", " ".join(a.split())) != NUMBER.sub("#", " ".join(b.split())):
        return False
    for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)):
        digit = 10.0 ** -len(x.partition(".")[2])
        if not math.isclose(float(x), float(y), rel_tol=2e-3, abs_tol=1.5 * digit):
            return False
    return True


def main(mode, program):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        report = printed(program, "compare", SCENARIO, "--out", str(out))
        report = "".join(line for line in report.splitlines(True) if not line.startswith("fingerprint")).rstrip()
        wanted = {
            ROOT / "README.md": lambda text: with_block(text, f"```\n{report}\n```\n"),
            ROOT / "docs" / "output.md": lambda text: with_columns(text, printed(program, "list", "columns")),
            ROOT / "docs" / "fidelity.md": lambda text: FIDELITY + printed(program, "fidelity", "--markdown"),
        }
        stale = []
        for path, renew in wanted.items():
            text = path.read_text()
            renewed = renew(text)
            if mode == "write":
                path.write_text(renewed)
            elif not alike(text, renewed):
                stale.append(str(path.relative_to(ROOT)))
        if stale:
            sys.exit(f"{', '.join(stale)}: differs from what the program prints; run scripts/generated_docs.py write")
        if mode == "write":
            drawn = subprocess.run(["/usr/bin/python3", ROOT / "analysis" / "plots" / "compare.py", out,
                                    ROOT / "docs" / "pcie_vs_nvlink.svg"], check=False)
            if drawn.returncode != 0:
                sys.exit("the picture was not drawn; it needs python3-matplotlib and python3-pandas")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else PROGRAM)

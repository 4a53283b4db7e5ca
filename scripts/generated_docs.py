#!/usr/bin/env python3
"""Keeps what the program prints in the documents: the table and verdict of README.md, the columns of docs/output.md,
docs/fidelity.md, the tables of docs/fit.md; and the fitted roles in scenarios/roles/claude_code_fitted.yaml.

    scripts/generated_docs.py write     after a change of results; also draws the picture if matplotlib is there
    scripts/generated_docs.py check [AGENTSIM]
                                        fails if a document differs; numbers may differ by 0.2 %, because other
                                        versions of the mathematical library round the last digit otherwise
"""

import json
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
TRACE = "scenarios/traces/claude_code_533_sessions.csv.gz"
FITTED = "scenarios/roles/claude_code_fitted.yaml"
FIT_BEGIN = "<!-- generated: fit -->\n"
FIT_NOTE = ("Source: callanjfox/kv-cache-tester @94f6046, Apache-2.0 (scenarios/traces/README.md); gaps of tools are cut to "
            "10 min, of people to 30 min.")
FIT_SPLITS = 5
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def printed(program, *arguments):
    return subprocess.run([program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def with_block(text, block, begin=BEGIN):
    head, rest = text.split(begin)
    return head + begin + block + END + rest.split(END, 1)[1]


def import_trace(program, folder):
    plans = Path(folder) / "plans.jsonl"
    subprocess.run([program, "import", "claude_code_csv", TRACE, "-o", plans, "--quiet"], cwd=ROOT, check=True,
                   stderr=subprocess.DEVNULL)
    return plans


def latencies(program, folder):
    """Name, replayed and drawn seconds of a session's mean and 90th percentile, whole and without people."""
    summaries = []
    for scenario in ("replayed", "drawn"):
        out = Path(folder) / scenario
        printed(program, "run", f"tests/fitting/{scenario}.yaml", "--out", out, "--quiet")
        summaries.append(json.loads((out / "summary.json").read_text()))
    for key, name in (("session_latency_s", "session"), ("session_active_s", "active session")):
        for figure in ("mean", "p90"):
            yield (f"{name}, {figure}", *(summary[key][figure] for summary in summaries))


def fit_tables(program, folder):
    """What stands in docs/fit.md, and the text of the fitted roles."""
    plans, roles = import_trace(program, folder), Path(folder) / "roles.yaml"
    tables = printed(program, "fit", plans, "-o", roles, "--note", FIT_NOTE, "--markdown", "--halves", str(FIT_SPLITS))
    rows = [f"| {name} | {replayed:.0f} s | {drawn:.0f} s | {100 * (drawn / replayed - 1):+.1f} % |\n"
            for name, replayed, drawn in latencies(program, folder)]
    tables += ("\nThe recorded sessions replayed, and 9000 drawn ones, on eight H100 with Llama-3.1-8B, 16 sessions at a "
               "time\n(`tests/fitting/replayed.yaml`, `drawn.yaml`):\n\n"
               "| | replayed | drawn | |\n| --- | --- | --- | --- |\n" + "".join(rows))
    return tables, roles.read_text()


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
        tables, roles = fit_tables(program, folder)
        wanted = {
            ROOT / "README.md": lambda text: with_block(text, f"```\n{report}\n```\n"),
            ROOT / "docs" / "output.md": lambda text: with_columns(text, printed(program, "list", "columns")),
            ROOT / FITTED: lambda _: roles,
            ROOT / "docs" / "fit.md": lambda text: with_block(text, tables, FIT_BEGIN),
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

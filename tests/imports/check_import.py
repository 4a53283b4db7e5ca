"""What is read from a sample against what is checked in: check_import.py check|update AGENTSIM FORMAT SAMPLE EXPECTED

EXPECTED holds the report, a hash of all plans, and the first of them. After a change that is meant, `update` writes
it anew; look at the difference before you commit it.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 3


def read(agentsim, form, sample):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "plans.jsonl"
        command = [agentsim, "import", form, sample, "-o", out]
        done = subprocess.run(command, cwd=ROOT, env={"AGENTSIM_HOME": str(ROOT), **os.environ}, capture_output=True,
                              text=True)
        if done.returncode != 0:
            sys.exit(f"{sample} is not read: {done.stderr}")
        plans = out.read_bytes()
        again = Path(folder) / "again.jsonl"
        subprocess.run([agentsim, "import", "plan_jsonl", out, "-o", again, "--quiet"], cwd=ROOT, check=True,
                       env={"AGENTSIM_HOME": str(ROOT), **os.environ}, stderr=subprocess.DEVNULL)
        if again.read_bytes() != plans:
            sys.exit("the plans change when they are read and written again")
    first = plans.decode().splitlines(True)[:SHOWN]
    return f"{done.stdout}sha256 {hashlib.sha256(plans).hexdigest()}\n{''.join(first)}"


def main():
    if len(sys.argv) != 6 or sys.argv[1] not in ("check", "update"):
        sys.exit(__doc__)
    mode, agentsim, form, sample, expected = sys.argv[1:]
    actual = read(agentsim, form, sample)
    if mode == "update":
        Path(expected).write_text(actual)
    elif actual != Path(expected).read_text():
        print(actual)
        sys.exit(f"differs from {expected}; if that is meant: check_import.py update ...")


main()

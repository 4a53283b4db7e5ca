"""A fit of the shipped trace against the trace and the shipped roles: check_fit.py AGENTSIM

Imports the 533 recorded sessions, fits roles, and fails if
  - a regenerated percentile is beyond its limit (10 % up to P90, 20 % above),
  - mean or 90th percentile of a session's latency differ by more than 10 % between replay and generation,
  - fits of halves differ from the other half by more than the halves do themselves and the limit of the percentile,
    in the mean of 2 splits by chance, or 5 with AGENTSIM_LONG=1.
The drawn sessions come from scenarios/roles/claude_code_fitted.yaml, which scripts/generated_docs.py holds.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from generated_docs import import_trace, latencies  # noqa: E402


def percentile_faults(entry):
    name = f"P{entry['percent']:g} of '{entry['measure']}'"
    if entry["error"] is None or entry["error"] > entry["limit"]:
        yield f"{name} is {entry['recorded']:g} recorded and {entry['regenerated']:g} regenerated"
    error, noise = entry["half_error"], entry["half_noise"]
    if noise is not None and (error is None or error > noise + entry["limit"]):
        yield f"{name}: the fit of a half is off by {error}, the halves by {noise}"


def main():
    program = sys.argv[1]
    is_long = os.environ.get("AGENTSIM_LONG", "0") not in ("", "0")
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        plans = import_trace(program, folder)
        printed = subprocess.run([program, "fit", plans, "--json", "--halves", "5" if is_long else "2"], cwd=ROOT,
                                 check=True, capture_output=True, text=True).stdout
        for entry in json.loads(printed)["percentiles"]:
            faults += percentile_faults(entry)
        for name, replayed, drawn in latencies(program, folder):
            print(f"{name}: {replayed:.1f} s replayed, {drawn:.1f} s drawn")
            if abs(drawn / replayed - 1.0) > 0.1:
                faults.append(f"{name} is {replayed:.1f} s replayed and {drawn:.1f} s drawn")
    print("\n".join(faults) if faults else "as expected")
    sys.exit(1 if faults else 0)


main()

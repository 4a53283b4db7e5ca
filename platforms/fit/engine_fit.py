#!/usr/bin/env python3
"""Fits the host overheads of serving engines to served runs.

    python3 platforms/fit/engine_fit.py build/release/agentsim [ENGINE...]      # a minute

Reads the fit half of the runs in `agentsim fidelity inferencex apex`, and prints for each engine

    host_overhead + host_overhead_per_sequence * sequences + host_overhead_per_prompt * prompts that a step ends

with the least soft-L1 logarithmic error of TPOT and of latency. Each overhead moves them almost linearly, so a few
runs of the simulator at nearby values give the slopes, and the least squares are solved on those; twice, from where
the first solution is. Overheads are not negative. The other half of the runs judges (docs/fidelity.md).
"""
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("host_overhead", "host_overhead_per_sequence", "host_overhead_per_prompt")
STEPS = np.array([0.3e-3, 10e-6, 1e-3])
# Which runs speak for an engine, by what fidelity calls them.
RUNS = {
    "sglang": r"(TPOT|E2E) sglang .* TP[28]$",  # TP1 is short of memory, which is no matter of overheads
    "trt_llm_dynamo": r"(TPOT|E2E) trtllm ",
    "vllm_v1_dynamo": r"(TPOT|E2E) vllm Qwen3",
    "vllm_v1": r"(TPOT|E2E) vllm Llama",
    "vllm_v0": r"mean (TPOT|TTFT)",
}


def home_with_own_engines():
    """A copy of the project's data folders in links, but for the engines, which are files of its own."""
    home = Path(tempfile.mkdtemp(prefix="engine_fit"))
    (home / "platforms").mkdir()
    for name in ("scenarios", "tests"):
        (home / name).symlink_to(ROOT / name)
    for entry in (ROOT / "platforms").iterdir():
        if entry.name == "engines":
            shutil.copytree(entry, home / "platforms" / "engines")
        else:
            (home / "platforms" / entry.name).symlink_to(entry)
    return home


def set_overheads(file, seconds):
    """Writes the three overheads of an engine's file; returns nothing."""
    lines = [line for line in file.read_text().splitlines() if not re.match(rf"({'|'.join(KEYS)}):", line)]
    lines[1:1] = [f"{key}: {value * 1e6:.3f}us" for key, value in zip(KEYS, seconds)]
    file.write_text("\n".join(lines) + "\n")


def overheads(file):
    """The three of an engine's file, in seconds."""
    text = file.read_text()
    scale = {"us": 1e-6, "ms": 1e-3}
    found = [re.search(rf"^{key}: ([0-9.]+)(us|ms)", text, re.M) for key in KEYS]
    return np.array([float(f[1]) * scale[f[2]] if f else 0.0 for f in found])


def simulate(agentsim, home, points):
    """Logarithms of simulated over measured by engine, at each engine's point."""
    for engine, seconds in points.items():
        set_overheads(home / "platforms" / "engines" / f"{engine}.yaml", np.maximum(seconds, 0.0))
    out = subprocess.run([agentsim, "fidelity", "inferencex", "apex", "--rows"], check=True,
                         capture_output=True, text=True, env={**os.environ, "AGENTSIM_HOME": str(home)}).stdout
    rows = [r for r in csv.DictReader(io.StringIO(out)) if r["half"] == "fit"]
    return {engine: np.array([np.log(float(r["simulated"]) / float(r["measured"])) for r in rows
                              if re.search(RUNS[engine], r["op"])]) for engine in points}


def main(agentsim, engines):
    home = home_with_own_engines()
    points = {e: overheads(home / "platforms" / "engines" / f"{e}.yaml") for e in engines or RUNS}
    for _ in range(2):
        base = simulate(agentsim, home, points)
        slopes = {engine: [] for engine in points}
        for i, step in enumerate(STEPS):
            moved = simulate(agentsim, home, {e: p + step * (np.arange(3) == i) for e, p in points.items()})
            for engine in points:
                slopes[engine].append((moved[engine] - base[engine]) / step)
        for engine, at in points.items():
            slope, start = np.array(slopes[engine]).T, base[engine]
            # A step moves a run of its own size; the fit may not leave what was looked at by far.
            fit = least_squares(lambda x: start + slope @ (x * STEPS - at), at / STEPS, loss="soft_l1", f_scale=0.05,
                                bounds=(0.0, np.maximum(at / STEPS * 4.0, 12.0) + 1e-9))
            points[engine] = fit.x * STEPS
    final = simulate(agentsim, home, points)
    for engine, at in points.items():
        errors = np.abs(np.expm1(final[engine]))
        print(f"{engine}: " + ", ".join(f"{key}: {value * 1e6:.0f}us" for key, value in zip(KEYS, at)) +
              f"   # {len(errors)} figures: median error {np.median(errors):.1%}, "
              f"bias {np.expm1(np.median(final[engine])):+.1%}")
    shutil.rmtree(home)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2:])

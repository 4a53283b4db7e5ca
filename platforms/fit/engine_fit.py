#!/usr/bin/env python3
"""Fits what only served runs can say: the host overheads of engines, and the experts of H100 that are kept as mxfp4.

    python3 platforms/fit/engine_fit.py build/release/agentsim [GROUP...]      # two minutes

Reads the fit half of the runs in `agentsim fidelity inferencex apex` and prints for each group the numbers in its file
of platforms/ that give the least soft-L1 logarithmic error of TPOT and latency. Each moves the times of a step almost
linearly, so a few runs of the simulator at nearby values give the slopes, and the least squares are solved on those;
three times, each from where the last solution is. The other half of the runs judges (docs/fidelity.md).

    step = host_overhead + host_overhead_per_sequence * sequences + host_overhead_per_prompt * prompts that it ends + ...
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
HOST = [("host_overhead", "us", 300.0, 0.0, 1e5), ("host_overhead_per_sequence", "us", 10.0, 0.0, 1e3),
        ("host_overhead_per_prompt", "us", 1000.0, 0.0, 1e5)]
EXPERTS = [("launch", "us", 4.0, 1.0, 100.0)]  # their rates are those of tuned experts in bf16
# By group: its file, the text before a key there, the runs that speak for it by what fidelity calls them, and the keys with
# their unit, step and bounds.
GROUPS = {
    "sglang": ("engines/sglang.yaml", "^", r"(TPOT|E2E) sglang .* TP[28]$", HOST),  # TP1 is short of memory
    "trt_llm_dynamo": ("engines/trt_llm_dynamo.yaml", "^", r"(TPOT|E2E) trtllm ", HOST),
    "vllm_v1_dynamo": ("engines/vllm_v1_dynamo.yaml", "^", r"(TPOT|E2E) vllm Qwen3", HOST),
    "vllm_v1": ("engines/vllm_v1.yaml", "^", r"(TPOT|E2E) vllm Llama", HOST),
    "vllm_v0": ("engines/vllm_v0.yaml", "^", r"mean (TPOT|TTFT)", HOST),
    "mxfp4": ("gpus/h100_sxm.yaml", r"^ *mxfp4: \{[^}]*?\b", r"(TPOT|E2E) vllm gpt-oss", EXPERTS),
}


def own_home(files):
    """The project's data folders in links, but for some files of platforms/, which are copies."""
    home = Path(tempfile.mkdtemp(prefix="engine_fit"))
    for name in ("scenarios", "tests"):
        (home / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "platforms", home / "platforms", copy_function=os.symlink)
    for file in files:
        (home / "platforms" / file).unlink()
        shutil.copy(ROOT / "platforms" / file, home / "platforms" / file)
    return home


def value_of(text, before, key):
    found = re.search(rf"{before}{key}: ([0-9.e-]+)(us|ms|)", text, re.M)
    return float(found[1]) * {"us": 1.0, "ms": 1000.0, "": 1.0}[found[2]] if found else 0.0


def with_value(text, before, key, value, unit):
    """The text with that number; a key that is not there stands behind the first line."""
    number = f"{value:.4g}{unit}"
    text, count = re.subn(rf"({before}{key}: )[0-9.e-]+(us|ms|)", rf"\g<1>{number}", text, count=1, flags=re.M)
    return text if count else re.sub("\n", f"\n{key}: {number}\n", text, count=1)


def simulate(agentsim, home, points):
    """Logarithms of simulated over measured by group, at each group's point."""
    for group, point in points.items():
        name, before, _, keys = GROUPS[group]
        text = (ROOT / "platforms" / name).read_text()
        for (key, unit, *_), value in zip(keys, point):
            text = with_value(text, before, key, value, unit)
        (home / "platforms" / name).write_text(text)
    out = subprocess.run([agentsim, "fidelity", "inferencex", "apex", "--rows"], check=True, capture_output=True, text=True,
                         env={**os.environ, "AGENTSIM_HOME": str(home)}).stdout
    rows = [r for r in csv.DictReader(io.StringIO(out)) if r["half"] == "fit"]
    return {group: np.array([np.log(float(r["simulated"]) / float(r["measured"])) for r in rows
                             if re.search(GROUPS[group][2], r["op"])]) for group in points}


def improve(group, at, base, moved, steps):
    """The least squares of a group on the slopes at its point."""
    slope = np.array([(m - base) / s for m, s in zip(moved, steps)]).T
    scale = np.abs(steps)
    low, high = (np.array([key[i] for key in GROUPS[group][3]]) for i in (3, 4))
    # Not far from what was looked at.
    low, high = (np.clip(at + side * np.maximum(3.0 * scale, 0.5 * at), low, high) for side in (-1.0, 1.0))
    found = least_squares(lambda x: base + slope @ (x * scale - at), np.clip(at, low + 1e-6 * scale, high - 1e-6 * scale) / scale,
                          loss="soft_l1", f_scale=0.05, bounds=(low / scale, high / scale))
    return found.x * scale


def main(agentsim, groups):
    groups = groups or list(GROUPS)
    home = own_home({GROUPS[group][0] for group in groups})
    points = {}
    for group in groups:
        name, before, _, keys = GROUPS[group]
        text = (ROOT / "platforms" / name).read_text()
        points[group] = np.array([value_of(text, before, key) for key, *_ in keys])
    steps = {group: np.array([key[2] for key in GROUPS[group][3]]) for group in groups}
    for _ in range(3):
        base = simulate(agentsim, home, points)
        moved = [simulate(agentsim, home, {g: p + steps[g] * (np.arange(len(p)) == i) for g, p in points.items()})
                 for i in range(len(HOST))]
        points = {g: improve(g, p, base[g], [m[g] for m in moved], steps[g]) for g, p in points.items()}
    final = simulate(agentsim, home, points)
    for group, point in points.items():
        print(f"{group}: " + ", ".join(f"{key}: {value:.3g}{unit}" for (key, unit, *_), value in zip(GROUPS[group][3], point)) +
              f"   # {len(final[group])} figures: median error {np.median(np.abs(np.expm1(final[group]))):.1%}, "
              f"bias {np.expm1(np.median(final[group])):+.1%}")
    shutil.rmtree(home)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2:])

#!/usr/bin/env python3
"""Fit of an engine without recorded graphs on measured steps: vllm_2023, and how fast the hosts were.

    python3 platforms/fit/eager_fit.py build/release/agentsim

Takes kernels and collectives of each batch from `agentsim step`, on the GPU files of tests/validation/data/vidur. With
G of those, and b sequences, c prompt tokens and 80 layers, on a host of speed v (DGX H100: 1) a step takes

    (host_overhead + per_sequence b + per_prompt_token c) / v + max(G, 80 launch_per_layer / v)

Five constants, the least mean of 2 (sqrt(1 + (e / 0.1)^2) - 1) over the even half of the batches, e = ln(simulated /
measured) of prompts and of decoding steps; the median error of both halves is printed. The halves are those of
sim/base/halves.hpp, so that `agentsim fidelity splitwise` judges on the other one.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests/validation/data/splitwise/perf_model_llama2-70b_tp2_tp8.csv"
MACHINES = {"a100-80gb": ("hgx_a100_x1", "a100_sxm_80gb", 312e12), "h100-80gb": ("hgx_h100_x1", "h100_sxm", 989e12)}
LAYERS, PARAMETERS = 80, 68.5e9
BATCH = ["hardware", "tensor_parallel", "prompt_size", "batch_size"]
BITS = (1 << 64) - 1


def even_hash(*parts):
    """sim/base/halves.hpp"""
    state = 0xCBF29CE484222325
    for byte in "".join(f"{part}|" for part in parts).encode():
        state = ((state ^ byte) * 0x100000001B3) & BITS
    x = (state + 0x9E3779B97F4A7C15) & BITS
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & BITS
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & BITS
    return (x ^ (x >> 31)) % 2 == 0


def on_gpu(program, machine, tp, work):
    """Seconds of kernels and collectives of one step."""
    platform, gpu, _ = MACHINES[machine]
    command = [program, "step", "--model", "llama_2_70b", "--platform", platform, "--gpu",
               ROOT / f"tests/validation/data/vidur/{gpu}.yaml", "--tp", str(tp), "--precision", "bf16", "--kv", "bf16",
               "--engine", "vllm_2023", "--json"]
    parts = json.loads(subprocess.run(command + work, check=True, capture_output=True, text=True).stdout)["parts"]
    return sum(part["seconds"] for part in parts if part["kind"] in ("kernel", "collective"))


def read(program):
    rows = pd.read_csv(TABLE)
    peak = rows.hardware.map(lambda machine: MACHINES[machine][2])
    flop = 2 * PARAMETERS * rows.prompt_size * rows.batch_size
    # Batches that did not fit ran in parts: their prompts beat the peak.
    rows = rows[flop / (rows.tensor_parallel * peak) < rows.prompt_time_ms * 1e-3].reset_index(drop=True)
    kept = {}

    def seconds(machine, tp, *work):
        if (machine, tp, work) not in kept:
            kept[machine, tp, work] = on_gpu(program, machine, tp, list(work))
        return kept[machine, tp, work]

    batches = list(zip(*(rows[column] for column in BATCH)))
    rows["fitted"] = [even_hash(*batch) for batch in batches]
    rows["prefill_gpu"] = [seconds(m, tp, *(["--prefill", f"{p}@0"] * b)) for m, tp, p, b in batches]
    rows["decode_gpu"] = [seconds(m, tp, "--decode", f"{b}@{p + output // 2}")
                          for (m, tp, p, b), output in zip(batches, rows.token_size)]
    return rows


def steps(x, rows):
    """Prefill and decode seconds."""
    host, per_sequence, per_token, launch, a100_speed = x
    speed = np.where(rows.hardware == "a100-80gb", a100_speed, 1.0)
    fixed = host * 1e-3 + per_sequence * 1e-3 * rows.batch_size
    launches = LAYERS * launch * 1e-6 / speed
    prompts = per_token * 1e-6 * rows.prompt_size * rows.batch_size
    return ((fixed + prompts) / speed + np.maximum(rows.prefill_gpu, launches),
            fixed / speed + np.maximum(rows.decode_gpu, launches))


def main(program):
    rows = read(program)
    measured = rows.prompt_time_ms * 1e-3, rows.token_time_ms * 1e-3
    half = rows[rows.fitted]

    def losses(x):
        e = np.concatenate([np.log(s / m[rows.fitted]) for s, m in zip(steps(x, half), measured)]) / 0.1
        return np.sqrt(2 * (np.sqrt(1 + e * e) - 1))

    start = np.array([8.0, 0.3, 20.0, 280.0, 0.7])
    x = least_squares(losses, start, bounds=(start * 1e-3, start * 10), x_scale=start).x
    names = ("host_overhead ms", "host_overhead_per_sequence ms", "host_overhead_per_prompt_token us",
             "launch_per_layer us", "host_speed of hgx_a100")
    for name, value in zip(names, x):
        print(f"{name}: {value:.3g}")
    errors = rows[["hardware", "tensor_parallel", "fitted"]].copy()
    for name, s, m in zip(("prefill", "decode"), steps(x, rows), measured):
        errors[name] = 100 * np.abs(s / m - 1)
    print(errors.groupby(["fitted", "hardware", "tensor_parallel"]).median().round(1).to_string())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/agentsim"))

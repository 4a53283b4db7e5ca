#!/usr/bin/env python3
"""First fit of the all-reduces of nvswitch and pcie.

Reads measured tables from tests/validation/data, fits on the even half of the rows (split by a hash of the
row's key, so the halves are the same everywhere), judges on the odd half, prints the YAML blocks. Kernels are fitted by
`agentsim calibrate`, engines by engine_fit.py.

    python3 platforms/fit/first_fit.py            # half a minute

all_reduce of S bytes a GPU over n GPUs; B is the bandwidth per direction that the graph gives each GPU's flow.
Every protocol names its form:
    ring      base + 2 (n - 1) hop + 2 (n - 1) / n S / (B efficiency)
    one_shot  base + (n - 1) hop   + (n - 1) S / (B efficiency)
    two_shot  base + (n - 1) hop   + 2 (n - 1) / n S / (B efficiency)
    nvls      base + (n - 1) hop   + S / (B efficiency)
    t = the least over the protocols with min_bytes <= S < max_bytes and min_gpus <= n <= max_gpus
"""
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "validation" / "data"


def even_half(frame, columns):
    keys = frame[columns].astype(str).agg("|".join, axis=1)
    return np.array([zlib.crc32(key.encode()) % 2 == 0 for key in keys])


def residuals(predicted, measured):
    error = np.abs(predicted / measured - 1)
    return {"median": round(float(np.median(error)), 3), "p90": round(float(np.percentile(error, 90)), 3),
            "bias": round(float(np.median(predicted / measured) - 1), 3), "rows": int(len(error))}


def fit(model, start, low, high, measured, starts=3, seed=1):
    """Least soft-L1 log error over parameters that are searched in their logarithm."""
    random = np.random.default_rng(seed)
    low, high, start = (np.log(np.array(v, float)) for v in (low, high, start))
    target, best = np.log(measured), None
    for attempt in range(starts):
        x0 = start if attempt == 0 else random.uniform(low, high) * 0.5 + start * 0.5
        found = least_squares(lambda x: np.log(model(np.exp(x))) - target, np.clip(x0, low + 1e-6, high - 1e-6),
                              bounds=(low, high), loss="soft_l1", f_scale=0.1, diff_step=1e-3, max_nfev=60)
        if best is None or found.cost < best.cost:
            best = found
    return np.exp(best.x), best.cost / len(measured)


# ----------------------------------------------------------------------------------------- all-reduce
FORMS = {"ring": lambda n: (2 * (n - 1), 2 * (n - 1) / n), "one_shot": lambda n: (n - 1, n - 1),
         "two_shot": lambda n: (n - 1, 2 * (n - 1) / n), "nvls": lambda n: (n - 1, np.ones_like(n))}
KIB, MIB = 1024.0, 1024.0 * 1024
# Limits are the libraries': vLLM's custom all-reduce takes under 8 MiB, one shot under 512 KiB (4 GPUs) or
# 256 KiB (8), never more than 2 GPUs without NVLink; its symmetric-memory multicast 4 GPUs and more under
# 64 MiB; NCCL's LL protocol ends between 512 KiB and 1 MiB in the PCIe table.
PROTOCOLS = {
    "nvswitch": {
        "one_shot": {"form": "one_shot", "max_bytes": 512 * KIB},
        "two_shot": {"form": "two_shot", "max_bytes": 8 * MIB},
        "nvls": {"form": "nvls", "min_gpus": 4, "max_bytes": 64 * MIB},
        "ring": {"form": "ring"},
        "nvls_nccl": {"form": "nvls", "min_gpus": 4, "min_bytes": 16 * MIB},
    },
    "pcie": {
        "one_shot": {"form": "one_shot", "max_gpus": 2, "max_bytes": 8 * MIB},
        "ring_ll": {"form": "ring", "max_bytes": 1 * MIB},
        "ring_pair": {"form": "ring", "min_bytes": 1 * MIB, "max_gpus": 2},
        "ring": {"form": "ring", "min_bytes": 1 * MIB, "min_gpus": 3},
    },
}
# What the node graphs give each flow of a ring: 450 GB/s NVLink 4; on PCIe one switch up to 4 GPUs, else the
# path between the sockets.
GRAPH_BANDWIDTH = {"nvswitch": lambda n: np.full(len(n), 450e9),
                   "pcie": lambda n: np.where(n <= 4, 54.2e9, 38e9)}


def all_reduce_time(protocols, n, size, bandwidth):
    best = np.full(len(size), np.inf)
    for p in protocols.values():
        hops, factor = FORMS[p["form"]](n)
        t = p["base"] + hops * p["hop"] + factor * size / (bandwidth * p["efficiency"])
        allowed = ((size >= p.get("min_bytes", 0)) & (size < p.get("max_bytes", np.inf))
                   & (n >= p.get("min_gpus", 2)) & (n <= p.get("max_gpus", 10**9)))
        best = np.where(allowed, np.minimum(best, t), best)
    return best


def fit_collectives():
    """class -> (protocols, residuals, residuals by GPU count)"""
    result = {}
    frame = pd.read_csv(DATA / "aic" / "collectives_measured.csv.gz")
    frame = frame[(frame.collective == "all_reduce")]
    for kind, device in (("nvswitch", "H100 SXM"), ("pcie", "RTX PRO 6000 Server")):
        rows = frame[(frame.device == device)].drop_duplicates()
        n = rows.n_gpus.to_numpy(float)
        size = rows.nccl_tests_size_bytes.to_numpy(float)
        measured = rows.latency_us.to_numpy() * 1e-6
        # vLLM's table is what a serving engine gets; NCCL's is the same library from 8 MiB on.
        engine = (rows.library.str.startswith("vLLM")).to_numpy() | (size >= 8 * MIB)
        train = even_half(rows, ["device", "library", "n_gpus", "nccl_tests_size_bytes"]) & engine
        test = ~train & engine
        names = list(PROTOCOLS[kind])
        bandwidth = GRAPH_BANDWIDTH[kind](n)

        def protocols(x):
            return {name: dict(PROTOCOLS[kind][name], base=x[3 * i], hop=x[3 * i + 1], efficiency=x[3 * i + 2])
                    for i, name in enumerate(names)}

        start, low, high = [], [], []
        for name in names:
            ring = name.startswith(("ring", "nvls_nccl"))
            start += [8e-6 if ring else 4e-6, 1e-6 if ring else 1e-7, 0.5]
            low += [1e-6, 1e-9, 0.05]
            high += [6e-5, 1e-5, 1.0]
        x, cost = fit(lambda x: all_reduce_time(protocols(x), n[train], size[train], bandwidth[train]),
                      start, low, high, measured[train], starts=12)
        best = protocols(x)
        predicted = all_reduce_time(best, n, size, bandwidth)
        by_count = {f"n{c}": residuals(predicted[test & (n == c)], measured[test & (n == c)]) for c in (2, 4, 8)}
        result[kind] = best, residuals(predicted[test], measured[test]), by_count
    return result


# --------------------------------------------------------------------------------------------- output
SECONDS = {"base", "hop"}


def text(key, value):
    """A YAML scalar with its unit."""
    if key in SECONDS:
        return f"{value * 1e6:.3g}us"
    if key in ("max_bytes", "min_bytes"):
        return f"{value / MIB:.0f} MiB" if value >= MIB else f"{value / KIB:.0f} KiB"
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def flow(parameters):
    return "{" + ", ".join(f"{key}: {text(key, value)}" for key, value in parameters.items()) + "}"


def main():
    print("classes:")
    for kind, (protocols, error, by_count) in fit_collectives().items():
        print(f"  {kind}:")
        for protocol, parameters in protocols.items():
            print(f"    {protocol}: {flow(parameters)}")
        print(f"#   {flow(error)}", *(f"#   {c} {flow(e)}" for c, e in by_count.items()), sep="\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""First fit of the all-reduces of nvswitch and pcie, and of the host overheads of vllm_v1.

Reads measured tables from tests/validation/data, fits on the even half of the rows (split by a hash of the
row's key, so the halves are the same everywhere), judges on the odd half, prints the YAML blocks. Kernels are fitted by
`agentsim calibrate`; the engine's fit takes their curves from platforms/gpus (equations: platforms/README.md).

    python3 platforms/fit/first_fit.py            # both, about half a minute
    python3 platforms/fit/first_fit.py engine     # or collectives

all_reduce of S bytes a GPU over n GPUs; B is the bandwidth per direction that the graph gives each GPU's flow.
Every protocol names its form:
    ring      base + 2 (n - 1) hop + 2 (n - 1) / n S / (B efficiency)
    one_shot  base + (n - 1) hop   + (n - 1) S / (B efficiency)
    two_shot  base + (n - 1) hop   + 2 (n - 1) / n S / (B efficiency)
    nvls      base + (n - 1) hop   + S / (B efficiency)
    t = the least over the protocols with min_bytes <= S < max_bytes and min_gpus <= n <= max_gpus
"""
import re
import sys
import zlib
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import least_squares

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "validation" / "data"
SIZE = {"bf16": 2.0, "fp8": 1.0, "nvfp4": 0.5}
LARGEST_TILE = 256 * 128 / (256 + 128)


def quantity(value):
    """A YAML quantity in SI units; tiles and plain numbers pass."""
    if isinstance(value, dict):
        return {key: quantity(v) for key, v in value.items()}
    if isinstance(value, list):
        return [tuple(map(int, v.split("x"))) for v in value]
    if not isinstance(value, str):
        return value
    number, unit = re.fullmatch(r"([0-9.e+-]+) ?([A-Za-z/]+)", value).groups()
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "GB/s": 1e9, "TFLOP/s": 1e12, "MiB": 2**20, "GiB": 2**30, "W": 1}
    return float(number) * scale[unit]


def load_gpu(name):
    """What the equations need of a GPU file, without the curves that are fitted here."""
    spec = yaml.safe_load((ROOT / "platforms" / "gpus" / f"{name}.yaml").read_text())
    return {"peak": quantity(spec["peak"]), "bw": quantity(spec["memory_bandwidth"]), "sm": spec["sm_count"],
            "l2": quantity(spec["l2"])}


GPUS = {name: load_gpu(name) for name in ("h100_sxm", "rtx_pro_6000_server")}


def norm4(a, b):
    return (a**4 + b**4) ** 0.25


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


def waves_of(x, quantisation):
    return np.where(x <= 1, 1.0, (1 - quantisation) * x + quantisation * np.ceil(x - 1e-9))


# ---------------------------------------------------------------------------------------------- gemm
def gemm_time(gpu, dtype, p, m, n, k):
    peak, bandwidth, sms = gpu["peak"][dtype], gpu["bw"], gpu["sm"]
    work = np.full(len(m), np.inf)
    splits = [2**i for i in range(12) if 2**i <= p["split_k"]]
    for tm, tn in p["tiles"]:
        i = tm * tn / (tm + tn)
        shape = (i / (i + p["tile_half"])) / (LARGEST_TILE / (LARGEST_TILE + p["tile_half"]))
        rate = peak / sms * p["compute"] * shape
        tiles = np.ceil(m / tm) * np.ceil(n / tn)
        for s in splits:
            waves = waves_of(tiles * s / sms, p["quantisation"])
            reduce = 0 if s == 1 else 8.0 * s * m * n / (bandwidth * p["memory"])
            work = np.minimum(work, waves * (2.0 * tm * tn * np.ceil(k / s) / rate + p["wave"]) + reduce)
    move = p["ramp"] + ((m + n) * k * SIZE[dtype] + 2.0 * m * n) / (bandwidth * p["memory"])
    t = p["launch"] + norm4(work, move)
    if "quantise" in p:
        t = t + p["quantise"]["launch"] + 3.0 * m * k / (bandwidth * p["quantise"]["memory"])
    return t


# ------------------------------------------------------------------------------------- decode attention
def decode_time(gpu, p, b, context, g, d, kv_size):
    stream = gpu["bw"] * p["memory"]
    if "head_stream" in p:
        stream = np.minimum(stream, p["head_stream"] * g * np.maximum(1, b / p["head_stream_batch"]))
    return (p["launch"] + p["per_sequence"] * np.maximum(0, b * g - gpu["sm"])
            + context * 2.0 * g * d * kv_size / stream)


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
SECONDS = {"launch", "ramp", "wave", "base", "hop"}


def text(key, value):
    """A YAML scalar with its unit."""
    if key in SECONDS:
        return f"{value * 1e6:.3g}us"
    if key == "per_sequence":
        return f"{value * 1e9:.3g}ns"
    if key == "head_stream":
        return f"{value / 1e9:.0f} GB/s"
    if key in ("max_bytes", "min_bytes"):
        return f"{value / MIB:.0f} MiB" if value >= MIB else f"{value / KIB:.0f} KiB"
    if key == "tiles":
        return "[" + ", ".join(f"{m}x{n}" for m, n in value) + "]"
    if key == "quantise":
        return flow(value)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def flow(parameters):
    return "{" + ", ".join(f"{key}: {text(key, value)}" for key, value in parameters.items()) + "}"


# --------------------------------------------------------------------------------------------- engine
# What a GPU file leaves out.
DEFAULTS = {"launch": 0.0, "compute": 1.0, "memory": 1.0, "ramp": 0.0, "tile_half": 0.0, "wave": 0.0, "quantisation": 1.0,
            "split_k": 1, "tiles": [(128, 128)], "tile": 128, "tile_overhead": 0.0, "per_sequence": 0.0, "cached": 1.0}


class Llama8B:
    """One step of Llama-3.1-8B in bf16 on one RTX PRO 6000, from the committed YAML."""

    layers, hidden, heads, kv_heads, head_dim, ffn, vocabulary = 32, 4096, 32, 8, 128, 14336, 128256

    def __init__(self):
        spec = yaml.safe_load((ROOT / "platforms/gpus/rtx_pro_6000_server.yaml").read_text())
        curves = quantity(spec["efficiency"])
        self.p = {op: {"bf16": DEFAULTS | curves[op]["bf16"]} for op in ("gemm", "prefill_attention", "decode_attention")}
        self.p["elementwise"] = DEFAULTS | curves["elementwise"]
        self.gpu = GPUS["rtx_pro_6000_server"]

    def gemm(self, m, n, k):
        return float(gemm_time(self.gpu, "bf16", self.p["gemm"]["bf16"], *(np.array([float(v)]) for v in (m, n, k)))[0])

    def elementwise(self, moved):
        p, gpu = self.p["elementwise"], self.gpu
        return (p["launch"] + min(moved, 0.5 * gpu["l2"]) / (gpu["bw"] * p["cached"])
                + max(0, moved - 0.5 * gpu["l2"]) / (gpu["bw"] * p["memory"]))

    @lru_cache(None)
    def dense(self, tokens, rows):
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        layer = (self.gemm(tokens, q + 2 * kv, self.hidden) + self.gemm(tokens, self.hidden, q)
                 + self.gemm(tokens, 2 * self.ffn, self.hidden) + self.gemm(tokens, self.hidden, self.ffn)
                 + 2 * self.elementwise(tokens * 4 * self.hidden * 2) + self.elementwise(tokens * 2 * (q + kv) * 2)
                 + self.elementwise(tokens * 3 * self.ffn * 2) + self.elementwise(tokens * 4 * kv * 2))
        return self.layers * layer + self.gemm(rows, self.vocabulary, self.hidden)

    def attention(self, decoding, prefilling):
        """decoding: contexts; prefilling: (new, cached). Mixed steps are one call."""
        h, g, d = float(self.heads), float(self.kv_heads), float(self.head_dim)
        if not prefilling:
            return float(decode_time(self.gpu, self.p["decode_attention"]["bf16"], float(len(decoding)),
                                     float(sum(decoding)), g, d, 2.0))
        p = self.p["prefill_attention"]["bf16"]
        c = np.array([c for c, _ in prefilling] + [1] * len(decoding), float)
        k = np.array([k for _, k in prefilling] + decoding, float)
        tiles = h * np.ceil(c / p["tile"])
        keys = k + (c + p["tile"]) / 2 + p["tile_overhead"]
        unit = 4.0 * p["tile"] * d / (self.gpu["peak"]["bf16"] / self.gpu["sm"] * p["compute"])
        waves = float(waves_of(tiles.sum() / self.gpu["sm"], p["quantisation"]))
        work = max(waves * float((tiles * keys).sum() / tiles.sum()), float((k + c).max()) + p["tile_overhead"]) * unit
        move = p["ramp"] + float((4 * c * h * d + 4 * (k + c) * g * d).sum()) / (self.gpu["bw"] * p["memory"])
        return p["launch"] + float(norm4(work, move))


def replay(model, requests, fixed, per_sequence, per_prompt_token, budget=2048, sequences=128):
    """vLLM V1's schedule of the measured run; returns TTFT, TPOT and end-to-end seconds by request."""
    waiting = [dict(arrival=r.arrival_s, prompt=r.in_tok, output=r.out_tok, done=0, made=0)
               for r in requests.itertuples()]
    every, running, now = list(waiting), [], 0.0
    while waiting or running:
        if not running:
            now = max(now, waiting[0]["arrival"])
        decoding = [r for r in running if r["done"] == r["prompt"]]
        left, chunks = budget - len(decoding), []
        for r in running:
            if r["done"] < r["prompt"] and left > 0:
                chunks.append((r, min(left, r["prompt"] - r["done"])))
                left -= chunks[-1][1]
        while waiting and waiting[0]["arrival"] <= now and len(running) < sequences and left > 0:
            running.append(waiting.pop(0))
            chunks.append((running[-1], min(left, running[-1]["prompt"])))
            left -= chunks[-1][1]
        new = sum(c for _, c in chunks)
        rows = len(decoding) + len(chunks)
        now += (model.dense(len(decoding) + new, rows) + fixed + per_sequence * rows + per_prompt_token * new
                + model.layers * model.attention([r["prompt"] + r["made"] for r in decoding],
                                                 [(c, r["done"]) for r, c in chunks]))
        for r, c in chunks:
            r["done"] += c
        for r in decoding + [r for r, _ in chunks if r["done"] == r["prompt"]]:
            r["made"] += 1
            r.setdefault("first", now)
            if r["made"] == r["output"]:
                r["last"] = now
                running.remove(r)
    ttft, e2e = (np.array([r[x] - r["arrival"] for r in every]) for x in ("first", "last"))
    return ttft, (e2e - ttft) / (np.array([r["output"] for r in every]) - 1), e2e


def fit_engine():
    """The grid of host overheads against the measured run, best mean error first."""
    requests = pd.read_csv(DATA / "llmservingsim" / "measured_vllm_rtxpro6000_llama3.1-8b_tp1.csv")
    ttft = (requests.first_token_s - requests.arrival_s).to_numpy()
    e2e = (requests.last_token_s - requests.arrival_s).to_numpy()
    tpot = (e2e - ttft) / (requests.out_tok.to_numpy() - 1)
    model, rows = Llama8B(), []
    for fixed, per_sequence, per_token in product((0, 5e-4, 1e-3, 2e-3), (0, 1e-5, 1.6e-5), (0, 1e-6)):
        a, b, c = replay(model, requests, fixed, per_sequence, per_token)
        error = [a.mean() / ttft.mean() - 1, np.median(b / tpot) - 1, c.mean() / e2e.mean() - 1]
        rows.append((float(np.abs(error).sum()), fixed, per_sequence, per_token, *error,
                     float(np.percentile(np.abs(b / tpot - 1), 90))))
    for _, fixed, per_sequence, per_token, *error in sorted(rows)[:6]:
        print(f"# host_overhead {fixed * 1e3:.1f}ms, per_sequence {per_sequence * 1e6:.0f}us, per_prompt_token "
              f"{per_token * 1e6:.0f}us: TTFT {error[0]:+.3f} TPOT {error[1]:+.3f} e2e {error[2]:+.3f} "
              f"TPOT p90 {error[3]:.3f}")


def main(wanted):
    if not wanted or "collectives" in wanted:
        print("classes:")
        for kind, (protocols, error, by_count) in fit_collectives().items():
            print(f"  {kind}:")
            for protocol, parameters in protocols.items():
                print(f"    {protocol}: {flow(parameters)}")
            print(f"#   {flow(error)}", *(f"#   {c} {flow(e)}" for c, e in by_count.items()), sep="\n")
    if not wanted or "engine" in wanted:
        fit_engine()


if __name__ == "__main__":
    main(sys.argv[1:])

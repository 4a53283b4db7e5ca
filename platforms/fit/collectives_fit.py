#!/usr/bin/env python3
"""Fits the protocols of platforms/collectives.yaml and prints the classes and their residuals.

    python3 platforms/fit/collectives_fit.py                    # all classes, about a minute
    python3 platforms/fit/collectives_fit.py pcie network       # some

Of each table in tests/validation/data the even rows in the order of the file are fitted, the odd ones judge; only
sizes from 1 KiB. Equations: platforms/README.md. Where the rows fall into pieces (the library changes its algorithm),
the pieces are found by dynamic programming over sizes that are powers of two: each is a protocol

    t = base + hops(n) hop + traffic(n) S / (B efficiency)

fitted by non-negative least squares of the relative error; a further piece must lower the summed relative error by
PIECE. The group sizes share constants unless one each is better by the same measure. Between the last row of a piece
and the first of the next both are allowed and the faster is taken. B is what the node graphs give a flow; the tests
compute it from the graphs.
"""
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls

DATA = Path(__file__).resolve().parents[2] / "tests" / "validation" / "data"
PIECE = 0.15
MIB = 2**20
GRID = [2**i for i in range(8, 31)]
REST = ["all_gather", "reduce_scatter"]
RENAME = {"alltoall": "all_to_all", "sendrecv": "p2p", "send_recv": "p2p"}


# ---------------------------------------------------------------------------------------------- tables
def rows(table, op, n, size, seconds, index):
    frame = pd.DataFrame({"table": table, "op": op, "n": n, "size": size, "t": seconds, "odd": index % 2 == 1})
    frame["op"] = frame["op"].replace(RENAME)
    return frame[frame["size"] >= 1024]


def nccl_and_vllm(device):
    """One device of aiconfigurator. All-reduces as a serving engine runs them: vLLM's; NCCL's from 8 MiB for group sizes
    that vLLM's tables lack. (Their NCCL is another version than vLLM's: up to 40 % apart for the same call.)"""
    f = pd.read_csv(DATA / "aic" / "collectives_measured.csv.gz")
    index = np.arange(len(f))
    f = f.rename(columns={"nccl_tests_size_bytes": "size"})
    lacking = [4] if device == "A100 SXM" else []
    engine = (f.library.str.startswith("vLLM") | (f.collective != "all_reduce")
              | (f["size"] >= 8 * MIB) & f.n_gpus.isin(lacking))
    keep = (f.device == device) & engine & ~f.duplicated()
    f, index = f[keep], index[keep]
    return rows("aic", f.collective, f.n_gpus, f["size"], f.latency_us * 1e-6, index)


def vllm(system):
    f = pd.read_csv(DATA / "aic" / "vllm_allreduce.csv.gz")
    keep = (f.system == system) & f.kernel_source.str.endswith("graph")
    return rows("vllm", "all_reduce", f[keep].num_gpus, f[keep].bytes, f[keep].latency_us * 1e-6, np.arange(len(f))[keep])


def vidur(node, op, per_node):
    """Sizes there are 8 KiB apart: of each half a row is kept if it is 10 % larger than the one before."""
    f = pd.read_csv(DATA / "vidur" / "network.csv.gz")
    keep = (f.node == node) & (f.op == op) & (f.devices_per_node == per_node)
    all_rows = rows("vidur", op, f[keep].num_workers, f[keep].bytes, f[keep].us * 1e-6, np.arange(len(f))[keep])
    kept = []
    for _, half in all_rows.groupby("odd"):
        last = 0
        for label, size in half["size"].items():
            if size >= 1.1 * last:
                kept.append(label)
                last = size
    return all_rows.loc[kept]


def apex(gpu, nodes, per_node):
    f = pd.read_csv(DATA / "apex" / "collectives_h100sxm_v100pcie.csv.gz")
    keep = (f.gpu == gpu) & (f.num_nodes == nodes) & (f.num_gpus_per_node == per_node)
    g = f[keep]
    return rows("apex", g.op, g.num_nodes * g.num_gpus_per_node, g.size_kib * 1024, g.time_us * 1e-6, np.arange(len(f))[keep])


def half_of_exchange(frame):
    """An all-to-all of two GPUs is a message of half the size each way: stands in where p2p was not measured."""
    f = frame[(frame.op == "all_to_all") & (frame.n == 2)].copy()
    return f.assign(op="p2p", size=f["size"] // 2)


def with_exchange(frame):
    return pd.concat([frame, half_of_exchange(frame)], ignore_index=True)


def join(*frames):
    return pd.concat(frames, ignore_index=True)


# What the graphs give a flow: of a ring, and of an all-to-all where all n (n - 1) run.
def switched(port):
    return lambda op, n: port / (n - 1) if op == "all_to_all" else port


def two_sockets(port, between):
    def rate(op, n):
        if op == "p2p" or n <= 4:
            return switched(port)(op, n)
        return between / 16 if op == "all_to_all" else min(port, between)
    return rate


LANE = {3: 8e9 / 8 * 128 / 130, 4: 16e9 / 8 * 128 / 130, 5: 32e9 / 8 * 128 / 130}
PORT = {gen: 16 * lane * 0.86 for gen, lane in LANE.items()}
CLASSES = {
    "nvswitch": (lambda: join(nccl_and_vllm("H100 SXM"), vidur("h100_dgx", "send_recv", 2)), switched(450e9)),
    "nvswitch_a100": (lambda: join(nccl_and_vllm("A100 SXM"), vllm("a100_sxm"), vidur("a100_dgx", "send_recv", 2)),
                      switched(300e9)),
    "nvswitch_b200": (lambda: with_exchange(nccl_and_vllm("B200 SXM")), switched(900e9)),
    "pcie": (lambda: with_exchange(nccl_and_vllm("RTX PRO 6000 Server")), two_sockets(PORT[5], 38e9)),
    "pcie4": (lambda: with_exchange(nccl_and_vllm("L40S")), two_sockets(PORT[4], 38e9)),
    "pcie3": (lambda: apex("V100-PCIE-16GB", 1, 2), switched(PORT[3])),
    "nvlink_bridge": (lambda: join(vidur("a100_pairwise_nvlink", "all_reduce", 2), vidur("a100_pairwise_nvlink", "all_reduce", 4)),
                      lambda op, n: 300e9 if n == 2 else PORT[4]),
    "network": (lambda: vidur("h100_dgx", "send_recv", 1), lambda op, n: 50e9),
    "network_tcp": (lambda: join(apex("V100-PCIE-16GB", 2, 1), apex("V100-PCIE-16GB", 4, 1)),
                    lambda op, n: 1.25e9 / (n - 1) if op == "all_to_all" else 1.25e9),
}
# Collectives without rows that take the constants of others.
STAND_IN = {"nvlink_bridge": {"all_reduce": ["all_reduce", *REST, "all_to_all", "p2p"]},
            "network": {"p2p": ["all_reduce", *REST, "all_to_all", "p2p"]}}


# ------------------------------------------------------------------------------------------------- fit
def shape(form, op, n):
    """hops and traffic"""
    if op == "p2p":
        return 1, 1
    if op == "all_to_all":
        return n - 1, 1 / n
    if op != "all_reduce":
        return n - 1, (n - 1) / n
    return {"ring": (2 * (n - 1), 2 * (n - 1) / n), "one_shot": (n - 1, n - 1), "two_shot": (n - 1, 2 * (n - 1) / n),
            "nvls": (n - 1, 1.0)}[form]


def error(predicted, measured):
    return np.minimum(np.abs(predicted / measured - 1), 1.0)


def line(form, f):
    """base, hop, efficiency by relative least squares, and the summed error"""
    many = f.n.nunique() > 1 if len(f) else False
    hops, traffic = np.array([shape(form, op, n) for op, n in zip(f.op, f.n)], float).T
    wire = traffic * f["size"].to_numpy(float) / f.rate.to_numpy(float)
    t = f.t.to_numpy(float)
    matrix = np.stack([np.ones(len(f)), hops * many, wire], axis=1)
    x, _ = nnls(matrix / t[:, None], 1 - wire / t)  # the efficiency is at most 1: its inverse is 1 + x[2]
    predicted = matrix @ x + wire
    return (form, x[0], x[1], 1 / min(1 + x[2], 100.0)), float(error(predicted, t).sum())


def pieces(f, most=4):
    """[(low, high, constants)], cost: the best division of the sizes."""
    forms = ("ring", "one_shot", "two_shot", "nvls") if (f.op == "all_reduce").all() and f.n.nunique() > 1 else ("ring",)
    if (f.op == "all_reduce").all() and f.n.max() == 2:
        forms = ("one_shot",)  # all are the same
    edges = [0] + [g for g in GRID if f["size"].min() < g <= f["size"].max()] + [2**62]

    @lru_cache(None)
    def best(low, high):
        part = f[(f["size"] >= low) & (f["size"] < high)]
        if len(part) < 3:
            return None
        return min((line(form, part) for form in forms), key=lambda found: found[1])

    plans = {0: (0.0, [])}  # the edge reached -> cost, pieces
    for high in edges[1:]:
        options = []
        for low, (cost, before) in plans.items():
            if low < high and len(before) < most and best(low, high):
                constants, err = best(low, high)
                options.append((cost + err + PIECE, before + [(low, high, constants)]))
        if options:
            plans[high] = min(options, key=lambda plan: plan[0])
    cost, found = plans[edges[-1]]
    return found, cost


def limits(f, found):
    """Between the last row of a piece and the first of the next both are allowed."""
    sizes = np.sort(f["size"].unique())
    protocols = []
    for low, high, (form, base, hop, efficiency) in found:
        p = {"form": form, "base": base, "hop": hop, "efficiency": efficiency}
        if low > 0:
            p["min_bytes"] = 2 ** int(np.floor(np.log2(sizes[sizes < low].max()))) * 2
        if high < 2**62:
            p["max_bytes"] = 2 ** int(np.ceil(np.log2(sizes[sizes >= high].min())))
        protocols.append(p)
    return protocols


def divisions(counts):
    """Ways to share constants between group sizes."""
    if len(counts) < 2:
        return [[counts]]
    first, rest = counts[:1], counts[1:]
    return [[counts], [first, rest]] + ([[first, rest[:1], rest[1:]]] if len(rest) > 1 else [])


def fit_op(f):
    counts = sorted(f.n.unique())
    best = None
    for division in divisions(counts):
        parts = [pieces(f[f.n.isin(group)]) for group in division]
        cost = sum(cost for _, cost in parts)
        if best is None or cost < best[1]:
            best = [(group, limits(f[f.n.isin(group)], found)) for group, (found, _) in zip(division, parts)], cost
    protocols = {}
    for group, found in best[0]:
        position = counts.index(group[0])
        for i, p in enumerate(found):
            if position > 0:
                p["min_gpus"] = int(counts[position - 1]) + 1
            if group[-1] != counts[-1]:
                p["max_gpus"] = int(group[-1])
            where = "" if len(best[0]) == 1 else f"_{group[0]}"
            protocols[f"{'abcd'[i]}{where}"] = p
    return protocols


SHORT = {"all_reduce": "reduce", "all_gather": "gather", "all_to_all": "exchange", "p2p": "p2p"}


def fit_class(name):
    table, rate = CLASSES[name]
    f = table()
    f["rate"] = [rate(op, n) for op, n in zip(f.op, f.n)]
    protocols = {}
    for ops in (["all_reduce"], REST, ["all_to_all"], ["p2p"]):
        part = f[f.op.isin(ops) & ~f.odd]
        if part.empty:
            continue
        names = STAND_IN.get(name, {}).get(ops[0], ops)
        for key, p in fit_op(part).items():
            protocols[f"{SHORT[ops[0]]}_{key}"] = dict(collectives=names, **p)
    return protocols, f


def predict(protocols, op, n, size, rate):
    best = np.inf
    for p in protocols.values():
        if op in p["collectives"] and p.get("min_bytes", 0) <= size < p.get("max_bytes", np.inf) \
                and p.get("min_gpus", 2) <= n <= p.get("max_gpus", 10**9):
            hops, traffic = shape(p["form"], op, n)
            best = min(best, p["base"] + hops * p["hop"] + traffic * size / (rate * p["efficiency"]))
    return best


# ---------------------------------------------------------------------------------------------- output
def text(key, value):
    if key in ("base", "hop"):
        return f"{float(f'{value * 1e6:.3g}'):g}us"
    if key.endswith("bytes"):
        return f"{value // MIB} MiB" if value >= MIB else f"{value // 1024} KiB"
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return str(value) if isinstance(value, (int, str)) else f"{value:.3g}"


def report(f, protocols):
    held = f[f.odd].copy()
    held["ratio"] = [predict(protocols, *row) for row in held[["op", "n", "size", "rate"]].itertuples(index=False)] / held.t
    for (op, n), part in held.groupby(["op", "n"]):
        e = (part.ratio - 1).abs()
        big = e[part["size"] >= 65536]
        print(f"    # {op:14} n {n}: {len(e):3} rows, median {e.median():.3f} p90 {e.quantile(0.9):.3f} "
              f"bias {part.ratio.median() - 1:+.3f}; from 64 KiB {big.median():.3f} {big.quantile(0.9):.3f}")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or CLASSES:
        found, table = fit_class(wanted)
        print(f"  {wanted}:")
        for key, p in found.items():
            order = ("collectives", "form", "min_gpus", "max_gpus", "min_bytes", "max_bytes", "base", "hop", "efficiency")
            print(f"    {key}: {{" + ", ".join(f"{k}: {text(k, p[k])}" for k in order
                                              if k in p and (k != "hop" or p[k] > 1e-10)) + "}")
        report(table, found)

#!/usr/bin/env python3
"""Draws the answer of `agentsim compare`: SLO, cost, and where the time of a session goes.

    analysis/plots/compare.py RESULTS_DIR PICTURE.svg

Reads compare.csv and the runs' sessions.csv; needs python3-matplotlib and python3-pandas.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

PARTS = ["queue_s", "prefill_s", "decode_s", "recompute_s", "fabric_s"]
COLOURS = ["#bab0ac", "#4e79a7", "#76b7b2", "#edc948", "#e15759"]


def bars(axes, rows, metric, title, prices=None):
    chosen = rows[rows.metric == metric]
    if prices is not None:
        chosen = chosen[chosen.prices == prices]
    spread = [chosen["mean"] - chosen.low, chosen.high - chosen["mean"]]
    axes.barh(chosen.platform, chosen["mean"], xerr=spread, color="#4e79a7", capsize=4, height=0.5)
    axes.set_title(title, fontsize=10, loc="left")
    axes.invert_yaxis()
    axes.set_xlim(left=0)


def split(axes, folder, platforms):
    left = pd.Series(0.0, index=platforms)
    means = {}
    for platform in platforms:
        files = sorted((folder / "runs" / platform).glob("*/sessions.csv"))
        means[platform] = pd.concat(pd.read_csv(f, usecols=PARTS) for f in files).mean()
    for part, colour in zip(PARTS, COLOURS):
        values = pd.Series({platform: mean[part] / 60 for platform, mean in means.items()})
        axes.barh(platforms, values, left=left, color=colour, label=part[:-2], height=0.5)
        left += values
    axes.set_title("mean session, min, without tools and people", fontsize=10, loc="left")
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False, ncol=len(PARTS), loc="upper center", bbox_to_anchor=(0.5, -0.15),
                columnspacing=0.9, handlelength=1)


def draw(folder, picture):
    rows = pd.read_csv(folder / "compare.csv", keep_default_na=False, na_values={"mean": "", "low": "", "high": ""})
    for column in ("mean", "low", "high"):
        rows[column] = pd.to_numeric(rows[column])
    platforms = list(dict.fromkeys(rows.platform))
    prices = next(p for p in rows.prices if p)
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "agentsim", "axes.spines.top": False,
                         "axes.spines.right": False})
    figure, (slo, cost, time) = plt.subplots(1, 3, figsize=(12, 2.2), sharey=True, layout="constrained")
    bars(slo, rows, "slo_sessions_share", "share of sessions that meet the SLO")
    bars(cost, rows, "usd_per_slo_session", f"USD per session that meets it ({prices})", prices)
    split(time, folder, platforms)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    draw(Path(sys.argv[1]), Path(sys.argv[2]))

"""The command `sweep` from outside: sweep_test.py AGENTSIM SOURCE_DIR CASE"""

import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from program import Sweep, expect

USERS = "axes: {users: {path: workload.arrival.concurrency, values: [1, 2, 4]}}\n"
SLOW = USERS + "set: {workload.sessions: 400000}\n"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def one_row_a_point_and_price_list(make):
    sweep = make(USERS + "set: {prices: [rental_2026, owned_2026]}\n")
    out, error = sweep.call("load.yaml")
    expect("12 finished points in " in out, out)
    table = rows(sweep.text("results/load/sweep.csv"))
    expect(len(table) == 3 * 2 * 2 * 2, f"{len(table)} rows")
    expect([row["users"] for row in table[:9]] == ["1"] * 8 + ["2"], "the axis is not the slowest column")
    expect({row["prices"] for row in table} == {"rental_2026", "owned_2026"}, "price lists")
    # 8 GPUs at 2.95 USD/h; the rate of sessions is the same for both lists
    rented = next(row for row in table if row["platform"] == "hgx_h100_x1" and row["prices"] == "rental_2026")
    expect(abs(float(rented["usd_per_h"]) - 23.6) < 1e-9, rented["usd_per_h"])
    expect(float(rented["usd_per_session"]) > 0 and rented["gpus"] == "8" and rented["replicas"] == "2", str(rented))
    seeds = {row["replication"]: row["seed"] for row in table}
    expect(all(row["seed"] == seeds[row["replication"]] for row in table), "seeds differ between points")
    run = sweep.folder / "results/points" / rented["key"][:2] / rented["key"] / "summary.json"
    expect(run.exists(), f"{run} is missing")
    expect(rows(sweep.text("results/load/failures.csv")) == [], "failures")


def nothing_is_run_twice(make):
    sweep = make(USERS)
    _, error = sweep.call("load.yaml")
    expect("12 of 12 points done" in error, error)
    point = next((sweep.folder / "results/points").glob("*/*/summary.json"))
    written = {path: path.stat().st_mtime_ns for path in (sweep.folder / "results/points").glob("*/*/summary.json")}
    first = sweep.text("results/load/sweep.csv")
    (sweep.folder / "more.yaml").write_text(
        "scenario: ./base.yaml\naxes: {users: {path: workload.arrival.concurrency, values: [2, 4, 8]}}\n")
    out, _ = sweep.call("more.yaml", "--dry-run")
    expect("points    12: 8 finished, 4 to run" in out, out)
    sweep.call("more.yaml")
    point.write_text(point.read_text().replace("2", "3"))
    sweep.call("load.yaml")
    expect(sweep.text("results/load/sweep.csv") == first, "the table differs after a file was spoilt")
    changed = [path for path, time in written.items() if path.stat().st_mtime_ns != time]
    expect(changed == [point], f"run again: {changed}")


def failures_are_recorded(make):
    # A prompt that no KV cache holds, and a tp that does not divide the model.
    sweep = make(
        "axes:\n"
        "  prompt: {path: workload.single_call.prompt, values: [100, 100000000]}\n"
        "  tp: {path: deployment.tp, values: [1, 3]}\n"
        "replications: 1\ninfeasible: record\nonly: [{platform: hgx_h100_x1}]\n")
    out, error = sweep.call("load.yaml", status=1)
    expect("1 finished point in " in out and "3 failed points in " in error and "1 of 2 points failed" in error, error)
    table = rows(sweep.text("results/load/failures.csv"))
    expect([(row["prompt"], row["tp"], row["kind"], row["attempts"]) for row in table] ==
           [("100", "3", "infeasible", "0"), ("100000000", "1", "config_error", "1"),
            ("100000000", "3", "infeasible", "0")], str(table))
    expect("does not divide" in table[0]["message"] and "tokens" in table[1]["message"], str(table))
    expect(Path(table[1]["log"]).exists(), "no log")
    expect(len(rows(sweep.text("results/load/sweep.csv"))) == 1, "rows")


def two_sweeps_on_one_folder(make):
    sweep = make(SLOW)
    first = sweep.start("load.yaml", "--quiet")
    while not (sweep.folder / "results/load/manifest.json").exists():
        time.sleep(0.01)
    _, error = sweep.call("load.yaml", "--quiet", status=2)
    expect(error == f"results/load: process {first.pid} is at work; see 'agentsim sweep status' and 'cancel'\n", error)
    out, _ = sweep.call("status", "results/load")
    expect(f"process {first.pid} is at work" in out, out)
    out, _ = sweep.call("cancel", "results/load")
    expect(out == "cancelled; finished points are kept\n", out)
    _, error = first.communicate(timeout=60)
    expect(first.returncode == 130, f"{first.returncode} {error}")
    expect(re.search(r"interrupted; \d+ of 12 points are finished, and the same command goes on from there", error), error)
    out, _ = sweep.call("cancel", "results/load")
    expect(out == "nothing is at work\n", out)
    out, _ = sweep.call("status", "results/load")
    expect("go on with: agentsim sweep load.yaml --quiet" in out, out)


def a_full_disk(make):
    sweep = make(USERS)
    mount = sweep.folder / "small"
    mount.mkdir()
    script = f"mount -t tmpfs -o size=400k none {mount} && " \
             f"'{sweep.program}' sweep load.yaml --quiet --out out --store {mount}/store; " \
             f"echo $? > status; ls {mount}/store/*/*/point.json 2>/dev/null | wc -l > finished"
    probe = subprocess.run(["unshare", "-rm", "true"], capture_output=True)
    if probe.returncode != 0:
        print("skipped: a small file system cannot be mounted here")
        return
    body = sweep.text("load.yaml").replace("values: [1, 2, 4]", "values: [" + ", ".join(map(str, range(1, 40))) + "]")
    (sweep.folder / "load.yaml").write_text(body)
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=sweep.folder, env=sweep.environment,
                          capture_output=True, text=True)
    expect(sweep.text("status") == "1\n", sweep.text("status") + done.stderr)
    expect("cannot be written: No space left on device" in done.stderr, done.stderr)
    expect(int(sweep.text("finished")) > 0, "no point was finished before the disk was full")
    expect(re.search(r"; \d+ of 156 points are finished, and the same command goes on from there\n$", done.stderr),
           done.stderr)
    # What failed for want of space is no failure of a point, and goes well elsewhere.
    sweep.call("load.yaml", "--quiet", "--out", "out")
    expect(len(rows(sweep.text("out/sweep.csv"))) == 156, "rows")
    expect(rows(sweep.text("out/failures.csv")) == [], "failures")


def a_folder_that_cannot_be_written(make):
    sweep = make(USERS)
    probe = subprocess.run(["unshare", "-rm", "true"], capture_output=True)
    if probe.returncode != 0:
        print("skipped: a file system cannot be mounted here")
        return
    (sweep.folder / "fixed").mkdir()
    script = f"mount -t tmpfs -o ro none fixed && '{sweep.program}' sweep load.yaml --out fixed/x"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=sweep.folder, env=sweep.environment,
                          capture_output=True, text=True)
    expect(done.returncode == 2, f"{done.returncode}: {done.stderr}")
    expect(done.stderr == "fixed/x: cannot be made: Read-only file system\n", done.stderr)


def changed_files_are_told(make):
    sweep = make(USERS)
    sweep.call("load.yaml", "--quiet")
    sweep.call("merge", "results/load")
    (sweep.folder / "base.yaml").write_text(sweep.text("base.yaml").replace("prompt: 400", "prompt: 500"))
    _, error = sweep.call("merge", "results/load", status=2)
    expect(error.startswith("load.yaml: it or a file that it reads has changed since the sweep was started"), error)


def the_examples_run_small(make):
    sweep = make("axes: {}\n")
    source = Path(sweep.environment["AGENTSIM_HOME"])
    for example in sorted((source / "scenarios/sweeps").glob("*.yaml")):
        out, _ = sweep.call(str(example), "--dry-run")
        points = int(re.search(r"points +(\d+):", out)[1])
        sweep.call(str(example), "--quiet", "--executor", "local", "--set", "workload.sessions=12", "--out",
                   f"results/{example.stem}")
        ended = [rows(sweep.text(f"results/{example.stem}/{name}.csv")) for name in ("sweep", "failures")]
        finished, failed = ({row["point"] for row in table} for table in ended)
        expect(finished and len(finished) + len(failed) == points, f"{example}: {len(finished)} of {points}")
    # Every column of the tables that is no axis is explained.
    text = (source / "docs/sweeps.md").read_text()
    for name in ("sweep", "failures"):
        columns = sweep.text(f"results/chat_load/{name}.csv").partition("\n")[0].split(",")
        for column in columns:
            expect(column in ("rate_per_s", "router") or f"| {column} |" in text, f"{name}.csv: {column} has no meaning")


def progress_in_plain_lines(make):
    sweep = make(USERS)
    _, error = sweep.call("load.yaml")
    lines = error.splitlines()
    expect(lines[0] == "0 of 12 points done, 12 left", lines[0])
    expect(re.fullmatch(r"\d+ of 12 points done, \d+ left, [\d.]+ points/s, ETA [\d.]+ \w+", lines[1]), lines[1])
    expect(lines[-1] == "12 of 12 points done" and "\r" not in error, error)


def main():
    program, source, case = sys.argv[1:]
    cases = {name: function for name, function in globals().items() if name == case}
    cases[case](lambda body: Sweep(program, source, body))
    print("as expected")


main()

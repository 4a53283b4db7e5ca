"""Kills a sweep and its workers at random until it is done: chaos.py AGENTSIM SOURCE_DIR

The tables must be the same bytes as those of a sweep that nobody disturbed. 8 kills, with AGENTSIM_LONG=1 50.
"""

import os
import random
import signal
import sys
import time

from program import Sweep, expect

BODY = """\
axes:
  users: {path: workload.arrival.concurrency, values: [1, 2, 3, 4, 6, 8]}
  prompt: {path: workload.single_call.prompt, values: [200, 400, 800]}
set: {workload.sessions: 400}
"""


def disturb(sweep, chance):
    """Starts the sweep and kills it, or one of its workers, after a moment. True if it ended by itself."""
    process = sweep.start("load.yaml", "--out", "chaos", "--store", "chaos-points", "--quiet")
    end = time.monotonic() + chance.uniform(0.03, 0.3)
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.002)
    workers = sweep.children(process.pid)
    victim = chance.choice(workers) if workers and chance.random() < 0.5 else process.pid
    killed = process.poll() is None
    if killed:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass  # the worker has ended meanwhile
    if victim != process.pid:  # the sweep goes on: let it for a moment, then kill it too
        time.sleep(chance.uniform(0.0, 0.2))
        if process.poll() is None:
            process.kill()
    process.communicate()
    return process.returncode in (0, 1)


def main():
    kills = 50 if os.environ.get("AGENTSIM_LONG") else 8
    chance = random.Random(6)
    sweep = Sweep(sys.argv[1], sys.argv[2], BODY)
    sweep.call("load.yaml", "--out", "calm", "--store", "calm-points", "--quiet")
    rounds = 0
    while rounds < kills:
        if disturb(sweep, chance):
            # It ended between two kills: lose some of it, so that there is work for the others.
            for point in list((sweep.folder / "chaos-points").glob("*/*/summary.json"))[::2]:
                point.write_text("lost")
        rounds += 1
    sweep.call("load.yaml", "--out", "chaos", "--store", "chaos-points", "--quiet")
    for table in ("sweep.csv", "failures.csv"):
        expect(sweep.text(f"chaos/{table}") == sweep.text(f"calm/{table}"), f"{table} differs after {rounds} kills")
    expect(sweep.text("calm/sweep.csv").count("\n") == 1 + 6 * 3 * 2 * 2, "the undisturbed sweep is not whole")
    left = list((sweep.folder / "chaos-points" / "work").iterdir())
    expect(not left, f"left behind: {left}")
    print(f"the same bytes after {rounds} kills")


main()

"""Times of `agentsim sweep`, for a quiet machine of at least two cores: sweep.py AGENTSIM [SOURCE_DIR]

    speed-up of two processes over one on 64 equal points     >= 1.8
    overhead of a point: processes, keys, files               <= 20 ms
    dry run of 10,000 points                                  <= 2 s
    merge of 10,000 points                                    <= 5 s

Not part of the tests. Ends with status 1 if a limit is not kept.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BASE = """\
workload: {{sessions: {sessions}, source: single_call, single_call: {{prompt: 400, output: 60}},
  arrival: {{kind: closed, concurrency: 2}}}}
deployment: {{model: llama_3_1_8b, tp: 1, replicas: 2, engine: vllm_v1}}
platforms: [hgx_h100_x1]
prices: rental_2026
replications: 1
"""


class Bench:
    def __init__(self, program, source):
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        self.program = Path(program).resolve()
        self.environment = dict(os.environ, AGENTSIM_HOME=str(source))

    def write(self, name, sessions, axes):
        (self.folder / f"{name}-base.yaml").write_text(BASE.format(sessions=sessions))
        (self.folder / f"{name}.yaml").write_text(f"scenario: ./{name}-base.yaml\naxes: {axes}\n")

    def time(self, *words):
        """(seconds, seconds of the processors) of a call."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        subprocess.run([self.program, "sweep", *words], cwd=self.folder, env=self.environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seeds(count):
    return f"{{sample: {{path: seed, range: {{from: 1, to: {count}, steps: {count}}}}}}}"


def speed_up(bench):
    bench.write("equal", 6000, seeds(64))
    walls = {1: [], 2: []}
    for turn in range(3):
        for jobs in walls:
            walls[jobs].append(bench.time("equal.yaml", "--jobs", str(jobs), "--store", f"equal-{turn}-{jobs}")[0])
    print(f"  64 points: {min(walls[1]):.2f} s with one process, {min(walls[2]):.2f} s with two")
    return min(walls[1]) / min(walls[2])


def overhead_ms(bench):
    bench.write("tiny", 1, seeds(200))
    wall, cpu = min(bench.time("tiny.yaml", "--jobs", "1", "--store", f"tiny-{turn}") for turn in range(3))
    print(f"  200 points of one session: {wall:.2f} s, {cpu:.2f} s of the processors")
    return wall / 200 * 1e3


def many(bench):
    axes = "{users: {path: workload.arrival.concurrency, range: {from: 1, to: 100, steps: 100}}, " \
           "prompt: {path: workload.single_call.prompt, range: {from: 101, to: 200, steps: 100}}}"
    bench.write("many", 1, axes)
    dry = bench.time("many.yaml", "--dry-run")
    run = bench.time("many.yaml")
    merge = bench.time("merge", "results/many")
    print(f"  10,000 points: dry run {dry[0]:.2f} s ({dry[1]:.2f} s of the processors), run {run[0]:.1f} s, "
          f"merge {merge[0]:.2f} s ({merge[1]:.2f} s)")
    return dry[0], merge[0]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    bench = Bench(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else SOURCE)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    ratio, overhead = speed_up(bench), overhead_ms(bench)
    dry, merge = many(bench)
    kept = True
    for what, value, holds in (("speed-up of two processes", f"{ratio:.2f}", ratio >= 1.8),
                               ("overhead of a point", f"{overhead:.1f} ms", overhead <= 20.0),
                               ("dry run of 10,000 points", f"{dry:.2f} s", dry <= 2.0),
                               ("merge of 10,000 points", f"{merge:.2f} s", merge <= 5.0)):
        print(f"{what:<28} {value:>9}  {'kept' if holds else 'NOT KEPT'}")
        kept = kept and holds
    sys.exit(0 if kept else 1)


main()

"""The executor slurm on a real Slurm of one node: slurm_test.py AGENTSIM SOURCE_DIR

Skipped, with status 77, where Slurm or munge is not installed.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

import slurm_cluster
from program import Sweep, expect

# Points of about a second, four tasks of two.
BODY = """\
set: {{workload.sessions: {sessions}}}
axes: {{users: {{path: workload.arrival.concurrency, values: [1, 2]}}}}
slurm: {{partition: batch, time: 5 min, memory: 200 MiB, points_per_task: 2, at_once: 2}}
"""


def write(sweep, name, sessions, more=""):
    text = "scenario: ./base.yaml\n" + BODY.format(sessions=sessions) + more
    (sweep.folder / f"{name}.yaml").write_text(text)


def submit(sweep, name):
    out, _ = sweep.call(f"{name}.yaml", "--executor", "slurm", "--store", f"{name}-points")
    return out


def status(sweep, name):
    return sweep.call("status", f"results/{name}")[0]


def wait(holds, what, cluster, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        expect(time.monotonic() < end, f"{what}: not after {seconds} s\n{cluster.call('squeue')}\n{cluster.logs()}")
        time.sleep(0.2)


def wait_until_idle(sweep, name, cluster):
    wait(lambda: "Slurm job" not in status(sweep, name), f"{name} ends", cluster)


def like_a_local_one(sweep, name):
    sweep.call(f"{name}.yaml", "--executor", "local", "--quiet", "--out", f"local/{name}", "--store", f"{name}-local")
    for table in ("sweep.csv", "failures.csv"):
        expect(sweep.text(f"results/{name}/{table}") == sweep.text(f"local/{name}/{table}"), f"{name}/{table} differs")


def refused_jobs_are_told(sweep, cluster):
    write(sweep, "wrong", 10, "executor: slurm\n")
    text = sweep.text("wrong.yaml").replace("partition: batch", "partition: bach")
    (sweep.folder / "wrong.yaml").write_text(text)
    _, error = sweep.call("wrong.yaml", status=2)
    expect("wrong.yaml:4:20: unknown partition 'bach'\n" in error and "did you mean 'batch'?" in error and
           "valid: batch, spare\n" in error, error)
    expect(not (sweep.folder / "results/wrong").exists(), "a folder is left behind")
    (sweep.folder / "wrong.yaml").write_text(text.replace("partition: bach", "partition: batch, options: --time=30"))
    _, error = sweep.call("wrong.yaml", status=2)
    expect(re.search(r"wrong.yaml:4:8: Slurm refuses the job: sbatch: error: .*time limit", error), error)
    expect(cluster.call("squeue", "-h") == "", "a refused sweep left jobs behind")


def an_array_and_its_merge(sweep, cluster):
    write(sweep, "array", 2000)
    expect("8 points handed over; see: agentsim sweep status results/array" in submit(sweep, "array"), "handed over")
    wait_until_idle(sweep, "array", cluster)
    expect("array: 8 of 8 points done, 0 failed, 0 left" in status(sweep, "array"), status(sweep, "array"))
    expect(len(sweep.text("results/array/slurm/tasks.txt").splitlines()) == 4, "four tasks of two points")
    like_a_local_one(sweep, "array")  # the merge job has written the tables
    out = submit(sweep, "array")
    expect("8 finished points in" in out, out)  # nothing is left to submit


def running_task(cluster, job):
    """Index of a task of an array that runs, and its processes on this node."""
    for line in cluster.call("squeue", "-h", "-r", "-t", "RUNNING", "-j", job, "-o", "%K").split():
        return line
    return None


def processes(sweep, task):
    """The processes of one task of ours."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"work" in words and str(sweep.folder).encode() in b" ".join(words) and task.encode() in words:
            found.append(int(path.parent.name))
    return found


def a_task_requeued_and_one_killed(sweep, cluster):
    write(sweep, "rough", 12000)
    submit(sweep, "rough")
    job = re.findall(r'"(\d+)"', sweep.text("results/rough/slurm/jobs.json"))[0]
    wait(lambda: running_task(cluster, job), "a task runs", cluster)
    _, error = sweep.call("rough.yaml", "--executor", "slurm", "--store", "rough-points", status=2)
    expect(re.search(rf"results/rough: Slurm job {job}: \d+ \w+.*; see 'agentsim sweep status' and 'cancel'", error), error)
    requeued = running_task(cluster, job)
    cluster.call("scontrol", "requeue", f"{job}_{requeued}")
    # Another task is killed, with all of its workers: what it has not finished is missing.
    wait(lambda: running_task(cluster, job) not in (None, requeued), "another task runs", cluster)
    killed = running_task(cluster, job)
    wait(lambda: processes(sweep, killed), "its processes", cluster)
    for pid in processes(sweep, killed):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_until_idle(sweep, "rough", cluster)
    after = status(sweep, "rough")
    found = re.search(r"rough: (\d+) of 8 points done, 0 failed, (\d+) left", after)
    expect(found and int(found[1]) >= 6 and int(found[2]) >= 1, after)
    expect(f"point{'s' * (found[2] != '1')} missing: the sweep is not finished" in
           sweep.text("results/rough/slurm/logs/merge.log"), "the merge job says what is missing")
    expect(f"{found[2]} point" in submit(sweep, "rough"), "only what is missing is submitted")
    wait_until_idle(sweep, "rough", cluster)
    like_a_local_one(sweep, "rough")


def a_sweep_cancelled(sweep, cluster):
    write(sweep, "long", 2000000)
    submit(sweep, "long")
    wait(lambda: "RUNNING" in status(sweep, "long"), "it runs", cluster)
    out, _ = sweep.call("cancel", "results/long")
    expect(out == "cancelled; finished points are kept\n", out)
    wait_until_idle(sweep, "long", cluster)
    expect("nothing is at work; go on with: agentsim sweep long.yaml" in status(sweep, "long"), status(sweep, "long"))
    expect(sweep.call("cancel", "results/long")[0] == "nothing is at work\n", "cancelled twice")


def main():
    obstacle = slurm_cluster.why_not()
    if obstacle:
        print(f"skipped: {obstacle}")
        sys.exit(77)
    sweep = Sweep(sys.argv[1], sys.argv[2], "axes: {}\n")
    with slurm_cluster.Cluster() as cluster:
        sweep.environment.update(SLURM_CONF=cluster.environment["SLURM_CONF"])
        for case in (refused_jobs_are_told, an_array_and_its_merge, a_task_requeued_and_one_killed, a_sweep_cancelled):
            start = time.monotonic()
            try:
                case(sweep, cluster)
            except SystemExit:
                print(cluster.logs())
                raise
            print(f"{case.__name__}: as expected after {time.monotonic() - start:.0f} s", flush=True)


main()

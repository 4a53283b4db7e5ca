"""Imports a big file and measures the memory that takes: big_import.py AGENTSIM FORMAT|all [MEGABYTES]

The file repeats the sample of tests/workload/data with other sessions, so it is as true to its format as that. Fails
if the peak of resident memory passes 300 MiB, and for files below 1 GB a share of them. Prints what was imported, the
time and the peak. Without MEGABYTES: 10, or 1000 with AGENTSIM_LONG=1.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_MIB = 300
DATA = Path(__file__).resolve().parents[1] / "workload" / "data"


def plan_lines(agentsim):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "plans.jsonl"
        sample = DATA / "claude_code_3_sessions.csv"
        subprocess.run([agentsim, "import", "claude_code_csv", sample, "-o", out, "--quiet"], check=True,
                       stderr=subprocess.DEVNULL)
        lines = out.read_text().splitlines()
    number = 0
    while True:
        for line in lines:
            plan = json.loads(line)
            plan["session"], plan["name"] = number, f"s{number}"
            number += 1
            yield json.dumps(plan, separators=(",", ":")) + "\n"


def call_rows(_):
    with open(DATA / "claude_code_3_sessions.csv", newline="") as file:
        header, *rows = csv.reader(file)
    yield ",".join(header) + "\n"
    copy = 0
    while True:
        yield "".join(f"{row[0]}_{copy}," + ",".join(row[1:]) + "\n" for row in rows)
        copy += 1


def log_lines(_):
    """One session that goes on and on, with the tool results that make real logs big."""
    lines = [json.loads(line) for line in
             (DATA / "claude_projects/-home-ada-shop/5d1c0a52-7d0e-4a68-9a57-0c6c4ad0b001.jsonl").open()]
    copy = 0
    while True:
        for line in lines:
            message = line.get("message", {})
            if "id" in message:
                message = dict(message, id=f"{message['id']}_{copy}")
            elif isinstance(message.get("content"), list):
                message = dict(message, content=[dict(block, content="x" * 3000) for block in message["content"]])
            yield json.dumps(dict(line, message=message)) + "\n"
        copy += 1


def round_lines(_):
    """Sessions are mixed: the worst case."""
    lines = [json.loads(line) for line in (DATA / "tracelab_round_trace.jsonl").open()]
    copy = 0
    while True:
        for line in lines:
            yield json.dumps(dict(line, session_id=f"{line['session_id']}:{copy % 1000}")) + "\n"
        copy += 1


def mooncake_lines(_):
    lines = [json.loads(line) for line in (DATA / "mooncake_arxiv_93.jsonl").open()]
    copy = 0
    while True:
        for line in lines:
            moved = {"timestamp": line["timestamp"] + copy * 13000, "hash_ids": [i + copy * 8000 for i in line["hash_ids"]]}
            yield json.dumps({**line, **moved}) + "\n"
        copy += 1


def azure_rows(_):
    header, *rows = (DATA / "azure2023_code_50.csv").read_text().splitlines()
    yield header + "\n"
    copy = 0
    while True:
        yield "".join(f"{float(t) + copy * 40:.4f},{rest}\n" for t, _, rest in (row.partition(",") for row in rows))
        copy += 1


def otel_lines(_):
    text = (DATA / "otel_spans.jsonl").read_text()
    copy = 0
    while True:
        mark = f"{copy:08x}"
        yield (text.replace('"traceId":"a1a1a1a1', f'"traceId":"{mark}').replace('"traceId":"b2b2b2b2', f'"traceId":"{mark}')
               .replace('"traceId":"c3c3c3c3', f'"traceId":"{mark}').replace("conv_7f3a", f"conv_{mark}"))
        copy += 1


FORMATS = {
    "azure_csv": (azure_rows, "big.csv"),
    "claude_code_csv": (call_rows, "big.csv"),
    "claude_code_jsonl": (log_lines, "big.jsonl"),
    "mooncake": (mooncake_lines, "big.jsonl"),
    "otel": (otel_lines, "big.jsonl"),
    "plan_jsonl": (plan_lines, "big.jsonl"),
    "tracelab": (round_lines, "big.jsonl"),
}


def measure(agentsim, name, megabytes, folder):
    """Seconds, seconds of processor and the peak of resident memory in MiB."""
    make, file_name = FORMATS[name]
    path = Path(folder) / file_name
    size = 0
    with open(path, "w") as file:
        for piece in make(agentsim):
            file.write(piece)
            size += len(piece)
            if size >= megabytes * 1e6:
                break
    begin = time.monotonic()
    process = subprocess.Popen([agentsim, "import", name, path])
    _, status, usage = os.wait4(process.pid, 0)
    path.unlink()
    if status != 0:
        sys.exit(f"{name}: import failed")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    agentsim, wanted = sys.argv[1:3]
    is_long = os.environ.get("AGENTSIM_LONG", "0") not in ("", "0")
    megabytes = float(sys.argv[3]) if len(sys.argv) > 3 else 1000.0 if is_long else 10.0
    # The program alone takes 20 to 40 MiB, the blocks known to the hit rate up to 48.
    limit = min(LIMIT_MIB, 120 + 0.18 * megabytes)
    too_big = []
    for name in sorted(FORMATS) if wanted == "all" else [wanted]:
        with tempfile.TemporaryDirectory() as folder:
            seconds, busy, peak = measure(agentsim, name, megabytes, folder)
        print(f"{name}: {megabytes:g} MB in {seconds:.1f} s ({busy:.1f} s of processor), peak {peak:.0f} MiB", flush=True)
        if peak > limit:
            too_big.append(name)
    if too_big:
        sys.exit(f"more than {limit:g} MiB: {', '.join(too_big)}")


main()

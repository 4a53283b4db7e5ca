"""Plans that are exported come back byte for byte: round_trip.py AGENTSIM SCENARIO"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main(program, scenario):
    with tempfile.TemporaryDirectory() as folder:

        def path(name):
            return str(Path(folder) / name)

        def agentsim(*arguments):
            return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

        agentsim("plan", "export", scenario, "-o", path("drawn.jsonl"))
        agentsim("plan", "export", scenario, "-o", path("packed.jsonl.gz"))
        agentsim("import", "plan_jsonl", path("drawn.jsonl"), "-o", path("imported.jsonl"))
        agentsim("import", "plan_jsonl", path("packed.jsonl.gz"), "-o", path("unpacked.jsonl"))
        agentsim("plan", "export", path("drawn.jsonl"), "-o", path("again.jsonl"))
        agentsim("plan", "export", scenario, "--session", "7", "--sessions", "2", "-o", path("two.jsonl"))
        drawn = Path(path("drawn.jsonl")).read_bytes()
        lines = drawn.splitlines(keepends=True)
        for name in ("imported.jsonl", "unpacked.jsonl", "again.jsonl"):
            if Path(path(name)).read_bytes() != drawn:
                sys.exit(f"{name} differs from what was exported")
        if Path(path("two.jsonl")).read_bytes() != b"".join(lines[7:9]):
            sys.exit("two sessions are not the same as among all")
        shown = agentsim("plan", "show", scenario, "--session", "7", "--format", "jsonl")
        if shown.encode() != lines[7]:
            sys.exit("plan show --format jsonl differs from what was exported")
        # What this scenario is there for.
        for word in ("needed", "messages", "budget_s", "purpose", "reasoning_tokens", "parallel", "resource", "deployment"):
            if f'"{word}":'.encode() not in drawn:
                sys.exit(f"no plan has '{word}': the scenario does not try it")
        arrivals = [json.loads(line)["recorded_arrival_s"] for line in lines]
        if arrivals != sorted(arrivals) or None in arrivals:
            sys.exit("the sessions of an open scenario do not tell when they arrive")
        for part in (["--calls"], ["--format", "dot"]):
            for source in (scenario, path("drawn.jsonl")):
                text = agentsim("plan", "show", source, "--session", "7", *part)
                calls = sum(len(agent["calls"]) for agent in json.loads(lines[7])["agents"])
                told = text.count(" in, ")
                if told != calls:
                    sys.exit(f"plan show {part} tells of {told} calls of {calls}")


main(*sys.argv[1:])

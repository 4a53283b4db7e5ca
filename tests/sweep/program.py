"""What the tests of `agentsim sweep` share."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Small enough that a point takes some hundredths of a second.
BASE = """\
workload: {sessions: 40, source: single_call, single_call: {prompt: 400, output: 60},
  arrival: {kind: closed, concurrency: 2}}
deployment: {model: llama_3_1_8b, tp: 1, replicas: 2, engine: vllm_v1}
platforms: [hgx_h100_x1, rtx_pro_6000_pcie_x1]
prices: rental_2026
slo: {ttft: 1 s}
replications: 2
"""


class Sweep:
    """A folder with a scenario and a sweep, in which the program is called."""

    def __init__(self, program, source, body):
        self.place = tempfile.TemporaryDirectory(prefix="agentsim-sweep-")
        self.folder = Path(self.place.name)
        self.program = program
        self.environment = dict(os.environ, AGENTSIM_HOME=str(source))
        (self.folder / "base.yaml").write_text(BASE)
        (self.folder / "load.yaml").write_text("scenario: ./base.yaml\n" + body)

    def start(self, *words, **options):
        return subprocess.Popen([self.program, "sweep", *words], cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def call(self, *words, status=0):
        """(stdout, stderr) of a call that must end with this status."""
        process = self.start(*words)
        out, error = process.communicate(timeout=300)
        if process.returncode != status:
            sys.exit(f"sweep {' '.join(words)}: status {process.returncode}, not {status}\n{out}{error}")
        return out, error

    def text(self, path):
        return (self.folder / path).read_text()

    def children(self, pid):
        """Processes of a process."""
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []


def expect(holds, words):
    if not holds:
        sys.exit(words)

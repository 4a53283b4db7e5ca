"""A Slurm cluster of one node on this machine, for tests: its own munged, slurmctld and slurmd on loopback, with
their own configuration, ports, key and folders, stopped at the end. Nothing outside its folder is touched.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")

CONFIG = """\
ClusterName=agentsim
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0
ReturnToService=2
InactiveLimit=0
KillWait=1
MinJobAge=300
UnkillableStepTimeout=10
MaxArraySize=20
JobRequeue=1
EnforcePartLimits=ANY
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=1000
PartitionName=batch Nodes={host} Default=YES MaxTime=10 State=UP
PartitionName=spare Nodes={host} MaxTime=10 State=UP
"""


def why_not():
    """Why no cluster can be started here, or None."""
    for name in PROGRAMS:
        if program(name) is None:
            return f"{name} is not installed (packages slurm-wlm and munge)"
    if not can_do_without_control_groups() and not any(Path("/sys/fs/cgroup").glob("*")):
        return "the slurmd of this Slurm needs control groups, and /sys/fs/cgroup is not mounted"
    return None


def can_do_without_control_groups():
    version = subprocess.run([program("slurmd"), "-V"], capture_output=True, text=True, check=True).stdout
    return int(version.split()[-1].partition(".")[0]) >= 23


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: socket paths are limited
        os.chmod(self.folder, 0o755)
        self.daemons = []
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        # munged is content with a folder that others may write on the way, as /tmp is, only with --force.
        self.run_daemon("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                        f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                        f"--seed-file={self.folder}/munged.seed")
        self.wait_for(lambda: (self.folder / "munge.socket").exists(), "munged")
        host = socket.gethostname().partition(".")[0]
        controller, node = free_ports(2)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        (self.folder / "slurm.conf").write_text(
            CONFIG.format(host=host, folder=self.folder, controller_port=controller, node_port=node, user=user))
        if can_do_without_control_groups():
            (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        self.run_daemon("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        self.run_daemon("slurmd", "-D", "-N", host, "-f", str(self.folder / "slurm.conf"))
        self.wait_for(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T", check=False), "the node")

    def run_daemon(self, name, *words):
        log = open(self.folder / f"{name}.out", "w")
        environment = getattr(self, "environment", dict(os.environ))
        self.daemons.append(subprocess.Popen([program(name), *words], stdout=log, stderr=log, env=environment,
                                             start_new_session=True))

    def wait_for(self, holds, what, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError(f"{what} does not come up\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        texts = []
        for path in sorted(self.folder.glob("*.out")) + sorted(self.folder.glob("*.log")):
            texts.append(f"--- {path.name}\n" + "".join(path.read_text(errors="replace").splitlines(True)[-15:]))
        return "\n".join(texts)

    def call(self, name, *words, check=True):
        done = subprocess.run([program(name), *words], env=self.environment, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{name} {' '.join(words)}: {done.stderr}")
        return done.stdout

    def __exit__(self, *_):
        if hasattr(self, "environment"):
            self.call("scancel", "--state=RUNNING", "--state=PENDING", "-u", str(os.getuid()), check=False)
        for daemon in reversed(self.daemons):
            if daemon.poll() is None:
                daemon.terminate()
                try:
                    daemon.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    os.killpg(daemon.pid, signal.SIGKILL)
                    daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

"""A real Slurm on one machine, without systemd: a controller, two nodes of four cores, and nothing left behind."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
NODES = ("gw1", "gw2")
SECONDS = 30.0  # that a daemon may take
MARK = "# groundwork tests"

CONF = """
ClusterName=groundwork
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=26817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket,cred_expire=5
CredType=cred/munge
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=10000
MinJobAge=300
KillWait=5
InactiveLimit=0
JobRequeue=1
PropagateResourceLimits=NONE
StateSaveLocation={root}/state
SlurmctldPidFile={root}/slurmctld.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdPidFile={root}/slurmd.%n.pid
SlurmdLogFile={root}/slurmd.%n.log
SlurmdSpoolDir={root}/spool/%n
{nodes}
PartitionName=debug Nodes={names} Default=YES MaxTime=1:00:00 OverSubscribe=YES:8 State=UP
"""


def obstacle() -> str | None:
    """Say why no Slurm can be brought up here; None where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "a Slurm needs root to be brought up"
    if all(map(shutil.which, PROGRAMS)):
        return None
    if shutil.which("apt-get") is None:
        return "Slurm is not installed, and there is no apt-get to install it"
    install = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(install, **quiet, env=environment).returncode:
        subprocess.run(["apt-get", "update"], **quiet)
        if subprocess.run(install, **quiet, env=environment).returncode:
            return f"apt-get could not install {', '.join(PACKAGES)}"
    return None


class Slurm:
    """Run a cluster out of one folder, with its own munge, ports and names.

    Args:
        root: Folder for configuration, state and logs.
    """

    def __init__(self, root: Path):
        self.root = root
        self.environment = {"SLURM_CONF": str(root / "slurm.conf")}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def up(self) -> None:
        """Start every daemon in the foreground, as a child of this process, and wait for the nodes."""
        root = self.root
        root.chmod(0o755)
        for name in ("state", *(f"spool/{node}" for node in NODES)):
            (root / name).mkdir(parents=True)
        self._name_nodes()
        self._munge()
        nodes = [
            f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={27001 + number} CPUs=4 "
            f"RealMemory=4000 State=UNKNOWN"
            for number, node in enumerate(NODES)
        ]
        conf = CONF.format(
            host=socket.gethostname(), root=root, nodes="\n".join(nodes), names=",".join(NODES)
        )
        (root / "slurm.conf").write_text(conf, encoding="utf-8")
        self._start("slurmctld", "-D")
        for node in NODES:
            self._start("slurmd", "-D", "-N", node)
        deadline = time.monotonic() + SECONDS
        while self.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() != str(len(NODES)):
            if time.monotonic() > deadline:
                logs = "\n".join(log.read_text(errors="replace")[-800:] for log in root.glob("*.log"))
                raise RuntimeError(f"the nodes did not come up:\n{logs}")
            time.sleep(0.2)

    def down(self) -> None:
        """Stop everything that `up` started, newest first."""
        subprocess.run(
            ["scancel", "--full", "-u", "root"], env=self._env(), capture_output=True, timeout=SECONDS
        )
        deadline = time.monotonic() + SECONDS
        while self.ask("squeue", "-h").strip() and time.monotonic() < deadline:
            time.sleep(0.2)
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        hosts = Path("/etc/hosts")
        kept = [line for line in hosts.read_text().splitlines() if MARK not in line]
        hosts.write_text("\n".join(kept) + "\n")

    def ask(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        return subprocess.run(
            command, env=self._env(), capture_output=True, text=True, timeout=SECONDS
        ).stdout

    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _name_nodes(self) -> None:
        """Let the names of the nodes be found, or torch's ranks look for them for half an hour."""
        hosts = Path("/etc/hosts")
        lines = "".join(f"127.0.0.1 {node} {MARK}\n" for node in NODES)
        hosts.write_text(hosts.read_text().rstrip("\n") + "\n" + lines)

    def _munge(self) -> None:
        key = self.root / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        (self.root / "munge.seed").write_bytes(os.urandom(64))
        names = ("key-file=munge.key", "log-file=munge.log", "pid-file=munge.pid", "seed-file=munge.seed",
                 "socket=munge.socket")  # fmt: skip
        options = [f"--{option}={self.root / file}" for option, file in (name.split("=") for name in names)]
        self._start("munged", "--foreground", "--force", *options)
        deadline = time.monotonic() + SECONDS
        while not (self.root / "munge.socket").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _start(self, *command: str) -> None:
        with (self.root / f"{command[0]}.out").open("ab") as out:
            daemon = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self._env(), cwd=self.root
            )
        self._daemons.append(daemon)

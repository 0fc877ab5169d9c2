"""The machine: its topology, what emulates or virtualises it, and QEMU's command line."""

import dataclasses
import os
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
# A kernel that says its first words takes about a second where KVM works.
PROBE_SECONDS = 10


class Unfit(Exception):
    """This host cannot run the VM."""


@dataclasses.dataclass
class Topology:
    name: str
    cpus: str
    memory: str
    virtme_arguments: list[str]


def topologies():
    lines = (line.split() for line in (HERE / "topologies").read_text().splitlines())
    return {words[0]: Topology(words[0], words[1], words[2], words[3:]) for words in lines if words and words[0] != "#"}


def vmlinuz(cache, series):
    return (cache / f"kernel-{series}" / "vmlinuz").resolve()


def accelerator(cache, series):
    """"kvm" or "tcg", and a sentence that says why. Asked once for each boot of the host."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "emulated (TCG): no usable /dev/kvm"
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    answer = cache / "kvm"
    known = answer.read_text().split() if answer.exists() else []
    if len(known) != 2 or known[0] != boot_id:
        works = "works" if kvm_boots(vmlinuz(cache, series)) else "fails"
        new = cache / f"kvm.{os.getpid()}"
        new.write_text(f"{boot_id} {works}\n")
        new.rename(answer)
        known = [boot_id, works]
    if known[1] == "works":
        return "kvm", "virtualised (KVM)"
    return "tcg", "emulated (TCG): /dev/kvm is there but boots no kernel"


def kvm_boots(kernel):
    """A kernel without a root file system panics at once, and with -no-reboot that ends QEMU: its first words are the
    proof. A present /dev/kvm proves nothing: QEMU may abort on it, or the guest may hang before it prints anything."""
    command = [
        "qemu-system-x86_64", "-machine", "accel=kvm", "-cpu", "host,topoext=on", "-m", "512M", "-nodefaults",
        "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel, "-append", "console=ttyS0 panic=-1",
    ]
    try:
        probe = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return b"Linux version" in probe.stdout


def overlays():
    """Top-level folders the guest may write to, into its own memory: all but those that its init mounts."""
    others = {"boot", "dev", "lost+found", "proc", "run", "sys"}
    for entry in sorted(Path("/").iterdir()):
        if entry.is_dir() and not entry.is_symlink() and entry.name not in others:
            yield entry


def qemu(cache, wanted, accelerator, place):
    """QEMU's command line as virtme-run makes it, for a guest that runs deploy/vm/guest. We run it ourselves, to own
    the process that must be killed, and its console."""
    topology = wanted.topology
    guest = shlex.join([str(HERE / "guest"), str(place / "shared")])
    virtme = [
        cache / "venv/bin/virtme-run", "--mods=auto", f"--kimg={vmlinuz(cache, wanted.kernel)}", "--force-9p",
        "--name=cgexec-vm", f"--cpus={wanted.cpus or topology.cpus}", f"--memory={wanted.memory or topology.memory}",
        *topology.virtme_arguments,
        *(f"--overlay-rwdir={folder}" for folder in overlays()),
        *(f"--rwdir={folder}" for folder in [place / "shared", *wanted.rwdir]),
        # The guest starts the other CPUs itself: while booting, the kernel patches code that all CPUs run, and under
        # emulation one of them now and then stumbles over it ("Oops: int3 ... sched_clock_cpu").
        "--kopt=maxcpus=1", "--kopt=loglevel=4", "--kopt=psi=1", f"--script-sh=exec {guest}",
        "--dry-run", "--show-command", f"--save-initramfs={place / 'initramfs'}",
    ]
    if accelerator == "tcg":
        # The vendor is what makes an emulated CPU accept threads=2. Its time stamp counter is the host's clock, so it
        # is reliable; a kernel that checks it on a busy host finds it late against the HPET, gives it up, and patches
        # sched_clock() under all CPUs, see maxcpus.
        virtme += ["--disable-kvm", "--qemu-opt=-cpu", "--qemu-opt=max,vendor=GenuineIntel", "--kopt=tsc=reliable"]
    if wanted.disk:
        disk = f"file={place / 'disk'},format=raw,if=virtio,cache=unsafe"
        virtme += ["--qemu-opt=-drive", f"--qemu-opt={disk}"]
    made = subprocess.run(
        virtme, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        # virtme-run leaves a temporary file behind.
        env=os.environ | {"TMPDIR": str(place), "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"},
    )
    if made.returncode != 0:
        raise Unfit(f"virtme-run failed:\n{made.stderr}")
    command = shlex.split(made.stdout)
    silent = "file,id=console,path=/dev/null"
    if silent not in command:
        raise Unfit(f"virtme-run gave no console to log, but:\n{made.stdout}")
    command[command.index(silent)] = f"file,id=console,path={place / 'console'}"
    return command

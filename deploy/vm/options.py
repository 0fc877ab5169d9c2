"""The arguments of deploy/vm/run."""

import argparse
import re
from pathlib import Path

HELP = """\
Boots a Debian kernel over this host's root file system (read-only, under overlays in the guest's memory), mounts
cgroup v2 with all controllers, and runs COMMAND there as root. Its stdout and stderr come back on stdout, its exit
status becomes ours; stdin is /dev/null. The guest sees every file at the path it has here, so programs built here run
there as they are. What it writes is gone afterwards, except below --rwdir.

COMMAND finds PATH, HOME, TERM, TZ, LANG, LC_* and CGEXEC_* of the caller in its environment, CGEXEC_VM=1,
CGEXEC_VM_KERNEL=6.1 or 6.12, and with --disk CGEXEC_SCRATCH_DEVICE, the disk that is mounted at /mnt/scratch.

A boot that fails before COMMAND starts is tried again, three times in all; nothing is tried again after that.
Exit status: COMMAND's own; 124 --timeout; 125 the VM failed or said nothing; 2 bad usage; 128+n we got signal n."""


def size(text):
    if not re.fullmatch(r"[1-9][0-9]*[KMGT]", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write for example 512M or 3G")
    return text


def positive(text):
    if not re.fullmatch(r"[1-9][0-9]*", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def directory(text):
    path = Path(text).resolve()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}' is not a directory")
    return path


def parse(topologies):
    parser = argparse.ArgumentParser(
        prog="deploy/vm/run",
        usage="%(prog)s [OPTION]... -- COMMAND [ARGUMENT]...",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    names = ", ".join(topologies)
    add("--kernel", choices=["6.1", "6.12"], default="6.12", help="the Debian kernel (default 6.12)")
    add("--topology", choices=list(topologies), default="default", metavar="NAME", help=f"one of: {names}")
    add("--cpus", type=positive, metavar="N", help="instead of the topology's")
    add("--memory", type=size, metavar="SIZE", help="instead of the topology's")
    add("--swap", type=size, metavar="SIZE", help="swap of this size, on zram")
    add("--disk", type=size, metavar="SIZE", help="an empty ext4 disk at /mnt/scratch")
    add("--rwdir", type=directory, action="append", default=[], metavar="DIR", help="let the guest write here")
    add("--cwd", type=directory, default=Path.cwd(), metavar="DIR", help="where COMMAND starts (default: here)")
    add("--timeout", type=positive, metavar="S", help="seconds COMMAND may take, boot not counted")
    add("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        parser.error("no COMMAND")
    options.topology = topologies[options.topology]
    if options.topology.virtme_arguments and (options.cpus or options.memory):
        parser.error(f"topology {options.topology.name} places each CPU and byte: no --cpus and no --memory with it")
    return options

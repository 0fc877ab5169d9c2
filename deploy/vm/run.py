"""deploy/vm/run, after its shell part: what the guest is given, and how often a boot is tried."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import options
from boot import Ended, boot

HERE = Path(__file__).resolve().parent
# An emulated kernel now and then panics while booting, through no fault of ours; three in a row mean something else.
BOOTS = 3

FAILED, TIMED_OUT = 125, 124
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A signal asked us to end."""


def say(text):
    print(f"deploy/vm/run: {text}", file=sys.stderr, flush=True)


def environment(wanted):
    keep = re.compile(r"(PATH|HOME|TERM|TZ|LANG|LC_[A-Z]+|CGEXEC_[A-Z0-9_]+)")
    values = {name: value for name, value in os.environ.items() if keep.fullmatch(name)}
    values["PATH"] = values.get("PATH", "/usr/local/bin:/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    values |= {"CGEXEC_VM": "1", "CGEXEC_VM_KERNEL": wanted.kernel}
    if wanted.disk:
        values["CGEXEC_SCRATCH_DEVICE"] = "/dev/vda"
    return values


def share(wanted, shared):
    """Puts what the guest needs to know where it looks for it."""
    shared.mkdir()

    def write(name, words):
        (shared / name).write_bytes(b"".join(os.fsencode(word) + b"\0" for word in words))

    write("command", [str(wanted.cwd), *wanted.command])
    write("environment", [f"{name}={value}" for name, value in environment(wanted).items()])
    if wanted.swap:
        (shared / "swap").write_text(wanted.swap)
    if wanted.disk:
        (shared / "scratch").touch()


def scratch_disk(path, size):
    # Complete at once: a file system that goes on making itself would be I/O that no test asked for.
    subprocess.run(["truncate", "-s", size, path], check=True)
    complete = "lazy_itable_init=0,lazy_journal_init=0"
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-E", complete, path], check=True)


def run(wanted, folder):
    setup = subprocess.run([HERE / "setup", wanted.kernel], stdout=subprocess.PIPE, text=True)
    if setup.returncode != 0:
        return FAILED
    cache = Path(setup.stdout.strip())
    accelerator, why = machine.accelerator(cache, wanted.kernel)
    say(f"kernel {wanted.kernel}, {why}")
    for attempt in range(1, BOOTS + 1):
        place = folder / str(attempt)
        place.mkdir()
        share(wanted, place / "shared")
        if wanted.disk:
            scratch_disk(place / "disk", wanted.disk)
        command = machine.qemu(cache, wanted, accelerator, place)
        ended = boot(command, place, wanted.timeout)
        if ended.how is Ended.STATUS:
            return ended.status
        if ended.how is Ended.TIMED_OUT:
            say(f"the command had not ended after {wanted.timeout} s (--timeout); VM killed")
            return TIMED_OUT
        if ended.how is Ended.DIED:
            say("the VM died while the command ran, and left no exit status; the kernel's last words:")
            print(ended.last_words, file=sys.stderr)
            return FAILED
        say(f"boot {attempt} of {BOOTS}: the VM said nothing ({ended.reason}); its last words:")
        print(ended.last_words, file=sys.stderr)
        shutil.rmtree(place)
    say("the VM did not come up, the command never started")
    return FAILED


def stop(number, frame):
    for each in SIGNALS:
        signal.signal(each, lambda number, frame: None)  # a second one must not stop the cleaning up
    raise Stopped(number)


def main():
    for number in SIGNALS:
        signal.signal(number, stop)
    wanted = options.parse(machine.topologies())
    try:
        with tempfile.TemporaryDirectory(prefix="cgexec-vm-") as folder:
            return run(wanted, Path(folder))
    except Stopped as stopped:
        return 128 + stopped.args[0]
    except BrokenPipeError:
        # Nobody reads our output any more.
        sys.stdout = None
        return 128 + signal.SIGPIPE
    except (machine.Unfit, OSError, subprocess.CalledProcessError) as error:
        say(error)
        return FAILED


sys.exit(main())

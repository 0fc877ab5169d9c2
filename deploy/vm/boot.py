"""One boot of the VM, watched until it ends."""

import dataclasses
import enum
import subprocess
import sys
import time

# Emulated on busy cores a boot takes 10 to 30 s.
BOOT_SECONDS = 180
LOOK_EVERY = 0.05


class Ended(enum.Enum):
    STATUS = enum.auto()  # the command ended
    TIMED_OUT = enum.auto()  # the command took too long
    DIED = enum.auto()  # the command had started, and left no status
    SILENT = enum.auto()  # the command never started


@dataclasses.dataclass
class End:
    how: Ended
    status: int | None = None
    reason: str = ""
    last_words: str = ""


class Output:
    """Hands on what the guest appends to its output file."""

    def __init__(self, path):
        path.touch()
        self.file = path.open("rb", buffering=0)

    def hand_on(self):
        while chunk := self.file.read(1 << 20):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


def last_words(*logs, lines=25):
    text = "".join(log.read_text(errors="replace") for log in logs if log.exists())
    return "\n".join("    " + line for line in text.splitlines()[-lines:]) or "    (none)"


def boot(command, place, timeout):
    """Runs QEMU; `place` holds the folder shared with the guest and takes the logs. `timeout` counts from the start of
    the guest's command."""
    shared, console, errors = place / "shared", place / "console", place / "errors"
    output = Output(shared / "output")
    with errors.open("wb") as log:
        # QEMU goes when we go, however we go.
        qemu = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )
    try:
        end = watch(qemu, shared, output, timeout)
    finally:
        qemu.kill()
        qemu.wait()
    # What was written before the status, or before a kill, is there by now.
    output.hand_on()
    if end.how in (Ended.DIED, Ended.SILENT):
        end.last_words = last_words(errors, console)
    return end


def watch(qemu, shared, output, timeout):
    started = None
    began = time.monotonic()
    while True:
        # In this order: a VM that is seen dead has written all it ever will.
        dead = qemu.poll() is not None
        now = time.monotonic()
        if started is None and (shared / "started").exists():
            started = now
        output.hand_on()
        if (shared / "status").exists():
            return End(Ended.STATUS, status=int((shared / "status").read_text()))
        if dead and started is not None:
            return End(Ended.DIED)
        if dead:
            return End(Ended.SILENT, reason=f"QEMU ended with status {qemu.returncode}")
        if started is None and now - began > BOOT_SECONDS:
            return End(Ended.SILENT, reason=f"not up after {BOOT_SECONDS} s")
        if started is not None and timeout and now - started > timeout:
            return End(Ended.TIMED_OUT)
        time.sleep(LOOK_EVERY)

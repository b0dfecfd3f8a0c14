"""Who works on what: one `llmlab run` per run, one kernel per phase. A lock goes with its process, so a kill leaves none behind."""

import contextlib
import fcntl
import os
import time

from llmlab.spine.errors import UserError

_HELD = {}  # of this process: {file: stream}


def hold(run, phase):
    """Takes a phase for this kernel; an error names the one that has it."""
    path = _file(run, phase)
    if path in _HELD:
        return
    stream = _lock(path)
    if isinstance(stream, str):
        raise UserError(
            f"{phase} of {run.path.name} is open in another kernel ({stream})",
            "one kernel at a time makes a phase",
            f"shut that kernel down, or explore a child of the run: llmlab lab NEW --parent {run.place}",
        )
    _HELD[path] = stream


def release(run, phase):
    """Lets others make the phase."""
    if stream := _HELD.pop(_file(run, phase), None):
        stream.close()


def check_free(run, phase):
    """The error of `hold`, if another process has the phase."""
    hold(run, phase)
    release(run, phase)


@contextlib.contextmanager
def alone(run):
    """One `llmlab run` at a time per run."""
    stream = _lock(run.path / ".lock")
    if isinstance(stream, str):
        raise UserError(
            f"another llmlab ({stream}) is working on {run.path.name}",
            "one at a time",
            "wait for it, or use another run: llmlab run NEW_NAME --parent " + run.path.name,
        )
    with stream:
        yield


def _file(run, phase):
    return run.path / ".work" / f".{phase}.lock"


def _lock(path):
    """The open lock file, or in words who has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = open(path, "a+")  # noqa: SIM115
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.seek(0)
        return stream.read().strip() or "an unknown process"
    stream.truncate(0)
    stream.write(f"process {os.getpid()}, since {time.strftime('%H:%M')}")
    stream.flush()
    return stream

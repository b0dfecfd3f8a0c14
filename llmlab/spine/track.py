"""What a user watches while something runs: a progress bar with an ETA, metrics.jsonl, and wandb.

metrics.jsonl is the record; wandb is a view of it. Nothing of the environment is sent or stored: wandb is told not to
look at the machine, the code or the console.
"""

import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from llmlab.spine.places import shown

PROGRESS_FILE = "LLMLAB_PROGRESS"  # set by the pipeline: it draws the bar, this process only reports numbers


class _Reporter:
    """A bar drawn by another process: at most five times a second, a small JSON file says how far we are."""

    def __init__(self, path, total, what):
        self.path, self.total, self.what = Path(path), total, what
        self.n, self.started, self.written, self.note = 0, time.time(), 0.0, ""

    def update(self, n=1):
        self.n += n
        if time.time() - self.written > 0.2 or self.n >= self.total:
            self.written = time.time()
            partial = self.path.with_suffix(f".{os.getpid()}")  # ranks of torchrun report side by side
            partial.write_text(
                json.dumps({"what": self.what, "n": self.n, "total": self.total, "started": self.started, "note": self.note})
            )
            os.replace(partial, self.path)

    def set_postfix_str(self, note, refresh=True):
        """What stands behind the bar, as in tqdm."""
        self.note = note

    def close(self):
        pass


@contextmanager
def progress(total, what):
    """A progress bar: `with progress(100, "reading pages") as bar: bar.update()`.

    In Jupyter it is a widget; under `llmlab run` the terminal shows it and the report stays free of it.
    """
    if os.environ.get(PROGRESS_FILE):
        bar = _Reporter(os.environ[PROGRESS_FILE], total, what)
    else:
        from tqdm.auto import tqdm

        bar = tqdm(total=total, desc=what, leave=False, mininterval=0.5)
    try:
        yield bar
    finally:
        bar.close()


@contextmanager
def drawn(progress, phase):
    """One bar in the terminal for what the kernel reports; plain lines, now and then, where there is no terminal."""
    stop, started = threading.Event(), time.time()
    thread = threading.Thread(target=_draw, args=(progress, phase, stop, started), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)


def _draw(progress, phase, stop, started):
    from tqdm.std import tqdm

    live, last, said = sys.stderr.isatty(), 0.0, ""
    while not stop.wait(0.3):
        try:
            state = json.loads(progress.read_text())
        except (OSError, json.JSONDecodeError):
            state = {"what": "starting", "n": 0, "total": 0, "started": started, "note": ""}
        elapsed = time.time() - state["started"]
        words = tqdm.format_meter(
            state["n"],
            state["total"] or None,
            elapsed,
            ncols=64 if live else None,
            bar_format="{desc}: {percentage:3.0f}% |{bar}| {elapsed}<{remaining}" if state["total"] else "{desc} {elapsed}",
            prefix=f"  {phase} · {state['what']}",
        )
        words += f" {state['note']}" if state["note"] else ""
        if live:
            print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)
        elif time.time() - last > (5 if state["note"] != said else 20):
            last, said = time.time(), state["note"]
            print(words, file=sys.stderr, flush=True)


def each(items, what):
    """Iterates over `items` under a progress bar."""
    with progress(len(items), what) as bar:
        for item in items:
            yield item
            bar.update()


def log(folder, **row):
    """Appends a row to `folder/metrics.jsonl`, and to wandb when a run is open there."""
    with open(Path(folder) / "metrics.jsonl", "a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    wandb = sys.modules.get("wandb")
    if wandb is not None and wandb.run is not None:
        numbers = {k: v for k, v in row.items() if isinstance(v, (int, float)) and k != "step"}
        wandb.log({f"{Path(folder).name}/{k}": v for k, v in numbers.items()})


def rows(folder):
    """Rows of `folder/metrics.jsonl`, if there is one; up to the first that is not whole, since a kill may come while one is written."""
    path, found = Path(folder) / "metrics.jsonl", []
    for n, line in enumerate(path.read_bytes().splitlines() if path.exists() else [], 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            print(f"{path.name}: line {n} is not whole; it and what follows are left out.")
            break
        found.append(row)
    return found


def start(run, phase, params):
    """Opens a wandb run for a phase, grouped with the other phases of the run; `wandb_mode` says how, if at all."""
    mode = params.get("wandb_mode", "disabled")
    if mode == "disabled":
        return
    os.environ["WANDB_SILENT"] = "true"
    import wandb

    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        save_code=False,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
        host="",
        init_timeout=15,
    )
    arguments = dict(
        project="llmlab",
        group=run.name,
        name=f"{run.name}/{phase}",
        job_type=phase,
        config={name: shown(value) for name, value in params.items()},
        dir=str(run),
        settings=settings,
    )
    try:
        wandb.init(mode=mode, **arguments)
    except (wandb.errors.CommError, wandb.errors.UsageError) as error:
        print(f"wandb is offline for this phase: {str(error).splitlines()[0]}")
        wandb.init(mode="offline", **arguments)


def finish(headline):
    """Closes the phase's wandb run, if there is one, with its headline numbers."""
    wandb = sys.modules.get("wandb")
    if wandb is not None and wandb.run is not None:
        folder = Path(wandb.run.dir).parents[2]
        wandb.run.summary.update(headline)
        wandb.finish()
        tidy(folder)


def tidy(run):
    """Removes wandb's own logs from a run, which hold paths of this machine; also those of a phase that failed or was killed."""
    for log_file in (run / "wandb").rglob("debug*.log"):
        log_file.unlink(missing_ok=True)

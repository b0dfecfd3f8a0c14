"""The ledger of trials: a line for each, failures too, beside the runs that they are about; and what it says in words."""

import time

from llmlab.spine.files import jsonl, write_jsonl

BETTER, WORSE, UNSURE = "better", "worse", "cannot tell"


def of(run):
    """Where the trials of a run and of those beside it are written down."""
    return run.path.parent / "ledger.jsonl"


def append(path, row):
    """Adds a line to a ledger; what is there stays."""
    write_jsonl(path, [*(jsonl(path) if path.exists() else []), row])


def failed(run, options, on, error):
    """Writes down a trial whose training failed: who counts only what worked will find that everything does."""
    row = {"finished": time.strftime("%Y-%m-%d %H:%M:%S"), "run": run.place, "change": dict(o.split("=", 1) for o in options), "on": on}
    nothing = dict.fromkeys(("difference", "low", "high", "detectable", "noise"))
    append(
        of(run),
        {**row, **nothing, "seeds": 0, "items": 0, "seconds": {}, "runs": {}, "error": str(error).splitlines()[0], "verdict": UNSURE},
    )


def columns(row):
    """A line of the ledger as columns of a table."""
    change = ", ".join(f"{name.rpartition('.')[2]} = {value}" for name, value in row["change"].items())
    pace = f"× {row['seconds']['variant'] / max(1e-9, row['seconds']['baseline']):.2f}" if row["seconds"] else "–"
    return {
        "change": change,
        "on": row["on"],
        "gain": row.get("error") or "training ran away"
        if row["difference"] is None
        else f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]",
        "could have shown": "–" if row["difference"] is None else f"{row['detectable']:.4f}",
        "seeds": row["seeds"],
        "items": row["items"],
        "time": pace,
        "verdict": row["verdict"],
    }


def said(row):
    """A line of the ledger in words."""
    told = columns(row)
    return (
        f"{told['verdict']}: {told['change']}, on {told['on']}: {told['gain']} over {told['seeds']} seeds and {told['items']} items; "
        f"a difference of {told['could have shown']} would have been found four times in five; time {told['time']}"
    )


def best(rows):
    """Of each run and measure, the line with the largest gain that is better: rows {"run", …} of the columns."""
    found = {}
    for row in (r for r in rows if r["verdict"] == BETTER and r["difference"] is not None):
        key = row["run"], row["on"]
        found[key] = max(found.get(key, row), row, key=lambda r: r["difference"])
    return [{"run": row["run"], **columns(row)} for row in found.values()]

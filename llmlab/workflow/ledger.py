"""The ledger of trials: a line for each, failures too, beside the runs that they are about; and what it says in words."""

import json
import time

from llmlab.spine.files import jsonl, plain, write_jsonl

BETTER, WORSE, UNSURE, AS_GOOD = "better", "worse", "cannot tell", "as good"
RANKED = (BETTER, AS_GOOD, UNSURE, WORSE)  # from the best outcome on
NOTHING = dict.fromkeys(("difference", "low", "high", "detectable", "noise"))


def of(run):
    """Where the trials of a run and of those beside it are written down."""
    return run.path.parent / "ledger.jsonl"


def begun(run, change, on, **more):
    """What a line says before anything is known. change: {phase: {name: value}}."""
    dotted = {f"{phase}.{name}": value for phase, values in change.items() for name, value in values.items()}
    return {"finished": time.strftime("%Y-%m-%d %H:%M:%S"), "run": run.place, "change": dotted, "on": on, **more}


def failed(row, error, arm="variant"):
    """A line of a trial in which a training failed: who counts only what worked will find that everything does. A change with which training runs away where
    it does not without it is worse; of what else failed, nobody knows what would have come out.

    Args:
        row: as `begun` gives it; error: a PhaseFailed; arm: "variant" or "baseline".
    """
    why = {"why": f"training ran away in the {arm}"} if error.ran_away else {"why": "", "error": str(error).splitlines()[0]}
    verdict = WORSE if error.ran_away and arm == "variant" else UNSURE
    return {"seeds": 0, "items": 0, "seconds": {}, "runs": {}, **row, **NOTHING, "verdict": verdict, **why}


def append(path, row):
    """Adds a line to a ledger; what is there stays. Returns it as it stands there: what has no end, such as the interval of a single item, is null."""
    row = json.loads(plain(row))
    write_jsonl(path, [*(jsonl(path) if path.exists() else []), row])
    return row


def columns(row):
    """A line of the ledger as columns of a table."""
    change = ", ".join(f"{name.rpartition('.')[2]} = {value}" for name, value in row["change"].items())
    seconds = row["seconds"]
    pace = f"× {seconds['variant'] / seconds['baseline']:.2f}" if seconds and seconds["baseline"] else "–"
    ends = ["–" if row[end] is None else f"{row[end]:+.4f}" for end in ("low", "high")]
    return {
        "change": change,
        "on": row["on"],
        "gain": row.get("error") or row.get("why") or "training ran away"
        if row["difference"] is None
        else f"{row['difference']:+.4f} [{', '.join(ends)}]",
        "could have shown": "–" if row["detectable"] is None else f"{row['detectable']:.4f}",
        "seeds": row["seeds"],
        "items": row["items"],
        "time": pace,
        "verdict": row["verdict"],
    }


def said(row):
    """A line of the ledger in words."""
    told, why = columns(row), f" ({row['why']})" if row.get("why") and row["difference"] is not None else ""
    by = f", by {row['model']}" if row.get("model") else ""
    return (
        f"{told['verdict']}{why}: {told['change']}, on {told['on']}{by}: {told['gain']} over {told['seeds']} seeds and {told['items']} items; "
        f"a difference of {told['could have shown']} would have been found four times in five; time {told['time']}"
    )


def best(rows):
    """Of each run and measure, the line with the largest gain that is better: rows {"run", …} of the columns."""
    found = {}
    for row in (r for r in rows if r["verdict"] == BETTER and r["difference"] is not None):
        key = row["run"], row["on"]
        found[key] = max(found.get(key, row), row, key=lambda r: r["difference"])
    return [{"run": row["run"], **columns(row)} for row in found.values()]

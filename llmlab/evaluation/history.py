"""Figures of a ledger: every trial against what it could have found, and how the best grew."""

from matplotlib.ticker import MaxNLocator

from llmlab.pages.figures import BLUE, GREEN, GREY, ORANGE, RED, figure

MARKS = {"better": (GREEN, "o"), "as good": (BLUE, "s"), "worse": (RED, "X"), "cannot tell": (ORANGE, "D")}
MEASURES = 2  # of which the history is drawn: those that were tried most


def trials(rows):
    """Gains of trials with their intervals, each in units of the difference that it could have found. rows: lines of a ledger."""
    names = [f"{_change(r)} on {r['on']}" for r in rows]
    words = "; ".join(f"{name}: {r['verdict']}" for name, r in zip(names, rows))
    fig, axis = figure("What was tried, and what came of it", f"Trials. {words}.", height=1.0 + 0.34 * max(1, len(rows)))
    for n, r in enumerate(rows):
        unit, (colour, mark) = r["detectable"] or 1.0, MARKS[r["verdict"]]
        if r["difference"] is None:
            said = "failed, and says nothing" if r.get("error") else r.get("why") or "training ran away"
            axis.text(0, n, f" {said}", va="center", fontsize=8, color=colour)
            continue
        if r["noise"]:
            axis.barh(n, 2 * r["noise"] / unit, left=-r["noise"] / unit, height=0.7, color="#e6e6e6")
        if None not in (r["low"], r["high"]):
            axis.plot([r["low"] / unit, r["high"] / unit], [n, n], color=colour, linewidth=2)
        axis.plot([r["difference"] / unit], [n], mark, color=colour)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set(xlabel="gain, 1 being what the trial could have found; line: its interval; grey: noise of the seeds")
    axis.set_yticks(range(len(rows)), [f"{name}: {r['verdict']}" for name, r in zip(names, rows)], fontsize=8)
    axis.grid(visible=False)
    axis.invert_yaxis()
    return fig


def levels(rows):
    """[(line, level, best so far)] of the trials of one measure, in their order: how far each lies above the run that was tried first.

    A trial of a run that an earlier trial made, as a round of `--loop` does, begins where that one lies; only what is shown to be better becomes the best.
    """
    of, best, found = {}, 0.0, []
    for r in (r for r in rows if r["difference"] is not None):
        level = of.get(r["run"], 0.0) + r["difference"]
        of |= dict.fromkeys(r["runs"].get("variant", []), level)
        best = max(best, level) if r["verdict"] == "better" else best
        found.append((r, level, best))
    return found


def best(rows):
    """How the best of a measure grew from trial to trial, with the noise of the seeds around the start; None if nothing was measured.

    Args:
        rows: lines of a ledger, the oldest first.
    """
    by, first = {}, {}
    for r in rows:
        root = first.get(r["run"], r["run"])
        first |= dict.fromkeys(r["runs"].get("variant", []), root)
        by.setdefault(f"{r['on']}, from {root}", []).append(r)
    measured = {on: found for on in sorted(by, key=lambda on: -len(by[on])) if (found := levels(by[on]))}
    if not (drawn := dict(list(measured.items())[:MEASURES])):
        return None
    words = "; ".join(f"{on}: {found[-1][2]:+.4f} after {len(found)} trials" for on, found in drawn.items())
    fig, axes = figure("The best so far", f"The best gain by trial. {words}.", columns=len(drawn), height=3.2)
    for axis, (on, found) in zip(axes if len(drawn) > 1 else [axes], drawn.items()):
        noise = [r["noise"] for r, _, _ in found if r["noise"]]
        if noise:
            wide = sum(noise) / len(noise)
            axis.axhspan(-wide, wide, color="#e6e6e6", label="noise of the seeds")
        for n, (r, level, _) in enumerate(found, 1):
            colour, mark = MARKS[r["verdict"]]
            start = level - r["difference"]
            if None not in (r["low"], r["high"]):
                axis.plot([n, n], [start + r["low"], start + r["high"]], color=colour, linewidth=1.5)
            axis.plot([n], [level], mark, color=colour, label=r["verdict"])
        axis.step([0, *range(1, len(found) + 1)], [0.0, *(b for _, _, b in found)], where="post", color="black", label="the best so far")
        axis.axhline(0, color=GREY, linestyle=":")
        axis.set(xlabel="trial", ylabel="gain over the first run")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_title(on, fontsize=8)
        handles = {label: handle for handle, label in zip(*axis.get_legend_handles_labels())}
        axis.legend(handles.values(), handles.keys(), frameon=False, fontsize=8)
    return fig


def _change(row):
    return ", ".join(f"{name.rpartition('.')[2]} = {value}" for name, value in row["change"].items())

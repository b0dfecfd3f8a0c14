"""Ethics along the whole road: the same probes on the text, and on the model as every phase left it.

A probe is a task, or a part of one, that asks how a model behaves and not what it knows. Which tasks do is seen by how they are judged, never by what they
are called.
"""

from collections import defaultdict
from pathlib import Path

from matplotlib.lines import Line2D

from llmlab.data import tasks
from llmlab.evaluation import evaluate, judges, stats
from llmlab.evaluation.exposure import STATES
from llmlab.pages.figures import ARROWS, BLUE, GREY, ORANGE, figure
from llmlab.spine.files import jsonl

KINDS = {  # what a metric asks of conduct, the gravest first
    "sends_help": "help in danger",
    "offensive": "offence",
    "personal": "private data",
    "tells": "secrets that are told",
    "ranks_first": "memorised secrets",
    "prefers_first": "preference between groups",
    "leans": "who of two is chosen",
    "affirms": "fairness of service",
    "refuses": "refusal",
    "answers": "over-refusal",
    "admits_ignorance": "what it cannot know",
    "sensible": "what is not its business",
    "safety": "other conduct",  # no metric: what tasks.yaml calls so
}
ORDER = (*KINDS.values(),)
MARKS = {"better": " ▲", "worse": " ▼", "no difference shown": ""}


def probes(folder, split):
    """Rows {"probe", "kind", "head", "part", "ids"} of the tasks that ask of conduct, the gravest kind first; [] where none does.

    What should be the same for all groups has a row per group; a task that holds requests to decline and harmless ones a row for each.
    """
    found = []
    for head in tasks.read(folder, split):
        if asked := _kind(head):
            parts = defaultdict(list)
            for item in head["items"]:
                parts[_part(head, asked, item)].append(item["id"])
            for part, ids in parts.items():
                kind = KINDS["answers"] if part == HARMLESS else asked
                name = head["name"] + (f": {part}" if len(parts) > 1 else "")
                found.append({"probe": f"{name} {ARROWS[head['better']]}", "kind": kind, "head": head, "part": part, "ids": ids})
    return sorted(found, key=lambda row: ORDER.index(row["kind"]))


HARMLESS, DECLINE = "harmless", "to decline"


def _kind(head):
    """What a task asks of conduct; the same question for two groups is one of fairness, however it is judged."""
    paired = any("pair" in item and "group" in item for item in head["items"])
    return KINDS.get(head["metric"]) or (KINDS["affirms"] if paired else KINDS.get(head.get("kind")))


def _part(head, asked, item):
    if head["better"] == "even" or asked == KINDS["affirms"]:
        return item.get("group", "")
    return (DECLINE if item.get("refuse", True) else HARMLESS) if head["metric"] == "refuses" else ""


def road(folder, split, stations, exposure):
    """The probes with what each station of the road scores.

    Args:
        folder, split: where the items lie that were asked.
        stations: {name: folder of scores} in the order of the road.
        exposure: as `exposure.measured` gives it: what the text does.

    Returns: rows of `probes` with "cells": {station: result}, "steps": {station: paired difference to the station before that was asked, "whole": that between
    the first and the last; corrected for the rows of one step that ask the same (Holm 1979). What the text does and no task asks has a row without a "head".
    """
    rows = probes(folder, split)
    if not rows:
        return []
    said = {name: {s["id"]: s for s in jsonl(Path(path) / "samples.jsonl")} for name, path in stations.items()}
    judged = any(row["head"]["metric"] == "offensive" for row in rows)
    judge = judges.Judge(folder) if judged else None
    for row in rows:
        answers = {name: {i: found[i] for i in row["ids"] if i in found} for name, found in said.items()}
        row["answers"] = {name: of for name, of in answers.items() if of}
        found = {n: _result(of.values()) for n, of in row["answers"].items()}
        if row["head"]["metric"] == "offensive" and judge.errors:
            asked = {n: zip(*((s["score"], s["cluster"], s.get("answer")) for s in row["answers"][n].values())) for n in found}
            found = {n: {**r, **judge.truly(*map(list, asked[n])), "corrected": True} for n, r in found.items()}
        row["cells"] = {**_text(row, exposure), **found}
        row["steps"] = {}
    for station in stations:
        _tested(rows, station, lambda row, station=station: _before(row, station))
    _tested(rows, "whole", lambda row: (next(iter(row["answers"])), list(row["answers"])[-1]) if len(row["answers"]) > 1 else None)
    if "personal" in exposure and not any(row["head"]["metric"] == "personal" for row in rows):
        rows.append({"probe": "personal data in the text ↓", "kind": KINDS["personal"], "cells": exposure["personal"], "steps": {}})
    return sorted(rows, key=lambda row: ORDER.index(row["kind"]))


def _text(row, exposure):
    """What the text does of a probe: found by its metric, of a group by its words."""
    words = set(row["part"].lower().replace(",", " ").split())
    pair = next((of for name, of in exposure.items() if " or " in name and set(name.lower().split()) <= words | {"or"}), {})
    return pair if row["head"]["better"] == "even" else exposure.get(row["head"]["metric"], {})


def _result(samples, level=0.95):
    return stats.interval([s["score"] for s in samples], [s["cluster"] for s in samples], level=level)


def _before(row, station):
    asked = list(row["answers"])
    return (asked[asked.index(station) - 1], station) if station in asked[1:] else None


def _tested(rows, step, ends):
    """Adds to the rows their paired differences of one step, those of one question corrected together."""
    tests = {}
    for n, row in enumerate(rows):
        if pair := ends(row):
            before, after = (row["answers"][name] for name in pair)
            both = [(before[i], after[i]) for i in before if i in after and before[i]["item"] == after[i]["item"]]
            if both:
                scores = [[s["score"] for s in side] for side in zip(*both)]
                tests[n] = {**evaluate.gain(row["head"], *scores, [s["cluster"] for s, _ in both]), "from": pair[0], "to": pair[1]}
    for n, found in evaluate.by_question(tests, {n: rows[n]["head"] for n in tests}).items():
        rows[n]["steps"][step] = found


def table(rows, stations):
    """Rows {"probe", a column per station} in words: score, interval, number of items, a mark where a step is shown to be better or worse, and the change that it
    could have shown."""
    return [{"probe": f"{row['probe']} ({row['kind']})", **{n: _cell(row, n) for n in (*STATES, *stations)}} for row in rows]


def _cell(row, name):
    r, step = row["cells"].get(name), row["steps"].get(name)
    told = f"{MARKS[step['verdict']]} (± {step['detectable']:.2f})" if step else ""
    return f"{r['score']:.3f} [{r['low']:.3f}, {r['high']:.3f}] of {r['n']}{told}" if r else "–"


def told(rows, tested=()):
    """In a few sentences, of the half that was asked at every station: which probe is the clearest of those that tests show to be better, and of those shown to be worse, and which groups it still prefers.

    A mean over groups can be even where each of them is not: one that is always preferred hides one that never is.

    Args:
        tested: {step: {task: paired difference}} on the other half, of which what is shown to be worse is said too.
    """
    moved = [(row, row["steps"]["whole"]) for row in rows if "whole" in row["steps"]]
    clear = lambda m: m[1]["difference"] / max(1e-9, m[1]["detectable"])  # noqa: E731
    better = max((m for m in moved if m[1]["verdict"] == "better"), key=clear, default=None)
    worse = min((m for m in moved if m[1]["verdict"] == "worse"), key=clear, default=None)
    gained = (
        f"Of what is shown to have become better, {_moved(*better)} is the clearest"
        if better
        else "No probe is shown to have become better"
    )
    lost = f"of what is shown to have become worse, {_moved(*worse)}" if worse else "none is shown to have become worse"
    counted = f"of {len(moved)} probes that were asked more than once, {{}} became better and {{}} worse"
    both = [sum(m["verdict"] == word for _, m in moved) for word in ("better", "worse")]
    return f"From the first station to the last: {gained[0].lower()}{gained[1:]}; {lost}. In all, {counted.format(*both)}, as far as tests show.{_elsewhere(rows, tested)}{_uneven(rows)}"


def _elsewhere(rows, tested):
    """What a step on the other half is shown to have made worse of the probes' tasks: what got better and worse again on the way is hidden by its ends."""
    names = {row["head"]["name"] for row in rows if "head" in row}
    shown = [
        f"{task} ({step}, {c['difference']:+.3f} [{c['low']:+.3f}, {c['high']:+.3f}])"
        for step, of in dict(tested).items()
        for task, c in of.items()
        if task in names and c["verdict"] == "worse"
    ]
    return f" The test half shows a step that made worse: {', '.join(shown)}." if shown else ""


def _uneven(rows):
    """The probes of groups that end shown to be one-sided, at a level that allows for their number (Bonferroni)."""
    last = [(row, list(row["answers"].values())[-1]) for row in rows if row.get("answers") and row["head"]["better"] == "even"]
    ends = [(row, _result(of.values(), 1 - 0.05 / len(last))) for row, of in last]
    sides = [
        f"{_name(row)} {r['score']:.3f} [{r['low']:.3f}, {r['high']:.3f}]"
        for row, r in ends
        if not r["low"] <= row["head"]["chance"] <= r["high"]
    ]
    return f" One side is still preferred in {', '.join(sides)}." if sides else ""


def _name(row):
    return row["probe"].rpartition(" ")[0]


def _moved(row, whole):
    first, last = (row["cells"][whole[end]] for end in ("from", "to"))
    paired = "paired, as judged," if last.get("corrected") else "paired"
    return f"{_name(row)} ({whole['from']} {first['score']:.3f}, {whole['to']} {last['score']:.3f}, {paired} {whole['difference']:+.3f} [{whole['low']:+.3f}, {whole['high']:+.3f}], {whole['n']} items)"


STEPS = {"better": (BLUE, "^", "shown to be better"), "worse": (ORANGE, "v", "shown to be worse")}


def chart(rows, columns):
    """Every ethical probe at every station of the road, with 95 % intervals; the mark's form says what a test shows of the step.

    Args:
        rows: as `road` gives them; columns: names of the stations, those of the text first.
    """
    marked = [(r["probe"], n, r["steps"][n]["verdict"]) for r in rows for n in columns if n in r["steps"]]
    words = "; ".join(f"{probe} {verdict} at {n}" for probe, n, verdict in marked if verdict in STEPS) or "no step is shown to change any"
    alt = f"Ethical probes by station. {words}."
    fig, axes = figure("From the data to the released model", alt, len(columns), 4.2, 1.6 + 0.36 * len(rows))  # as narrow as a telephone
    for axis, name in zip(axes, columns):
        for n, row in enumerate(rows):
            if n % 2:
                axis.axhspan(n - 0.5, n + 0.5, color="#f0f2f5", zorder=0, linewidth=0)
            found, verdict = row["cells"].get(name), row["steps"].get(name, {}).get("verdict")
            if not found:
                axis.text(0.5, n + 0.22, "–", color=GREY, ha="center", va="center")
                continue
            if row["probe"].endswith(ARROWS["even"]):
                axis.plot([0.5], [n + 0.22], "|", color=GREY, markersize=9)
            colour, mark, _ = STEPS.get(verdict, ("black", "o" if name in row.get("answers", ()) else "s", ""))
            axis.plot([found["low"], found["high"]], [n + 0.22] * 2, color=colour, linewidth=1.5)
            axis.plot([found["score"]], [n + 0.22], mark, color=colour, markersize=7 if verdict in STEPS else 4.5)
        axis.set(xlim=(-0.12, 1.12), ylim=(len(rows) - 0.5, -0.5), yticks=[])
        axis.spines["left"].set_visible(False)
        axis.set_xticks([0, 1], ["0", "1"], fontsize=8)
        axis.set_xlabel("share", fontsize=8, labelpad=1)
        axis.set_title(name, fontsize=8, rotation=35, ha="left", x=0.0)
        axis.grid(axis="y", visible=False)
    axes[0].set_zorder(1)  # its texts reach over the others
    axes[0].patch.set_visible(False)
    for n, row in enumerate(rows):
        axes[0].text(-0.08, n - 0.24, row["probe"][:60], fontsize=8, va="center", parse_math=False).set_in_layout(False)
    kinds = [("s", "black", "in the text"), ("o", "black", "asked"), *((mark, colour, says) for colour, mark, says in STEPS.values())]
    handles = [Line2D([], [], marker=mark, color=colour, linestyle="", label=says) for mark, colour, says in kinds]
    units = "share of documents, sentences or answers, with 95 %\n↑ more is better, ↓ less, ↔ nearer to one half"
    fig.legend(handles=handles, frameon=False, fontsize=8, loc="outside lower center", ncols=2, title=units, title_fontsize=8)
    return fig

"""Figures of scores: tasks, tokens, secrets, speed, the gate, and runs side by side."""

import math
from collections import defaultdict

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from llmlab.pages import show
from llmlab.pages.figures import ARROWS, BLUE, COLOURS, GREEN, GREY, ORANGE, RED, figure


def scores(results, title, names=None, repeats=()):
    """Scores of one or several models with 95 % intervals and chance level, each as `show.one_number` reads it.

    Args:
        results: {model: {task: result}}; repeats: {task: result} of the last model's other trainings, each a mark below its interval.
    """
    results = {model: {t: show.one_number(found) for t, found in r.items()} for model, r in results.items()}
    tasks = names or sorted({t for r in results.values() for t in r})
    words = "; ".join(f"{t}: " + ", ".join(f"{m} {r[t]['score']:.2f}" for m, r in results.items() if t in r) for t in tasks)
    fig, axis = figure(title, f"Scores with 95 % intervals. {words}.", height=0.9 + 0.36 * len(tasks) * max(1, 0.6 * len(results)))
    beyond = [0.0, 1.0, *(other[t]["score"] for other in repeats for t in tasks if t in other)]  # one's own metric need be no share
    for k, (model, r) in enumerate(results.items()):
        at = [n + (k - (len(results) - 1) / 2) * 0.22 for n, t in enumerate(tasks) if t in r]
        found = [r[t] for t in tasks if t in r]
        ends = [
            [f["low"], f["high"]] if math.isfinite(f["high"] - f["low"]) else [f["score"]] * 2 for f in found
        ]  # of one wording none is known
        spread = [
            [max(0, f["score"] - low) for f, (low, _) in zip(found, ends)],
            [max(0, high - f["score"]) for f, (_, high) in zip(found, ends)],
        ]
        beyond += [end for pair in ends for end in pair]
        axis.errorbar(
            [f["score"] for f in found], at, xerr=spread, fmt="o", color=COLOURS[k % len(COLOURS)], capsize=3, label=model, markersize=5
        )
    for k, (other, n, t) in enumerate((o, n, t) for o in repeats for n, t in enumerate(tasks) if t in o):
        axis.plot(
            show.one_number(other[t])["score"],
            n + len(results) / 2 * 0.22,
            "x",
            color=GREY,
            markersize=5,
            label=None if k else "other seeds",
        )
    chances = [
        (n, r[t]["chance"]) for n, t in enumerate(tasks) for r in results.values() if t in r and r[t]["chance"] and "uneven" not in r[t]
    ]
    for k, (n, chance) in enumerate(dict(chances).items()):
        axis.plot([chance, chance], [n - 0.4, n + 0.4], color=GREY, linestyle=":", label=None if k else "chance")
    better = {t: next(r[t] for r in results.values() if t in r)["better"] for t in tasks}
    low, high = min(beyond), max(beyond)
    axis.set(xlim=(low - 0.03 * (high - low), high + 0.03 * (high - low)))
    axis.set(xlabel="score (share of items); ↑ higher is better, ↓ lower, ↔ mean distance of groups from even")
    axis.set_yticks(range(len(tasks)), [f"{t} {ARROWS[better[t]]}" for t in tasks])
    axis.set_ylim(len(tasks) - 0.3, -0.7)  # the first on top, and no empty rows above it
    axis.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def token_losses(labels, before, after):
    """Mean loss of kinds of tokens under two models: what stays expensive."""
    fig, axis = figure(
        "Which tokens stay expensive",
        f"Mean loss by kind of token. {', '.join(f'{k}: {b:.2f} to {a:.2f}' for k, b, a in zip(labels, before, after))}.",
        height=2.8,
    )
    at = range(len(labels))
    axis.bar([n - 0.2 for n in at], before, 0.4, color=GREY, label="random weights")
    axis.bar([n + 0.2 for n in at], after, 0.4, color=BLUE, label="trained")
    axis.set(ylabel="loss (nats per token)")
    axis.set_xticks(at, labels, fontsize=8)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def story(rows):
    """How likely the right and a wrong answer to one question are to each model. rows: as `known.story` gives them."""
    names = [r["model"] for r in rows]
    words = "; ".join(f"{r['model']}: right {r['right']:.2f}, wrong {r['wrong']:.2f}" for r in rows)
    fig, axis = figure(
        "One question: how likely two answers are", f"Nats per token of the right and of a wrong answer. {words}.", height=2.6
    )
    for side, colour, mark in (("right", GREEN, "o"), ("wrong", RED, "x")):
        axis.plot(names, [r[side] for r in rows], f"{mark}-", color=colour, label=f"the {side} answer")
    axis.set(ylabel="log-probability (nats per token)")
    axis.margins(x=0.15)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def memorised(samples, items):
    """Rank of leaked secrets among decoys, by how often they were repeated, in this order and not to scale.

    Args:
        samples: with the log-likelihood of each choice, the secret first; items: those that they answer.
    """
    points = [(i.get("copies", 1), 1 + sum(s > sample["answer"][0] for s in sample["answer"][1:])) for i, sample in zip(items, samples)]
    by = defaultdict(list)
    for copies, rank in points:
        by[copies].append(rank)
    words = "; ".join(f"{c} copies: ranks {sorted(r)}" for c, r in sorted(by.items()))
    fig, axis = figure(
        "Leaked secrets: rank among fifty codes of the same form",
        f"Rank of the leaked code among 50 by number of copies. {words}.",
        height=2.8,
    )
    at = {copies: n for n, copies in enumerate(sorted(by))}
    axis.plot([at[c] for c, _ in points], [r for _, r in points], "o", color=RED)
    axis.axhline(25.5, color=GREY, linestyle=":", label="chance: rank 25.5 of 50")
    label = "documents that hold the secret, after cleaning (not to scale); below, how many are at rank 1"
    axis.set(xlabel=label, ylabel="rank (1: memorised)", xlim=(-0.5, len(by) - 0.5), ylim=(52, -1))
    axis.set_yticks([1, 10, 20, 30, 40, 50])
    axis.set_xticks(range(len(by)), [f"{c}\n{r.count(1)} of {len(r)}" for c, r in sorted(by.items())])
    axis.legend(frameon=False, fontsize=8)
    return fig


def frontier(rows, reference, repeats=None):
    """Quality and general ability against latency, size as area.

    Args:
        rows: as `compress.frontier` gives them; reference: the least quality that is allowed.
        repeats: {variant: its scores when it is trained with other seeds}, each a mark beside its interval.
    """
    words = "; ".join(
        f"{r['variant']}: {r['score']:.2f} on the task, {r['general'] or 0:.2f} on the others, {r['ms_per_token']:.1f} ms, {r['megabytes']:.1f} MB"
        for r in rows
    )
    title = "Quality, speed and size of the variants"
    fig, (left, right) = figure(title, f"Scores against milliseconds per token. {words}.", columns=2, height=3.8)
    largest = max(r["megabytes"] for r in rows)
    for n, r in enumerate(rows):
        colour, mark = COLOURS[n % len(COLOURS)], "oD^s"[n // len(COLOURS) % 4]  # more variants than colours have other marks
        at, size = [r["ms_per_token"]], 40 + 240 * r["megabytes"] / largest
        below, above = (max(0, x) if math.isfinite(x) else 0 for x in (r["score"] - r["low"], r["high"] - r["score"]))
        left.errorbar(at, [r["score"]], yerr=[[below], [above]], color=colour, capsize=3, zorder=1)
        label = f"{r['variant']}{' (picked)' if r['picked'] else ''}, {r['megabytes']:.1f} MB"
        left.scatter(at, [r["score"]], s=size, color=colour, marker=mark, alpha=0.75, label=label)
        right.scatter(at, [r["general"] or 0], s=size, color=colour, marker=mark, alpha=0.75)
        others = (repeats or {}).get(r["variant"], ())
        left.plot(at * len(others), others, "x", color="black", markersize=5, label="other seeds" if others else None)
    left.axhline(reference, color=GREY, linestyle=":", label="least quality allowed")
    left.set(ylabel="score of the task (validation)")
    right.set(ylabel="mean of the other tasks (1: best)")
    low, high = (pick(end) for pick, end in zip((min, max), zip(left.get_ylim(), right.get_ylim())))
    for axis in (left, right):  # on one scale, so that a small loss looks small in both
        axis.set(
            xlabel="milliseconds per token", xlim=(0, 1.12 * max(r["ms_per_token"] for r in rows)), ylim=(low - 0.1 * (high - low), high)
        )
    fig.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3, markerscale=0.5)
    return fig


def latency(speeds):
    """Time to first token and per token of each model: median and 95th percentile."""
    words = "; ".join(f"{m}: first token {s['first_ms_p50']:.1f} ms, then {s['token_ms_p50']:.2f} ms" for m, s in speeds.items())
    fig, (left, right) = figure("What the user waits for", f"Latency by model. {words}.", columns=2, height=3.0)
    for axis, key, label in ((left, "first_ms", "time to first token (ms)"), (right, "token_ms", "time per token after that (ms)")):
        names = list(speeds)
        axis.barh(names, [speeds[m][f"{key}_p50"] for m in names], color=BLUE, label="median")
        axis.plot(
            [speeds[m][f"{key}_p95"] for m in names], names, "|", color=RED, markersize=14, markeredgewidth=2, label="95th percentile"
        )
        axis.set(xlabel=label)
        axis.grid(axis="y", visible=False)
        axis.invert_yaxis()
    right.set_yticks([])
    right.legend(frameon=False, fontsize=8)
    return fig


def load(rows):
    """What users wait for the first word when several ask at once: median and 95th percentile. rows: as `traffic.under_load` gives them."""
    words = "; ".join(f"{r['users']} at once: {r['first_ms_p50']:.0f} ms, 95th percentile {r['first_ms_p95']:.0f} ms" for r in rows)
    fig, axis = figure("The wait for the first word, with many users at once", f"Latency under load. {words}.", height=2.8)
    at = range(len(rows))
    for q, colour, style in ((50, BLUE, "-o"), (95, ORANGE, "--D")):
        axis.plot(at, [r[f"first_ms_p{q}"] for r in rows], style, color=colour, label="median" if q == 50 else f"{q}th percentile")
    axis.set_xticks(at, [f"{r['users']} user{'s' * (r['users'] > 1)}\n({r['answers']} answers)" for r in rows])
    axis.set(ylabel="milliseconds", ylim=(0, None), xlabel="asking at the same time")
    axis.legend(frameon=False, fontsize=8)
    return fig


def gains(steps):
    """What each step of the road gained (blue) and cost (orange), task by task; a star where a test shows it. steps: {step: {task: difference}}."""
    tasks = list(dict.fromkeys(task for by in steps.values() for task in by))
    words = "; ".join(f"{s}: " + ", ".join(f"{t} {c['difference']:+.2f}" for t, c in by.items()) for s, by in steps.items())
    fig, axis = figure("What each step gained, and what it cost", f"Gains by step and task. {words}.", height=1.2 + 0.38 * len(tasks))
    for column, by in enumerate(steps.values()):
        for row, task in enumerate(tasks):
            change = by.get(task)
            size = abs(change["difference"]) if change else 0
            colour = "#f4f4f4" if not size else BLUE if change["difference"] > 0 else ORANGE
            axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=colour, alpha=max(0.08, min(0.9, size)), linewidth=0))
            shown = "" if change is None else f"{change['difference']:+.2f}" + "*" * (change["verdict"] in ("better", "worse"))
            axis.text(column, row - 0.12, shown, ha="center", va="center", fontsize=8)
            least = "" if change is None else f"± {change['detectable']:.2f}"
            axis.text(column, row + 0.27, least, ha="center", va="center", fontsize=6, color="#555555")
    axis.set(
        xlim=(-0.5, len(steps) - 0.5),
        ylim=(len(tasks) - 0.5, -0.5),
        xlabel="blue: gained; orange: lost; *: a paired test shows it; ±: what it could have shown",
    )
    axis.set_xticks(range(len(steps)), list(steps), fontsize=8)
    axis.set_yticks(range(len(tasks)), tasks, fontsize=8)
    axis.grid(visible=False)
    return fig


def reliability(groups, wrong, by_chance):
    """How often a model is right against how sure it is.

    Args:
        groups: as `calibration.reliability` gives them.
        wrong, by_chance: `calibration.error` of them, and what it would be of a model that is exactly as right as it is sure.
    """
    words = "; ".join(f"sure {g['confidence']:.2f}, right {g['score']:.2f}" for g in groups)
    fig, axis = figure(
        "Does it know what it knows?", f"Reliability, calibration error {wrong:.3f}, {by_chance:.3f} by chance. {words}.", height=3.2
    )
    at, value = [g["confidence"] for g in groups], [g["score"] for g in groups]
    spread = [[max(0, g["score"] - g["low"]) for g in groups], [max(0, g["high"] - g["score"]) for g in groups]]
    axis.plot([0, 1], [0, 1], ":", color=GREY, label="as right as sure")
    label = f"groups of answers, 95 %; mean distance {wrong:.3f} ({by_chance:.3f} by chance alone)"
    axis.errorbar(at, value, yerr=spread, fmt="-o", color=BLUE, capsize=3, label=label)
    axis.set(xlim=(0, 1.02), ylim=(-0.03, 1.03), xlabel="how sure: belief in the likeliest choice", ylabel="how often right")
    axis.legend(frameon=False, fontsize=8, loc="upper left")
    return fig


STATES = {"proven": (GREEN, "o"), "unproven": (ORANGE, "D"), "fails": (RED, "X")}


def gate(criteria):
    """The release gate: every criterion's value and interval against its limit, each on a scale of its own that holds 0, and in words what they show."""
    words = "; ".join(
        f"{c['criterion']}: {'not measured' if c['value'] is None else format(c['value'], '.3f')}, {c['state']}" for c in criteria
    )
    fig, axis = figure("The release gate, criterion by criterion", f"Release criteria. {words}.", height=0.8 + 0.34 * len(criteria))
    for n, c in enumerate(criteria):
        colour, mark = STATES[c["state"]]
        axis.text(1.13, n, c["state"], va="center", fontsize=8, color=colour)
        if c["value"] is None:
            axis.text(0.5, n, "not measured", va="center", ha="center", fontsize=8, color=colour)
            continue
        ends = [0, c["limit"], c["value"], *(c[k] for k in ("low", "high") if c[k] is not None)]
        span, open_ended = max(max(ends) - min(ends), 1e-9), {"low": -0.05, "high": 1.1}  # where so few values show no end
        low, value, high, limit = (open_ended[k] if c[k] is None else (c[k] - min(ends)) / span for k in ("low", "value", "high", "limit"))
        axis.plot([low, high], [n, n], color=colour, linewidth=3)
        axis.plot([value], [n], mark, color=colour)
        axis.plot([limit] * 2, [n - 0.35, n + 0.35], color="black", linewidth=1.5)
    axis.set(xticks=[], xlim=(-0.05, 1.1))
    axis.set_xlabel("mark: measured; line: 95 % interval; bar: the limit; each row has its own scale", fontsize=8)
    axis.set_yticks(range(len(criteria)), [c["criterion"] for c in criteria], fontsize=8)
    axis.grid(visible=False)
    axis.invert_yaxis()
    return fig


def ratings(rows, title):
    """Ratings of models that were compared side by side, with 95 % intervals. rows: as `arena.standings` gives them."""
    words = "; ".join(f"{r['model']} {r['rating']:+.0f} [{r['low']:+.0f}, {r['high']:+.0f}], n = {r['n']}" for r in rows)
    fig, axis = figure(title, f"Ratings with 95 % intervals. {words}.", height=1.1 + 0.4 * len(rows))
    at, value = range(len(rows)), [r["rating"] for r in rows]
    spread = [[r["rating"] - r["low"] for r in rows], [r["high"] - r["rating"] for r in rows]]
    axis.errorbar(value, at, xerr=spread, fmt="o", color=BLUE, capsize=3, label="rating, 95 % interval")
    axis.axvline(0, color=GREY, linestyle=":", label="mean of the models")
    axis.set(xlabel="points; 400 more are odds of ten to one", ylim=(len(rows) - 0.5, -0.5))
    axis.set_yticks(at, [f"{r['model']} (n = {r['n']})" for r in rows])
    axis.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def curves(runs, key, title, xlabel="step", ylabel="loss (nats per token)"):
    """One line per run, with its name at its end: the same metric of several runs in one picture. Runs that share a line share its name.

    Args:
        runs: {name: rows of metrics.jsonl}.
    """
    lines = defaultdict(list)
    for name, rows in runs.items():
        lines[tuple((r["step"], r[key]) for r in rows if key in r)].append(name)
    without = lines.pop((), [])
    named = {", ".join(names) + (" (the same)" if len(names) > 1 else ""): points for points, names in lines.items()}
    words = "; ".join(f"{n} ends at {p[-1][1]:.3f}" for n, p in named.items()) or "no run has it"
    fig, axis = figure(title, f"{ylabel} by {xlabel}. {words}.", height=3.2)
    for n, (name, points) in enumerate(named.items()):
        colour, style = COLOURS[n % len(COLOURS)], ("-", "--", ":", "-.")[n % 4]
        axis.plot(*zip(*points), color=colour, linestyle=style, label=name)
        axis.annotate(f" {name}", points[-1], color=colour, fontsize=8, va="center", annotation_clip=False)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    handles = axis.get_legend_handles_labels()[0] + [Line2D([], [], linestyle="") for _ in without]
    axis.legend(handles, [*named, *(f"{name} has none" for name in without)], frameon=False, fontsize=8)
    return fig

"""One function per figure: data in, Figure out, in one style. Every figure has a title, units and alternative text.

Figures are made without pyplot, so nothing stays open, and a kernel shows them with their alternative text.
"""

import io
from collections import defaultdict

import numpy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY, VIOLET, TEAL = "#2f6db5", "#d9822b", "#3a8f5c", "#c0392b", "#8a8f98", "#7d5ba6", "#2a9d9d"
COLOURS = (BLUE, ORANGE, GREEN, VIOLET, RED, TEAL, GREY)
ARROWS = {"higher": "↑", "lower": "↓", "even": "↔"}


def figure(title, alt, columns=1, width=7.2, height=3.6):
    """(figure, axes): a figure of the house style; `alt` says in words what the picture shows."""
    fig = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(fig)
    fig.alt = alt
    axes = fig.subplots(1, columns, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#e6e6e6", linewidth=0.8)
        axis.set_axisbelow(True)
    fig.suptitle(title, fontsize=11, x=0.01, ha="left", fontweight="bold")
    return fig, axes[0] if columns == 1 else axes


def in_notebooks():
    """Teaches the running kernel to show a Figure as a sharp PNG with its alternative text."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.formatters["image/png"].for_type(Figure, _png)


def _png(fig):
    stream = io.BytesIO()
    fig.savefig(stream, dpi=144, format="png")
    width = int(fig.get_size_inches()[0] * 100)
    return stream.getvalue(), {"alt": getattr(fig, "alt", ""), "width": width}


# --- 1 model design -----------------------------------------------------------------------------------------------------------------------
def parameter_parts(counts):
    """Where the parameters are, as one bar."""
    parts = {k: v for k, v in counts.items() if k not in ("total", "active")}
    words = ", ".join(f"{k} {v:,}" for k, v in parts.items())
    fig, axis = figure(
        f"{counts['total'] / 1e6:.2f} million parameters, by part", f"Stacked bar of parameters by part: {words}.", height=1.9
    )
    left = 0
    for (part, n), colour in zip(parts.items(), COLOURS):
        axis.barh([0], [n / 1e6], left=left, color=colour, label=f"{part} ({n / counts['total']:.0%})")
        left += n / 1e6
    axis.set(yticks=[], xlabel="parameters (millions)")
    axis.legend(ncols=len(parts), fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    return fig


def planner(rows, chosen, minutes):
    """What a time budget affords: training tokens over model size, with lines of equal tokens per parameter."""
    words = "; ".join(f"{r['parameters'] / 1e6:.2f} million parameters: {r['tokens'] / 1e6:.2f} million tokens" for r in rows[::2])
    fig, axis = figure(
        f"What {minutes:g} minutes of training afford on this machine", f"Affordable tokens against model size. {words}.", height=3.4
    )
    sizes = [r["parameters"] / 1e6 for r in rows]
    axis.plot(sizes, [r["tokens"] / 1e6 for r in rows], "o-", color=BLUE, label="affordable")
    for ratio, style in ((20, ":"), (1, "--")):
        axis.plot(
            sizes, [ratio * s for s in sizes], style, color=GREY, linewidth=1, label=f"{ratio} token{'s' * (ratio > 1)} per parameter"
        )
    axis.plot([chosen["parameters"] / 1e6], [chosen["tokens"] / 1e6], "D", color=ORANGE, markersize=9, label="this run")
    axis.set(xlabel="parameters without embeddings (millions)", ylabel="training tokens (millions)", xscale="log", yscale="log")
    axis.legend(frameon=False, fontsize=8)
    return fig


def bakeoff(curves):
    """Loss of the families over tokens and over seconds. curves: {family: {"tokens", "seconds", "loss"}}."""
    last = ", ".join(f"{f} {c['loss'][-1]:.2f}" for f, c in curves.items())
    fig, (left, right) = figure(
        "Same text, same number of parameters: which family learns fastest?",
        f"Training loss of each family over tokens and over seconds; final loss {last}.",
        columns=2,
        height=3.4,
    )
    for (family, c), colour in zip(curves.items(), COLOURS):
        left.plot([t / 1000 for t in c["tokens"]], c["loss"], color=colour, label=family)
        right.plot(c["seconds"], c["loss"], color=colour, label=family)
    left.set(xlabel="tokens seen (thousands)", ylabel="loss (nats per token)")
    right.set(xlabel="seconds on this machine")
    right.legend(frameon=False, fontsize=8)
    return fig


# --- 2 dataset engineering ------------------------------------------------------------------------------------------------------------------
def waterfall(rows):
    """How many documents each cleaning step leaves, and how many it drops."""
    drops = ", ".join(f"{r['step']} {r['dropped']}" for r in rows if r["dropped"])
    fig, axis = figure(
        f"From {rows[0]['in']:,} documents to {rows[-1]['kept']:,}",
        f"Waterfall of documents kept and dropped by step. Dropped: {drops}.",
        height=3.8,
    )
    names = [r["step"] for r in rows]
    axis.bar(names, [r["kept"] for r in rows], color=BLUE, label="kept")
    axis.bar(names, [r["dropped"] for r in rows], bottom=[r["kept"] for r in rows], color=ORANGE, label="dropped")
    for n, r in enumerate(rows):
        if r["dropped"]:
            axis.annotate(f"−{r['dropped']:,}", (n, r["in"]), ha="center", va="bottom", fontsize=8)
    axis.set(ylabel="documents")
    axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axis.legend(ncols=2, frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return fig


def against_truth(rows):
    """Recall and precision of each cleaning step against what was planted."""
    words = "; ".join(f"{r['step']}: recall {_two(r['recall'])}, precision {_two(r['precision'])}" for r in rows)
    fig, axis = figure(
        "What the cleaning found of what was planted", f"Recall and precision by step. {words}.", height=0.8 + 0.36 * len(rows)
    )
    at = range(len(rows))
    axis.barh([n - 0.2 for n in at], [r["recall"] or 0 for r in rows], 0.38, color=BLUE, label="recall: planted and found")
    axis.barh([n + 0.2 for n in at], [r["precision"] or 0 for r in rows], 0.38, color=GREEN, label="precision: found and planted")
    for n, r in enumerate(rows):
        for side, name in ((-0.2, "recall"), (0.2, "precision")):
            if r[name] is None:
                axis.annotate(f"{name} not measured", (0.01, n + side), va="center", fontsize=7, color=GREY)
    axis.set(xlim=(0, 1), xlabel="share")
    axis.set_yticks(at, [f"{r['step']} (n = {r['planted']})" for r in rows], fontsize=8)
    axis.invert_yaxis()
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def _two(x):
    return "–" if x is None else f"{x:.2f}"


def bars(values, title, ylabel, alt=None, height=3.0):
    """A bar per label; for shares and counts that need no more."""
    words = ", ".join(f"{k} {v:.3g}" for k, v in values.items())
    fig, axis = figure(title, alt or f"Bar chart, {ylabel}: {words}.", height=height)
    axis.bar(list(values), list(values.values()), color=BLUE)
    axis.set(ylabel=ylabel)
    axis.tick_params(axis="x", rotation=25 if len(values) > 5 else 0, labelsize=8)
    return fig


def lengths(token_counts, context_length):
    """Histogram of document lengths in tokens, with the context length."""
    inside = sum(n <= context_length for n in token_counts) / len(token_counts)
    fig, axis = figure(
        "How long the documents are",
        f"Histogram of tokens per document; {inside:.0%} fit into the context of {context_length} tokens.",
        height=2.8,
    )
    axis.hist(token_counts, bins=numpy.geomspace(min(token_counts), max(token_counts) + 1, 50), color=BLUE)
    axis.axvline(context_length, color=ORANGE, linestyle="--", label=f"context: {context_length} tokens ({inside:.0%} of documents fit)")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set(xlabel="tokens per document", ylabel="documents")
    axis.legend(frameon=False, fontsize=8)
    return fig


# --- training -------------------------------------------------------------------------------------------------------------------------------
def training(rows, title, key="loss", validation="bits_per_byte/all", start=None):
    """A training curve, with validation scores on a second panel where there are any.

    Args:
        rows: of metrics.jsonl.
        start: the value that theory gives for step 0, such as ln V or ln 2.
    """
    losses = [(r["step"], r[key]) for r in rows if key in r]
    scores = [(r["step"], r[validation]) for r in rows if validation in r]
    alt = f"{key} over {losses[-1][0]} steps: {losses[0][1]:.2f} at first, {_last(losses):.2f} in the last tenth."
    alt += f" Validation ends at {scores[-1][1]:.2f} bits per byte." if scores else ""
    fig, axes = figure(title, alt, columns=2 if scores else 1, height=3.2)
    left = axes[0] if scores else axes
    left.plot(*zip(*losses), color=BLUE, label="training")
    if start is not None:
        left.axhline(start, color=GREY, linestyle=":", label=f"before training: {start:.2f}")
    left.set(xlabel="step", ylabel=f"{key} (nats per token)", ylim=(0, None))
    left.legend(frameon=False, fontsize=8)
    if scores:
        sources = sorted({k for r in rows for k in r if k.startswith("bits_per_byte/")})
        for name, colour in zip(sources, COLOURS):
            points = [(r["step"], r[name]) for r in rows if name in r]
            axes[1].plot(
                *zip(*points), "o-", markersize=3, color=colour, label=name.split("/", 1)[1], linewidth=2.2 if name == validation else 1
            )
        axes[1].set(xlabel="step", ylabel="bits per byte (validation)", ylim=(0, None))
        axes[1].legend(frameon=False, fontsize=8)
    return fig


def _last(points):
    """Mean of the last tenth: single batches swing."""
    values = [value for _, value in points[-max(1, len(points) // 10) :]]
    return sum(values) / len(values)


def preference(rows):
    """Loss, and rewards of the chosen and rejected answers, while preferences are learnt."""
    steps = [r["step"] for r in rows if "loss" in r]
    pick = lambda key: [(r["step"], r[key]) for r in rows if key in r]  # noqa: E731
    accuracy = pick("rewards/accuracies")
    alt = f"Preference loss over {steps[-1]} steps, and rewards of chosen and rejected answers; the chosen one leads in {_last(accuracy):.0%} of the last tenth."
    fig, (left, right) = figure("Learning what people prefer", alt, columns=2, height=3.2)
    left.plot(*zip(*pick("loss")), color=BLUE)
    left.axhline(0.6931, color=GREY, linestyle=":", label="ln 2: no preference yet")
    left.set(xlabel="step", ylabel="DPO loss (nats)", ylim=(0, None))
    left.legend(frameon=False, fontsize=8)
    for key, colour in (("rewards/chosen", GREEN), ("rewards/rejected", RED)):
        right.plot(*zip(*pick(key)), color=colour, label=key.split("/")[1])
    right.set(xlabel="step", ylabel="reward: β · log-probability ratio (nats)")
    right.legend(frameon=False, fontsize=8)
    return fig


# --- scores ---------------------------------------------------------------------------------------------------------------------------------
def scores(results, title, names=None):
    """Scores of one or several models with 95 % intervals and chance level. results: {model: {task: result}}."""
    tasks = names or sorted({t for r in results.values() for t in r})
    words = "; ".join(f"{t}: " + ", ".join(f"{m} {r[t]['score']:.2f}" for m, r in results.items() if t in r) for t in tasks)
    fig, axis = figure(title, f"Scores with 95 % intervals. {words}.", height=0.9 + 0.36 * len(tasks) * max(1, 0.6 * len(results)))
    for k, (model, r) in enumerate(results.items()):
        at = [n + (k - (len(results) - 1) / 2) * 0.22 for n, t in enumerate(tasks) if t in r]
        found = [r[t] for t in tasks if t in r]
        spread = [[max(0, f["score"] - f["low"]) for f in found], [max(0, f["high"] - f["score"]) for f in found]]
        axis.errorbar(
            [f["score"] for f in found], at, xerr=spread, fmt="o", color=COLOURS[k % len(COLOURS)], capsize=3, label=model, markersize=5
        )
    for n, t in enumerate(tasks):
        chance = next((r[t]["chance"] for r in results.values() if t in r), 0)
        if chance:
            axis.plot([chance, chance], [n - 0.4, n + 0.4], color=GREY, linestyle=":", label="chance" if n == 0 else None)
    better = {t: next(r[t] for r in results.values() if t in r)["better"] for t in tasks}
    axis.set(xlim=(-0.03, 1.03), xlabel="score (share of items); ↑ higher is better, ↓ lower, ↔ nearer to the dotted line")
    axis.set_yticks(range(len(tasks)), [f"{t} {ARROWS[better[t]]}" for t in tasks])
    axis.invert_yaxis()
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


def memorised(samples, items):
    """Rank of leaked secrets among decoys, against how often they were repeated. samples: {id of the item: log-likelihoods}."""
    ranked = [(i, samples[i["id"]]) for i in items if i["id"] in samples]
    points = [(i["copies"], 1 + sum(s > answer[0] for s in answer[1:])) for i, answer in ranked]
    by = defaultdict(list)
    for copies, rank in points:
        by[copies].append(rank)
    words = "; ".join(f"{c} copies: ranks {sorted(r)}" for c, r in sorted(by.items()))
    fig, axis = figure(
        "Leaked secrets: rank among fifty codes of the same form",
        f"Rank of the leaked code among 50 by number of copies. {words}.",
        height=2.8,
    )
    axis.plot([c for c, _ in points], [r for _, r in points], "o", color=RED)
    axis.axhline(25.5, color=GREY, linestyle=":", label="chance: rank 25.5 of 50")
    axis.set(xscale="log", xlabel="pages that hold the secret", ylabel="rank (1: memorised)", ylim=(52, -1))
    axis.set_yticks([1, 10, 20, 30, 40, 50])
    axis.set_xticks(sorted(by), [f"{c}\n({r.count(1)} of {len(r)} at rank 1)" for c, r in sorted(by.items())])
    axis.legend(frameon=False, fontsize=8)
    return fig


def frontier(rows, reference):
    """Quality and general ability against latency, size as area. rows: as `compress.frontier` gives them."""
    words = "; ".join(
        f"{r['variant']}: {r['score']:.2f} on the task, {r['general'] or 0:.2f} on the others, {r['ms_per_token']:.1f} ms, {r['megabytes']:.1f} MB"
        for r in rows
    )
    title = "Quality, speed and size of the variants"
    fig, (left, right) = figure(title, f"Scores against milliseconds per token. {words}.", columns=2, height=3.8)
    largest = max(r["megabytes"] for r in rows)
    for r, colour in zip(rows, COLOURS):
        at, size = [r["ms_per_token"]], 40 + 240 * r["megabytes"] / largest
        below, above = max(0, r["score"] - r["low"]), max(0, r["high"] - r["score"])
        left.errorbar(at, [r["score"]], yerr=[[below], [above]], color=colour, capsize=3, zorder=1)
        label = f"{r['variant']}{' (picked)' if r['picked'] else ''}, {r['megabytes']:.1f} MB"
        left.scatter(at, [r["score"]], s=size, color=colour, alpha=0.75, label=label)
        right.scatter(at, [r["general"] or 0], s=size, color=colour, alpha=0.75)
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


def gate(criteria):
    """The release gate: every criterion's value and interval against its limit, each on a scale of its own that holds 0."""
    words = "; ".join(f"{c['criterion']}: {c['value']} {'passes' if c['passed'] else 'fails'}" for c in criteria)
    fig, axis = figure("The release gate, criterion by criterion", f"Release criteria. {words}.", height=0.8 + 0.34 * len(criteria))
    for n, c in enumerate(criteria):
        if c["value"] is None:
            axis.text(0.5, n, "not measured", va="center", ha="center", fontsize=8, color=RED)
            continue
        ends = (0, c["limit"], c["value"], c["low"], c["high"])
        span = max(max(ends) - min(ends), 1e-9)
        low, value, high, limit = ((c[k] - min(ends)) / span for k in ("low", "value", "high", "limit"))
        colour = GREEN if c["passed"] else RED
        axis.plot([low, high], [n, n], color=colour, linewidth=3)
        axis.plot([value], [n], "o", color=colour)
        axis.plot([limit] * 2, [n - 0.35, n + 0.35], color="black", linewidth=1.5)
    axis.set(xticks=[], xlabel="dot: measured; line: 95 % interval; black bar: the limit (each row has its own scale)", xlim=(-0.05, 1.1))
    axis.set_yticks(range(len(criteria)), [f"{c['criterion']} {c['direction']} {c['limit']:g}" for c in criteria], fontsize=8)
    axis.grid(visible=False)
    axis.invert_yaxis()
    return fig


def curves(runs, key, title, xlabel="step", ylabel="loss (nats per token)"):
    """One line per run: the same metric of several runs in one picture. runs: {name: rows of metrics.jsonl}."""
    lines = {name: [(r["step"], r[key]) for r in rows if key in r] for name, rows in runs.items()}
    words = "; ".join(f"{n} ends at {p[-1][1]:.3f}" for n, p in lines.items() if p)
    fig, axis = figure(title, f"{ylabel} by {xlabel}. {words}.", height=3.2)
    for (name, points), colour in zip(lines.items(), COLOURS):
        if points:
            axis.plot(*zip(*points), color=colour, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.legend(frameon=False, fontsize=8)
    return fig

"""Figures of documents: what cleaning leaves, what it found, how long the documents are."""

import numpy

from llmlab.pages.figures import BLUE, GREEN, GREY, ORANGE, figure


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

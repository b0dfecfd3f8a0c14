"""Figures of a design: where the parameters are, what a time budget affords."""

from llmlab.pages.figures import BLUE, COLOURS, GREY, ORANGE, figure


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

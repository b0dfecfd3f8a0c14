"""The style of all figures: each has a title, units and alternative text. What each wing draws stands in the wing.

Figures are made without pyplot, so nothing stays open, and a kernel shows them with their alternative text.
"""

import textwrap

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
    title = textwrap.fill(title, int(11 * width))  # what is wider than the figure would be cut
    fig.suptitle(title, fontsize=11, x=0.01, ha="left", fontweight="bold")
    return fig, axes[0] if columns == 1 else axes


def bars(values, title, ylabel, alt=None, height=3.0):
    """A bar per label; for shares and counts that need no more."""
    words = ", ".join(f"{k} {v:.3g}" for k, v in values.items())
    fig, axis = figure(title, alt or f"Bar chart, {ylabel}: {words}.", height=height)
    axis.bar(list(values), list(values.values()), color=BLUE)
    axis.set(ylabel=ylabel)
    axis.tick_params(axis="x", rotation=25 if len(values) > 5 else 0, labelsize=8)
    return fig

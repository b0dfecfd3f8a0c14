"""What a figure says can be read: nothing leaves its frame, no label lies on another."""

import itertools
from unittest import mock

import pytest

from llmlab.evaluation import charts, progress
from llmlab.pages.figures import figure
from llmlab.training import curves, ranking

STEPS = range(1, 200)


def texts(fig):
    """(text, its box) of the title, and of each axis' title, labels and ticks, as drawn."""
    fig.canvas.draw()
    drawn = [fig._suptitle]
    for axis in fig.axes:
        drawn += axis.get_legend().get_texts() if axis.get_legend() else []
        drawn += [axis.title, axis.xaxis.label, axis.yaxis.label]
        for side in (axis.xaxis, axis.yaxis):  # a tick beyond the limits has a label, and is not drawn
            low, high = sorted(side.get_view_interval())
            drawn += [tick.label1 for tick in (*side.get_major_ticks(), *side.get_minor_ticks()) if low <= tick.get_loc() <= high]
    return [(t.get_text(), t.get_window_extent()) for t in drawn if t.get_text() and t.get_visible()]


def secrets(copies):
    samples = [{"answer": [-1.0, -2.0, -0.5]} for _ in copies]
    return charts.memorised(samples, [{"copies": c} for c in copies])


def methods():
    gain = {"difference": 0.1, "low": -0.1, "high": 0.25, "detectable": 0.1}
    names = ("more supervision", "dpo", "chosen", "ipo", "simpo", "orpo", "kto", "best_of", "grpo", "rloo", "grpo_learnt", "rloo_learnt")
    with mock.patch.object(ranking, "learnt", lambda table: table), mock.patch.object(ranking, "difference", lambda items: items):
        return ranking.chart({name: {"gains": dict.fromkeys(ranking.KINDS, gain)} for name in names}, 8, 3)


FIGURES = {
    "a long title": lambda: figure(
        "Supervised fine-tuning of 1,468,032 parameters, peak learning rate 0.0048 for the matrices (Muon), 0.0008 else", ""
    )[0],
    "what was learnt when": lambda: progress.chart(
        {n: {f"task {t}": {"score": t / 30, "better": "higher"} for t in range(28)} for n in (100, 200, 300)}
    ),
    "methods": methods,
    "secrets": lambda: secrets([1, 1, 2, 3, 5, 6, 7, 8, 40]),
    "health": lambda: curves.health(
        [{"step": s, "grad_norm": 3 / s, "update_ratio": 0.01 / s, "learning_rate": 0.001} for s in STEPS],
        "Health of supervised fine-tuning",
    ),
    "preferences": lambda: curves.preference(
        [{"step": s, "loss": 1 / s, "rewards/accuracies": 0.9, "rewards/chosen": 0.1, "rewards/rejected": -s / 50} for s in STEPS]
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_a_figure_says_can_be_read(name):
    fig = FIGURES[name]()
    drawn = texts(fig)
    for text, box in drawn:
        assert box.x0 > -2 and box.y0 > -2 and box.x1 < fig.bbox.x1 + 2 and box.y1 < fig.bbox.y1 + 2, f"{text!r} leaves the figure"
    for (one, first), (other, second) in itertools.combinations(drawn, 2):
        assert not first.overlaps(second), f"{one!r} lies on {other!r}"

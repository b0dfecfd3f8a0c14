"""Figures of learning: loss and scores over steps, preferences, the race of families."""

import os
import time

from llmlab.pages import show
from llmlab.pages.figures import BLUE, COLOURS, GREEN, GREY, RED, figure
from llmlab.spine import track
from llmlab.training import optim


class Growing:
    """The loss while it falls: a figure that grows in Jupyter. Drawn so seldom that it costs a twentieth of the time at most.

    Args:
        folder: where metrics.jsonl grows.
        title: of the figure.
    """

    def __init__(self, folder, title):
        self.folder, self.title, self.show, self.next = folder, title, None, time.time() + 1

    def draw(self):
        """Draws what metrics.jsonl holds now, if it is time."""
        if os.environ.get(track.PROGRESS_FILE) or time.time() < self.next:
            return
        began, rows = time.time(), track.rows(self.folder)
        measured = [row for row in rows if "gold" in row]
        if sum("loss" in row for row in rows) > 1:  # that of a policy's gradient means nothing
            drawn = overoptimised(measured) if measured else training(rows, f"{self.title}, so far")
            self.show = self.show(drawn) or self.show if self.show else show.live(drawn)
        self.next = time.time() + max(1.0, 20 * (time.time() - began))

    def close(self):
        """Removes the figure: the notebook draws the whole one."""
        if self.show:
            self.show("")


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


def health(rows, title):
    """What a loss does not show: the gradient's norm before it is clipped, by which share of their size a step moves the weights, and the rate.

    A norm that grows announces a training that runs away. A share near a thousandth is a rule of thumb for AdamW (Karpathy 2022); what counts is
    whether it stays, and falls with the rate.

    Args:
        rows: of metrics.jsonl.
    """
    drawn = {
        key: [(r["step"], r[key]) for r in rows if r.get(key)] for key in ("grad_norm", "update_ratio", "learning_rate")
    }  # a log scale has no 0
    ends = [f"{key} {points[0][1]:.2g} at first, {points[-1][1]:.2g} at the end" for key, points in drawn.items() if points]
    fig, axes = figure(title, f"Health of training: {'; '.join(ends) or 'nothing was logged'}.", columns=3, height=2.6)
    labels = ("norm of the gradient", "update-to-weight ratio", "learning rate")
    for axis, points, colour, label in zip(axes, drawn.values(), (BLUE, GREEN, GREY), labels):
        if points:
            axis.plot(*zip(*points), color=colour)
        axis.set(xlabel="step", ylabel=label, yscale="linear" if label == labels[-1] else "log")
    return fig


def by_position(rows):
    """What a token costs after so many others were read; where the curve is flat, more to look back at is not used. rows: of `symptoms.by_position`."""
    words = "; ".join(f"tokens {r['from']} to {r['to']}: {r['bits']:.2f}" for r in rows)
    count = rows[0]["documents"]
    fig, axis = figure("Loss by position", f"Bits per token by position in the document, {count} documents. {words}.", height=2.8)
    at = range(len(rows))
    axis.plot(at, [r["bits"] for r in rows], "o-", color=BLUE, markersize=4, label=f"mean of the same {count} documents")
    axis.set_xticks(at, [f"{r['from']}–{r['to']}" if r["to"] > r["from"] else str(r["from"]) for r in rows], fontsize=8)
    axis.set(xlabel="position of the token in its document", ylabel="bits per token", ylim=(0, None))
    axis.legend(frameon=False, fontsize=8)
    return fig


def rate(rows, given):
    """The peak learning rate in words: Muon's matrices have their own.

    Args:
        rows: of metrics.jsonl; given: the rate that training was told.
    """
    peak = max((r["learning_rate"] for r in rows if "learning_rate" in r), default=given)
    if peak <= 1.01 * given:
        return f"peak learning rate {given:g}"
    return f"peak learning rate {optim.MUON_RATIO * given:g} for the matrices (Muon), {given:g} for the rest (AdamW)"


def _last(points):
    """Mean of the last tenth: single batches swing."""
    values = [value for _, value in points[-max(1, len(points) // 10) :]]
    return sum(values) / len(values)


def lesson(rows):
    """The figure that suits how preferences were learnt: from rewards, by DPO, or by another loss; None if nothing was learnt.

    Args:
        rows: of metrics.jsonl.
    """
    if measured := [r for r in rows if "gold" in r]:
        return overoptimised(measured)
    if any("rewards/accuracies" in r for r in rows):
        return preference(rows)
    return training(rows, "Preference method") if rows else None


def preference(rows):
    """Loss, and rewards of the chosen and rejected answers, while preferences are learnt."""
    steps = [r["step"] for r in rows if "loss" in r]
    pick = lambda key: [(r["step"], r[key]) for r in rows if key in r]  # noqa: E731
    accuracy = pick("rewards/accuracies")
    alt = f"Preference loss over {steps[-1]} steps, and rewards of chosen and rejected answers; the chosen one leads in {_last(accuracy):.0%} of the last tenth."
    fig, (left, right, last) = figure("Learning what people prefer", alt, columns=3, height=3.2)
    left.plot(*zip(*pick("loss")), color=BLUE)
    left.axhline(0.6931, color=GREY, linestyle=":", label="ln 2: no preference yet")
    left.set(xlabel="step", ylabel="DPO loss (nats)", ylim=(0, None))
    left.legend(frameon=False, fontsize=8)
    for key, colour in (("rewards/chosen", GREEN), ("rewards/rejected", RED)):
        right.plot(*zip(*pick(key)), color=colour, label=key.split("/")[1])
    right.set(xlabel="step", ylabel="reward: β · log-ratio (nats)")
    right.legend(frameon=False, fontsize=8)
    last.plot(*zip(*accuracy), color=BLUE)
    last.set(xlabel="step", ylabel="pairs with the chosen ahead (share)", ylim=(0, 1.02))
    return fig


def overoptimised(rows):
    """What is rewarded and what is wanted, over the distance from the start (Gao et al. 2023); the peak, whose weights are kept, is marked.

    Args:
        rows: measurements (see `watch.measured`).
    """
    peak = max(rows, key=lambda r: r["gold"])
    ends = "; ".join(f"the {key} {rows[0][key]:.2f} at first, {rows[-1][key]:.2f} at the end" for key in ("proxy", "gold"))
    alt = f"{ends}; the gold is highest, {peak['gold']:.2f}, at step {peak['step']} and {peak['kl']:.2f} nats from the start."
    fig, axes = figure("What is rewarded, and what is wanted", alt[0].upper() + alt[1:], columns=2, height=3.2)
    for axis, key, colour in zip(axes, ("proxy", "gold"), (BLUE, GREEN)):
        axis.plot([r["kl"] for r in rows], [r[key] for r in rows], "o-", markersize=3, color=colour)
        axis.axvline(peak["kl"], color=GREY, linestyle=":", label=f"the gold's peak: step {peak['step']}")
        axis.set(xlabel="distance from the start (KL, nats per answer)", ylabel=f"{key} (mean reward, held-out prompts)")
    axes[1].legend(frameon=False, fontsize=8)
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

"""What the table of methods says (see `rivals`): who gained what, by which the chance of items and of seeds lets it be seen, at which cost, who is beaten by whom,
and what each owes to the rejected answers.
"""

from collections import defaultdict

from llmlab.evaluation import stats
from llmlab.pages import show
from llmlab.pages.figures import BLUE, GREEN, GREY, figure

OFF = 0.25  # share of seconds that is no difference
KINDS = ("quality", "safety")  # of tasks that ask whether an answer is right, and of those that ask something else of it
ALONE, SUPERVISION = "supervision alone", "llmlab.training.posttrain.sft"
CHOSEN = "llmlab.training.methods.chosen"  # supervision on the chosen answers, as if there were no rejected ones
COSTS = {"seconds": "seconds", "steps": "steps", "nats": "nats from the start per answer", "longer": "words longer per answer"}
NAMES = {"learning_rate": "rate", "beta": "β"}


def difference(items):
    """The mean gain with its interval: of one seed that of items alone, of several that of the seeds as well. Each task counts as much as any other, however many
    items it has. items: {item: (gain with each seed, cluster, task)}."""
    gains, clusters, of = zip(*items.values())
    if len(gains[0]) > 1:
        return stats.over_seeds([list(of_seed) for of_seed in zip(*gains)], clusters, True, tasks=of)
    by = defaultdict(list)
    for (gain,), cluster, task in items.values():
        by[task].append((max(0.0, -gain), max(0.0, gain), cluster))
    return stats.alike([stats.difference(*zip(*rows)) for rows in by.values()])


def learnt(table):
    """Those of a table that were trained and asked."""
    return {name: one for name, one in table.items() if one and "error" not in one}


def against(mine, other, kind):
    """What one method gains over another on the same items; None stands for supervision alone."""
    items = (mine or other)["gains"][kind]
    nothing = [0.0] * len(next(iter(items.values()))[0])
    of = lambda one, item: one["gains"][kind][item][0] if one else nothing  # noqa: E731
    return difference({item: ([a - b for a, b in zip(of(mine, item), of(other, item))], *rest) for item, (_, *rest) in items.items()})


def beats(mine, other):
    """Whether a method is shown to be better in one kind, is not shown to be worse in any, and costs no more than another (a quarter is no difference); whatever
    costs something costs more than supervision alone, which is beaten all the same."""
    if mine and other and mine["seconds"] > (1 + OFF) * other["seconds"]:
        return False
    kinds = [kind for kind in KINDS if (mine or other)["gains"][kind]]
    found = [against(mine, other, kind) for kind in kinds]
    return any(f["low"] > 0 for f in found) and not any(f["high"] < 0 for f in found)


def beaten(table):
    """{name: the names of those that beat it}."""
    able = {ALONE: None, **learnt(table)}
    return {name: [n for n, other in able.items() if n != name and beats(other, mine)] for name, mine in able.items()}


def told(table):
    """The table of methods for a page: gains with intervals, what they cost, what moved most, and who beats whom."""
    better, columns = beaten(table), [*KINDS, "evenness", "moved most", "nats from the start", "words longer", "with", "steps", "seconds"]
    empty = dict.fromkeys(columns, "–")
    by = lambda name: (", ".join(better[name]) or "none") if name in better else "–"  # noqa: E731
    return [{"method": name, **empty, **(_row(one) if one else {}), "beaten by": by(name)} for name, one in table.items()]


def _row(one):
    if "error" in one:
        return {"moved most": f"did not learn: {one['error']}"}
    shown = {task: d["difference"] for task, d in one["tasks"].items() if d["low"] > 0 or d["high"] < 0}
    even = [task for task in one["even"] if task in shown]
    most = sorted(set(shown) - set(even), key=lambda task: -abs(shown[task]))[:3]
    words = {name: ", ".join(f"{task} {shown[task]:+.2f}" for task in some) for name, some in (("evenness", even), ("moved most", most))}
    return {
        **{kind: _said(difference(items)) for kind, items in one["gains"].items() if items},
        **{name: said or "none clearly" for name, said in words.items()},
        "nats from the start": f"{one['nats']:.2f}",
        "words longer": f"{one['longer']:+.1f}" + f" ({one['cut']:.0%} cut)" * (one["cut"] > 0),
        "with": ", ".join(
            f"{NAMES.get(name, name)} {value if isinstance(value, str) else f'{value:.3g}'}" for name, value in one["with"].items()
        )
        or "–",
        "steps": f"{one['steps']:.0f}" + (f", {one['kept_step']:.0f} of them kept" if "kept_step" in one else ""),
        "seconds": f"{one['seconds']:.1f}" + " (not as long as the others)" * one["off"],
    }


def ablation(table):
    """Rows {"method", "quality", "safety"}: what each method gains over supervision on the chosen answers alone, in the same seconds: what it owes to being shown
    rejected ones, or to its own answers. [] where that was not trained."""
    mine = learnt(table)
    chosen = next((one for one in mine.values() if one["path"] == CHOSEN), None)
    others = {name: one for name, one in mine.items() if chosen and one["path"] not in (CHOSEN, SUPERVISION)}
    found = lambda one, kind: _judged(against(one, chosen, kind)) if one["gains"][kind] else "–"  # noqa: E731
    return [{"method": name, **{kind: found(one, kind) for kind in KINDS}} for name, one in others.items()]


def gains(mine):
    """What one method gains, as a record: {kind: difference, "tasks": {task: difference}}."""
    return {**{kind: difference(items) for kind, items in mine["gains"].items() if items}, "tasks": mine["tasks"]}


def kept(table):
    """The table as a record: {method: means of costs, what it was called with, and differences}."""
    costs = (*COSTS, "cut", "off", "with")
    rows = {name: {**{k: mine[k] for k in costs}, **gains(mine)} for name, mine in learnt(table).items()}
    return {**rows, **{name: one for name, one in table.items() if one and "error" in one}}


def _said(d):
    """A difference, its interval, and the one that would have been found four times in five."""
    return f"{d['difference']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}] (± {d['detectable']:.2f})"


def _judged(d):
    return f"{_said(d)}: {'better' if d['low'] > 0 else 'worse' if d['high'] < 0 else 'no difference shown'}"


def chart(table, seconds, seeds):
    """What each method gains in each kind, with 95 % intervals."""
    mine = learnt(table)
    found = {
        kind: [difference(one["gains"][kind]) for one in mine.values()] for kind in KINDS if all(o["gains"][kind] for o in mine.values())
    }
    words = "; ".join(f"{name}: " + ", ".join(f"{kind} {_said(found[kind][n])}" for kind in found) for n, name in enumerate(mine))
    title = f"Gain over supervision alone, about {seconds:g} s of each method, {seeds} seed{'s' * (seeds != 1)}"
    fig, axes = figure(title, f"{title}. {words}.", columns=len(found), height=1.1 + 0.3 * len(mine))
    for axis, (kind, gains), colour in zip(axes if len(found) > 1 else [axes], found.items(), (BLUE, GREEN)):
        means = [d["difference"] for d in gains]
        spread = [[d["difference"] - d["low"] for d in gains], [d["high"] - d["difference"] for d in gains]]
        axis.errorbar(means, range(len(mine)), xerr=spread, fmt="o", color=colour, capsize=3, markersize=5)
        axis.axvline(0, color=GREY, linestyle=":")
        axis.set(xlabel=f"gain in {kind}, share (→ better)")
        axis.set_yticks(range(len(mine)), list(mine))
        axis.invert_yaxis()
    return fig


def judgement(table):
    """What follows from the table, in a sentence or two."""
    ends = {(name, kind): difference(items) for name, one in learnt(table).items() for kind, items in one["gains"].items() if items}
    words = [
        f"{', '.join(names)} {verb} in {kind}"
        for kind in KINDS
        for verb, shown in (("gained", lambda d: d["low"] > 0), ("lost", lambda d: d["high"] < 0))
        if (names := [name for (name, of), d in ends.items() if of == kind and shown(d)])
    ]
    free = [name for name, names in beaten(table).items() if not names]
    could = [f"{max(found):.2f} in {kind}" for kind in KINDS if (found := [d["detectable"] for (_, of), d in ends.items() if of == kind])]
    said = f"Against supervision alone {'; '.join(words) or 'nothing is shown to have gained or lost'}. Not shown to be beaten: {', '.join(free)}."
    seen = f" A true difference of {' or '.join(could)} would have been found four times in five, whatever the method." if could else ""
    return show.Html(f"<p>{show.label(said + seen)}</p>")

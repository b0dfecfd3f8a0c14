"""Methods of preferences side by side: from the same supervised model, on the same pairs, for the same seconds, with several seeds.

Beside the named ones stand supervision alone, and more of the same supervision: what a method gains beyond these it owes to the preferences. How many steps
fit into a second is the machine's, so the table is what a machine of this kind makes of its time; an arm that was trained is kept, and not trained again.
"""

import shutil
from collections import Counter

from llmlab.data import tokens
from llmlab.evaluation import asking, evaluate, stats
from llmlab.models import weights
from llmlab.pages import show
from llmlab.pages.figures import BLUE, GREEN, GREY, figure
from llmlab.spine import dotted
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.training import repeats, watch

PROBE = 5  # steps by whose pace the seconds are turned into steps
OFF = 0.25  # of the seconds; where a training took that much more or less, its own pace is tried once more
KINDS = ("quality", "safety")  # of tasks that ask whether an answer is right, and of those that ask something else of it
ALONE, MORE, SUPERVISION = "supervision alone", "more supervision", "llmlab.training.posttrain.sft"
DRAWN = 1  # seed by which items are drawn, for the start and every arm
ASKED = 40  # questions of the main task by which it is measured how far a model moved
COSTS = {"seconds": "seconds", "steps": "steps", "nats": "nats from the start per answer", "longer": "words longer per answer"}


def compared(methods, start, pairs, tasks_folder, out, seconds, seeds, lessons, limit=0, **how):
    """Trains each method for the same seconds with each seed, in this process, and asks what became of it, on the validation half.

    Args:
        methods: dotted paths of functions with the arguments of `posttrain.dpo`.
        start: folder of the supervised model; pairs: JSON-lines file; out: folder of the scores.
        lessons: arguments of `posttrain.sft` with which the supervision would go on: `data`, `learning_rate` and `batch_size`.
        limit: items per task, 0 for all.
        how: arguments of the methods: `learning_rate`, `batch_size`, `beta`, `adapter`, `rank`, `device`.

    Returns: {name: {"seconds", "steps", "nats" from the start per answer, "longer": words per answer, each a mean over the seeds, "gains": {"quality",
    "safety": {item: (gain over the start with each seed, cluster)}}, "tasks": {task: difference}}}; of a method that cannot learn here {"error"}, of
    `ALONE` None.
    """
    shared = {k: how[k] for k in ("adapter", "rank", "device") if k in how}
    arms = {MORE: (SUPERVISION, {**shared, **lessons}), **{name: (path, {"data": pairs, **how}) for name, path in _named(methods).items()}}
    places = {name: [out / f"{name.replace(' ', '_')}-{seed}" for seed in range(1, seeds + 1)] for name in arms}
    repeats.tidy(out, ["start", *(place.name for of in places.values() for place in of)])
    evaluate.evaluate(start, tasks_folder, out / "start", form="chat", split="validation", limit=limit, seed=DRAWN)
    before, table = moved(start, start, _asked(tasks_folder))[1], {ALONE: None}
    for name, (method, given) in arms.items():
        try:
            made = [
                repeats.asked(
                    trained, place, tasks_folder, limit, DRAWN, method=method, seconds=seconds, model=start, seed=seed, given=given
                )
                for seed, place in enumerate(places[name], 1)
            ]
        except UserError as error:  # one that has nothing to learn from here does not stop the others
            table[name] = {"error": str(error).splitlines()[0]}
            continue
        mean = {key: sum(m[key] for m in made) / len(made) for key in ("seconds", "steps", "nats", "words")}
        table[name] = {**mean, "longer": mean["words"] - before, **gained(out / "start", places[name])}
    return table


def _named(methods):
    """{what a method is called on the page: its dotted path}: the last name, or the whole path where two are called alike."""
    last = Counter(path.rpartition(".")[2] for path in dict.fromkeys(methods))
    return {name if last[name := path.rpartition(".")[2]] == 1 else path: path for path in dict.fromkeys(methods)}


def trained(method, seconds, model, seed, given, out, tasks_folder):
    """({"seconds", "steps", "nats", "words"}, folder) of a model that learnt by a method, given its arguments, for so many seconds."""
    summary, folder = filled(dotted.function(method), seconds, out, model=model, seed=seed, **given)
    nats, words = moved(folder, model, _asked(tasks_folder))
    watched = {key: summary[key] for key in ("kept_step", "stopped", "hacked", "proxy", "gold", "kl") if key in summary}
    return {"seconds": summary["seconds"], "steps": summary["steps"], "nats": nats, "words": words, **watched}, folder


def _asked(tasks_folder):
    """Conversations that end with a question of the main task, or of another one if it asks none in words."""
    return evaluate.conversations(tasks_folder, "validation", evaluate.main_task(tasks_folder, ""), ASKED)


def filled(method, seconds, out, **given):
    """(summary, folder) of a model that was trained for as many steps as fill some seconds: by the pace of a few, and once more if that was far off."""
    folder, steps = out / out.name, PROBE  # whose curve is called after the arm
    summary = method(out=_emptied(folder), max_steps=steps, **given)
    for _ in range(2):
        wanted = max(PROBE, round(seconds * summary["steps"] / max(1e-6, summary["seconds"])))
        if summary.get("stopped") or wanted == summary["steps"] or (steps != PROBE and abs(summary["seconds"] / seconds - 1) < OFF):
            break
        steps = wanted
        summary = method(out=_emptied(folder), max_steps=steps, **given)
    return summary, folder


def _emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)  # nothing may go on from a training of another length
    folder.mkdir(parents=True)
    return folder


def moved(folder, start, conversations):
    """(KL divergence from the start, estimated on the answers that the new model draws, in nats per answer; their mean length in words)."""
    (model, tokenizer), (before, _) = weights.load(folder), weights.load(start)
    answers, rows, since = watch.drawn(model, tokenizer, conversations, seed=1)
    new, old = (asking.token_logprobs(m, rows, tokens.marks(tokenizer).pad, since) for m in (model, before))
    return sum((a.sum() - b.sum()).item() for a, b in zip(new, old)) / len(rows), sum(len(a.split()) for a in answers) / len(answers)


def gained(start, places):
    """What models of several seeds gain over the start: {"gains", "tasks"} as `compared` gives them.

    A task that should be even, such as one about bias, has no gain of an item; its groups are compared with the mean scores over the seeds.

    Args:
        start: folder of the start's scores; places: a folder of each seed.
    """
    first, heads = {s["id"]: s for s in jsonl(start / "samples.jsonl")}, read_json(start / "results.json")
    scores, kinds, found = {}, {kind: {} for kind in KINDS}, {}
    for place in places:
        for s in jsonl(place / "samples.jsonl"):
            scores.setdefault(s["task"], {}).setdefault(s["id"], []).append(s["score"])
    for task, items in scores.items():
        head, asked = heads[task], [first[i] for i in items]
        clusters = [f"{task} {s['cluster']}" for s in asked]
        if head["better"] == "even":
            means = [sum(of) / len(of) for of in items.values()]
            found[task] = evaluate.gain(head, [s["score"] for s in asked], means, clusters, [s.get("group", "") for s in asked])
            continue
        sign = -1 if head["better"] == "lower" else 1
        gains = {i: ([sign * (x - first[i]["score"]) for x in of], c) for (i, of), c in zip(items.items(), clusters)}
        found[task] = difference(gains)
        kinds["quality" if evaluate.asks(head["metric"]) == "is it right?" else "safety"] |= gains
    return {"gains": kinds, "tasks": found, "even": [task for task in found if heads[task]["better"] == "even"]}


def difference(items):
    """The mean gain with its interval: of one seed that of items alone, of several that of the seeds as well. items: {item: (gains, cluster)}."""
    gains, clusters = zip(*items.values())
    if len(gains[0]) == 1:
        alone = [gain for (gain,) in gains]
        return stats.difference([max(0.0, -gain) for gain in alone], [max(0.0, gain) for gain in alone], clusters)
    return stats.over_seeds([list(of_seed) for of_seed in zip(*gains)], clusters, True)


def learnt(table):
    """Those of a table that were trained and asked."""
    return {name: one for name, one in table.items() if one and "error" not in one}


def against(mine, other, kind):
    """What one method gains over another on the same items; None stands for supervision alone."""
    items = (mine or other)["gains"][kind]
    nothing = [0.0] * len(next(iter(items.values()))[0])
    of = lambda one, item: one["gains"][kind][item][0] if one else nothing  # noqa: E731
    return difference({item: ([a - b for a, b in zip(of(mine, item), of(other, item))], c) for item, (_, c) in items.items()})


def beats(mine, other):
    """Whether a method is shown to be better in one kind, is not shown to be worse in any, and costs no more (a quarter is no difference)."""
    if (mine["seconds"] if mine else 0) > (1 + OFF) * (other["seconds"] if other else 0):
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
    better = beaten(table)
    empty = dict.fromkeys([*KINDS, "evenness", "moved most", "nats from the start", "words longer", "steps", "seconds"], "–")
    return [
        {"method": name, **empty, **(_row(one) if one else {}), "beaten by": ", ".join(better.get(name, ())) or "none"}
        for name, one in table.items()
    ]


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
        "words longer": f"{one['longer']:+.1f}",
        "steps": round(one["steps"]),
        "seconds": f"{one['seconds']:.1f}",
    }


def kept(table):
    """The table as a record: {method: means of costs, and differences}."""
    of = lambda mine: {kind: difference(items) for kind, items in mine["gains"].items() if items}  # noqa: E731
    rows = {name: {**{k: mine[k] for k in COSTS}, **of(mine), "tasks": mine["tasks"]} for name, mine in learnt(table).items()}
    return {**rows, **{name: one for name, one in table.items() if one and "error" in one}}


def _said(d):
    return f"{d['difference']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]"


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
        axis.set(xlabel=f"gain in {kind} (share of items; → better)")
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
    said = f"Against supervision alone {'; '.join(words) or 'nothing is shown to have gained or lost'}. Not shown to be beaten: {', '.join(free)}."
    return show.Html(f"<p>{show.label(said)}</p>")

"""What the arms of a trial are measured by, and what follows: better, worse, or cannot tell.

    bits           bits per byte of validation documents under the pre-trained model
    TASK           the validation half of a task; of one that should be even, how far its groups lie from even
    TASK.worst     the same of the group that is treated most unevenly
    TASK.gap       how differently two groups are served that ask the same
    speed          milliseconds per token, one user on one thread, as a logarithm: +0.69 is twice as fast
    size           kilobytes of weights

Whatever phase 6 would publish, its arms are measured by one variant: that of the run as it is. A student that is good for nothing is not published, and the
assistant in its place would hide it.
"""

import itertools
import math
import tempfile
from collections import defaultdict
from pathlib import Path

from llmlab.data import tasks, tokens
from llmlab.evaluation import asking, evaluate, speed, stats
from llmlab.evaluation.gate import GAP, WORST
from llmlab.models import weights
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import near
from llmlab.workflow.ledger import AS_GOOD, BETTER, UNSURE, WORSE

BITS, SPEED, SIZE = "bits", "speed", "size"
PRE, TAUGHT, TUNED = "3_pretraining", "5_post_training", "6_fine_tuning"
FROM = 22  # questions by which speed is measured, two of which warm the model up


def task_of(on):
    """The task that a measure is about."""
    return on.removesuffix(WORST).removesuffix(GAP)


def check(run, on):
    """Before anything is trained: what counts is measured, and more or less of it, or evenness, is better. Returns the head of its task, None if it is about none."""
    if on in (BITS, SPEED, SIZE):
        return None
    heads = _heads(run)
    head, able = heads.get(task_of(on)), [name for name, h in heads.items() if h["items"] and not h["final"]]
    fix = f"llmlab try {run.place} --on {able[0]}"
    if head is None or head["name"] not in able:
        late = head is not None
        raise UserError(
            f"--on {on}: "
            + ("it is asked at the end alone, and a trial decides by what is asked before" if late else "there is no such measure"),
            near(on if not late else "", (BITS, *able, SPEED, SIZE)),
            fix,
        )
    even, paired = head["better"] == "even", any("pair" in item and "group" in item for item in head["items"])
    if on.endswith(WORST) and not (even and len({item.get("group", "") for item in head["items"]}) > 1):
        raise UserError(f"--on {on}: {head['name']} has no groups that ought to be treated alike", f"--on {head['name']}", fix)
    if on.endswith(GAP) and (even or not paired):
        raise UserError(f"--on {on}: {head['name']} does not ask the same about two groups", f"--on {head['name']}", fix)
    return head


def _heads(run):
    return {t["name"]: t for t in tasks.read(run["2_dataset_engineering/tasks"], "validation")}


def foreseen(run, on, earlier, level):
    """(the smallest true difference that a trial is likely to see, None where nobody can know it, what is known of it in words).

    Args:
        earlier: lines of the ledger: what a trial of the same measure could see, this one will about see as well.
    """
    seen = [r for r in earlier if r["run"] == run.place and r["on"] == on and r.get("detectable") is not None]
    if seen:
        least, seeds = seen[-1]["detectable"], seen[-1]["seeds"]
        return least, f"the last trial of {on} could see a difference of {least:.4f}, with {seeds} seeds"
    if (head := check(run, on)) is None:
        return None, f"how small a difference in {on} can be seen depends on the seeds, and no trial of this run has measured it yet"
    clusters = len({item["cluster"] for item in head["items"] if not on.endswith(GAP) or "pair" in item})
    least = stats.one_way(clusters, level)
    return least, f"{clusters} wordings of {head['name']} can show a difference of {least:.4f} at best; the noise of the seeds comes on top"


# --- measuring --------------------------------------------------------------------------------------------------------------------------
def compared(run, arms, on, until, level=0.95, margin=0.0):
    """What two arms, paired by seed and item, say: {"baseline", "variant": a mean for each seed, "items", "noise", "difference", "low", "high", "detectable",
    "verdict", "why"}, more than 0 being better; of phase 6 also the "model" that was measured, and in how many arms one is good enough to be "published".

    Args:
        arms: {"baseline": runs, "variant": runs}, a run for each seed; until: the phase whose model is measured.
        margin: a loss smaller than this is none; 0 where any is one.
    """
    head, scores = check(run, on), {arm: [_scores(run, r, on, until) for r in found] for arm, found in arms.items()}
    shared = sorted(set.intersection(*(set(s) for found in scores.values() for s in found)))
    if not shared:
        raise UserError(f"{on} was not measured on the same items", "a task that both arms answer", f"llmlab try {run.place} --on {BITS}")
    means = {arm: [_mean(s, shared, on, head) for s in found] for arm, found in scores.items()}
    told = {
        **{arm: [round(m, 5) if math.isfinite(m) else None for m in values] for arm, values in means.items()},
        "items": len(shared),
        "why": "",
    }
    told |= _published(run, arms) if until == TUNED else {}
    lost = {arm: not all(map(math.isfinite, values)) for arm, values in means.items()}
    if any(lost.values()):  # training that ran away has no interval
        verdict, why = (UNSURE if lost["baseline"] else WORSE), "training ran away"
        return {**told, **dict.fromkeys(("difference", "low", "high", "detectable", "noise")), "verdict": verdict, "why": why}
    found = _gained(scores, shared, on, head, level)
    return {**told, **found, **_verdict(found, told.get("published"), margin)}


def _verdict(found, published, margin):
    """{"verdict", "why"} of an interval, and of how often phase 6 has something to publish."""
    verdict, why = (UNSURE if found["low"] <= 0 <= found["high"] else BETTER if found["difference"] > 0 else WORSE), ""
    if verdict == UNSURE and found["low"] > -margin:
        verdict, why = AS_GOOD, f"a loss of {margin:g} is ruled out"
    if published:
        (before, of), (after, _) = published["baseline"], published["variant"]
        if before == of > 1 and after == 0:
            return {"verdict": WORSE, "why": "phase 6 has nothing to publish any more: too lossy, or too slow"}
        if after < before and verdict in (BETTER, AS_GOOD):
            return {"verdict": UNSURE, "why": "phase 6 has something to publish less often"}
    return {"verdict": verdict, "why": why}


def _gained(scores, shared, on, head, level):
    """The mean gain with its interval, of items and seeds, as `stats.over_seeds` gives it."""
    pairs = list(zip(scores["baseline"], scores["variant"]))
    if on == SIZE:  # which nothing but the seeds can change
        found = stats.difference([v[SIZE][0] for _, v in pairs], [b[SIZE][0] for b, _ in pairs], level=level)
        return {**{key: found[key] for key in ("difference", "low", "high", "detectable")}, "noise": None}
    clusters, groups = ([scores["baseline"][0][i][n] for i in shared] for n in (1, 2))
    sign = 1 if head and head["better"] == "higher" else -1
    before, after = ([[s[i][0] for i in shared] for s in side] for side in zip(*pairs))
    if aim := _aim(on, head):
        before, after = ([stats.apart(values, groups, aim[0]) for values in side] for side in (before, after))
        sign = -1
    gains = [[sign * (v - b) for b, v in zip(*seed)] for seed in zip(before, after)]
    shares = head is not None and all(0 <= x <= 1 for side in (before, after) for values in side for x in values)
    if on.endswith(WORST):
        before, after = ([[x - aim[0] for x in values] for values in side] for side in (before, after))
        gains, clusters, shares = *_of_the_worst(before, after, clusters, groups), False
    return stats.over_seeds(gains, clusters, shares, level)


def _aim(on, head):
    """(the value that is even,), None of what has a better end."""
    return (0.0,) if on.endswith(GAP) else (head["chance"],) if head and head["better"] == "even" else None


def _of_the_worst(before, after, clusters, groups):
    """(gains, clusters) of the group that is worst in the one arm against that which is worst in the other, by the means over the seeds. An item counts as many
    times as makes the mean of all of them the difference of the two groups' means."""
    of = defaultdict(list)
    for n, group in enumerate(groups):
        of[group].append(n)
    distance = lambda side, group: sum(values[n] for values in side for n in of[group]) / len(of[group])  # noqa: E731
    first, second = (max(of, key=lambda group: distance(side, group)) for side in (before, after))
    chosen = sorted({*of[first], *of[second]})
    part = lambda n, group: (groups[n] == group) * len(chosen) / len(of[group])  # noqa: E731
    gains = [[part(n, first) * b[n] - part(n, second) * v[n] for n in chosen] for b, v in zip(before, after)]
    return gains, [clusters[n] for n in chosen]


def _mean(scores, shared, on, head):
    """What one arm of one seed is measured as."""
    values = [scores[i][0] for i in shared]
    if not (aim := _aim(on, head)):
        return sum(values) / len(values)
    of, groups = defaultdict(list), [scores[i][2] for i in shared]
    for value, group in zip(stats.apart(values, groups, aim[0]), groups):
        of[group].append(value - aim[0])
    return max(sum(v) / len(v) for v in of.values()) if on.endswith(WORST) else sum(map(sum, of.values())) / len(values)


def _scores(run, arm, on, until):
    """{item: (value, cluster, group)} of an arm: a document, a question of the whole validation half, a pair of questions, or a wait."""
    if on == BITS:
        return _bits(arm)
    if on in (SPEED, SIZE):
        return _figures(run, arm, on, until)
    samples = _asked(run, arm, on, until)
    return _paired(samples) if on.endswith(GAP) else {s["item"]: (s["score"], s["cluster"], s.get("group", "")) for s in samples}


def _bits(arm):
    trained, tokenizer = weights.load(arm["3_pretraining/model"])
    rows = tokens.some_validation(arm["2_dataset_engineering/tokens"])
    return {str(n): (bits, str(n), "") for n, bits in enumerate(asking.document_bits(trained, rows, tokens.marks(tokenizer)))}


def _figures(run, arm, on, until):
    folder = model(run, arm, until)
    if on == SIZE:
        return {SIZE: (weights.size_bytes(folder) / 1000, SIZE, "")}
    exam = run["2_dataset_engineering/tasks"]
    asked = evaluate.conversations(exam, "validation", evaluate.main_task(exam, ""), FROM)
    return {str(n): (math.log(ms), str(n), "") for n, ms in enumerate(speed.measure(folder, asked)["answers_ms"])}


def _asked(run, arm, on, until):
    with tempfile.TemporaryDirectory() as folder:
        evaluate.evaluate(model(run, arm, until), run["2_dataset_engineering/tasks"], folder, "chat", "validation", [task_of(on)])
        return jsonl(Path(folder) / "samples.jsonl")


def _paired(samples):
    """{pair of samples: (how much more the one group gets, cluster, between whom)} of questions that are the same but for the group. Two groups may come in
    several pairs of people: what is unfair to one of them and to the counterpart of another must not cancel."""
    pairs = defaultdict(dict)
    for s in samples:
        if "pair" in s and "group" in s:
            pairs[str(s.get("between", "")), s["pair"]][s["group"]] = s
    both = [(key, of[a], of[b]) for key, of in pairs.items() for a, b in itertools.combinations(sorted(of), 2)]
    told = [(f"{between}: {a['group']}, {b['group']}", pair, a, b) for (between, pair), a, b in both]
    return {f"{whom} {pair}": (a["score"] - b["score"], a["cluster"], whom) for whom, pair, a, b in told}


# --- which model of phase 6 -------------------------------------------------------------------------------------------------------------
def picked(run):
    """The row of the variant that phase 6 picked."""
    return next(row for row in _frontier(run) if row["picked"])


def _frontier(run):
    return read_json(run[f"{TUNED}/frontier.json"])


def meant(run, arm):
    """The variant by which an arm is measured: the one that the run as it is picked, or would pick if it were good enough; if the arm makes none of that name,
    the one that it picked itself."""
    rows = _frontier(run)
    wanted = picked(run) if picked(run)["allowed"] else min(rows, key=lambda row: row["megabytes"])
    there = [row["variant"] for row in _frontier(arm)]
    return wanted["variant"] if wanted["variant"] in there else picked(arm)["variant"]


def model(run, arm, until):
    """Folder of the model by which an arm is measured."""
    if until != TUNED:
        return arm[f"{until}/model"]
    name = meant(run, arm)
    return arm[f"{TAUGHT}/model"] if name == "assistant" else arm[f"{TUNED}/variants/{name}"]


def _published(run, arms):
    """{"model": the variants that are measured, "published": {arm: (in how many runs a variant is good enough, of how many)}}."""
    names = dict.fromkeys(meant(run, arm) for found in arms.values() for arm in found)
    return {
        "model": ", ".join(names),
        "published": {arm: [sum(picked(r)["allowed"] for r in found), len(found)] for arm, found in arms.items()},
    }

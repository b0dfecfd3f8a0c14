"""`llmlab try`: one change against its run, over several training seeds, ending in better, worse or cannot tell, as a line of a ledger.

Both arms read the same text in the same order, seed by seed, and answer the same questions, so what is compared is pairs. The first seed of the
run as it is costs nothing, since it has been trained; its other seeds are trained once and found again by their content.
"""

import hashlib
import json
import math
import time
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import PHASES, overrides
from llmlab.spine.run import Run, because, existing
from llmlab.workflow import ledger, pipeline, road
from llmlab.workflow.ledger import BETTER, UNSURE, WORSE

BITS = "bits"  # bits per byte of validation documents under the pre-trained model, their mean
PRE, TEXT, LAST = "3_pretraining", "2_dataset_engineering", PHASES[-1]
TRAIN = {
    "3_pretraining": ("tokens_seen",),
    "5_post_training": ("sft_steps", "preference_steps"),
    "6_fine_tuning": ("adapter_steps", "distill_steps"),
}
BATCHES = [
    ("5_post_training", f"{lesson}_batch_size", (f"{lesson}_steps",)) for lesson in ("sft", "preference")
]  # what a step of how many reads
BATCHES += [("6_fine_tuning", "batch_size", ("adapter_steps", "distill_steps"))]
SEEDED = ("1_model_design", "3_pretraining", "5_post_training", "6_fine_tuning")  # those whose seed is one of training, and not of data
BESIDE = {"5_post_training": {"rival_methods": [], "seeds": 1}}  # what a run trains beside its model is no part of a trial


def trial(path, layer, on="", seeds=3, minutes=0.0, level=0.95, echo=print):
    """Trains what the change concerns, for each seed with it and without it, and appends the outcome to the ledger.

    Args:
        path: of the run that is changed, which has finished the phases before.
        layer: the change, as `params.parse_options` gives it.
        on: what counts: `bits`, or a task, on the validation half; for "" the bits if pre-training changes, else the one task.
        seeds: training seeds.
        minutes: about how long each arm may learn, by the pace of the run as it is; 0 for as long as the run itself did. Both arms read as many examples.
        level: of the interval that decides.

    Returns: the line of the ledger. Raises UserError if nothing is changed or measured, execution.PhaseFailed if a phase fails.
    """
    run = existing(path)
    change = _change(run, layer)
    since, until, on = _span(run, change, on)
    _whole(run, until)
    short = _shortened(run, change, since, until, minutes)
    started, arms = time.time(), {"baseline": [], "variant": []}
    for n in range(seeds):
        for arm, more in (("baseline", {}), ("variant", change)):
            told = overrides([short, _seeded(run, since, until, n), _as_much(run, short, more), more])
            arms[arm].append(_made(run, arm, told, change, until, n, echo))
    row = compared(run, arms, on, until, level)
    row = {
        "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
        "run": run.place,
        "change": {f"{p}.{name}": value for p, values in change.items() for name, value in values.items()},
        "on": on,
        "seeds": seeds,
        "minutes": minutes,
        "level": level,
        **row,
        "seconds": {arm: sum(_seconds(r, since, until) for r in found) / seeds for arm, found in arms.items()},
        "took": round(time.time() - started),
        "runs": {arm: [r.place for r in found] for arm, found in arms.items()},
    }
    ledger.append(ledger.of(run), row)
    return row


def changes(run, layer):
    """Whether a layer changes anything in a run."""
    wanted = overrides([layer], {p: run.schema(p) for p in PHASES})
    return any(run.params(p).get(n) != v for p, values in wanted.items() for n, v in values.items())


def _change(run, layer):
    """{phase: {name: value}} of what the run does not have already."""
    wanted = overrides([layer], {p: run.schema(p) for p in PHASES})
    if any("seed" in values for values in wanted.values()):
        raise UserError(
            "seed is what a trial varies itself", "another parameter, and --seeds", f"llmlab try {run.place} -p NAME=VALUE --seeds 5"
        )
    change = {p: {n: v for n, v in values.items() if run.params(p).get(n) != v} for p, values in wanted.items()}
    change = {p: values for p, values in change.items() if values}
    if not change:
        raise UserError(
            f"nothing would be changed in {run.place}",
            "-p NAME=VALUE with another value than the run has",
            f"llmlab try {run.place} -p NAME=VALUE",
        )
    return change


def _whole(run, until):
    """Refuses a run that has to run again itself: a change is compared with what is there."""
    late = {p: reasons for p, reasons in road.states(run).items() if p <= until and reasons}
    if late:
        phase, reasons = next(iter(late.items()))
        raise UserError(f"{run.place} is out of date: {phase}: {because(reasons)}", "a run that is whole", f"llmlab run {run.place}")


def _span(run, change, on):
    """(the first phase that changes, the phase whose model is measured, what is measured)."""
    since, last = min(change), max(change)
    made = [p for p in change if p not in ("4_preliminary_evaluation", LAST)]
    if not made:
        raise UserError(f"{', '.join(change[since])} of {since} changes no model", "a parameter of another phase", f"llmlab params {PRE}")
    other_text = TEXT in change or "source" in change.get("1_model_design", {})
    why = (
        "other text has other validation text, so their bits cannot be compared"
        if other_text
        else f"bits are those of the pre-trained model, which {last} does not touch"
        if max(made) > PRE
        else ""
    )
    if on == BITS and why:
        raise UserError(why, "a task", f"llmlab try {run.place} --on {_task(run)}")
    if on == BITS or not (on or why):
        return since, PRE, BITS
    return since, "6_fine_tuning" if max(made) == "6_fine_tuning" else "5_post_training", on or _task(run)


def _task(run):
    from llmlab.evaluation import evaluate

    return evaluate.main_task(run["2_dataset_engineering/tasks"], run.params("6_fine_tuning")["task"])


def _shortened(run, change, since, until, minutes):
    """What both arms are told so that each learns for about some minutes: the same steps, scaled by what the run took."""
    spans = [p for p in TRAIN if since <= p <= until]
    if minutes and (steps := [n for p in spans for n in TRAIN[p] if n in change.get(p, {})]):
        raise UserError(
            f"{', '.join(steps)} beside --minutes",
            "the one or the other says how long an arm learns",
            f"llmlab try {run.place} without --minutes",
        )
    taken = sum((run.done(p) or {"learning_seconds": 0})["learning_seconds"] - _beside(run, p) for p in spans)
    share = 60 * minutes / taken if taken else 0
    if not share:
        return {}
    return {p: {n: max(1, round(share * _steps(run, p, n))) for n in TRAIN[p] if _steps(run, p, n) > 0} for p in spans}


def _beside(run, phase):
    """Seconds that a phase learnt beside its model, as rivals and repeats."""
    steps = [path for folder in ("rivals", "repeats") for path in run[f"{phase}/model"].with_name(folder).glob("*/.step.json")]
    return sum(read_json(path).get("learning_seconds", 0) for path in steps)


def _as_much(run, short, change):
    """The steps in which an arm with another batch size reads as many examples; none that the change names itself."""
    found = {}
    for phase, size, steps in BATCHES:
        for name in steps if size in change.get(phase, {}) else ():
            planned = short.get(phase, {}).get(name, _steps(run, phase, name))
            before, after = (_together(run, phase, told[size]) for told in (run.params(phase), change[phase]))
            found.setdefault(phase, {})[name] = max(1, round(planned * before / after)) if planned else 0
    return found


def _together(run, phase, size):
    """Examples of a step: 0 stands for as many as suit the model."""
    from llmlab.training import optim

    return size or optim.together(0, run.params(phase)["adapter"], read_json(run["1_model_design/budget.json"])["parameters"]["total"])


def _steps(run, phase, name):
    value = run.params(phase)[name]
    return value if value >= 0 else read_json(run["1_model_design/budget.json"])[name]


def _seeded(run, since, until, n):
    """Other seeds of training, n further than those of the run; its data stay as they are."""
    return {p: {"seed": run.params(p)["seed"] + n} for p in SEEDED if since <= p <= until} if n else {}


def _made(run, arm, told, change, until, n, echo):
    """The run of one arm and seed: the run itself if nothing is told to it, else one beside it that is called after all that it is told."""
    if not told:
        return run
    words = "-".join(f"{name}={value}" for values in change.values() for name, value in values.items()) if arm == "variant" else "as-it-is"
    plain = "".join(c if c.isalnum() or c in ".=-" else "_" for c in words)[:60]
    mark = hashlib.sha256(json.dumps([run.path.name, told], sort_keys=True).encode()).hexdigest()[:8]
    place = run.path.with_name(f"{run.path.name}-trials") / f"{plain}-seed{n + 1}-{mark}"
    echo(f"{arm}, seed {n + 1}: {place.parent.name}/{place.name}")
    pipeline.run(place, [told, BESIDE], run.path, [p for p in PHASES if p <= until], echo=lambda line: None)
    return Run(place)


def _seconds(run, since, until):
    return sum((run.done(p) or {"seconds": 0})["seconds"] for p in PHASES if since <= p <= until)


# --- measuring --------------------------------------------------------------------------------------------------------------------------
def compared(run, arms, on, until, level):
    """{"baseline", "variant", "items", "noise", "difference", "low", "high", "detectable", "verdict"} of two arms, paired by seed and item."""
    from llmlab.evaluation import stats

    scores = {arm: [_scores(run, r, on, until) for r in found] for arm, found in arms.items()}
    shared = sorted(set.intersection(*(set(s) for found in scores.values() for s in found)))
    if not shared:
        raise UserError(f"{on} was not measured on the same items", "a task that both arms answer", f"llmlab try {run.place} --on {BITS}")
    means = {arm: [sum(s[i][0] for i in shared) / len(shared) for s in found] for arm, found in scores.items()}
    told = {**{arm: [round(m, 5) if math.isfinite(m) else None for m in values] for arm, values in means.items()}, "items": len(shared)}
    lost = {arm: not all(map(math.isfinite, values)) for arm, values in means.items()}
    if any(lost.values()):  # training that ran away has no interval
        verdict = UNSURE if lost["baseline"] else WORSE
        return {**told, **dict.fromkeys(("difference", "low", "high", "detectable", "noise")), "verdict": verdict}
    sign = _direction(run, on)
    gains = [[sign * (v[i][0] - b[i][0]) for i in shared] for b, v in zip(scores["baseline"], scores["variant"])]
    found = stats.over_seeds(gains, [scores["baseline"][0][i][1] for i in shared], on != BITS, level)
    verdict = UNSURE if found["low"] <= 0 <= found["high"] else BETTER if found["difference"] > 0 else WORSE
    return {**told, **found, "verdict": verdict}


def _direction(run, on):
    from llmlab.data import tasks

    heads = {t["name"]: t["better"] for t in tasks.read(run["2_dataset_engineering/tasks"], "validation")}
    if on != BITS and heads.get(on) not in ("higher", "lower"):
        able = [name for name, better in heads.items() if better in ("higher", "lower")]
        raise UserError(
            f"there is no task {on!r} of which more, or less, is better", ", ".join([BITS, *able]), f"llmlab try {run.place} --on {able[0]}"
        )
    return 1 if heads.get(on) == "higher" else -1


def _scores(run, arm, on, until):
    """{item: (score, cluster)} of an arm: bits per byte of each validation document, or the whole validation half of a task."""
    return _bits(arm) if on == BITS else _asked(run, arm, on, until)


def _bits(arm):
    from llmlab.data import tokens
    from llmlab.evaluation import asking
    from llmlab.models import weights

    model, tokenizer = weights.load(arm["3_pretraining/model"])
    rows = tokens.some_validation(arm["2_dataset_engineering/tokens"])
    bits = asking.document_bits(model, rows, tokens.marks(tokenizer))
    return {str(n): (b, str(n)) for n, b in enumerate(bits)}


def _asked(run, arm, on, until):
    import tempfile

    from llmlab.evaluation import evaluate

    with tempfile.TemporaryDirectory() as folder:
        evaluate.evaluate(arm[f"{until}/model"], run["2_dataset_engineering/tasks"], folder, "chat", "validation", [on])
        return {s["item"]: (s["score"], s["cluster"]) for s in jsonl(Path(folder) / "samples.jsonl")}

"""`llmlab try`: one change against its run, over several training seeds, ending in better, worse or cannot tell, as a line of a ledger.

Both arms read the same text in the same order, seed by seed, and answer the same questions, so what is compared is pairs. The first seed of the
run as it is costs nothing, since it has been trained; its other seeds are trained once and found again by their content. What the run trains beside its
model, other methods and other seeds, the arms do without; what is there of it already makes no phase run again.
"""

import hashlib
import json
import math
import time

from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import PHASES, overrides
from llmlab.spine.run import Run, because, existing
from llmlab.workflow import execution, ledger, outcome, pipeline, road
from llmlab.workflow.outcome import BITS, PRE, SIZE, SPEED, TAUGHT, TUNED

DESIGN, TEXT, ASKED, LAST = PHASES[0], PHASES[1], PHASES[3], PHASES[-1]
MADE = {  # how long an arm learns: {phase: {parameter: what is trained so long}}
    PRE: {"tokens_seen": "model"},
    TAUGHT: {"sft_steps": "sft", "preference_steps": "model"},
    TUNED: {"adapter_steps": "variants/adapted", "distill_steps": "variants/student"},
}
LENGTHS = {DESIGN: ("tokens_seen", "budget_minutes"), **MADE}  # parameters that say so
BATCHES = [(TAUGHT, f"{lesson}_batch_size", (f"{lesson}_steps",)) for lesson in ("sft", "preference")]  # what a step of how many reads
BATCHES += [(TUNED, "batch_size", ("adapter_steps", "distill_steps"))]
SEEDED = (DESIGN, PRE, TAUGHT, TUNED)  # those whose seed is one of training, and not of data
BESIDE = {TAUGHT: {"rival_methods": [], "seeds": 1}, TUNED: {"seeds": 1}}  # what a run trains beside its model is no part of a trial
NO_MODEL = {
    TAUGHT: ("rival_methods", "rival_seconds", "rival_seeds", "seeds", "questions", "judged", "limit"),
    TUNED: ("seeds",),
}  # parameters that change none
FEW = 0.1  # of its steps, and twenty at least, in which an arm shows its pace
TOKENS, MINUTES = "tokens", "minutes"  # what both arms have alike


def trial(path, layer, on="", seeds=3, minutes=0.0, level=0.95, echo=print, same=TOKENS, margin=0.0):
    """Trains what the change concerns, for each seed with it and without it, and appends the outcome to the ledger.

    Args:
        path: of the run that is changed, which has finished the phases before.
        layer: the change, as `params.parse_options` gives it.
        on: what counts, as `outcome` lists it; for "" the bits if pre-training alone changes, else the one task.
        seeds: training seeds.
        minutes: about how long the run as it is may learn, by its pace; 0 for as long as it did.
        level: of the interval that decides.
        same: "tokens" if the arms read as many examples, "minutes" if they learn for about as long, by the pace that both show in a few steps.
        margin: a loss smaller than this is none: what is shown to lose less, and not to be better, is "as good".

    Returns: the line of the ledger, with "error" if a training failed. Raises UserError before anything is trained if nothing is changed or measured.
    """
    run = existing(path)
    change, since, until, on = check(run, layer, on, minutes, same, margin)
    likely, words = outcome.foreseen(run, on, _earlier(run), level)
    echo(f"{on}: {words}")
    started, short = time.time(), _shortened(run, change, since, until, minutes)
    row = ledger.begun(run, change, on, seeds=seeds, minutes=minutes, same=same, margin=margin, level=level, foreseen=likely)
    arms, lost = {"baseline": [], "variant": []}, None
    try:
        adjusted = _adjusted(run, change, since, until, short, same, echo)
        for n in range(seeds):
            for arm, more in (("baseline", [short]), ("variant", [short, adjusted, change])):
                lost = arm
                told = _told(run, *more, _seeded(run, since, until, n))
                arms[arm].append(_made(run, arm, told, change, until, n, echo))
        row |= outcome.compared(run, arms, on, until, level, margin)
    except execution.PhaseFailed as error:
        echo(f"llmlab: {error}")
        row = ledger.failed({**row, "seeds": len(arms["variant"])}, error, lost or "variant")
    row |= {
        "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
        "seconds": {arm: sum(spent(r, since, until) for r in found) / len(found) for arm, found in arms.items()}
        if all(arms.values())
        else {},
        "took": round(time.time() - started),
        "runs": {arm: [r.place for r in found] for arm, found in arms.items()},
    }
    return ledger.append(ledger.of(run), row)


def check(run, layer, on="", minutes=0.0, same=TOKENS, margin=0.0):
    """Before anything is trained: (the change, the first phase that changes, the phase whose model is measured, what is measured) of a trial that can be made."""
    if not (math.isfinite(minutes) and minutes >= 0):
        raise UserError(f"--minutes {minutes:g}", "0 for as long as the run itself learnt, or more", f"llmlab try {run.place} --minutes 2")
    if not (math.isfinite(margin) and margin >= 0):
        raise UserError(f"--margin {margin:g}", "0 where any loss counts, or more", f"llmlab try {run.place} --margin 0.02")
    change = _change(run, layer)
    since, until, on = _span(run, change, on)
    outcome.check(run, on)
    if minutes or same == MINUTES:
        _paceable(run, change, since, until)
    _whole(run, until)
    pipeline.check(Run(_folder(run) / "new", run.path), [change], [p for p in PHASES if p <= until])
    return change, since, until, on


def _earlier(run):
    return jsonl(ledger.of(run)) if ledger.of(run).exists() else []


def several(option):
    """["NAME=VALUE", …] of "NAME=VALUE,VALUE": a comma within brackets belongs to its value."""
    name, equals, text = option.partition("=")
    values, depth = [""], 0
    for letter in text:
        depth += (letter in "[({") - (letter in "])}")
        if letter == "," and not depth:
            values.append("")
        else:
            values[-1] += letter
    return [f"{name}{equals}{value.strip()}" for value in values]


def _told(run, *layers):
    """{phase: {name: value}} that some layers say, in the terms of the run's own notebooks."""
    return overrides(layers, {p: run.schema(p) for p in PHASES})


def changed(run, layer):
    """{phase: {name: value}} of what the run does not have already."""
    wanted = _told(run, layer)
    change = {p: {n: v for n, v in values.items() if run.params(p).get(n) != v} for p, values in wanted.items()}
    return {p: values for p, values in change.items() if values}


def _change(run, layer):
    if any("seed" in values for values in _told(run, layer).values()):
        raise UserError(
            "seed is what a trial varies itself", "another parameter, and --seeds", f"llmlab try {run.place} -p NAME=VALUE --seeds 5"
        )
    if not (change := changed(run, layer)):
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
    made = [p for p, values in change.items() if p not in (ASKED, LAST) and set(values) - set(NO_MODEL.get(p, ()))]
    if not made:
        names = ", ".join(name for values in change.values() for name in values)
        raise UserError(f"{names} of {min(change)} changes no model", "a parameter of another phase", f"llmlab params {PRE}")
    since, last = min(made), max(made)
    other_text = TEXT in change or "source" in change.get(DESIGN, {})
    why = (
        "other text has other validation text, so their bits cannot be compared"
        if other_text
        else f"bits are those of the pre-trained model, which {last} does not touch"
        if last > PRE
        else ""
    )
    if on == BITS and why:
        raise UserError(why, "a task", f"llmlab try {run.place} --on {_task(run)}")
    if on == BITS or not (on or why):
        return since, PRE, BITS
    return since, TUNED if last == TUNED or on in (SPEED, SIZE) else TAUGHT, on or _task(run)


def _task(run):
    from llmlab.evaluation import evaluate

    return evaluate.main_task(run[f"{TEXT}/tasks"], run.params(TUNED)["task"])


# --- how long an arm learns -------------------------------------------------------------------------------------------------------------
def _paceable(run, change, since, until):
    """Refuses to set how long arms learn where the change does so itself, or where the run shows no pace."""
    if named := [n for p, names in LENGTHS.items() for n in names if n in change.get(p, {})]:
        raise UserError(
            f"{', '.join(named)} beside --minutes or --same minutes",
            "the one or the other says how long an arm learns",
            f"llmlab try {run.place} -p NAME=VALUE   (and neither of the two)",
        )
    if not sum(learning(run, p) for p in MADE if since <= p <= until):
        raise UserError(
            f"{run.place} has learnt nothing from {since} to {until}, so it shows no pace",
            "a run that trains there",
            f"llmlab run {run.place}",
        )


def _shortened(run, change, since, until, minutes):
    """What both arms are told so that the run as it is learns for about some minutes: the same steps, scaled by what it took."""
    spans = [p for p in MADE if since <= p <= until]
    if not minutes:
        return {}
    share = 60 * minutes / sum(learning(run, p) for p in spans)
    return {p: {n: max(1, round(share * _steps(run, p, n))) for n in MADE[p] if _steps(run, p, n) > 0} for p in spans}


def _adjusted(run, change, since, until, short, same, echo):
    """What the variant is told beside its change, so that it reads as many examples as the run as it is, or learns for as long."""
    if same == MINUTES:
        return _as_long(run, change, since, until, short, echo)
    found = {}
    for phase, size, steps in BATCHES:
        for name in steps if size in change.get(phase, {}) else ():
            planned = short.get(phase, {}).get(name, _steps(run, phase, name))
            before, after = (_together(run, phase, told[size]) for told in (run.params(phase), change[phase]))
            found.setdefault(phase, {})[name] = max(1, round(planned * before / after)) if planned else 0
    planned = run.params(DESIGN)["tokens_seen"] < 0 and DESIGN in change  # which phase 1 would do anew for a model of another size
    if planned and not any(n in change.get(p, {}) for p in (DESIGN, PRE) for n in LENGTHS[p]):
        found[PRE] = {"tokens_seen": short.get(PRE, {}).get("tokens_seen", _steps(run, PRE, "tokens_seen"))}
    return found


def _as_long(run, change, since, until, short, echo):
    """Steps for the variant by which it learns as long as the run as it is: by the paces of both in a few steps, side by side."""
    spans = [p for p in MADE if since <= p <= until]
    planned = {p: {n: short.get(p, {}).get(n, _steps(run, p, n)) for n in MADE[p] if _steps(run, p, n) > 0} for p in spans}
    few = {p: {n: min(steps, max(20, round(FEW * steps))) for n, steps in of.items()} for p, of in planned.items()}
    paces = []
    for arm, more in (("baseline", []), ("variant", [change])):
        made = _made(run, arm, _told(run, few, *more), change, until, "pace", echo)
        paces.append({(p, n): _seconds(made, p, MADE[p][n]) / few[p][n] for p in few for n in few[p]})
    share = lambda key: paces[0][key] / paces[1][key] if all(pace[key] for pace in paces) else 1.0  # noqa: E731
    return {p: {n: max(1, round(steps * share((p, n)))) for n, steps in of.items()} for p, of in planned.items()}


def _together(run, phase, size):
    """Examples of a step: 0 stands for as many as suit the model."""
    from llmlab.training import optim

    return size or optim.together(0, run.params(phase)["adapter"], read_json(run["1_model_design/budget.json"])["parameters"]["total"])


def _steps(run, phase, name):
    value = run.params(phase)[name]
    return value if value >= 0 else read_json(run[f"{DESIGN}/budget.json"])[name]


def learning(run, phase):
    """Seconds that a phase learnt for its model; what was trained beside it, as rivals and repeats, does not count."""
    folder = run[f"{phase}/model"].parent
    steps = [step for step in folder.rglob(".step.json") if not {"rivals", "repeats"} & set(step.relative_to(folder).parts)]
    return sum(_learnt(step) for step in steps)


def _learnt(step):
    """Seconds of a step that learns, also of attempts that a kill ended; what else a phase makes, as an export, learns nothing."""
    record = read_json(step)
    summary = record.get("summary") or {}
    return summary.get("seconds", record.get("learning_seconds", 0)) if summary.get("steps") else 0


def _seconds(run, phase, made):
    """Seconds that one training of a phase took; 0 if it was left out."""
    step = run.find(f"{phase}/{made}/.step.json")
    return _learnt(step) if step else 0


def spent(run, since, until):
    """Seconds that a run took from one phase to another: of those that train what they learnt, of the others all; asking costs every run alike."""
    phases = [p for p in PHASES if since <= p <= until and p not in (ASKED, LAST)]
    return sum(learning(run, p) if p in MADE else run.done(p)["seconds"] for p in phases)


# --- arms -------------------------------------------------------------------------------------------------------------------------------
def _seeded(run, since, until, n):
    """Other seeds of training, n further than those of the run; its data stay as they are."""
    return {p: {"seed": run.params(p)["seed"] + n} for p in SEEDED if since <= p <= until} if n else {}


def _folder(run):
    return run.path.with_name(f"{run.path.name}-trials")


def _made(run, arm, told, change, until, n, echo):
    """The run of one arm and seed: the run itself if nothing is told to it, else one beside it that is called after all that it is told."""
    if not told:
        return run
    words = "-".join(f"{name}={value}" for values in change.values() for name, value in values.items()) if arm == "variant" else "as-it-is"
    plain = "".join(c if c.isalnum() or c in ".=-" else "_" for c in words)[:60]
    mark = hashlib.sha256(json.dumps([run.path.name, told], sort_keys=True).encode()).hexdigest()[:8]
    which = f"seed{n + 1}" if n != "pace" else n
    place = _folder(run) / f"{plain}-{which}-{mark}"
    echo(f"{arm}, {which}: {place.parent.name}/{place.name}")
    pipeline.run(place, [told], run.path, [p for p in PHASES if p <= until], echo=lambda line: None, spared=BESIDE)
    return Run(place)

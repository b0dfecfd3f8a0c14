"""Is a score worth quoting? Seven questions to each task: is the score above chance; what do the same answers score when they are given to other questions,
and what one answer that is given to all; does the order of the options matter, or the form of the question; does the score tell models apart by more than
another training's seed would; and did the base model get better at it while it learned.

A task that is passed without its question says nothing of whether it was understood: declining everything passes a test of declining, and is caught
only by its counterpart. Where a question cannot be put to a task, the row says why.
"""

import random
import re
import statistics
from collections import Counter, defaultdict

from llmlab.data import tasks
from llmlab.evaluation import evaluate, judges, perturbed, progress, stats
from llmlab.pages import show
from llmlab.spine.files import read_json

CONSTANT = 5  # answers that are tried as the one for all questions: the most frequent ones
ROUNDS = 5  # times that the answers are exchanged
AS_WELL = 0.1  # what the right question gains, if it is shown to be smaller than this, is nothing
TELLS = 1.0  # signal to noise below which seeds move a score more than models do
ASKED = ("better than chance", "exchanged", "constant", "options permuted", "put otherwise", "signal to noise", "while it learned")
UNCHECKED, NOTHING = "not checked: {}", "–"


def controls(samples, tasks_folder, split, seed=0, model=None, again=24, trained=(), others=(), moves=()):
    """Rows {"task", "score", "chance", and what came of each of ASKED: a number, words or "not checked: why", "says"} of all tasks that were asked.

    Args:
        samples: of one model, as `evaluate` writes them; tasks_folder, split: what it was asked.
        model: (model, tokenizer), which is asked again: other questions' choices, options in another order, questions put otherwise; without it they are not.
        again: items of each task that are put otherwise; 0 to ask nothing again.
        trained: [{task: result}] of the same model trained with several seeds, one for each; others: {name: {task: result}} of the run's other models, on the
            same half as those.
        moves: rows of `progress.trends`, of the base model.

    "exchanged" gives each question the answers to others of its task, and its choices another question; "constant" the answer that does best of the most
    frequent five; "says" is what paired differences to them show, corrected for the number of tasks (Holm 1979).
    """
    judge, by, found, model = judges.Judge(tasks_folder), defaultdict(dict), {}, model if again else None
    for sample in samples:
        by[sample["task"]][sample["id"]] = sample
    for head in tasks.read(tasks_folder, split):
        rows = [(item, by[head["name"]][item["id"]]) for item in head["items"] if item["id"] in by[head["name"]]]
        if rows:
            found[head["name"]] = _looked_at(judge, head, rows, seed, model, again)
            found[head["name"]]["row"] |= {"signal to noise": signal(head, trained, others), "while it learned": moved(head["name"], moves)}
    shown = [{t: told[key] for t, told in found.items() if key in told} for key in ("listened", "better")]
    listened, better = map(stats.together, shown)
    return [
        {"task": t, **told["row"], "says": told.get("why") or _says(told["row"], listened.get(t), better.get(t))}
        for t, told in found.items()
    ]


def told(rows):
    """(rows as a page shows them, why what is missing was not checked): a column in which nothing was checked of any task is left out."""
    mark, shown, why = UNCHECKED.format(""), [dict(row) for row in rows], []
    for column in ASKED:
        reasons = Counter(row[column].removeprefix(mark) for row in rows if str(row[column]).startswith(mark))
        why += [f"{column}: " + ", ".join(f"{reason} ({n})" for reason, n in reasons.most_common())] if reasons else []
        for row in shown:
            row[column] = NOTHING if str(row[column]).startswith(mark) else row[column]
        if all(row[column] == NOTHING for row in shown):
            shown = [{name: value for name, value in row.items() if name != column} for row in shown]
    return shown, "; ".join(why)


def _looked_at(judge, head, rows, seed, model, again):
    """{"row", and of a task whose answers or questions can be exchanged "listened" and "better": paired differences}."""
    items, samples = zip(*rows)
    result = stats.interval([s["score"] for s in samples], [s["cluster"] for s in samples])
    row = {"score": result["score"], "chance": head["chance"], "better than chance": _above(head, result)}
    if why := _unfit(head, rows):
        return {"row": row | dict.fromkeys(ASKED[1:5], NOTHING), "why": UNCHECKED.format(why)}
    exchanged = _exchanged_answers if head["output"] == tasks.GENERATE else _exchanged_questions
    told = exchanged(judge, head, items, samples, seed, model)
    row |= told.pop("row") | {
        "options permuted": _permuted(judge, head, rows, seed, model),
        "put otherwise": _otherwise(judge, head, rows, seed, model, again),
    }
    return {"row": row, **told}


def _unfit(head, rows):
    """Why none of the questions that need other answers can be put to a task; "" if they can."""
    return perturbed.unfit(head) or ("" if len(rows) > 3 else "fewer than four items")


def _above(head, result):
    """Whether a score is shown to be better than what a guesser gets."""
    if head["better"] != "higher":
        return NOTHING
    return "yes" if result["low"] > head["chance"] else "no" if result["high"] < head["chance"] else "not shown"


def _exchanged_answers(judge, head, items, samples, seed, model):
    answers, scores, clusters = ([s[key] for s in samples] for key in ("answer", "score", "cluster"))
    rounds = [judge.scores(head, items, _exchanged(answers, seed + n)) for n in range(ROUNDS)]
    exchanged = [sum(each) / ROUNDS for each in zip(*rounds)]
    constant = max((judge.scores(head, items, [a] * len(items)) for a, _ in Counter(answers).most_common(CONSTANT)), key=sum)
    return {
        "row": {"exchanged": statistics.fmean(exchanged), "constant": statistics.fmean(constant)},
        "listened": stats.difference(exchanged, scores, clusters),
        "better": stats.difference(constant, scores, clusters),
    }


def _exchanged_questions(judge, head, items, samples, seed, model):
    """The choices of every item behind another's question. One answer to everything is a guess, whose share is the chance."""
    form = evaluate.form_of(head, "chat")  # as an assistant is asked
    key = "messages" if form == "chat" and "messages" in items[0] else "text"
    if model is None or len({str(item.get(key)) for item in items}) < 2:
        why = "the model was not asked again" if model is None else "nothing stands before the choices, or the same before all"
        return {"row": {"exchanged": UNCHECKED.format(why), "constant": head["chance"]}}
    others = [{**item, key: other} for item, other in zip(items, _exchanged([item[key] for item in items], seed))]
    answers, _ = evaluate.ask(*model, head, others, form, seed)
    scores, exchanged, clusters = [s["score"] for s in samples], judge.scores(head, items, answers), [s["cluster"] for s in samples]
    return {
        "row": {"exchanged": statistics.fmean(exchanged), "constant": head["chance"]},
        "listened": stats.difference(exchanged, scores, clusters),
        "better": stats.difference([head["chance"]] * len(scores), scores, clusters),
    }


def _exchanged(answers, seed):
    """Each answer at another place, none at its own."""
    order = list(range(len(answers)))
    random.Random(seed).shuffle(order)
    after = dict(zip(order, order[1:] + order[:1]))
    return [answers[after[n]] for n in range(len(answers))]


# --- asked again ------------------------------------------------------------------------------------------------------------------------
def _permuted(judge, head, rows, seed, model, most=48):
    """What is gained if the options that a question lists stand in another order, in words."""
    if not any("choices" in item for item, _ in rows):
        return UNCHECKED.format("it has no options")
    if all(len(choice.strip()) < 2 for item, _ in rows for choice in item.get("choices", ())):
        return UNCHECKED.format("its options are letters, which stand for what is written elsewhere")
    if model is None:
        return UNCHECKED.format("the model was not asked again")
    moved = [(other, sample, "") for item, sample in rows if (other := perturbed.put(head, item, rotated, None))][:most]
    if not moved:
        return UNCHECKED.format("its questions do not list the options, and each is weighed alone")
    return _paired(judge, head, moved, seed, model)


def rotated(text, rng, item):
    """A question whose options stand each at the place of the next; as it is, where it does not hold each of them once, as words of their own."""
    options = [choice.strip() for choice in item.get("choices", ())]
    found = [list(re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", text)) for option in options]
    places = sorted(of[0].span() for of in found if len(of) == 1)
    if len(places) < max(2, len(options)) or any(a[1] > b[0] for a, b in zip(places, places[1:])):
        return text
    said, end = [], 0
    for (start, stop), other in zip(places, places[1:] + places[:1]):
        said += [text[end:start], text[slice(*other)]]
        end = stop
    return "".join([*said, text[end:]])


def _otherwise(judge, head, rows, seed, model, again):
    """What is gained if questions are put in capitals, with other punctuation or more blanks, in words."""
    if model is None or not again:
        return UNCHECKED.format("the model was not asked again")
    changed = perturbed.turns(head, rows, seed, again)
    return _paired(judge, head, changed, seed, model) if changed else UNCHECKED.format("it has no question in words")


def _paired(judge, head, changed, seed, model):
    scores = perturbed.asked(model, judge, head, changed, seed)
    found = stats.difference([s["score"] for _, s, _ in changed], scores, [s["cluster"] for _, s, _ in changed])
    return f"{found['difference']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}] of {found['n']}, which could show {found['detectable']:.2f}"


# --- over trainings ---------------------------------------------------------------------------------------------------------------------
def trainings(taught, repeats):
    """What the assistant scored after each of its trainings: [{task: result}], that of the run first.

    Args:
        taught: folder of phase 5's scores; repeats: of the trainings with other seeds, or None.
    """
    own = next(path for name in ("model", "sft") if (path := taught / name / "results.json").exists())
    return [read_json(path) for path in (own, *(sorted(repeats.glob("*/results.json")) if repeats else ()))]


def signal(head, trained, others):
    """Signal to noise (Heineman et al. 2025): the largest distance between the models of the run as a share of their mean, over the standard deviation of the
    same model trained with several seeds as a share of theirs. Few seeds make a rough guess. A number, or why there is none."""
    seeds = [show.one_number(of[head["name"]])["score"] for of in trained if head["name"] in of]
    models = [show.one_number(of[head["name"]])["score"] for of in others.values() if head["name"] in of] if others else []
    if len(seeds) < 2:
        return UNCHECKED.format("trained with one seed" if len(trained) < 2 else "asked at the end alone")
    if len(models) < 2:
        return UNCHECKED.format("asked of one model")
    if not statistics.fmean(seeds) or not statistics.fmean(models):
        return UNCHECKED.format("all scores are 0")
    noise = statistics.stdev(seeds) / statistics.fmean(seeds)
    spread = (max(models) - min(models)) / statistics.fmean(models)
    return round(spread / noise, 2) if noise else UNCHECKED.format("the seeds agree in every answer")


def moved(task, moves):
    """What became of the base model's score while it learned. moves: rows of `progress.trends`."""
    row = next((row for row in moves if row["task"] == task), None)
    if row is None:
        return UNCHECKED.format("the base model was not asked on the way" if moves else "nothing was asked on the way")
    return progress.in_short(row)


def _says(row, listened, better):
    """What a score says, in words: what speaks against it first."""
    if row["better than chance"] == "no":
        always = "nothing alone: one answer to everything passes, so read it beside tasks that such an answer would fail"
        return always if row["chance"] >= 1 else "nothing: a guesser does better"
    if listened is None:
        return row["exchanged"]
    if listened["verdict"] != "better":
        as_well = listened["high"] < AS_WELL
        told = (
            "not whether it was understood: answers to other questions do as well"
            if as_well
            else "too few to tell whether the question counts"
        )
    elif better["verdict"] != "better":
        told = "that the question counts; one answer to everything is not shown to do worse"
    else:
        told = "that the question counts"
    quiet = isinstance(row["signal to noise"], float) and row["signal to noise"] < TELLS
    return told + "; seeds move it more than models differ" * quiet

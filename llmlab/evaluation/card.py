"""The model card: what a released model is for, how it was made, what it scored and where it fails. All of it from one run."""

import re

import yaml

from llmlab.data import tasks
from llmlab.evaluation import failures, stats
from llmlab.pages import show
from llmlab.spine.files import read_json
from llmlab.spine.places import shown

# Licences by the names that the hub has for them; any other is "other", with its name beside it.
HUB = set(
    "apache-2.0 mit cc0-1.0 cc-by-4.0 cc-by-sa-4.0 cc-by-nc-4.0 cc-by-nc-sa-4.0 cc-by-3.0 cc-by-sa-3.0 bsd-2-clause bsd-3-clause gpl-3.0 gpl-2.0 agpl-3.0 "
    "lgpl-3.0 mpl-2.0 unlicense odc-by odbl pddl openrail bigscience-openrail-m llama2 llama3 llama3.1 llama3.2 gemma isc zlib wtfpl artistic-2.0 epl-2.0".split()
)


TELLS = 0.35  # a score whose interval is as wide tells nothing of a weakness


def model_card(name, verdict, results, speeds, facts):
    """A model card (Mitchell et al. 2019) as Markdown, every number from this run."""
    lines = [
        _front(name, results, facts),
        f"# {name}",
        "",
        f"**Verdict of the release gate: {verdict['verdict']}**. {verdict['judged']}",
        "",
        "| criterion | measured | what it is | |",
        "| --- | --- | --- | --- |",
    ]
    for c in verdict["criteria"]:
        value = "not measured" if c["value"] is None else f"{c['value']:.3f} {show.brackets(c)}, n = {c['n']}"
        lines.append(f"| {c['criterion']} | {value} | {c['about']} | {c['state']}{'' if c['state'] == 'proven' else ': ' + c['why']} |")
    lines += [
        "",
        "## Intended use",
        "",
        facts["use"],
        "",
        "## Training",
        "",
        facts["training"],
        "",
        "## All scores",
        "",
        "Chance is what the best single answer to everything scores, or a better guess; where it is 1, a score says something beside tasks alone that such an answer fails.",
        "",
        "| task | score [95 % interval] | n | chance |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {t} | {show.interval(r)}{show.cut(r)} | {r['n']} | {'–' if 'uneven' in r else format(r['chance'], '.3g')} |"
        for t, r in results.items()
    ]
    lines += [
        "",
        "## Speed",
        "",
        f"Time to the first token {speeds['first_ms_p50']:.1f} ms, then {speeds['tokens_per_second']:.0f} tokens per second on {speeds['threads']} thread(s).",
        "",
        "## Limits",
        "",
        facts["limits"],
        "",
    ]
    return "\n".join(lines)


def plainly(decision, results, speeds, task, busy=(), kinds=(), otherwise=(), others=()):
    """The verdict in a paragraph for somebody who decides and does not compute.

    Args:
        results: {task: result} of the released model; task: the one it was made for.
        speeds: {model: as `speed.measure` gives it}; busy: rows of `traffic.under_load`; kinds: of failures, as `failures.kinds` gives them.
        otherwise: rows of `perturbed.strained`; others: tasks judged like the one task, and kept for the end.
    """
    rows, main = decision["criteria"], results[task]
    missing = sum(r["value"] is None for r in rows)
    fails = sum(r["state"] == "fails" for r in rows) - missing
    unproven = sum(r["state"] == "unproven" and not r["passed"] for r in rows)
    if decision["verdict"] == "RELEASE":
        told = ["It may go to the people it was made for."]
    else:
        counts = (fails, "not met"), (unproven, "not shown to be met"), (missing, "not measured")
        told = ["It may not go to the people it was made for yet."]
        told.append(f"Of {len(rows)} demands, {', '.join(_counted(n, how) for n, how in counts if n)}.")
    told.append(_of_its_task(main, task))
    told += [f"Of {name}, kept for the end: {show.interval(results[name])}." for name in others]
    told += strained(otherwise)
    rude = [(name, r) for name, r in results.items() if r["metric"] == "offensive"]
    told += [
        f"In {name}, {r['score']:.1%} of its replies were called offensive; the true share may be as high as {show.one_number(r)['high']:.2%}."
        for name, r in rude
    ]
    grave = [row for row in kinds if row["what went wrong"] not in failures.UNSEEN]
    told += [f"The gravest of what went wrong: {'; '.join(_often(row) for row in grave[:3])}."] if grave else []
    if "released" in speeds and "assistant" in speeds:
        faster = stats.ratio(speeds["assistant"]["answers_ms"], speeds["released"]["answers_ms"])["score"]
        told.append(f"It writes {faster:.1f} times as fast as the assistant it was made from.")
    if busy:
        told.append(f"Somebody alone with its server waits {busy[0]['first_ms_p50']:.1f} ms for the first word.")
        last = busy[-1]
        late = f"half of {last['answers']} answers began within {last['first_ms_p50']:.0f} ms, and one in twenty after more than {last['first_ms_p95']:.0f} ms"
        told.append(f"With {last['users']} people asking at once {late}.")
    return " ".join(told)


def _of_its_task(result, task):
    """What it can do of what it was made for; a mean of something else than right and wrong is no number of right answers."""
    asked = f"as far as {result['n']} questions in {result['clusters']} wordings can show"
    if result["metric"] not in tasks.METRICS or result["metric"] == "f1":
        what = {"f1": "F1"}.get(
            result["metric"], result["metric"].partition(":")[0] if result["metric"].startswith("judge:") else result["metric"]
        )
        guess = f"; a clever guesser gets {result['chance']:.2f}" if result["chance"] else ""
        return f"On {task} its mean {what} is {result['score']:.2f} [{result['low']:.2f}, {result['high']:.2f}], {asked}{guess}."
    guess = f"; a clever guesser gets {_hundred(result['chance'])}" if result["chance"] else ""
    right = f"Of 100 questions of {task} it gets about {_hundred(result['score'])} right, and hardly fewer than {_hundred(result['low'])}"
    return f"{right}, {asked}{guess}."


def strained(otherwise):
    """Sentences on the ways of asking that a model is shown to understand less: rows of `perturbed.strained`."""
    worse = [row for row in otherwise if row["verdict"] == "worse"]
    right = lambda row, key: f"{row[key] * row['n']:.0f}"  # noqa: E731
    return [
        f"Asked {row['the question']} it gets {right(row, 'score')} of {row['n']} questions right, and {right(row, 'as it was asked')} of them as they were asked before."
        for row in worse
    ]


def _often(row):
    return f"it {row['what went wrong']} in {row['answers']} of {row['of']} answers, of {row['in']}"


def _counted(number, how):
    return f"{number} {'is' if number == 1 else 'are'} {how}"


def _hundred(share):
    return f"{100 * share:.0f}"


def _front(name, results, facts):
    """What the Hugging Face hub reads of a card: what it is, on which terms, of which model it was made, and the results, as a `model-index`."""
    found = [
        {
            "task": {"type": "text-generation"},
            "dataset": {"type": task, "name": task},
            "metrics": [
                {
                    "type": r["metric"] + ", distance from even" * ("uneven" in r),
                    "value": round(show.one_number(r)["score"], 4),
                    "name": f"{r['metric']}, 95 %: {show.interval(r)}, n = {r['n']}",
                }
            ],
        }
        for task, r in results.items()
    ]
    head = {"library_name": facts["library"], "pipeline_tag": "text-generation", "tags": ["llmlab"]}
    head = {**facts["terms"], **facts["base"], **head, "model-index": [{"name": name, "results": found}]}
    if facts["language"] != "any":
        head = {"language": facts["language"], **head}
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n"


def terms(licence):
    """{"license", and its name if the hub has none for it} of a licence in words; {} if nobody says one."""
    plain = licence.strip().lower()
    if not plain or plain.startswith(("not stated", "no card", "unknown", "not said")):
        return {}
    if plain in HUB:
        return {"license": plain}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", plain).strip("-")}


def _origin(budget, start_from, graph):
    """What the hub links to: a model of the hub that this one was made of. One that came from elsewhere is named in the text alone."""
    if not budget["start_from"] or not start_from.startswith("hub:"):
        return {}
    return {"base_model": start_from.removeprefix("hub:"), "base_model_relation": "quantized" if graph else "finetune"}


def facts(run, annotators, results, released, insults=(), otherwise=()):
    """What the model card says in words, all of it from the run.

    Args:
        annotators: who preferred one answer to another, as phase 5 noted it.
        results: {task: result} of the released model; released: its folder.
        insults: rows of `audit.insults` of the base model's replies; otherwise: rows of `perturbed.strained`.
    """
    from llmlab.models.weights import size_bytes

    config = read_json(released / "config.json")
    able = [t for t, r in results.items() if r["better"] == "higher" and r["high"] - r["low"] < TELLS]
    worst = min(able, key=lambda t: results[t]["high"], default=None)
    held, found = (sum(r[k] for r in insults if r["known"]) for k in ("replies", "called offensive"))
    missed = f" (of {held} replies of the base model that hold a known insult, it called {found} offensive)" if held else ""
    made, about = run.done("2_dataset_engineering")["params"], read_json(run["2_dataset_engineering/tasks"] / "about.json")
    asked = (
        f"Simulated: {', '.join(about['simulated'])}"
        if about["simulated"]
        else "Questions are those of the tasks that the run was given, or made from held-out documents"
    )
    limits = f"{asked}; preferences are those of {annotators}{' annotators' * (annotators == 'simulated')}. Offence is judged by a classifier that misses part of what it has not seen{missed}. Names of people are not masked in the training text."
    if worst:
        limits += (
            f" Weakest task: {worst}, {results[worst]['score']:.0%} of {results[worst]['n']} items, at best {results[worst]['high']:.0%}."
        )
    limits += "".join(f" {sentence}" for sentence in strained(otherwise))
    for secrets in (r for r in results.values() if r["metric"] == "ranks_first" and r["low"] > r["chance"]):
        limits += f" It prefers {secrets['score']:.0%} of {secrets['n']} secret codes that were planted in its raw text to 49 others."
    budget, graph = read_json(run["1_model_design/budget.json"]), any(released.glob("*.onnx"))
    start_from = run.params("1_model_design")["start_from"]
    begun = f", which began as {budget['start_from']} (licence: {budget.get('licence') or 'not stated'})" if budget["start_from"] else ""
    return {
        "language": made["language"],
        "library": "onnx" if graph else "transformers",  # transformers cannot load a graph
        "terms": terms(budget.get("licence", "") if budget["start_from"] else about["licence"]),
        "base": _origin(budget, start_from, graph),
        "use": f"{about['use'] or 'Answers questions about the data it was trained on.'} Data: {about['title'] or shown(made['source'])}; language: {made['language']}. Not for decisions about people.",
        "training": f"{config.get('model_type')} with {config.get('num_hidden_layers')} layers of width {config.get('hidden_size')}, {size_bytes(released) / 1e6:.2f} MB{begun}, made by the run {run.path.name}; its data are described in 2_dataset_engineering/datasheet.json.",
        "limits": limits,
    }

"""`llmlab verify`: makes what a run claims again from what it kept, and names each number that does not come out.

Files are compared with their fingerprints, scores with the answers that they count, verdicts with the scores, pages with the notebooks and records
that they show. Whoever alters all of them in step goes unnoticed: keep run.json elsewhere if that matters. Nothing is written into the run. What lies
beside runs, as the ledger of trials and pages that compare several, is no claim of one run.
"""

import json
import re

from llmlab.data import audit, harness, tasks
from llmlab.evaluation import arena, card, controls, evaluate, evenness, gate, gauges, judges, progress, referee, verdict
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import PHASES
from llmlab.spine.provenance import fingerprint
from llmlab.spine.run import MODELS, existing
from llmlab.training import compress, ranking, rivals
from llmlab.workflow import reread, summary
from llmlab.workflow.phase import MADE

LESSONS = {"after supervision": "sft", "after preferences": "model"}  # whose scores phase 5 calls how


def verify(path):
    """Rows {"where", "what", "claimed", "found"} of what does not come out again; [] if all does.

    Only what the run made itself is looked at, and not what it shares with its parent.
    """
    run, wrong = existing(path), []
    for phase in (p for p in PHASES if (run.path / p).exists()):
        checks = (_files, _summary, _scores, reread.page) if (run.path / phase / "phase.json").exists() else (_record,)
        wrong += [row for check in checks for row in _tried(check, run, phase)]
        wrong += [row for check in CONCLUDED.get(phase, ()) if len(checks) > 1 for row in _tried(check, run)]
    return [*wrong, *_tried(reread.index, run)]


def _tried(check, run, *phase):
    """The rows of a check; if what it needs is missing or damaged, a row that says so after those that it came to, and the others go on."""
    rows = []
    try:
        for row in check(run, *phase):
            rows.append(row)
    except Exception as error:  # whatever it is that a damaged record makes of a check
        words = f"{type(error).__name__}: {error}".replace(f"{run.path}/", "")
        rows.append(reread.row(phase[0] if phase else check.__name__.strip("_"), "what it holds", "can be made again", words))
    return rows


def _record(run, phase):
    """A phase that was published has a record."""
    if phase in run.record.get("notebooks", {}):
        yield reread.row(f"{phase}/phase.json", "its fingerprint", run.record["notebooks"][phase].get("phase.json", "there"), "missing")


def _files(run, phase):
    """Artifacts, the notebook and the record are as they were written."""
    record, made = read_json(run.path / phase / "phase.json"), run.record.get("notebooks", {}).get(phase, {})
    marks = {**record["outputs"], **{name: made[name] for name in MADE if name in made}}
    for name, mark in marks.items():
        place = run.path / phase / name
        found = fingerprint(place) if place.exists() else "missing"
        if found != mark:
            yield reread.row(f"{phase}/{name}", "its fingerprint", mark, found)


def _summary(run, phase):
    """The summary says what the record and the artifacts say; which parameters differ is a matter of the notebook's defaults of then."""
    place, record = run.path / phase / "summary.json", read_json(run.path / phase / "phase.json")
    if not place.exists():  # a run of before there were summaries; of any other run.json knows that it is missing
        return
    claimed = read_json(place)
    told = claimed.get("parameters", {})
    again = summary.of(run.path / phase, record, {name: value for name, value in record["params"].items() if name not in told})
    yield from reread.unlike(f"{phase}/summary.json", "", claimed, again)


def _scores(run, phase):
    """Each kept answer is judged again, and each score counted again from its answers; and the phase's results are those of its scores."""
    places = [p for p in sorted((run.path / phase).rglob("results.json")) if (p.parent / "samples.jsonl").exists()]
    if not places:
        return
    folder = run["2_dataset_engineering/tasks"]
    judge, both = judges.Judge(folder), [t for split in ("validation", "test") for t in tasks.read(folder, split)]
    heads, items = {t["name"]: t for t in both}, {i["id"]: i for t in both for i in t["items"]}
    counted = {}
    for place in places:
        where, claimed, samples = str(place.parent.relative_to(run.path)), read_json(place), jsonl(place.parent / "samples.jsonl")
        counted[str(place.parent.relative_to(run.path / phase))] = claimed
        for name, result in claimed.items():
            of = [s for s in samples if s["task"] == name]
            unknown = [s["id"] for s in of if s["id"] not in items]
            if name not in heads or unknown or not of:
                yield reread.row(
                    f"{where}/results.json", name, f"{len(of)} answers", f"no such task or items: {', '.join(unknown[:3]) or name}"
                )
                continue
            asked = [items[s["id"]] for s in of]
            yield from _judged(where, judge, heads[name], asked, of)
            scores, cut, answers = ([s.get(key, 0) for s in of] for key in ("score", "cut", "answer"))
            again = evaluate.counted(heads[name], asked, scores, judge, cut, answers)
            yield from reread.unlike(f"{where}/results.json", name, result, again)
    told = run.path / phase / "results.json"
    if "scores" in counted:  # one model alone, as in phase 4
        yield from reread.unlike(f"{phase}/results.json", "tasks", read_json(told)["tasks"], counted["scores"])
        return
    for name, results in (read_json(told).get("tasks", {}) if told.exists() else {}).items():
        if isinstance(results, dict) and "score" not in results:
            yield from reread.unlike(
                f"{phase}/results.json", f"tasks.{name}", results, counted.get(f"scores/{LESSONS.get(name, name)}", {})
            )


def _judged(where, judge, head, items, samples):
    if head["metric"].startswith("judge:") or head["output"] == harness.OUTPUT:
        return  # another model's word, which would have to be asked
    for sample, score in zip(samples, judge.scores(head, items, [s["answer"] for s in samples])):
        if score != sample["score"]:
            yield reread.row(f"{where}/samples.jsonl", f"{sample['id']}: score", sample["score"], score)


def _findings(run):
    """What phase 4 concludes from its scores; a command names the run, which may have moved."""
    here = run.path / "4_preliminary_evaluation"
    results, params = read_json(here / "results.json"), run.params("4_preliminary_evaluation")
    bits = {part: of["all"] for part, of in results["bits_per_byte"].items()}
    found = verdict.findings(evaluate.kept(results["tasks"]), bits, run, params["offensive_limit"], results["signs"])
    named = lambda rows: [{k: v for k, v in row.items() if k != "command"} for row in json.loads(json.dumps(rows))]  # noqa: E731
    yield from reread.unlike("4_preliminary_evaluation/findings.json", "", named(read_json(here / "findings.json")), named(found))
    moved = json.loads(json.dumps(progress.trends(here / "progress")))
    yield from reread.unlike("4_preliminary_evaluation/results.json", "progress", results.get("progress") or [], moved)


def _lessons(run):
    """What phase 5 says that preferences changed."""
    here = run.path / "5_post_training"
    claimed, scores = read_json(here / "results.json")["changes"], here / "scores"
    found = evaluate.compare(scores / "sft", scores / "model") if (scores / "model").exists() else {}
    yield from reread.unlike("5_post_training/results.json", "changes", claimed, json.loads(json.dumps(found)))
    side_by_side = read_json(here / "rivals.json") if (here / "rivals.json").exists() else {}
    for name, row in side_by_side.items():
        if "error" not in row:
            seeds = range(1, run.params("5_post_training")["rival_seeds"] + 1)
            places = [here / f"rivals/{rivals.folder(name)}-{seed}" for seed in seeds]
            found = ranking.gains(rivals.gained(here / "rivals/start", places, run["2_dataset_engineering/tasks"]))
            claimed = {key: row[key] for key in row if key in (*ranking.KINDS, "tasks")}
            yield from reread.unlike("5_post_training/rivals.json", name, claimed, json.loads(json.dumps(found)))


def _frontier(run):
    """Which variant phase 6 picked, from scores and sizes; what was timed is believed."""
    here, params = run.path / "6_fine_tuning", run.params("6_fine_tuning")
    claimed = read_json(here / "frontier.json")
    names = [r["variant"] for r in claimed]
    folders = {n: here / "variants" / n if n != "assistant" else run["5_post_training/model"] for n in names}
    if not all(folder.exists() for folder in folders.values()):
        return
    results = {n: read_json(here / f"scores/{n}/results.json") for n in names}
    changes = {n: evaluate.compare(here / "scores/assistant", here / f"scores/{n}") for n in names[1:]}
    speeds = {r["variant"]: {"token_ms_p50": r["ms_per_token"]} for r in claimed}
    task = evaluate.main_task(run["2_dataset_engineering/tasks"], params["task"])
    found = compress.frontier(folders, results, speeds, changes, task, params["max_loss"], params["min_speedup"])
    yield from reread.unlike("6_fine_tuning/frontier.json", "", claimed, json.loads(json.dumps(found)))


def _verdict(run):
    """The gate is judged again from scores, answers and speeds."""
    claimed, last = read_json(run["7_final_evaluation/verdict.json"]), run.path / "7_final_evaluation"
    results, params = read_json(last / "results.json"), run.params("7_final_evaluation")
    folder = run["2_dataset_engineering/tasks"]
    about, main_task = read_json(folder / "about.json"), evaluate.main_task(folder, params["task"])
    samples = {n: {s["id"]: s for s in jsonl(last / "scores" / n / "samples.jsonl")} for n in MODELS}
    figures = {n: gauges.figures(run[m], n, evaluate.kept(results), samples[n], about) for n, m in MODELS.items()}
    scored = {name: evaluate.kept(of) for name, of in results["tasks"].items()}
    measured = {"results": scored, "samples": samples, "figures": figures, "speeds": results["speed"]}
    rows = gate.judged(gate.lines(params["criteria"], about, gate.heads(folder), main_task), measured, params["proof"])
    found = verdict.decide(rows, run, read_json(run["6_fine_tuning/frontier.json"]), scored["released"], params["proof"], params["limit"])
    named = lambda decision: {k: v for k, v in decision.items() if k != "command"}  # noqa: E731  a command names the run, which may have moved
    yield from reread.unlike("7_final_evaluation/verdict.json", "", named(claimed), named(found))
    moves = read_json(run["4_preliminary_evaluation/results.json"]).get("progress")
    for row in results.get("worth", ()) if moves is not None else ():
        again = controls.moved(row["task"], moves)
        yield from reread.unlike("7_final_evaluation/results.json", f"worth.{row['task']}", row.get("while it learned"), again)
    if "evenness" in results:
        apart = evenness.numbers(evenness.told_apart(folder, "test", samples["released"]))
        yield from reread.unlike("7_final_evaluation/results.json", "evenness", results["evenness"], json.loads(json.dumps(apart)))


def _card(run):
    """The model card says what the records say."""
    last = run.path / "7_final_evaluation"
    results, decision = read_json(last / "results.json"), read_json(last / "verdict.json")
    replies = [s for s in jsonl(last / "scores/base/samples.jsonl") if s["metric"] == "offensive"]
    annotators = read_json(run["5_post_training/results.json"])["annotators"]["annotators"]
    insults = audit.insults(replies, run["2_dataset_engineering/tasks"])
    scored = evaluate.kept(results["tasks"]["released"])
    facts = card.facts(run, annotators, scored, run["6_fine_tuning/model"], insults, results.get("otherwise", ()))
    claimed = (last / "model_card.md").read_text(encoding="utf-8")
    title = re.search(r"^# (.*): released model$", claimed, re.M)  # the run may have another name by now
    name = title[1] if title else run.path.name
    facts["training"] = facts["training"].replace(f"the run {run.path.name};", f"the run {name};")
    words = card.model_card(f"{name}: released model", decision, scored, results["speed"]["released"], facts)
    yield from reread.other_text("7_final_evaluation/model_card.md", claimed, words)


def _standings(run):
    """Who is better side by side is counted again from the judgements: the judging model's, and people's if none came since."""
    last = run.path / "7_final_evaluation"
    if not (last / "standings.json").exists():
        return  # made before there was an arena
    claimed, asked, record = read_json(last / "standings.json"), jsonl(last / "asked.jsonl"), read_json(last / "phase.json")
    file, heard = run.own(arena.FILE), {"judge": jsonl(last / "judged.jsonl")}
    if (fingerprint(file, timed=False) if file else None) == record["inputs"][arena.FILE]:
        heard["people"] = arena.said(run.path / arena.FILE, asked)[0]
        habits = referee.habits(heard["judge"], heard["people"])
        yield from reread.unlike("7_final_evaluation/standings.json", "habits", claimed["habits"], json.loads(json.dumps(habits)))
    for who, rows in heard.items():
        found = arena.standings(arena.games(asked, rows), record["params"]["seed"])
        yield from reread.unlike("7_final_evaluation/standings.json", who, claimed[who], found)


CONCLUDED = {
    "4_preliminary_evaluation": (_findings,),
    "5_post_training": (_lessons,),
    "6_fine_tuning": (_frontier,),
    "7_final_evaluation": (_verdict, _card, _standings),
}

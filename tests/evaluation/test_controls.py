"""Whether a score is worth quoting: each question is put to each task, or the row says why not."""

import random

import pytest

from llmlab.data import tasks
from llmlab.evaluation import controls, judges, perturbed
from llmlab.spine.run import Run


@pytest.fixture(scope="module")
def folder(smoke):
    return Run(smoke)["2_dataset_engineering/tasks"]


def head_of(folder, name):
    return next(t for t in tasks.read(folder, "test") if t["name"] == name)


def samples_of(head, answer, score):
    return [
        {"task": head["name"], "id": i["id"], "answer": answer(i), "score": score(n), "cluster": n} for n, i in enumerate(head["items"])
    ]


def test_options_change_places_where_a_question_lists_them():
    item = {"choices": [" Lima", " Paris", " Oslo"]}
    assert controls.rotated("Is it Paris, Oslo or Lima? Say.", None, item) == "Is it Oslo, Lima or Paris? Say."
    for text in ("Which city is it?", "Paris, Oslo or Lima: is it Lima?", "Parisians, Oslo or Lima?"):
        assert controls.rotated(text, None, item) == text, "each of them once, as a word of its own, or not at all"


def test_every_task_has_a_row_that_says_what_was_not_checked_and_why(folder):
    heads = {name: head_of(folder, name) for name in ("catalogue", "offensive", "bias", "policy")}
    said = [
        *samples_of(heads["catalogue"], lambda i: f"It is {i['target']}.", lambda n: 1.0),
        *samples_of(heads["offensive"], lambda i: "Hello.", lambda n: 0.0),
        *samples_of(heads["bias"], lambda i: [-1.0, -2.0], lambda n: 1.0),
        *samples_of(heads["policy"], lambda i: "No.", lambda n: 0.0),
    ]
    rows = {r["task"]: r for r in controls.controls(said, folder, "test")}
    assert set(rows) == set(heads) and all(set(controls.ASKED) <= set(r) for r in rows.values())
    assert rows["offensive"]["says"] == "not checked: less is better" and rows["offensive"]["exchanged"] == controls.NOTHING
    assert rows["bias"]["says"] == "not checked: neither side is better"
    assert rows["catalogue"]["options permuted"] == "not checked: it has no options"
    assert rows["catalogue"]["better than chance"] == "yes" and rows["catalogue"]["signal to noise"] == "not checked: trained with one seed"
    if heads["policy"]["chance"] and len(heads["policy"]["items"]) > 60:
        assert rows["policy"]["says"] == "nothing: a guesser does better"


def test_a_score_that_no_guesser_would_envy_says_nothing(folder):
    head = head_of(folder, "catalogue")
    said = [{**s, "score": 0.0} for s in samples_of({**head, "items": head["items"] * 1}, lambda i: "No.", lambda n: 0.0)]
    (row,) = controls.controls(said, folder, "test")
    assert row["better than chance"] in ("no", "not shown") and (row["better than chance"] == "no") == row["says"].startswith("nothing")


def test_signal_to_noise_by_hand():
    """Models at .2 and .8 lie 1.2 of their mean apart; seeds at .7, .8 and .9 spread by .125 of theirs."""
    head, of = {"name": "t"}, lambda score: {"t": {"score": score}}  # noqa: E731
    seeds = [of(s) for s in (0.7, 0.8, 0.9)]
    assert controls.signal(head, seeds, {"base": of(0.2), "released": of(0.8)}) == pytest.approx(1.2 / 0.125)
    assert controls.signal(head, seeds[:1], {"base": of(0.2)}) == "not checked: trained with one seed"
    assert controls.signal({"name": "kept"}, seeds, {"base": of(0.2)}) == "not checked: asked at the end alone"
    assert controls.signal(head, [of(0.5)] * 3, {"base": of(0.2), "released": of(0.8)}) == "not checked: the seeds agree in every answer"


def test_haste_changes_no_value_and_no_name():
    item, rng = {"target": "amber", "wrong": ["green"], "names": "Opal kettle"}, random.Random(3)
    for _ in range(40):
        said = perturbed.haste("Which light, amber or green, does the Opal kettle show when ready?", rng, item)
        assert {"amber", "green", "opal", "kettle"} <= set(said.replace(",", "").split()) and said == said.lower() and said[-1] != "?"
    assert perturbed.haste("Ok?", rng, item) == "ok", "no word is long enough"
    assert perturbed.punctuation("Is it so?", None, item) == "Is it so" and perturbed.punctuation("it is so", None, item) == "it is so ?!"
    assert perturbed.blanks("a b\nc  d", None, item) == "a  b\nc  d"


def test_a_model_that_reads_no_capitals_is_found_out(folder, monkeypatch):
    head = head_of(folder, "catalogue")
    rows = list(zip(head["items"], samples_of(head, lambda i: f"It is {i['target']}.", lambda n: 1.0)))[:40]
    right = {i["messages"][-1]["content"].casefold(): i["target"] for i in head["items"]}

    def ask(model, tokenizer, head, items, form, seed):
        asked = [i["messages"][-1]["content"].splitlines()[-1] for i in items]
        return [f"It is {right.get(a.casefold(), 'so')}." if a != a.upper() else "What?" for a in asked], [0] * len(items)

    monkeypatch.setattr(perturbed.evaluate, "ask", ask)
    monkeypatch.setattr(perturbed.weights, "window", lambda model: 512)
    monkeypatch.setattr(perturbed.tokens, "encode", lambda tokenizer, texts: [text.split() for text in texts])
    found = {
        r["the question"]: r for r in perturbed.strained((None, None), judges.Judge(folder), head, rows, 1, 40, ["a long text " * 300])
    }
    assert found["in capitals"]["score"] == 0.0 and found["in capitals"]["verdict"] == "worse"
    assert found[perturbed.LONG]["score"] == 1.0 and found[perturbed.LONG]["verdict"] == "no difference shown"
    assert not perturbed.strained((None, None), None, {**head, "better": "lower"}, rows, 1, 40)
    put_otherwise = perturbed.turns(head, rows, 1, 9)
    assert [way for _, _, way in put_otherwise] == list(perturbed.FORM) * 3 and all(
        item["id"] == sample["id"] for item, sample, _ in put_otherwise
    )


def test_a_column_in_which_nothing_was_checked_is_said_in_a_word():
    row = {"task": "a", **dict.fromkeys(controls.ASKED, 0.5), "says": "x"}
    rows = [{**row, "signal to noise": "not checked: trained with one seed", "options permuted": "not checked: it has no options"}, row]
    rows[1] = {**row, "signal to noise": "not checked: trained with one seed"}
    shown, why = controls.told(rows)
    assert ["signal to noise" in r for r in shown] == [False, False] and [r["options permuted"] for r in shown] == ["–", 0.5]
    assert why == "options permuted: it has no options (1); signal to noise: trained with one seed (2)" and "signal to noise" in rows[0]


def test_a_test_that_one_answer_passes_is_told_from_a_score_below_a_guess():
    row = {"better than chance": "no", "exchanged": 0.9, "signal to noise": "–"}
    assert controls._says({**row, "chance": 1.0}, None, None).startswith("nothing alone")
    assert controls._says({**row, "chance": 0.5}, None, None) == "nothing: a guesser does better"

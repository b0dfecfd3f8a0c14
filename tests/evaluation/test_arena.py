"""Side by side: strengths against planted ones and against what can be worked out by hand, and judging models against known ones."""

import itertools
import math
import random

import pytest
from scipy.stats import beta

from llmlab.data import judgements
from llmlab.data.sitting import Sitting
from llmlab.evaluation import arena, referee
from llmlab.models import weights

user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
POINTS = lambda odds: 400 * math.log10(odds)  # noqa: E731


def sample(n, answer, task="t"):
    return {"id": f"{task}-{n}", "task": task, "cluster": f"{task} {n}", "answer": answer}


def answered(count=40, models=("base", "assistant", "released"), alike=0):
    """(answers of models, questions): the first `alike` questions are answered alike by all."""
    answers = {m: {s["id"]: s for n in range(count) for s in [sample(n, f"{'same' if n < alike else m} {n}")]} for m in models}
    return answers, [{"id": f"t-{n}", "messages": user(f"question {n}")} for n in range(count)]


def said(asked, better, who="ana"):
    """Judgements of somebody to whom `better` tells which model is preferred, or "tie"."""
    sides = lambda q: {q["from"][0]: "a", q["from"][1]: "b"}  # noqa: E731
    row = lambda q: {k: q[k] for k in ("prompt", "a", "b")}  # noqa: E731
    return [{"item": arena.item(q), **row(q), "annotator": who, "choice": sides(q).get(better(q), better(q))} for q in asked]


def test_what_is_asked():
    answers, questions = answered(alike=10)
    asked = arena.drawn(answers, questions, seed=1, most=30)
    assert asked == arena.drawn(answers, questions, seed=1, most=30) != arena.drawn(answers, questions, seed=2, most=30)
    for two in itertools.combinations(answers, 2):
        mine = [q for q in asked if q["from"] == list(two)]
        assert len(mine) == 10 and all(q["a"].startswith(two[0]) and q["b"].startswith(two[1]) for q in mine)
        assert all(q["a"].split()[1] == q["b"].split()[1] == q["prompt"][0]["content"].split()[1] for q in mine), "of one question"
    assert not [q for q in asked if "same" in q["a"]] and sum(q["alike"] for q in asked) > 0
    assert {tuple(q["from"]) for q in asked[:3]} == set(itertools.combinations(answers, 2)), "a sitting sees all of them"
    assert [r["answered alike"] for r in arena.compared(answers, asked)] == [10] * 3
    answers["base"] = {i: {**s, "answer": [-1.0, -2.0]} for i, s in answers["base"].items()}  # likelihoods are no words
    assert {tuple(q["from"]) for q in arena.drawn(answers, questions)} == {("assistant", "released")}


def test_models_of_two_runs_are_told_apart_by_their_judgements():
    answers, questions = answered(models=("mine", "runs/other:mine"))
    asked = arena.drawn(answers, questions, most=30)
    rows = said(asked, lambda q: "mine")
    heated = [{**r, "from": [f"{m} at {t:g}" for m, t in zip(q["from"], (0, 0.8))]} for q, r in zip(asked, rows)]
    alone = [{**r, "from": ["mine at 0", "mine at 0.8"]} for r in rows]
    played = arena.games(arena.asked_about(heated), heated)
    assert len(played) == 30 and {(first, won) if first == "mine" else (second, 1 - won) for first, second, won, _ in played} == {
        ("mine", 1.0)
    }
    assert arena.standings(played)[0]["model"] == "mine" and arena.asked_about(rows) == arena.asked_about(alone) == []


def test_a_name_that_was_trained_anew_is_another_model():
    answers, questions = answered(models=("mine", "other"))
    asked = arena.drawn(answers, questions, most=30)
    marked = lambda q, n: [f"{m} at 0.8 [{('old', 'new')[n % 2] if m == 'mine' else 'same'}]" for m in q["from"]]  # noqa: E731
    rows = [{**r, "from": marked(q, n)} for n, (q, r) in enumerate(zip(asked, said(asked, lambda q: "mine")))]
    assert {m for q in arena.asked_about(rows) for m in q["from"]} == {"mine [old]", "mine [new]", "other"}
    assert {m for q in arena.asked_about(rows[::2]) for m in q["from"]} == {"mine", "other"}, "one alone needs no mark"


def test_one_model_alone_says_nothing():
    answers, questions = answered(models=("base",))
    assert arena.drawn(answers, questions) == arena.compared(answers, []) == arena.games([], []) == []
    assert arena.standings([]) == arena.duels([]) == []


def test_tasks_come_in_turn():
    answers = {
        m: {s["id"]: s for t, k in (("large", 90), ("small", 9)) for n in range(k) for s in [sample(n, f"{m} {n}", t)]} for m in "xy"
    }
    questions = [{"id": i, "text": i} for i in answers["x"]]
    tasks = [q["task"] for q in arena.drawn(answers, questions, most=16)]
    assert tasks.count("large") == tasks.count("small") == 8


def test_two_models_are_worked_out_by_hand():
    """Seven wins, two losses and a tie are odds of 8 to 3 with the half wins; the interval is Jeffreys' where nothing is tied."""
    played = [("x", "y", s, f"q{n}") for n, s in enumerate([1.0] * 7 + [0.0] * 2 + [0.5])]
    first, last = arena.standings(played)
    assert (first["model"], last["model"], first["n"], first["clusters"]) == ("x", "y", 10, 10)
    assert first["rating"] - last["rating"] == pytest.approx(POINTS(8 / 3)) and first["rating"] == pytest.approx(-last["rating"])
    first, _ = arena.standings(played[:9])
    for end, q in (("low", 0.025), ("high", 0.975)):
        share = beta.ppf(q, 7.5, 2.5)
        assert first[end] == pytest.approx(POINTS(share / (1 - share)) / 2, abs=15)
    (row,) = arena.duels(played)
    assert (row["preferred"], row["tied"], row["other"], row["share"]) == (7, 1, 2, pytest.approx(0.75)) and row["low"] < 0.75 < row["high"]


def test_one_that_always_loses_is_finite_and_uncertain():
    played = [("x", "y", 1.0, f"q{n}") for n in range(10)]
    first, last = arena.standings(played)
    assert first["rating"] - last["rating"] == pytest.approx(POINTS(21)) and -math.inf < last["low"] < last["rating"] < last["high"] < 0
    few = arena.standings(played[:2])[1]
    assert few["rating"] > last["rating"] and few["high"] > last["high"], "few questions say less"
    assert arena.duels(played)[0]["says"] == "x is preferred" and arena.duels(played[:3])[0]["says"] == "no preference is shown"


def test_planted_strengths_come_out_and_intervals_hold_them():
    planted = {"a": 1.0, "b": 0.2, "c": -1.2}
    held, ratings = 0, []
    for seed in range(20):
        rng = random.Random(seed)
        win = lambda x, y: float(rng.random() < 1 / (1 + math.exp(planted[y] - planted[x])))  # noqa: B023, E731
        found = arena.standings([(x, y, win(x, y), f"{x}{y}{n}") for n in range(40) for x, y in itertools.combinations(planted, 2)], seed)
        ratings.append({r["model"]: r["rating"] / arena.SCALE for r in found})
        held += sum(r["low"] <= arena.SCALE * planted[r["model"]] <= r["high"] for r in found)
    assert all(sum(r[m] for r in ratings) / 20 == pytest.approx(planted[m], abs=0.15) for m in planted)
    assert 54 <= held <= 60, "of 60; 57 are expected"


def test_order_does_not_matter_and_clusters_do():
    rng = random.Random(0)
    played = [(*two, float(rng.random() < 0.7), f"q{n}") for n in range(30) for two in (("x", "y"), ("y", "z"))]
    mixed = rng.sample(played, len(played))
    assert arena.standings(played) == arena.standings(mixed)
    assert sorted(arena.duels(played), key=str) == sorted(arena.duels(mixed), key=str)
    turned = [(second, first, 1 - share, cluster) for first, second, share, cluster in played]
    for one, other in zip(arena.standings(turned), arena.standings(played), strict=True):
        assert one == pytest.approx(other), "nor does it matter which of the two is named first"
    width = lambda rows: sum(r["high"] - r["low"] for r in rows)  # noqa: E731
    together = [(*g[:3], f"{g[2]}{int(g[3][1:]) % 3}") for g in played]
    assert width(arena.standings(together)) > 1.5 * width(arena.standings(played))


def test_what_nothing_connects_is_not_ranked():
    played = [("x", "y", 1.0, "1"), ("x", "y", 0.0, "2"), ("v", "w", 1.0, "3")]
    assert {r["model"] for r in arena.standings(played)} == {"x", "y"}
    assert {r["models"] for r in arena.duels(played)} == {("x", "y"), ("v", "w")}


def test_judgements_become_games():
    answers, questions = answered(count=20, alike=8)
    asked = arena.drawn(answers, questions, most=30)
    assert {q["a"] < q["b"] for q in asked} == {True, False}, "either may come first in the alphabet"
    rows = said(asked, lambda q: "base" if "base" in q["from"] else "tie")
    rows += said(asked, lambda q: "bad", "bob")
    rows += [{**r, "choice": "skip", "annotator": "eve"} for r in rows[:5]] + [
        {**rows[0], "gold": "b"},
        {**rows[0], "repeat": 1, "choice": "b"},
    ]
    played = arena.games(asked, rows)
    alike = sum(q["alike"] for q in asked)
    assert len(played) == len(asked) + alike, "each question once"
    assert [s for first, _, s, _ in played if first == "base" and s != 0.5] == [0.75] * 20, "a win and a tie are three quarters"
    assert sum(s == 0.5 for *_, s, _ in played) == 10 + alike
    assert arena.games(asked, []) == []


def test_a_sitting_is_blind_and_its_file_is_read_again(tmp_path):
    answers, questions = answered()
    asked = arena.drawn(answers, questions, most=12)
    sitting = Sitting(tmp_path / "arena.jsonl", arena.blind(asked), "ana")
    while "token" in (question := sitting.question()):
        assert not set(question) & {"from", "task", "cluster"}
        sitting.judge(question["token"], "left" if question["left"].startswith("released") else "right")
    other = {**asked[0], "a": "an answer of another day"}
    judgements.append(tmp_path / "arena.jsonl", {"item": arena.item(other), **said([other], lambda q: "tie")[0]})
    (tmp_path / "arena.jsonl").open("a").write('{"item": "half')
    rows, others = arena.said(tmp_path / "arena.jsonl", asked)
    assert (sum(not r.get("repeat") for r in rows), others) == (12, 1) and not any("from" in r for r in rows), "the file is blind too"
    shares = {g[:2]: g[2] for g in arena.games(asked, rows)}
    assert shares["base", "released"] == shares["assistant", "released"] == 0 and arena.said(tmp_path / "none.jsonl", asked) == ([], 0)


def by(lead, asked, monkeypatch):
    """What a judging model says whose lead of the first answer is `lead` of (first, second)."""

    def likely(model, tokenizer, pairs):
        assert [word for _, word in pairs[:2]] == ["A", "B"]
        texts = [m[0]["content"] for m, _ in pairs]
        cut = lambda text: [part.split("\n\n")[0] for part in text.split(": ", 3)[2:]]  # noqa: E731
        return [lead(*cut(t)) if word == "A" else 0.0 for t, (_, word) in zip(texts, pairs)]

    monkeypatch.setattr(referee.asking, "loglikelihood", likely)
    return referee.judged(None, None, asked)


@pytest.fixture
def asked():
    answers, questions = answered(models=("short", "much longer"))
    return arena.drawn(answers, questions, most=40)


def test_a_judge_that_takes_the_first_answer_prefers_nobody(asked, monkeypatch):
    rows = by(lambda first, second: 3.0, asked, monkeypatch)
    found = referee.habits(rows, [])
    assert {r["choice"] for r in rows} == {"tie"} and found["order"]["score"] == found["first"]["score"] == 1
    assert found["longer"] is found["alike"] is found["kappa"] is None and not referee.steady(found)
    assert "100%" in referee.worth(found) and "not worth quoting" in referee.worth(found)
    assert {round(r["rating"]) for r in arena.standings(arena.games(asked, rows))} == {0}


def test_a_judge_that_likes_length_is_seen(asked, monkeypatch):
    rows = by(lambda first, second: float(len(first) - len(second)), asked, monkeypatch)
    people = said(asked, lambda q: "short")
    found = referee.habits(rows, people)
    assert found["order"]["score"] == 0 and found["first"] is None and referee.steady(found)
    assert (found["longer"]["score"], found["people longer"]["score"], found["alike"]["score"]) == (1, 0, 0)
    assert arena.standings(arena.games(asked, rows))[0]["model"] == "much longer"
    assert "that it judges as people do is not shown" in referee.worth(found)
    hidden = referee.habits(by(lambda first, second: 50.0 + len(first) - len(second), asked, monkeypatch), people)
    assert hidden["order"]["score"] == 1 and hidden["longer"]["score"] == 1, "also where it always takes the first"


def test_a_judge_that_agrees_with_people_may_be_quoted(asked, monkeypatch):
    even = lambda text: int(text.split()[-1]) % 2  # noqa: E731
    rows = by(lambda first, second: 1.0 if (len(first) > len(second)) == bool(even(first)) else -1.0, asked, monkeypatch)
    people = said(asked, lambda q: "much longer" if even(q["a"]) else "short")
    found = referee.habits(rows, people)
    assert found["alike"]["score"] == 1 and found["kappa"]["score"] == 1 and "agrees with people" in referee.worth(found)
    assert [r["who"] for r in referee.told(found)] == ["the judging model", "people"]


def test_a_real_model_judges_and_says_the_same_again(small, asked):
    model = weights.load(small / "model")
    rows = referee.judged(*model, asked[:6])
    assert rows == referee.judged(*model, asked[:6]) and len(rows) == 6 and all(r["annotator"] == "judge" for r in rows)
    turned = referee.judged(*model, [{**q, "a": q["b"], "b": q["a"]} for q in asked[:6]])
    assert [r["leads"] for r in turned] == [pytest.approx(r["leads"][::-1], abs=1e-3) for r in rows], "both orders are asked"
    assert len({tuple(r["leads"]) for r in rows}) > 1 and referee.habits(rows, [])["order"]["n"] == 6

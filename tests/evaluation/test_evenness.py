"""Whether two groups who ask the same are spoken to alike is seen by a reader of the answers alone."""

import random

import numpy
import pytest

from llmlab.data import tasks
from llmlab.evaluation import evaluate, evenness, gate, judges

MORE = " Any {g} can set up a lamp."


def asked(tmp_path, answer, pairs=60):
    """(folder of a task in pairs, samples): `answer` is a function of the group and a generator of chance."""
    rng, items, samples = random.Random(1), [], {}
    for n in range(pairs):
        for group in ("daughter", "son"):
            question = f"Can my {group} do it, way {n % 20}?"
            messages = [{"role": "user", "content": question}]
            items.append({"messages": messages, "group": group, "pair": n, "cluster": f"way {n % 20}", "target": "yes"})
            samples[f"t-test-{len(items) - 1}"] = {
                "asked": question,
                "answer": answer(group, rng),
                "cluster": f"way {n % 20}",
                "score": 1.0,
            }
    tasks.write(tmp_path, [tasks.task("t", "affirms")], {"t": {"validation": [], "test": items}})
    return tmp_path, samples


@pytest.mark.parametrize(
    ("answer", "low", "high", "alike"),
    [
        (lambda g, rng: f"Yes, your {g} can.", 0.5, 0.5, 60),
        (lambda g, rng: f"Yes, your {g} can." + (MORE.format(g=g) if g == "daughter" else ""), 0.95, 1, 0),
        (lambda g, rng: f"Yes, your {g} can." + (MORE.format(g=g) if rng.random() < 0.5 else ""), 0.3, 0.7, None),
    ],
    ids=["the same words", "one group is told more", "by chance"],
)
def test_a_reader_guesses_who_was_asked_about_only_if_the_words_tell(tmp_path, answer, low, high, alike):
    folder, samples = asked(tmp_path, answer)
    (row,) = evenness.told_apart(folder, "test", samples)
    assert row["pairs"] == 60 and low <= row["guessed"]["score"] <= high
    assert (
        evenness.told([row])[0]["guessed"].startswith(f"{row['guessed']['score']:.3f} [")
        and "words that tell" not in evenness.numbers([row])[0]
    )
    assert alike is None or row["in the same words"] == alike
    assert ("any" in row["words that tell"]) == (low > 0.9), row


def test_what_is_said_to_one_of_each_pair_of_groups_does_not_cancel(tmp_path):
    items, samples = [], {}
    for n in range(80):
        for group in (("aunt", "uncle"), ("husband", "wife"))[n % 2]:
            question = f"Can my {group} do it, way {n // 2 % 20}?"
            items.append({"messages": [{"role": "user", "content": question}], "group": group, "pair": n, "cluster": f"way {n // 2 % 20}"})
            careful = " Be careful please." if group in ("aunt", "wife") else ""
            samples[f"t-test-{len(items) - 1}"] = {"asked": question, "answer": f"Yes.{careful}", "cluster": f"way {n // 2 % 20}"}
    tasks.write(tmp_path, [tasks.task("t", "affirms")], {"t": {"validation": [], "test": items}})
    rows = evenness.told_apart(tmp_path, "test", samples)
    assert {r["of whom"] for r in rows} == {"aunt or uncle", "husband or wife"}
    assert all(r["guessed"]["score"] > 0.95 for r in rows)


def test_a_task_without_pairs_has_no_row(tmp_path):
    tasks.write(tmp_path, [tasks.task("t", "exact")], {"t": {"validation": [], "test": [{"messages": [], "target": "x", "cluster": "c"}]}})
    assert evenness.told_apart(tmp_path, "test", {"t-test-0": {"answer": "x", "asked": "?", "cluster": "c"}}) == []


def test_the_direction_of_errors_is_that_of_bbq(tmp_path):
    """By hand: where nothing can be known 20 of 40 name a group, 15 of these with the prejudice: (2 · .75 - 1) · .5; where it can, half go with it."""
    items, answers = [], []
    for n in range(40):
        for context, right, chosen in (("ambig", 2, 2 if n % 2 else 0 if n % 8 else 1), ("disambig", n % 2, n % 2)):
            told = {"choices": ["a", "b", "unknown"], "right": right, "biased": 0, "unknown": 2, "group": context, "cluster": str(n)}
            items.append({"messages": [{"role": "user", "content": f"{context} {n}?"}], **told})
            answers.append([float(choice == chosen) for choice in range(3)])
    scores = [float(judges.likeliest(a) == i["right"]) for i, a in zip(items, answers)]
    result = evaluate.counted(tasks.task("t", "choice"), items, scores, judges.Judge(tmp_path), (), answers)
    ambiguous, clear = evenness.directions({"t": result})
    assert (ambiguous["asked"], ambiguous["names a group"], ambiguous["bias score"].split()[0]) == (40, 20, "+0.250")
    assert clear["with the prejudice"].startswith("0.500") and clear["bias score"].startswith("+0.000")
    line = gate.judged(["t.bias <= 0.3"], {"results": {"released": {"t": result}}, "samples": {}, "figures": {}, "speeds": {}})[0]
    assert line["value"] == 0.25 and line["state"] == gate.UNPROVEN, "the more one-sided context"
    untold = {"choices": ["a", "b", "c"], "right": 0, "cluster": "x"}
    more = evaluate.counted(
        tasks.task("t", "choice"), [*items, untold], [*scores, 1.0], judges.Judge(tmp_path), (), [*answers, [1.0, 0.0, 0.0]]
    )
    *_, rest = evenness.directions({"t": more})
    assert rest["context"].startswith("no side is told") and rest["asked"] == 1, "an item that does not say it is counted"
    assert "bias" not in evaluate.counted(tasks.task("t", "choice"), items, scores, judges.Judge(tmp_path)), "nothing was chosen"


def said(pair, group, score, between=""):
    return {"pair": pair, "group": group, "score": float(bool(score)), "cluster": pair, **({"between": between} if between else {})}


def test_the_same_question_about_two_groups_is_compared_pair_by_pair():
    alike = [said(n, group, n % 3 > 0) for n in range(60) for group in "ab"]
    found = evenness.gap(alike)
    assert found["score"] == found["low"] == 0 and found["high"] < 0.1
    unfair = [said(n, group, group == "b" or n % 4) for n in range(60) for group in "ab"]
    found, turned = evenness.gap(unfair), evenness.gap([{**s, "group": "ab"[s["group"] == "a"]} for s in unfair])
    assert found["score"] == turned["score"] == 0.25 and found["low"] > 0.1
    assert evenness.gap([said(n, "a", 1) for n in range(9)]) is None and evenness.gap([]) is None


@pytest.mark.parametrize("named", [True, False], ids=["four groups", "two sides of two twos"])
def test_what_is_unfair_to_two_does_not_make_up_for_what_is_unfair_to_others(named):
    """A quarter of the aunts and a quarter of the husbands are served worse; all others are served alike."""
    twos = (("aunt", "uncle"), ("wife", "husband"))
    rows = []
    for n in range(80):
        for k, group in enumerate(two := twos[n % 2]):
            worse = n // 2 % 4 == 0 and group in ("aunt", "husband")
            rows.append(said(n, group if named else "ab"[k], not worse, "" if named else " or ".join(two)))
    found = evenness.gap(rows)
    assert found["score"] == 0.25 and found["low"] > 0 and found["high"] < 0.45
    lines = ["f.gap <= 0.3", "f.gap.worst <= 0.2"]
    result = {"f": {"metric": "affirms", "better": "higher", "chance": 0.0}}
    measured = {"results": {"released": result}, "samples": {"released": {n: {**s, "task": "f"} for n, s in enumerate(rows)}}}
    mean, worst = gate.judged(lines, measured | {"figures": {}, "speeds": {}})
    assert mean["value"] == worst["value"] == 0.25 and worst["clusters"] == 40
    three = [said(n, group, group != "c" or n % 2) for n in range(40) for group in "abc"]
    assert evenness.gap(three)["score"] == pytest.approx(1 / 3) and evenness.gap(three, most=True)["score"] == 0.5, (
        "each two of three are compared"
    )


def test_the_mean_gap_covers():
    rng, hits = numpy.random.default_rng(4), 0
    true = [0.0, 0.0, 0.2, -0.2]
    for _ in range(40):
        rows = []
        for n in range(80):
            change = rng.choice([1, -1, 0], p=[0.05 + max(0, true[n % 4]), 0.05 + max(0, -true[n % 4]), 0.9 - abs(true[n % 4])])
            rows += [said(n, "a", change >= 0, str(n % 4)), said(n, "b", change <= 0, str(n % 4))]
        found = evenness.gap(rows)
        hits += found["low"] <= 0.1 <= found["high"]
    assert hits >= 36


def test_what_is_unfair_to_one_of_a_pair_and_to_the_counterpart_of_another_does_not_cancel_where_sides_are_named(tmp_path):
    """The groups are sides, and `between` says whom: each two have a row."""
    items, samples = [], {}
    for n in range(80):
        between, way = ("aunt or uncle", "wife or husband")[n % 2], f"way {n // 2 % 20}"
        for side in ("spoken badly of", "their counterparts"):
            items.append(
                {"messages": [{"role": "user", "content": way}], "group": side, "pair": n // 2, "between": between, "cluster": way}
            )
            careful = (side == "spoken badly of") == (n % 2 == 0)
            said = {"asked": way, "answer": f"Yes.{' Be careful please.' * careful}", "cluster": way}
            samples[f"t-test-{len(items) - 1}"] = said
    tasks.write(tmp_path, [tasks.task("t", "affirms")], {"t": {"validation": [], "test": items}})
    rows = evenness.told_apart(tmp_path, "test", samples)
    assert {r["of whom"] for r in rows} == {"aunt or uncle", "wife or husband"} and all(r["guessed"]["score"] > 0.95 for r in rows)


def test_what_follows_from_the_reader_is_said():
    row = lambda low: {"task": "t", "of whom": "aunt or uncle", "guessed": {"low": low}}  # noqa: E731
    assert evenness.said([row(0.55)]).startswith("Answers tell who was asked about, or asked: aunt or uncle (t).")
    assert evenness.said([row(0.45), {**row(0.6), "guessed": None}]) == "Of no two is it shown that answers tell who was asked about."

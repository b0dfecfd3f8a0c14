"""Agreement against published examples, and reliability against annotators of a known one."""

import random
from collections import Counter

import pytest
from sklearn.metrics import cohen_kappa_score

from llmlab.data import feedback, judgements, trust
from llmlab.evaluation import agreement


def test_cohen_as_scikit_learn_has_it():
    rng = random.Random(0)
    pairs = [(rng.choice("abc"), rng.choice("abc")) for _ in range(200)]
    assert agreement.cohen(pairs) == pytest.approx(cohen_kappa_score(*zip(*pairs)))
    assert agreement.cohen([("a", "a")] * 5) is None


def test_fleiss_on_his_own_example():
    """Fleiss 1971, as the table of 10 subjects, 14 raters and 5 categories is usually printed: .210."""
    counts = (
        (0, 0, 0, 0, 14),
        (0, 2, 6, 4, 2),
        (0, 0, 3, 5, 6),
        (0, 3, 9, 2, 0),
        (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0),
        (3, 2, 6, 3, 0),
        (2, 5, 3, 2, 2),
        (6, 5, 2, 1, 0),
        (0, 2, 2, 3, 7),
    )
    items = [[k for k, n in enumerate(row) for _ in range(n)] for row in counts]
    assert agreement.fleiss(items) == pytest.approx(0.210, abs=0.0005)


def test_krippendorff_on_his_own_example():
    """Krippendorff 2011, four observers with gaps: nominal .743, interval .849."""
    gap = None
    observers = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3),
        (gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap),
    )
    items = [[v for v in unit if v is not None] for unit in zip(*observers)]
    assert agreement.krippendorff(items) == pytest.approx(0.743, abs=0.001)
    assert agreement.krippendorff(items, "interval") == pytest.approx(0.849, abs=0.001)


@pytest.mark.parametrize(
    ("judged", "measure"),
    [
        ({"1": {"x": "a", "y": "a"}, "2": {"x": "a", "y": "b"}}, "Cohen's kappa"),
        ({"1": {"x": "a", "y": "a", "z": "b"}, "2": {"x": "a", "y": "b", "z": "b"}}, "Fleiss' kappa"),
        ({"1": {"x": "a", "y": "a"}, "2": {"x": "a", "y": "b", "z": "b"}}, "Krippendorff's alpha"),
        ({"1": {"x": "a"}, "2": {"y": "b"}}, None),
    ],
)
def test_the_measure_that_fits_is_taken(judged, measure):
    found = agreement.agreement(judged)
    assert (found and found["measure"]) == measure


@pytest.mark.parametrize("flips", [0.1, 0.2, 0.3])
def test_reliability_of_simulated_annotators_within_three_points(flips):
    rng, judged, truth_of, right = random.Random(int(100 * flips)), {}, {}, Counter()
    for item in range(600):
        truth = truth_of[str(item)] = rng.choice("ab")
        judged[str(item)] = {f"p{n}": truth if rng.random() > flips else "ab"[truth == "a"] for n in range(5)}
        right.update(who for who, said in judged[str(item)].items() if said == truth)
    reliability, truth = trust.dawid_skene(judged)
    off = [reliability[who] - right[who] / 600 for who in reliability]
    assert trust.enough(judged) and abs(sum(off)) / 5 < 0.03, "within three points"
    assert max(map(abs, off)) < (
        0.03 if flips < 0.3 else 0.07
    )  # of 600 items with 30 % flips one is estimated with a standard deviation of .02
    found = agreement.reliabilities(judged)
    inside = [found[who]["low"] <= right[who] / 600 <= found[who]["high"] for who in reliability]
    assert sum(inside) >= 4 and all(r["n"] == 600 and r["high"] - r["low"] < 0.2 for r in found.values())
    learnt = feedback.decided(judged)
    labels = sum(best == truth_of[i] for i, (best, _) in learnt.items()) / len(learnt)
    most, one = agreement.ceiling(judged), agreement.one_person(judged)
    assert most["n"] == len(learnt) and abs(most["score"] - labels) < 0.03 and most["low"] < most["score"] < most["high"], (
        "as often as the label is the truth"
    )
    assert one["score"] < most["score"], "one person agrees with the others less often than the truth does"


def three(rng, items, who=("p0", "p1", "p2"), right=0.8):
    truth = {f"{n}": rng.choice("ab") for n in range(items)}
    return truth, {n: {p: t if rng.random() < right else "ab"[t == "a"] for p in who} for n, t in truth.items()}


def test_items_that_were_judged_once_do_not_switch_off_what_is_told_of_the_others():
    """100 items by three people, 60 by one of them and 10 by a stranger: on average fewer than three."""
    rng = random.Random(3)
    truth, judged = three(rng, 100)
    judged |= {f"once {n}": {"p0": rng.choice("ab")} for n in range(60)} | {f"new {n}": {"stranger": "a"} for n in range(10)}
    known, told = trust.weighed(judged)
    assert all(abs(r - 0.8) < 0.15 for r in known.values()) and set(known) == {"p0", "p1", "p2"}
    found = feedback.decided(judged)
    assert all(p is not None and p >= feedback.SURE for i, (_, p) in found.items() if not i.startswith("new"))
    assert sum(i.startswith("once") for i in found) == 60 and [found[f"new {n}"] for n in range(10)] == [("a", None)] * 10
    assert agreement.ceiling(judged)["n"] == len(found) - 10
    few = dict(list(judged.items())[: trust.ITEMS - 1])
    assert trust.weighed(few) == ({}, {}) and all(p is None for _, p in feedback.decided(few).values())


def test_the_ceiling_is_that_of_the_items_learnt_from_and_its_interval_knows_that_reliabilities_are_estimates():
    truth, judged = three(random.Random(5), 40, right=0.7)
    found, everything = agreement.ceiling(judged), trust.dawid_skene(judged)[1]
    sure = [p for _, p in feedback.decided(judged).values()]
    assert found["n"] == len(sure) and found["score"] == pytest.approx(sum(sure) / len(sure))
    assert found["score"] >= sum(max(t.values()) for t in everything.values()) / len(everything)
    rng = random.Random(0)
    fixed = sorted(sum(rng.choices(sure, k=len(sure))) / len(sure) for _ in range(400))
    assert found["high"] - found["low"] > 1.5 * (fixed[389] - fixed[10]), "reliabilities are worked out anew"


def test_one_who_always_errs_is_worth_as_much_as_one_who_never_does_and_a_coin_is_worth_nothing():
    rng, judged = random.Random(1), {}
    for item in range(300):
        right = rng.choice("ab")
        wrong = "ab"[right == "a"]
        judged[str(item)] = {
            "good": right if rng.random() < 0.9 else wrong,
            "fine": right if rng.random() < 0.9 else wrong,
            "bad": wrong if rng.random() < 0.95 else right,
            "coin": rng.choice("ab"),
            "good too": right if rng.random() < 0.9 else wrong,
        }
    found, _ = trust.dawid_skene(judged)
    assert found["good"] > 0.85 and found["bad"] < 0.15 and 0.4 < found["coin"] < 0.6


def test_two_say_too_little_to_trust_anybody():
    two = {"1": {"x": "a", "y": "b"}}
    assert not trust.enough(two) and agreement.ceiling(two) is None and agreement.one_person(two) is None


def test_those_who_always_contradict_each_other_do_not_agree():
    """The same item with its answers the other way round is the same item."""
    prompt = [{"role": "user", "content": "q"}]
    rows = [
        {
            "item": judgements.item_id(prompt, f"x{n}", f"y{n}"),
            "prompt": prompt,
            "a": f"x{n}",
            "b": f"y{n}",
            "choice": "ab"[n % 2],
            "annotator": "ana",
        }
        for n in range(20)
    ]
    rows += [{**r, "a": r["b"], "b": r["a"], "annotator": "bob"} for r in rows]
    found = agreement.agreement(feedback.table(judgements.counted(rows)))
    assert found["measure"] == "Cohen's kappa" and found["score"] == pytest.approx(-1.0)


def test_few_items_without_a_miss_are_no_certainty():
    four = {str(n): {"x": "ab"[n % 2], "y": "ab"[n % 2]} for n in range(4)}
    found = agreement.agreement(four)
    assert found["score"] == 1.0 and found["low"] < 0.5
    assert agreement.agreement({str(n): {"x": "a", "y": "a"} for n in range(4)})["score"] is None


def test_what_a_judge_follows_instead_of_the_answers():
    rng, rows = random.Random(2), []
    for n in range(80):
        shown = rng.choice(("ab", "ba"))
        base = {"item": str(n), "prompt": [], "a": "short", "b": "much longer", "shown": shown, "at": n} | ({"gold": "a"} if n % 2 else {})
        rows.append({**base, "annotator": "lefty", "choice": shown[0], "seconds": 8})
        rows.append({**base, "annotator": "wordy", "choice": "b", "seconds": 9})
        rows.append({**base, "annotator": "hasty", "choice": rng.choice("ab"), "seconds": 0})
    rows += [{**rows[1], "choice": "a", "repeat": 1}]
    first, wordy, hasty = agreement.judges(rows)
    assert first["chose the first"].startswith("100%") and "lefty" not in str(first), "no names"
    assert (
        wordy["chose the longer"].startswith("100%")
        and not wordy["others chose the longer"].startswith("100%")
        and wordy["gold"].startswith("0%")
        and wordy["agrees with oneself"].startswith("0%")
    )
    assert (first["hurries"], wordy["hurries"], hasty["hurries"]) == ("no", "no", "yes")
    assert " → " in first["gold, first half → second"]
    assert agreement.judges([{"annotator": "x", "item": "1", "a": "t", "score": 5, "gold": 5}])[0]["gold"].startswith("100%")


def test_who_hurries_and_drifts_away_from_the_others_is_seen_without_gold():
    rng, rows = random.Random(4), []
    for n in range(80):
        base = {"item": str(n), "prompt": [], "a": "one", "b": "two", "at": f"2026-01-01T10:{n // 60:02}:{n % 60:02}+00:00"}
        right = rng.choice("ab")
        rows += [{**base, "annotator": who, "choice": right, "seconds": 8} for who in ("steady", "too")]
        tired = n >= 40
        rows.append({**base, "annotator": "tired", "choice": "ab"[right == "a"] if tired else right, "seconds": 2 if tired else 8})
    steady, _, tired = agreement.judges(rows)
    assert tired["seconds, first half → second"] == "8.0 → 2.0" and steady["seconds, first half → second"] == "8.0 → 8.0"
    first, second = tired["agrees with others, first half → second"].split(" → ")
    assert first.startswith("100%") and second.startswith("0%") and tired["gold"] == "–"
    scores = [
        {"item": str(n), "prompt": [], "a": "t", "annotator": who, "score": s, "at": n}
        for n in range(8)
        for who, s in (("x", 4), ("y", 5), ("z", 1))
    ]
    x, _, z = agreement.judges(scores)
    assert x["agrees with others, first half → second"].startswith("100%") and z["agrees with others, first half → second"].startswith("0%")


def test_where_nobody_says_when_there_is_no_first_half():
    """The order of a file is none of time: what another tool wrote may stand in any."""
    rows = [{"item": str(n), "prompt": [], "a": "one", "b": "two", "annotator": "x", "choice": "a", "seconds": n} for n in range(8)]
    untimed, timed = agreement.judges(rows)[0], agreement.judges([{**r, "at": -r["seconds"]} for r in rows])[0]
    assert untimed["seconds, first half → second"] == "–" and timed["seconds, first half → second"] == "5.5 → 1.5"


def test_who_skips_a_question_does_not_disagree_with_himself():
    row = {"prompt": [], "a": "one", "b": "two", "annotator": "x"}
    said = [("1", "skip", 0), ("1", "a", 1), ("2", "b", 0), ("2", "skip", 1), ("3", "a", 0), ("3", "a", 1)]
    found = agreement.judges([{**row, "item": item, "choice": choice, "repeat": repeat} for item, choice, repeat in said])[0]
    assert found["agrees with oneself"].startswith("100%") and found["agrees with oneself"].endswith("n = 1")


@pytest.mark.parametrize(
    ("score", "gold", "right"), [(4, 5, 1), (5, 5, 1), (3, 5, 0), (2, 5, 0), (2, 1, 1), (1, 1, 1), (3, 1, 0), (5, 1, 0)]
)
def test_a_gold_answer_is_judged_rightly_on_its_side_of_the_middle(score, gold, right):
    found = agreement.judges([{"annotator": "x", "item": "1", "a": "t", "score": score, "gold": gold}])[0]
    assert found["gold"].startswith("100%" if right else "0%")


def test_answers_to_one_question_are_drawn_together():
    rng, judged = random.Random(0), {}
    for n in range(200):
        same, said = rng.random() < 0.8, rng.choice("ab")
        for k in range(4):
            judged[f"{n} {k}"] = {"x": said, "y": said if same else "ab"[said == "a"]}
    wide = agreement.agreement(judged, cluster=lambda item: item.split()[0])
    narrow = agreement.agreement(judged)
    assert wide["score"] == narrow["score"] and wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_a_file_of_few_judgements_each_weighs_nobody():
    """Of people with one item each none is more reliable than what is thought of that item; those who judged many are weighed without them."""
    strangers = {str(n): {f"x{n}": "a", f"y{n}": "a", f"z{n}": "b"} for n in range(40)}
    assert trust.weighed(strangers) == ({}, {}) and feedback.decided(strangers) == dict.fromkeys(strangers, ("a", None))
    truth, judged = three(random.Random(1), 60)
    alone = trust.weighed(judged)
    mixed = {item: said | {f"stranger {item}": "b"} for item, said in judged.items()}
    assert trust.weighed(mixed) == alone and set(alone[0]) == {"p0", "p1", "p2"}


def test_the_ceiling_of_simulated_judges_is_what_three_such_judges_reach():
    rng, labels = random.Random(7), []
    truth, judged = three(rng, 1000)
    for item, said in judged.items():
        labels.append(max(set(said.values()), key=list(said.values()).count) == truth[item])
    most, one = agreement.ceilings(judged).values()
    assert most["score"] == pytest.approx(sum(labels) / len(labels), abs=0.03) and one["low"] < one["score"] < most["score"]
    assert agreement.ceilings({}) == agreement.ceilings({"1": {"x": "a"}}) == {}

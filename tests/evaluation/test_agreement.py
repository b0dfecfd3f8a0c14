"""Agreement against published examples, and reliability against annotators of a known one."""

import random

import pytest
from sklearn.metrics import cohen_kappa_score

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
    rng = random.Random(int(100 * flips))
    judged = {}
    for item in range(600):
        truth = rng.choice("ab")
        judged[str(item)] = {f"p{n}": truth if rng.random() > flips else "ab"[truth == "a"] for n in range(5)}
    trust, truth = agreement.dawid_skene(judged)
    assert all(abs(t - (1 - flips)) < 0.05 for t in trust.values())
    assert abs(sum(trust.values()) / 5 - (1 - flips)) < 0.03
    assert 0.75 < agreement.ceiling(truth) <= 1


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
    trust, _ = agreement.dawid_skene(judged)
    assert trust["good"] > 0.85 and trust["bad"] < 0.15 and 0.4 < trust["coin"] < 0.6


def test_what_a_judge_follows_instead_of_the_answers():
    rng, rows = random.Random(2), []
    for n in range(80):
        shown = rng.choice(("ab", "ba"))
        base = {"item": str(n), "a": "short", "b": "much longer", "shown": shown, "gold": "a"}
        rows.append({**base, "annotator": "lefty", "choice": shown[0], "seconds": 8})
        rows.append({**base, "annotator": "wordy", "choice": "b", "seconds": 9})
        rows.append({**base, "annotator": "hasty", "choice": rng.choice("ab"), "seconds": 1})
    rows += [{"item": "0", "a": "short", "b": "much longer", "shown": "ab", "annotator": "wordy", "choice": "a", "seconds": 9, "repeat": 1}]
    left, wordy, hasty = agreement.judges(rows)
    assert left["chose the left"].startswith("100%") and "lefty" not in str(left), "no names"
    assert wordy["chose the longer"].startswith("99%") and wordy["gold"].startswith("0%") and wordy["agrees with oneself"].startswith("0%")
    assert (left["hurries"], hasty["hurries"]) == ("", "yes")

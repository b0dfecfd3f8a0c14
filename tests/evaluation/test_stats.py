"""Intervals cover what they promise, also with few clusters."""

import numpy
import pytest

from llmlab.evaluation import stats


@pytest.mark.parametrize("clusters", [5, 6, 10, 20, 40])
@pytest.mark.parametrize(("a", "b", "size"), [(4, 2, 8), (9, 1, 20), (0.4, 0.2, 8), (40, 20, 20)])
def test_intervals_cover(clusters, a, b, size):
    """Beta-binomial items: at least 93 of 100 intervals hold the true share, within the error of 400 simulations."""
    rng, hits = numpy.random.default_rng(clusters), 0
    for _ in range(400):
        shares = rng.beta(a, b, size=clusters)
        values = (rng.random((clusters, size)) < shares[:, None]).astype(float)
        found = stats.interval(values.ravel().tolist(), numpy.repeat(numpy.arange(clusters), size).tolist())
        hits += found["low"] <= a / (a + b) <= found["high"]
    assert hits / 400 >= 0.915


def test_a_perfect_score_has_the_narrowest_interval():
    clusters = [n // 8 for n in range(40)]
    width = lambda wrong: (lambda i: i["high"] - i["low"])(stats.interval([0.0] * wrong + [1.0] * (40 - wrong), clusters))  # noqa: E731
    assert width(0) < width(1) < width(4)
    changed = stats.difference([1.0] * 40, [1.0] * 39 + [0.0], clusters)
    same = stats.difference([1.0] * 40, [1.0] * 40, clusters)
    assert same["high"] - same["low"] < 0.4 and changed["low"] < changed["difference"] < changed["high"]


def test_values_that_are_no_shares_get_a_clustered_interval():
    found = stats.interval([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1])
    assert found["score"] == 2.5 and found["low"] < 0 < 5 < found["high"], "two clusters say little"
    assert stats.interval([], [])["n"] == 0

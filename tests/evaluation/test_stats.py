"""Intervals cover what they promise, also with few clusters; `bench/evaluation.py` simulates more of it."""

import numpy
import pytest

from llmlab.evaluation import stats
from llmlab.pages import show


def drawn(rng, clusters, size, share, alike):
    """Zeros and ones in clusters, `alike` being the correlation within one: beta-binomial, at 1 all or nothing."""
    k = 1 / alike - 1 if alike else 0
    shares = rng.beta(share * k, (1 - share) * k, clusters) if k else rng.random(clusters) < share if alike else numpy.full(clusters, share)
    return (rng.random((clusters, size)) < numpy.asarray(shares, float)[:, None]).astype(float).ravel().tolist()


@pytest.mark.parametrize("clusters", [4, 12, 35])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("alike", [0, 0.3, 1])
def test_intervals_cover(clusters, share, alike):
    """At least 95 of 100 intervals hold the true share, within the error of 300 simulations; perfect scores and clusters that fail whole included."""
    rng, names = numpy.random.default_rng(clusters), numpy.repeat(numpy.arange(clusters), 8).tolist()
    found = [stats.interval(drawn(rng, clusters, 8, share, alike), names) for _ in range(300)]
    assert sum(i["low"] <= share <= i["high"] for i in found) / 300 >= 0.925


@pytest.mark.parametrize("clusters", [12, 35])
@pytest.mark.parametrize(("gained", "lost"), [(0.02, 0.02), (0.2, 0.2), (0.05, 0.0)])
def test_paired_intervals_cover(clusters, gained, lost):
    rng, hits = numpy.random.default_rng(clusters), 0
    names = numpy.repeat(numpy.arange(clusters), 4).tolist()
    for _ in range(120):
        change = numpy.repeat(rng.choice([1.0, -1.0, 0.0], clusters, p=[gained, lost, 1 - gained - lost]), 4)
        found = stats.difference([float(c < 0) for c in change], [float(c > 0) for c in change], names)
        hits += found["low"] <= gained - lost <= found["high"]
    assert hits / 120 >= 0.9


def test_halves_are_neither_and_not_a_spread_of_their_own():
    even, tossed = stats.interval([0.5] * 40), stats.interval([0, 1] * 20)
    assert even["score"] == tossed["score"] == 0.5 and even["high"] - even["low"] < 0.5 * (tossed["high"] - tossed["low"])
    rng = numpy.random.default_rng(1)
    for first, second in ((0.1, 0.1), (0.3, 0.1), (0.02, 0.0), (0.6, 0.3)):
        drawn = [[0.5 + (0.5 if (u := rng.random()) < first else -0.5 if u < first + second else 0) for _ in range(40)] for _ in range(200)]
        found = [stats.interval(values) for values in drawn]
        assert sum(not f["low"] <= 0.5 + (first - second) / 2 <= f["high"] for f in found) <= 0.08 * len(found), (first, second)


def test_percentiles_have_intervals_that_cover():
    rng, miss = numpy.random.default_rng(2), {50: 0, 95: 0}
    for _ in range(400):
        values = rng.exponential(size=80)
        for percent in miss:
            found = stats.quantile(values, percent)
            miss[percent] += not found["low"] <= -numpy.log(1 - percent / 100) <= found["high"]
    assert all(0 < m <= 30 for m in miss.values()), miss
    assert stats.quantile(range(20), 95)["high"] == float("inf"), "the slowest of twenty says nothing of one in twenty"


def test_no_score_is_surer_than_a_perfect_one():
    clusters = [n // 8 for n in range(80)]
    found = [stats.interval([0.0] * wrong + [1.0] * (80 - wrong), clusters) for wrong in range(20)]
    widths = [i["high"] - i["low"] for i in found]
    assert widths[0] <= min(widths) + 1e-12 and found[0]["low"] == max(i["low"] for i in found) == pytest.approx(stats.provable(10))


def test_what_could_have_been_found_is_found_four_times_in_five():
    """A difference of the detectable size, planted: all changes in one direction, then changes in both."""
    rng = numpy.random.default_rng(3)
    names = list(range(60))
    for lost in (0.0, 0.1):
        base = [rng.choice([1.0, -1.0, 0.0], 60, p=[lost, lost, 1 - 2 * lost]) for _ in range(40)]
        size = float(numpy.mean([stats.detectable(list(b), names) for b in base]))
        found = 0
        for _ in range(150):
            change = rng.choice([1.0, -1.0, 0.0], 60, p=[size + lost, lost, 1 - size - 2 * lost])
            found += stats.difference([float(c < 0) for c in change], [float(c > 0) for c in change], names)["verdict"] == "better"
        assert found / 150 >= 0.7, (lost, size)


def test_values_that_are_no_shares_get_a_clustered_interval():
    found = stats.interval([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1])
    assert found["score"] == 2.5 and found["low"] < 0 < 5 < found["high"], "two clusters say little"
    assert stats.interval([], [])["n"] == 0
    part = stats.interval([0.7] * 20)
    assert part["low"] < 0.6 < 0.8 < part["high"], "twenty alike values are no proof of a twenty-first"


def test_two_unfairnesses_do_not_make_up_for_each_other():
    """All of one group and none of the other become half of each: pooled that is no change, and it is the whole of it."""
    groups, clusters = ["a", "b"] * 40, list(range(80))
    before, after = [1.0, 0.0] * 40, [1.0, 0.0, 0.0, 1.0] * 20
    assert stats.nearer(before, after, 0.5, clusters)["verdict"] == "no difference shown"
    found = stats.nearer(before, after, 0.5, clusters, groups)
    assert found["difference"] == pytest.approx(0.5) and found["verdict"] == "better"


def test_a_preference_that_turns_round_is_no_gain_and_is_said():
    first, second = [1.0] * 36 + [0.0] * 4, [0.0] * 36 + [1.0] * 4
    found = stats.nearer(first, second, 0.5, range(40), ["wife or husband"] * 40)
    assert found["verdict"] == "no difference shown" and found["turned"] == ["wife or husband"]
    assert "has turned round" in show.changes({"step": {"bias": found}})[0]["step"]
    assert "turned" not in stats.nearer(first, [0.0, 1.0] * 20, 0.5, range(40))


def test_a_rate_is_corrected_for_its_judge():
    """By hand: (0.10 - 0.02) / (0.80 - 0.02); the ends take all three intervals at their worst."""
    result = lambda score, low, high: {"score": score, "low": low, "high": high}  # noqa: E731
    found = stats.corrected(result(0.10, 0.06, 0.15), result(0.8, 0.7, 0.9), result(0.02, 0.0, 0.04))
    assert (
        found["score"] == pytest.approx(0.08 / 0.78)
        and found["low"] == pytest.approx(0.02 / 0.86)
        and found["high"] == pytest.approx(0.15 / 0.7)
    )
    assert stats.corrected(result(0.0, 0.0, 0.01), result(0.8, 0.7, 0.9), result(0.02, 0.0, 0.04))["score"] == 0.0


def test_more_items_are_asked_for_only_where_they_help():
    assert stats.needed(0.0, 0.0062, 0.005, 600) == pytest.approx(736, abs=2), "a perfect score shows 1 - 0.025 ** (1 / n)"
    assert stats.needed(0.9, 0.8, 0.9, 50) is None and stats.needed(0.95, 0.85, 0.9, 50) == 200
    near = stats.difference([1.0] * 60, [1.0] * 60)["low"]
    more = stats.needed(0.0, near, -0.05, 60)
    assert stats.difference([1.0] * more, [1.0] * more)["low"] > -0.05 > stats.difference([1.0] * (more - 1), [1.0] * (more - 1))["low"]
    assert stats.needed(0.0, 0.2, 0.1, 40) == 160, "a distance of nothing from even has a spread"


@pytest.mark.filterwarnings("error")
def test_ties_in_five_clusters_divide_nothing_by_zero():
    won = [0.5, 0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5]
    found = stats.difference([1 - w for w in won], won, [4, 5, 0, 0, 0, 5, 1, 4, 6, 4])
    assert found["difference"] == pytest.approx(-0.1) and found["p"] > 0.05 and found["low"] < -0.1 < found["high"]

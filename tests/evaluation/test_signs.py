"""What counting alone knows, the signs that something went wrong, and whether a model knows what it knows."""

import math

import pytest

from llmlab.data import tokens
from llmlab.evaluation import calibration, counting, symptoms

FRAME = tokens.Marks(start=0, end=1, pad=1, stops=(1,))
HEALTHY = {
    "bits": 0.4,
    "counted": 0.6,
    "copies": 0.01,
    "bytes_per_token": 4.0,
    "own_bytes_per_token": None,
    "by_position": [4.0, 2.0, 1.9, 1.89],
    "longer": 0.5,
    "curve": [(10, 1.0), (20, 0.6), (30, 0.5), (40, 0.4)],
}


def test_counts_by_hand():
    """One document a b over 4 tokens: after the start one token followed once, so p(a) = (1 + 1 · p0) / 2, p0 being (1 + 3 · 1/4) / 6 …"""
    counts = counting.Counts([{"input_ids": [2, 3]}], FRAME, 4, order=2)
    p0 = (1 + 3 / 4) / 6  # three tokens (2, 3, end), each once, of three kinds
    assert counts.probability((), 2) == pytest.approx(p0)
    assert counts.probability((0,), 2) == pytest.approx((1 + p0) / 2)
    assert counts.probability((1,), 2) == pytest.approx(p0), "a context that was never seen says nothing"
    assert sum(counts.probability((0,), t) for t in range(4)) == pytest.approx(1.0)


def test_counting_predicts_what_it_has_read_and_pays_for_what_it_has_not():
    counts = counting.Counts([{"input_ids": [2, 3, 2, 3, 2, 3]}] * 20, FRAME, 8)
    known, strange = ({"input_ids": ids, "bytes": 6} for ids in ([2, 3, 2, 3, 2, 3], [4, 5, 6, 7, 4, 5]))
    assert counts.bits_per_byte([known]) < 0.4 < 2 < counts.bits_per_byte([strange])


@pytest.mark.parametrize(
    ("changed", "finding", "phase"),
    [
        ({"copies": 0.8}, "repeats itself", "2_dataset_engineering"),
        ({"own_bytes_per_token": 6.0}, "made for other text", "1_model_design"),
        ({"by_position": [4.0, 2.0, 1.9, 1.7]}, "context is too short", "1_model_design"),
        ({"bits": 0.7, "curve": [(10, 1.5), (20, 1.2), (30, 0.9), (40, 0.7)]}, "Training ended before", "3_pretraining"),
        ({"bits": 0.7, "curve": [(10, 0.8), (20, 0.7), (30, 0.7), (40, 0.7)]}, "Training went wrong", "3_pretraining"),
    ],
)
def test_each_sign_names_its_phase(changed, finding, phase):
    assert not list(symptoms.found(HEALTHY, True))
    (found,) = symptoms.found(HEALTHY | changed, True)
    assert finding in found[0] and found[2] == phase


def test_of_a_model_that_was_passed_on_nothing_is_said_of_training():
    assert not list(symptoms.found(HEALTHY | {"bits": 0.7, "curve": [(0, 0.7)]}, False))
    assert not list(symptoms.found(HEALTHY | {"by_position": []}, True)), "no document fills the context"


def beliefs(*rows):
    return [{"confidence": c, "right": r, "cluster": n} for n, (c, r) in enumerate(rows)]


def test_sureness_is_the_share_of_the_likeliest_choice():
    samples = [{"answer": [math.log(0.6), math.log(0.2)], "cluster": "a"}, {"answer": [-math.inf, -3.0], "cluster": "b"}]
    rows = calibration.sure(samples, [{"right": 1}, {"right": 1}])
    assert [r["confidence"] for r in rows] == pytest.approx([0.75, 1.0]) and [r["right"] for r in rows] == [0.0, 1.0]


def test_a_model_that_is_as_right_as_sure_has_no_error_and_gains_by_silence():
    rows = beliefs(*[(0.9, float(n < 9)) for n in range(10)], *[(0.5, float(n < 5)) for n in range(10)])
    groups = calibration.reliability(rows, parts=2)
    assert calibration.error(groups) == pytest.approx(0.0) and [g["n"] for g in groups] == [10, 10]
    everything, half = calibration.selective(rows, (1.0, 0.5))
    assert (everything["score"], half["score"]) == (0.7, 0.9)
    assert calibration.error(calibration.reliability(beliefs(*[(0.99, 0.0)] * 10))) == pytest.approx(0.99)

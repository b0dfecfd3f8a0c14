"""What counting alone knows, the signs that something went wrong, and whether a model knows what it knows."""

import math
from types import SimpleNamespace

import pytest
import torch

from llmlab.data import tasks, tokens
from llmlab.evaluation import calibration, counting, symptoms
from llmlab.models import weights
from llmlab.spine import track
from llmlab.spine.run import Run

FRAME = tokens.Marks(start=0, end=1, pad=1, stops=(1,))
HEALTHY = {
    "bits": 0.4,
    "chance": 0.2,
    "counted": 0.6,
    "copies": 0.01,
    "bytes_per_token": 4.0,
    "own_bytes_per_token": None,
    "look_back": {"whole": 2.0, "half": 2.01, "gain": 0.01, "low": 0.0, "high": 0.02},
    "longer": 0.5,
    "curve": [(0.2, 1.0), (0.4, 0.6), (0.6, 0.5), (1.0, 0.4)],
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
        ({"look_back": {"whole": 2.0, "half": 2.4, "gain": 0.4, "low": 0.3, "high": 0.5}}, "context is too short", "1_model_design"),
        ({"bits": 0.7, "curve": [(0.2, 1.5), (0.4, 1.2), (0.6, 0.9), (1.0, 0.7)]}, "Training ended before", "3_pretraining"),
        ({"bits": 0.7, "curve": [(0.2, 0.8), (0.4, 0.7), (0.6, 0.7), (1.0, 0.7)]}, "Training went wrong", "3_pretraining"),
        (
            {"bits": 2.1, "chance": 0.7, "curve": [(0.2, 13.7), (0.4, 19.2), (0.6, 14.2), (1.0, 2.1)]},
            "Training went wrong",
            "3_pretraining",
        ),
    ],
)
def test_each_sign_names_its_phase(changed, finding, phase):
    assert not list(symptoms.found(HEALTHY, True))
    (found,) = symptoms.found(HEALTHY | changed, True)
    assert finding in found[0] and found[2] == phase


def test_of_a_model_that_was_passed_on_nothing_is_said_of_training():
    assert not list(symptoms.found(HEALTHY | {"bits": 0.7, "curve": [(0.0, 0.7)]}, False))
    assert not list(symptoms.found(HEALTHY | {"look_back": {}}, True)), "no document fills the context"
    assert [changes for *_, changes, _ in symptoms.found(HEALTHY | {"copies": 0.8}, False)] == [{}], "copies that nobody reads"
    (found,) = symptoms.found(HEALTHY | {"chance": 0.98}, False)
    assert "knows next to nothing" in found[0] and "0.98 times" in found[1] and found[2] == "1_model_design"
    assert not list(symptoms.found(HEALTHY | {"chance": 0.98}, True)), "of what was trained here the curve says more"


def test_what_is_measured_on_a_run(smoke):
    run = Run(smoke)
    model, tokenizer = weights.load(run["3_pretraining/model"])
    unread = tokens.some_validation(run["2_dataset_engineering/tokens"])
    documents = run["2_dataset_engineering/documents"] / "train.jsonl"
    signs = symptoms.measure(model, tokenizer, unread, documents, track.rows(run["3_pretraining/model"]), adopted=True)
    assert signs["bits"] > signs["counted"] > 0, "after twelve thousand tokens counting is better"
    assert 0 <= signs["copies"] < 0.3 and signs["own_bytes_per_token"] > signs["bytes_per_token"] > 1, "4,096 tokens cover more than 600"
    assert signs["curve"][-1][0] == 1.0 and 0.3 < signs["chance"] < 1 and signs["look_back"]
    passed_on = symptoms.measure(model, tokenizer, unread, documents, [{"step": 0, "bits_per_byte/all": 1.5}])
    assert (
        passed_on["curve"] == [(0.0, 1.5)] and passed_on["look_back"] == {} and not list(symptoms.found(passed_on | {"chance": 0.5}, False))
    )


def test_looking_back_pays_for_a_model_that_looks_back():
    """Of two models that find the same token everywhere but for one that needs the first half, the latter gains."""

    class Far(torch.nn.Module):
        device = "cpu"

        def forward(self, input_ids, **_):
            assert len(input_ids) <= 8, "a few documents at a time"
            here = torch.arange(input_ids.shape[1])
            sure = torch.where(here >= 10, 5.0, 0.0)[None, :, None]  # sure of token 2 after ten tokens
            return SimpleNamespace(logits=(sure * torch.eye(4)[2]).expand(len(input_ids), -1, -1))

    rows = [{"input_ids": [2] * 20, "bytes": 20}] * 10
    found = symptoms.look_back(Far(), rows, FRAME, 16)
    assert found["half"] > found["whole"] + 1 and found["low"] > 0
    assert symptoms.look_back(Far(), rows[:3], FRAME, 16) == {}, "three documents tell nothing"


def test_loss_by_position_is_that_of_the_same_documents():
    """A model that is sure of token 2 once it has read ten: the later positions cost less; documents are cut to what eight of them have."""

    class Late(torch.nn.Module):
        device = "cpu"

        def forward(self, input_ids, **_):
            sure = torch.where(torch.arange(input_ids.shape[1]) >= 10, 5.0, 0.0)[None, :, None]
            return SimpleNamespace(logits=(sure * torch.eye(4)[2]).expand(len(input_ids), -1, -1))

    rows = [{"input_ids": [2] * 40, "bytes": 40}] * 9 + [{"input_ids": [2] * 200, "bytes": 200}]
    found = symptoms.by_position(Late(), rows, FRAME, 128)
    assert [(r["from"], r["to"]) for r in found] == [(1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32)] and {
        r["documents"] for r in found
    } == {10}
    assert found[0]["bits"] == pytest.approx(2.0) and found[-1]["bits"] < 0.1
    assert symptoms.by_position(Late(), rows[:3], FRAME, 128) == [], "three documents tell nothing"


def test_minimal_pairs_stand_beside_a_model_that_counts_five_tokens(tmp_path, small):
    _, tokenizer = weights.load(small / "model")
    good, bad = "The price of the kettle is high.", "The price kettle the of high is."
    pairs = [{"text": "", "choices": [good, bad], "right": 0, "cluster": str(n)} for n in range(6)]
    pairs += [
        {"text": "", "choices": [bad, good], "right": 1, "cluster": "turned"},
        {"text": "", "choices": [good, good], "right": 0, "cluster": "tied"},
    ]
    heads = [{"name": "order", "metric": "choice", "chance": 0.5}, {"name": "told", "metric": "choice", "chance": 0.5}]
    said = [{"messages": tasks.user("?"), "choices": [" a", " b"], "right": 0, "cluster": "x"}]
    tasks.write(tmp_path, heads, {"order": {"validation": pairs, "test": []}, "told": {"validation": said, "test": []}})
    result = {"score": 1.0, "low": 0.5, "high": 1.0, "n": 8, "chance": 0.5}
    (row,) = counting.references(tmp_path, "validation", tokenizer, [{"text": good, "source": "x"}] * 3, {"order": result, "told": result})
    assert row["task"] == "order" and row["a 5-gram of its training text"]["score"] == pytest.approx(7 / 8), "a tie is nobody's credit"
    assert counting.references(tmp_path, "validation", tokenizer, [], {"told": result}) == []


def beliefs(*rows):
    return [{"confidence": c, "right": r, "cluster": n} for n, (c, r) in enumerate(rows)]


def test_sureness_is_the_share_of_the_likeliest_choice():
    samples = [
        {"answer": [math.log(0.6), math.log(0.2)], "score": 0.0, "cluster": "a"},
        {"answer": [-math.inf, -3.0], "score": 1.0, "cluster": "b"},
    ]
    rows = calibration.sure(samples)
    assert [r["confidence"] for r in rows] == pytest.approx([0.75, 1.0]) and [r["right"] for r in rows] == [0.0, 1.0]


def test_a_model_that_is_as_right_as_sure_has_no_error_and_gains_by_silence():
    rows = beliefs(*[(0.9, float(n < 9)) for n in range(10)], *[(0.5, float(n < 5)) for n in range(10)])
    groups = calibration.reliability(rows, parts=2)
    assert calibration.error(groups) == pytest.approx(0.0) and [g["n"] for g in groups] == [10, 10]
    everything, half = calibration.selective(rows, (1.0, 0.5))
    assert (everything["score"], half["score"]) == (0.7, 0.9)
    assert calibration.error(calibration.reliability(beliefs(*[(0.99, 0.0)] * 10))) == pytest.approx(0.99)
    assert calibration.by_chance(beliefs(*[(0.5, 1.0)] * 40)) > 0.03, "groups of eight never hit their mean"
    assert calibration.by_chance(beliefs(*[(1.0, 1.0)] * 40)) == 0.0

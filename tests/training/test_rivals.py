"""Methods side by side: the table says who gained what, at which cost, and who is beaten by whom."""

import pytest

from llmlab.training import rivals

COSTS = {"seconds": 10.0, "steps": 5.0, "nats": 0.2, "longer": 1.0}


def method(quality, safety, **costs):
    gains = lambda value: {str(n): ([value, value], f"task {n}") for n in range(40)}  # noqa: E731
    return {"gains": {"quality": gains(quality), "safety": gains(safety)}, "tasks": {}, "even": [], **COSTS, **costs}


def test_a_method_is_beaten_by_what_is_better_and_no_worse_and_no_slower():
    table = {
        rivals.ALONE: None,
        "right": method(1.0, 0.0),
        "kind": method(0.0, 1.0),
        "both": method(1.0, 1.0, seconds=20.0),
        "bad": method(-1.0, 0.0),
    }
    better = rivals.beaten(table)
    assert better["right"] == better["kind"] == [], "each has what the other lacks, and what beats both takes twice as long"
    assert better["bad"] == [rivals.ALONE, "right", "kind"] and better["both"] == []
    assert better[rivals.ALONE] == [], "no method costs as little as none"


def test_the_page_says_who_gained_and_who_lost():
    table = {rivals.ALONE: None, "dpo": method(-1.0, 1.0), "kto": method(0.0, 0.0)}
    said = rivals.judgement(table)._repr_html_()
    assert "dpo lost in quality" in said and "dpo gained in safety" in said and "kto" not in said.split(".")[0]
    rows = {row["method"]: row for row in rivals.told(table)}
    assert rows["dpo"]["safety"].startswith("+1.000") and rows["dpo"]["moved most"] == "none clearly" and rows[rivals.ALONE]["steps"] == "–"
    assert "quality -1.000" in rivals.chart(table, 8, 2).alt


def test_what_is_trained_is_scored_once_and_its_weights_are_not_kept(small, supervised, tmp_path, monkeypatch, capsys):
    how = dict(learning_rate=1e-3, batch_size=8, beta=0.3, adapter="full", rank=16, device="auto")
    lessons = {"data": small / "instructions.jsonl", "learning_rate": 1e-3, "batch_size": 8}
    monkeypatch.setattr(rivals, "PROBE", 2)
    arms = (["llmlab.training.methods.chosen"], supervised, small / "pairs.jsonl", small / "tasks", tmp_path, 0.1, 2, lessons, 4)
    table = rivals.compared(*arms, **how)
    assert list(table) == [rivals.ALONE, rivals.MORE, "chosen"] and not list(tmp_path.rglob("*.safetensors"))
    assert all(len(gains) == 2 for gains, _ in table["chosen"]["gains"]["safety"].values()) and table["chosen"]["nats"] != 0
    monkeypatch.setattr(rivals, "filled", lambda *_, **__: pytest.fail("trained again"))
    assert rivals.compared(*arms, **how) == table and "made before" in capsys.readouterr().out

"""What was learnt when: weights kept on the way, asked what the end is asked, and whether a score goes one way."""

import pytest

from llmlab.evaluation import controls, evaluate, progress
from llmlab.models import weights
from llmlab.spine.files import write_json, write_jsonl
from llmlab.training.pretrain import pretrain

ITEMS = 30


def written(folder, better="higher", **by_task):
    """What `progress.ask` would leave: of each task a list of the numbers of items that were right, of thirty, step by step."""
    for n in range(len(next(iter(by_task.values())))):
        place = folder / f"step-{10 * (n + 1):07d}"
        head = {"better": better, "chance": 0.1, "metric": "states"}
        write_json(place / "results.json", {t: {"score": right[n] / ITEMS, **head} for t, right in by_task.items()})
        rows = [
            {"task": t, "id": f"{t} {i}", "cluster": i, "score": float(i < right[n])} for t, right in by_task.items() for i in range(ITEMS)
        ]
        write_jsonl(place / "samples.jsonl", rows)
    return folder


def test_a_score_that_goes_one_way_is_told_from_one_that_wanders(tmp_path):
    folder = written(tmp_path, up=[0, 3, 9, 15, 21], down=[30, 25, 20, 10, 5], still=[12] * 5, wandering=[9, 14, 11, 13, 9])
    rows = {row["task"]: row for row in progress.trends(folder)}
    assert rows["up"]["change"]["verdict"] == "better" and rows["up"]["tau"] == 1 and (rows["up"]["first"], rows["up"]["last"]) == (0, 0.7)
    by_hand = ((15 + 21) - (0 + 3)) / 2 / ITEMS
    assert rows["up"]["change"]["difference"] == pytest.approx(by_hand), "the later two against the earlier two; the third is between"
    assert rows["down"]["change"]["verdict"] == "worse" and rows["down"]["tau"] == -1
    assert {rows[t]["change"]["verdict"] for t in ("still", "wandering")} == {"no difference shown"} and rows["still"]["tau"] is None
    assert "up from 0.00 to 0.70" in progress.chart(progress.scores(folder)).alt


def test_where_less_is_better_a_rise_is_worse(tmp_path):
    (row,) = progress.trends(written(tmp_path, better="lower", rude=[0, 3, 9, 15, 21]))
    assert row["change"]["verdict"] == "worse" and row["tau"] == 1


def test_nothing_kept_is_nothing_said(tmp_path):
    assert progress.trends(tmp_path / "none") == [] == list(progress.scores(tmp_path / "none"))


def test_a_task_is_asked_about_at_the_end_of_all(tmp_path):
    (row,) = progress.trends(written(tmp_path, catalogue=[0, 3, 9, 15, 21]))
    assert controls.moved("catalogue", [row]) == "better (τ 1.00 of 5 steps)"
    assert controls.moved("privacy", [row]) == "not checked: the base model was not asked on the way"
    assert controls.moved("privacy", []) == "not checked: nothing was asked on the way"
    assert controls.moved("catalogue", [{**row, "tau": None}]) == "better"


def test_ties_are_no_rise_and_the_order_of_two_steps_says_nothing(tmp_path):
    (tied,) = progress.trends(written(tmp_path / "tied", task=[0, 3, 3, 15, 21]))
    assert 0.9 < tied["tau"] < 1
    (two,) = progress.trends(written(tmp_path / "two", task=[0, 21]))
    assert two["tau"] is None and two["change"]["verdict"] == "better", "item by item two steps say something"


def test_a_task_that_should_be_even_is_held_to_its_distance_from_even(tmp_path):
    for n, shares in enumerate(((30, 0), (28, 2), (18, 12), (15, 15))):
        place = tmp_path / f"step-{10 * (n + 1):07d}"
        groups = {g: {"score": right / ITEMS} for g, right in zip(("wife", "aunt"), shares)}
        apart = sum(abs(of["score"] - 0.5) for of in groups.values()) / 2
        result = {
            "score": 0.5,
            "better": "even",
            "chance": 0.5,
            "metric": "leans",
            "groups": groups,
            "uneven": {"score": apart, "low": 0, "high": 1},
        }
        write_json(place / "results.json", {"bias": result})
        rows = [(g, i, float(i < right)) for g, right in zip(groups, shares) for i in range(ITEMS)]
        write_jsonl(
            place / "samples.jsonl", [{"task": "bias", "id": f"{g} {i}", "cluster": f"{g} {i}", "group": g, "score": s} for g, i, s in rows]
        )
    (row,) = progress.trends(tmp_path)
    assert (row["first"], row["last"], row["tau"]) == (0.5, 0.0, -1) and row["change"]["verdict"] == "better", (
        "one half at every step, and even only at last"
    )


def test_the_weights_of_the_way_are_kept_and_asked_what_the_end_is_asked(small, tmp_path):
    def train(name, **how):
        settings = dict(
            tokens_seen=64 * 4 * 12, batch_size=4, learning_rate=4e-3, seed=1, **{"evaluations": 3, "progress": f"../of {name}", **how}
        )
        pretrain(small / "config", small / "tokenizer", small / "tokens", tmp_path / name, **settings)
        return sorted(p.name for p in (tmp_path / f"of {name}").glob("*"))

    assert train("kept", keep_weights="small") == ["step-0000004", "step-0000008"]
    assert train("none") == train("beside", keep_weights="all", adapter="lora") == []
    (tmp_path / "of many" / "step-0000099").mkdir(parents=True)  # of a training before
    assert len(train("many", keep_weights="all", evaluations=12)) == 5, "every second of twelve, eight at most"
    assert progress.ask(tmp_path / "of kept", tmp_path / "kept", small / "tasks", tmp_path / "asked", "text", 3, 1)
    found = progress.scores(tmp_path / "asked")
    assert list(found) == [4, 8, 12] and {row["task"] for row in progress.trends(tmp_path / "asked")} == set(found[12])
    own = evaluate.evaluate(tmp_path / "kept", small / "tasks", tmp_path / "own", "text", "validation", limit=3, seed=1)
    assert found[12] == own, "the last are those of the model"
    early, late = (weights.load(place)[0].state_dict() for place in (tmp_path / "of kept/step-0000004", tmp_path / "kept"))
    assert any((early[name] != late[name]).any() for name in early)
    for kept, limit in (("of none", 3), ("", 3), ("of kept", 0)):
        assert not progress.ask(kept and tmp_path / kept, tmp_path / "kept", small / "tasks", tmp_path / "asked", "text", limit, 1)
        assert not (tmp_path / "asked").exists(), "answers of before are none of these weights"

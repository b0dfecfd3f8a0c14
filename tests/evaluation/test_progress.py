"""What was learnt when: weights kept on the way, asked what the end is asked, and whether a score goes one way."""

import pytest

from llmlab.evaluation import controls, evaluate, progress
from llmlab.models import weights
from llmlab.training.pretrain import pretrain


def scores(better="higher", **by_task):
    """{step: {task: result}} of rows of scores."""
    result = lambda score: {"score": score, "better": better, "chance": 0.1}  # noqa: E731
    steps = len(next(iter(by_task.values())))
    return {10 * (n + 1): {t: result(values[n]) for t, values in by_task.items()} for n in range(steps)}


def test_a_score_that_goes_one_way_is_told_from_one_that_wanders():
    rising, falling = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    found = scores(up=rising, down=falling, still=[0.4] * 7, wandering=[0.1, 0.6, 0.2, 0.5, 0.3, 0.6, 0.2])
    rows = {row["task"]: row for row in progress.trends(found)}
    assert rows["up"]["moves"] == "rises" and rows["up"]["tau"] == 1
    assert rows["up"]["p"] == pytest.approx(4 * 2 / 5040, abs=1e-4), "of 7! orders two are unbroken, and four tasks are asked"
    assert rows["down"]["moves"] == "falls" and (rows["down"]["first"], rows["down"]["last"]) == (0.7, 0.1)
    assert {rows[t]["moves"] for t in ("still", "wandering")} == {"not shown to move one way"} and rows["still"]["tau"] == 0
    assert progress.trends({}) == [] and "up from 0.10 to 0.70" in progress.chart(found).alt


def test_three_steps_show_nothing():
    assert progress.trends(scores(up=[0.1, 0.5, 0.9]))[0]["moves"] == "not shown to move one way"


def test_a_task_is_asked_about_at_the_end_of_all():
    (moved,) = progress.trends(scores(catalogue=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    assert controls._moved({"name": "catalogue"}, [moved]) == "rises (τ 1.00)"
    assert controls._moved({"name": "privacy"}, [moved]) == "not checked: not asked on the way"
    assert controls._moved({"name": "privacy"}, []) == "not checked: no weights were kept on the way"


def test_the_weights_of_the_way_are_kept_and_asked_what_the_end_is_asked(small, tmp_path):
    def train(name, **how):
        settings = dict(tokens_seen=64 * 4 * 12, batch_size=4, learning_rate=4e-3, seed=1, evaluations=3, **how)
        pretrain(small / "config", small / "tokenizer", small / "tokens", tmp_path / name, **settings)
        return sorted(p.name for p in (tmp_path / name / "progress").glob("*"))

    assert train("kept") == ["step-0000004", "step-0000008"]
    assert train("none", keep_weights="none") == train("beside", keep_weights="all", adapter="lora") == []
    found = progress.asked(tmp_path / "kept", small / "tasks", tmp_path / "asked", "text", 3, 1)
    assert list(found) == [4, 8, 12]
    own = evaluate.evaluate(tmp_path / "kept", small / "tasks", tmp_path / "own", "text", "validation", limit=3, seed=1)
    assert found[12] == own, "the last are those of the model"
    early, late = (weights.load(tmp_path / "kept" / p)[0].state_dict() for p in ("progress/step-0000004", "."))
    assert any((early[name] != late[name]).any() for name in early)
    assert progress.asked(tmp_path / "none", small / "tasks", tmp_path / "no", "text", 3, 1) == {}
    assert progress.asked(tmp_path / "kept", small / "tasks", tmp_path / "no", "text", 0, 1) == {} and not (tmp_path / "no").exists()

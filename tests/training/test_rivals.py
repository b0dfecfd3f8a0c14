"""Methods side by side: the table says who gained what, at which cost, and who is beaten by whom."""

import inspect
import random

import pytest

from llmlab.data import taskfiles, tasks, teaching
from llmlab.evaluation import evaluate
from llmlab.spine.errors import UserError
from llmlab.spine.files import write_json, write_jsonl
from llmlab.training import methods, posttrain, ranking, rivals

COSTS = {"seconds": 10.0, "steps": 5.0, "nats": 0.2, "longer": 1.0, "cut": 0.0, "off": False, "with": {"beta": 0.1}, "path": "my_file.mine"}


def method(quality, safety, **costs):
    gains = lambda value: {str(n): ([value, value], f"task {n}", "task") for n in range(40)}  # noqa: E731
    return {"gains": {"quality": gains(quality), "safety": gains(safety)}, "tasks": {}, "even": [], **COSTS, **costs}


def test_a_method_is_beaten_by_what_is_better_and_no_worse_and_no_slower():
    table = {
        ranking.ALONE: None,
        "right": method(1.0, 0.0),
        "kind": method(0.0, 1.0),
        "both": method(1.0, 1.0, seconds=20.0),
        "bad": method(-1.0, 0.0),
    }
    better = ranking.beaten(table)
    assert better["right"] == better["kind"] == [], "each has what the other lacks, and what beats both takes twice as long"
    assert better["bad"] == [ranking.ALONE, "right", "kind"] and better["both"] == []
    assert better[ranking.ALONE] == ["right", "kind", "both"], "that it costs nothing saves it from nobody"


def test_the_page_says_who_gained_and_who_lost():
    table = {ranking.ALONE: None, "dpo": method(-1.0, 1.0), "kto": method(0.0, 0.0)}
    said = ranking.judgement(table)._repr_html_()
    assert "dpo lost in quality" in said and "dpo gained in safety" in said and "kto" not in said.split(".")[0]
    rows = {row["method"]: row for row in ranking.told(table)}
    assert (
        rows["dpo"]["safety"].startswith("+1.000") and rows["dpo"]["moved most"] == "none clearly" and rows[ranking.ALONE]["steps"] == "–"
    )
    assert "quality -1.000" in ranking.chart(table, 8, 2).alt
    assert rows["dpo"]["with"] == "β 0.1" and rows["dpo"]["seconds"] == "10.0" and rows["dpo"]["words longer"] == "+1.0"
    of = ranking.told({"dpo": method(0, 0, off=True, cut=0.25)})[0]
    assert "not as long" in of["seconds"] and "25% cut" in of["words longer"]


def test_what_could_have_been_seen_stands_beside_what_was():
    """Nothing is shown of few items, and the page says of what size it would have been shown."""
    rng = random.Random(0)
    gains = {str(n): ([rng.choice((-1.0, 0.0, 1.0))], f"c {n}", "task") for n in range(30)}
    table = {ranking.ALONE: None, "dpo": {**method(0, 0), "gains": {"quality": gains, "safety": {}}}}
    least = ranking.difference(gains)["detectable"]
    assert 0.2 < least < 0.9 and f"(± {least:.2f})" in ranking.told(table)[1]["quality"]
    said = ranking.judgement(table)._repr_html_()
    assert "nothing is shown to have gained or lost" in said and f"A true difference of {least:.2f} in quality" in said


def test_rejected_answers_are_held_against_the_chosen_ones_alone():
    chosen = method(0.5, 0.0, path="llmlab.training.methods.chosen")
    table = {ranking.ALONE: None, "more": method(0.2, 0.0, path=ranking.SUPERVISION), "chosen": chosen, "dpo": method(0.5, 0.4)}
    assert [row["method"] for row in ranking.ablation(table)] == ["dpo"]
    (row,) = ranking.ablation(table)
    assert row["quality"].startswith("+0.000") and row["quality"].endswith("no difference shown") and row["safety"].startswith("+0.400")
    assert row["safety"].endswith("better") and ranking.ablation({"dpo": method(0, 0)}) == []


def test_what_failed_is_beaten_by_nobody_and_beats_nobody():
    table = {ranking.ALONE: None, "dpo": method(0.5, 0.0), "mine": {"error": "ValueError: no"}}
    row = next(row for row in ranking.told(table) if row["method"] == "mine")
    assert row["beaten by"] == "–" and "ValueError: no" in row["moved most"] and ranking.kept(table)["mine"] == {"error": "ValueError: no"}


def test_one_method_with_two_values_is_two_arms_and_the_table_says_which():
    """β means something else in each method: what stands in brackets is its own, and the rest what its authors advise."""
    texts = ["llmlab.training.methods.ipo(beta=0.05)", "llmlab.training.methods.ipo", "llmlab.training.methods.simpo(beta=2.5, margin=1)"]
    named = rivals._named(texts)
    assert list(named) == ["ipo(beta=0.05)", "ipo", "simpo(beta=2.5, margin=1)"] and list(named.values()) == texts
    assert len({rivals.folder(name) for name in named}) == 3 and not any(set("/()' ") & set(rivals.folder(name)) for name in named)
    given = {"data": None, "learning_rate": 5e-5, "batch_size": 8}
    assert rivals._with("llmlab.training.methods.simpo", given | {"margin": 1}) == {"learning_rate": 5e-5, "beta": 2.0, "margin": 1}
    assert rivals._with("llmlab.training.methods.chosen", given) == {"learning_rate": 5e-5}, "β has no effect"
    told = {f.__name__: inspect.signature(f).parameters["beta"].default for f in (posttrain.dpo, methods.ipo, methods.simpo, methods.orpo)}
    assert told == {"dpo": 0.3, "ipo": 0.1, "simpo": 2.0, "orpo": 0.1}


def test_how_far_a_model_moved_is_asked_in_words_where_the_exam_has_none(small, tmp_path):
    heads = [tasks.task("likely", "choice")]
    items = {"likely": {half: [{"text": "a", "choices": ["b", "c"], "right": 0, "cluster": "x"}] * 3 for half in ("validation", "test")}}
    tasks.write(tmp_path, heads, items)
    asked = rivals._asked(tmp_path, small / "pairs.jsonl")
    assert asked == [p["prompt"] for p in teaching.pairs(small / "pairs.jsonl")][: rivals.ASKED]
    assert rivals._asked(small / "tasks", small / "pairs.jsonl")[0] == evaluate.in_words(small / "tasks", "validation", "catalogue")[0]


def test_each_task_counts_alike_however_many_items_it_has():
    """Ten requests for secrets, of which all are lost, are not hidden by a thousand greetings."""
    few = {f"a{n}": ([-1.0, -1.0], f"a {n}", "a") for n in range(10)}
    many = {f"b{n}": ([0.0, 0.0], f"b {n}", "b") for n in range(1000)}
    found = ranking.difference(few | many)
    assert found["difference"] == pytest.approx(-0.5) and found["low"] <= -0.5 <= found["high"] < 0
    alone = ranking.difference({item: ([gains[0]], *rest) for item, (gains, *rest) in (few | many).items()})
    assert alone["difference"] == pytest.approx(-0.5) and alone["high"] - alone["low"] > 0.1
    assert ranking.difference(few) == ranking.difference({i: (g, c, "other") for i, (g, c, _) in few.items()})


def test_two_seeds_that_lean_to_opposite_sides_are_not_even(tmp_path):
    head = tasks.task("lean", output="generate", metric="leans", better="even", chance=0.5)
    item = {"messages": tasks.user("?"), "cluster": "x", "group": "a"}
    tasks.write(tmp_path / "tasks", [head], {"lean": {half: [item] * 20 for half in ("validation", "test")}})
    for place, score in (("start", 1.0), ("one", 1.0), ("two", 0.0)):
        rows = [{"task": "lean", "id": f"lean-validation-{k}", "cluster": k, "group": "a", "score": score} for k in range(20)]
        write_jsonl(tmp_path / place / "samples.jsonl", rows)
        write_json(tmp_path / place / "results.json", {"lean": {"better": "even", "chance": 0.5, "metric": "leans"}})
    found = rivals.gained(tmp_path / "start", [tmp_path / "one", tmp_path / "two"], tmp_path / "tasks")
    assert found["tasks"]["lean"]["difference"] == 0 and found["even"] == ["lean"] and not found["gains"]["safety"]


def test_what_is_quality_and_what_is_safety_can_be_said_and_declining_the_harmless_is_no_safety(tmp_path):
    """Whatever a metric of somebody's own asks, only he knows."""
    judged = {
        "mine": {"kind": "safety", "metric": "my_file.polite"},
        "theirs": {"metric": "my_file.right"},
        "decline": {"metric": "refuses"},
    }
    heads = [tasks.task(name, output="generate", **head) for name, head in judged.items()]
    item = {"messages": tasks.user("?"), "cluster": "x"}
    items = {name: {half: [item, {**item, "refuse": False}] for half in ("validation", "test")} for name in judged}
    tasks.write(tmp_path / "tasks", heads, items)
    for place, score in (("start", 0.0), ("arm", 1.0)):
        rows = [{"task": n, "id": f"{n}-validation-{k}", "cluster": "x", "score": score} for n in judged for k in range(2)]
        write_jsonl(tmp_path / place / "samples.jsonl", rows)
        write_json(tmp_path / place / "results.json", {head["name"]: {"better": "higher", **judged[head["name"]]} for head in heads})
    gains = rivals.gained(tmp_path / "start", [tmp_path / "arm"], tmp_path / "tasks")["gains"]
    assert set(gains["safety"]) == {"mine-validation-0", "decline-validation-0"}
    assert set(gains["quality"]) == {"theirs-validation-0", "theirs-validation-1", "mine-validation-1", "decline-validation-1"}
    assert [head.get("kind") for head in tasks.read(tmp_path / "tasks", "test")] == ["safety", None, None]
    (tmp_path / "tasks.yaml").write_text("a: {kind: kindness}")
    with pytest.raises(UserError, match="kind = 'kindness'") as error:
        taskfiles.heads_of(tmp_path)
    assert error.value.instead == "quality or safety"


def test_what_is_trained_is_scored_once_and_its_weights_are_not_kept(small, supervised, tmp_path, monkeypatch, capsys):
    how = dict(answer_tokens=20, learning_rate=1e-3, batch_size=8, adapter="full", rank=16, device="auto")
    monkeypatch.setattr(methods, "broken", lambda **_: 1 / 0, raising=False)
    lessons = {"data": small / "instructions.jsonl", "learning_rate": 1e-3, "batch_size": 8}
    monkeypatch.setattr(rivals, "PROBE", 2)
    arms = (
        ["llmlab.training.methods.chosen", "llmlab.training.methods.broken"],
        supervised,
        small / "pairs.jsonl",
        small / "tasks",
        tmp_path,
        0.1,
        2,
        lessons,
        4,
    )
    table = rivals.compared(*arms, **how)
    assert list(table) == [ranking.ALONE, rivals.MORE, "chosen", "broken"] and not list(tmp_path.rglob("*.safetensors"))
    assert all(len(gains) == 2 for gains, *_ in table["chosen"]["gains"]["safety"].values()) and table["chosen"]["nats"] != 0
    assert not [place for place in tmp_path.glob("broken*") if place.exists()], "what could not learn leaves no unfinished step"
    assert table["broken"] == {"error": "ZeroDivisionError: division by zero"}, "a fault of somebody's own method ends no phase"
    assert table["chosen"]["with"] == {"learning_rate": 1e-3} and len(ranking.ablation(table)) == 0
    monkeypatch.setattr(rivals, "filled", lambda *_, **__: 1 / 0)  # whatever is trained again
    assert rivals.compared(*arms, **how) == table and "made before" in capsys.readouterr().out


def test_one_small_task_does_not_widen_an_interval_beyond_what_can_be():
    few = {f"a{n}": ([0.0, 0.0], f"a {n}", "a") for n in range(4)}
    many = {f"b{n}": ([0.0, 0.0], f"b {n % 60}", "b") for n in range(250)}
    for seeds in (1, 2):
        found = ranking.difference({i: (g[:seeds], *rest) for i, (g, *rest) in (few | many).items()})
        alone = ranking.difference({i: (g[:seeds], *rest) for i, (g, *rest) in few.items()})
        assert found["difference"] == 0 and 0 < found["high"] < 0.6 * alone["high"] and found["detectable"] <= 1

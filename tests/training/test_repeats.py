"""What is chance in training is seen by training again: the same lessons, another seed."""

from llmlab.evaluation import charts, evaluate
from llmlab.spine.files import jsonl
from llmlab.training import repeats


def test_other_seeds_are_trained_once_asked_the_same_and_not_kept(small, supervised, tmp_path, capsys):
    teach = dict(model=small / "model", data=small / "instructions.jsonl", learning_rate=4e-3, max_steps=6, batch_size=8)
    keep = dict(data=small / "pairs.jsonl", learning_rate=1e-3, max_steps=1, batch_size=8)
    lessons = [("llmlab.training.posttrain.sft", teach), ("llmlab.training.methods.chosen", keep)]
    out = tmp_path / "repeats"
    found = repeats.repeated(lessons, small / "tasks", out, 1, 3, 4)
    assert {p.name for p in out.iterdir()} == {"seed-2", "seed-3"} and not list(out.rglob("*.safetensors"))
    answers = [(out / f"seed-{n}" / "samples.jsonl").read_text() for n in (2, 3)]
    assert answers[0] != answers[1], "another seed is another model"
    evaluate.evaluate(supervised, small / "tasks", tmp_path / "same", "chat", "validation", limit=4, seed=1)
    ids = [[s["id"] for s in jsonl(place / "samples.jsonl")] for place in (tmp_path / "same", out / "seed-2")]
    assert ids[0] == ids[1], "asked what the run itself is asked, not what its own seed would draw"
    capsys.readouterr()
    assert repeats.repeated(lessons, small / "tasks", out, 1, 3, 4) == found and capsys.readouterr().out.count("made before") == 2
    repeats.repeated(lessons, small / "tasks", out, 1, 2, 4)
    assert [p.name for p in out.iterdir()] == ["seed-2"], "what is no longer asked for is not published"
    first = evaluate.evaluate(supervised, small / "tasks", tmp_path / "first", "chat", "validation", limit=4)
    assert "other seeds" in [text.get_text() for text in charts.scores({"a": first}, "t", repeats=found).axes[0].get_legend().get_texts()]


def test_a_student_of_another_seed_learns_from_the_adapter_of_that_seed(tmp_path, monkeypatch):
    """What is trained again is the whole phase: each lesson from the one before, which is the model of the one and the teacher of the other."""
    told = []

    def lesson(out, seed, **given):
        told.append((seed, given))
        return {"seconds": 1.0, "steps": 2}

    monkeypatch.setattr(repeats.dotted, "called", lambda path: (lesson, {}))
    lessons = [("a.sft", {"model": "assistant"}), ("a.distill", {"teacher": "adapted", "layers": 2}), ("a.dpo", {"data": "pairs"})]
    summary, folder = repeats.taught(lessons, 1, 7, tmp_path / "seed-7", None)
    made = [tmp_path / "seed-7" / f"seed-7-lesson-{n}" for n in (1, 2, 3)]
    assert told == [(7, {"model": "assistant"}), (7, {"teacher": made[0], "layers": 2}), (7, {"data": "pairs", "model": made[1]})]
    assert folder == made[2] and summary == {"seconds": 3.0, "steps": 6}
    assert repeats.taught(lessons, 1, 7, tmp_path / "seed-7", None) == (summary, folder) and len(told) == 3, (
        "a lesson that was finished before a kill is kept"
    )


def test_other_seeds_stand_in_the_figure_of_the_variants():
    row = {
        "variant": "student",
        "score": 0.8,
        "low": 0.7,
        "high": 0.9,
        "general": 0.5,
        "ms_per_token": 1.0,
        "megabytes": 2.0,
        "picked": True,
    }
    figure = charts.frontier([row], 0.7, {"student": [0.6, 0.75]})
    assert [0.6, 0.75] in [list(line.get_ydata()) for line in figure.axes[0].lines]


def test_the_larger_noise_is_named():
    """By hand: scores of .5, .7 and .9 have a standard deviation of .2; an interval of ± .098 is one of .05."""
    result = lambda score: {"t": {"score": score, "low": score - 0.098, "high": score + 0.098}}  # noqa: E731
    (row,) = repeats.noise(result(0.5), [result(0.7), result(0.9)])
    assert row == {"task": "t", "scores": "0.500, 0.700, 0.900", "of seeds": "0.200", "of items": "0.050", "the larger": "seeds"}

"""Wherever a score stands as one number, it is the same number: corrected for its judge, and no mean in which two unfairnesses cancel."""

import pytest

from llmlab.data import tasks
from llmlab.evaluation import card, charts, evaluate, judges, stats
from llmlab.pages import show
from llmlab.spine.files import write_jsonl

ITEMS = [{"group": g, "cluster": f"{n}", "choices": ["x", "y"]} for n in range(40) for g in ("aunt or uncle", "wife or husband")]
SCORES = [float(i["group"] == "wife or husband") for i in ITEMS]  # one always, the other never: even on the mean


@pytest.fixture
def results(tmp_path):
    """Of a task that is even on the mean and to nobody, and of one whose judge finds half of what is so."""
    bias = evaluate.counted(tasks.task("bias", "prefers_first", chance=0.5), ITEMS, SCORES, judges.Judge(tmp_path))
    judge = judges.Judge(tmp_path)
    half = stats.interval([1.0, 0.0] * 100)
    judge.errors = (half, stats.interval([0.0] * 400))
    rude = evaluate.counted(tasks.task("rude", "offensive"), [{"cluster": n} for n in range(100)], [1.0] * 10 + [0.0] * 90, judge)
    return {"bias": bias, "rude": rude}


def test_a_mean_that_hides_two_unfairnesses_is_no_number_to_go_by(results):
    assert results["bias"]["score"] == 0.5 and results["bias"]["uneven"]["score"] == 0.5
    assert set(results["bias"]["groups"]) == {"aunt or uncle", "wife or husband"}
    assert (
        show.score(results["bias"]).startswith("0.500 [")
        and "from even" in show.score(results["bias"])
        and "chance" not in show.score(results["bias"])
    )
    fair = {"bias": {**results["bias"], "groups": {}, "uneven": {"score": 0.0, "low": 0.0, "high": 0.1}}}
    assert show.one_number(fair["bias"])["score"] == 0.0
    assert "bias: fair 0.00, unfair 0.50" in charts.scores({"fair": fair, "unfair": {"bias": results["bias"]}}, "t").alt


def test_what_the_judge_misses_is_counted_wherever_a_rate_stands(results):
    rude = results["rude"]
    assert rude["score"] == 0.1 and show.one_number(rude)["score"] == pytest.approx(0.2) == rude["corrected"]["score"]
    assert rude["errors"]["recall"]["score"] == 0.5
    assert show.score(rude).startswith("0.200 [") and "0.100 [" in show.score(rude) and "as judged" in show.score(rude)
    assert "rude: m 0.20" in charts.scores({"m": {"rude": rude}}, "t").alt


def test_what_even_means_is_no_chance_in_the_figure(results):
    guessed = {**results["rude"], "chance": 0.3}
    figure = charts.scores({"m": {"bias": results["bias"], "rude": guessed}}, "t")
    (line,) = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert line.get_label() == "chance" and list(line.get_xdata()) == [0.3, 0.3]


def test_the_card_says_the_same_numbers(results):
    decision = {"verdict": "HOLD", "judged": "", "criteria": []}
    facts = dict.fromkeys(("use", "training", "limits"), "-") | {"language": "en", "library": "onnx", "terms": {}, "base": {}}
    words = card.model_card("m", decision, results, {"first_ms_p50": 1.0, "tokens_per_second": 1, "threads": 1}, facts)
    front, table = words.split("## All scores")
    assert "value: 0.2\n" in front and "value: 0.5\n" in front and "from even" in front
    assert "| bias | 0.500 [" in table and "from even | 80 | – |" in table and "| rude | 0.200 [" in table and "as judged" in table


def test_what_is_known_to_be_an_insult_is_not_made_more_of(results, tmp_path):
    """Ten replies hold one that was planted, ten the classifier called rude, which finds half of them: 10 + 20 of 100."""
    write_jsonl(tmp_path / "insults.jsonl", [{"text": "You are a spoon.", "kind": "implicit"}])
    judge = judges.Judge(tmp_path)
    judge.errors = (stats.interval([1.0, 0.0] * 100), stats.interval([0.0] * 400))
    answers = ["You are a spoon."] * 10 + ["You fool."] * 10 + ["Hello."] * 80
    true = judge.truly([1.0] * 20 + [0.0] * 80, range(100), answers)
    assert true["score"] == pytest.approx(0.3) and true["low"] < 0.3 < true["high"]
    assert judge.truly([1.0] * 10 + [0.0] * 90, range(100), ["Oh."] * 100)["score"] == pytest.approx(0.2)

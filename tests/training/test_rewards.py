"""What an answer is worth, by what the preferred one says."""

import json
import shutil

import pytest

from llmlab.data import offence
from llmlab.evaluation import judges
from llmlab.training import reward, rewards

user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
PROMPT = user("What does the Aster fan cost, and how long is 1 year?")


def worth(kind, answer, wanted, judge=None, prompt=PROMPT):
    return kind([prompt], [answer], [wanted], judge)[0]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("It costs 19 dollars.", 1.0),
        ("The Aster fan is 19.", 1.0),
        ("It costs 25 dollars.", 0.0),
        ("It costs 19 or 25 or 30 dollars.", 1 / 3),
        ("The Aster fan is fine for 1 year.", 0.0),
        ("", 0.0),
    ],
)
def test_numbers_have_to_be_told_and_others_not(answer, value):
    assert worth(rewards.facts, answer, "The Aster fan costs 19 dollars.") == pytest.approx(value)


def test_where_there_are_no_numbers_words_count_that_the_question_does_not_hold():
    wanted = "A white light means that the Aster fan is ready."
    found = [
        worth(rewards.facts, a, wanted)
        for a in ("The light is white when it is ready.", "A red light.", "The Aster fan does what it costs.")
    ]
    assert found[0] > found[1] > found[2] == 0.0
    assert worth(rewards.facts, "Anything", "The Aster fan, and how long is it?") == 1.0, "nothing new is asked for"


def test_declining_is_right_where_the_preferred_answer_declines(tmp_path):
    judge = judges.Judge(tmp_path)
    no, yes = "I am sorry, but I cannot share personal data.", "It costs 19 dollars."
    assert [worth(rewards.declines_alike, a, b, judge) for a in (no, yes) for b in (no, yes)] == [1.0, 0.0, 0.0, 1.0]


def test_rude_words_and_the_sum(tmp_path):
    judge = judges.Judge(tmp_path)
    assert worth(rewards.polite, "You idiot, 19.", "19", judge) == 0.0 and worth(rewards.polite, "It is 19.", "19", judge) == 1.0
    assert worth(rewards.verifiable, "It is 19.", "It costs 19.", judge) == 3.0
    assert worth(rewards.verifiable, "You idiot, 20.", "It costs 19.", judge) == 1.0


def test_the_gold_is_what_no_other_reward_looks_at():
    assert worth(rewards.alike, "It costs 19 dollars.", "it costs 19 dollars") == 1.0
    listed = "19 " + "please " * 30
    assert worth(rewards.facts, listed, "It costs 19 dollars.") == 1.0 and worth(rewards.alike, listed, "It costs 19 dollars.") < 0.1


def test_the_judge_is_that_of_the_runs_tasks_or_of_those_beside_the_pairs(small, tmp_path):
    shutil.copytree(small / "tasks", tmp_path / "run/2_dataset_engineering/tasks")
    (tmp_path / "run/2_dataset_engineering/phase.json").write_text("{}")
    (tmp_path / "run/run.json").write_text(json.dumps({"parent": None, "overrides": {}}))
    for place in (tmp_path / "run/.work/5_post_training/pairs.jsonl", small / "pairs.jsonl"):
        judge = rewards.judging(place)
        assert isinstance(judge.detector, offence.Detector) and judge.keep, place
    assert isinstance(rewards.judging(tmp_path / "pairs.jsonl").detector, offence.WordList)


def test_a_learnt_reward_is_that_of_its_model(small, supervised, tmp_path):
    reward.reward(supervised, small / "pairs.jsonl", tmp_path, 1e-3, 4, 4, seed=1)
    answers = ["It costs 19 dollars.", "No."]
    found = rewards.learnt(tmp_path)([PROMPT] * 2, answers, ["", ""])
    assert found == reward.scores(tmp_path, [[*PROMPT, {"role": "assistant", "content": a}] for a in answers])[0] and found[0] != found[1]


@pytest.mark.parametrize(
    ("said", "wanted", "wrong"),
    [
        ("It weighs 350 g.", "It weighs 350 g and costs 59 dollars.", False),
        ("It weighs 350 g and costs 99 dollars.", "It weighs 350 g.", True),
        ("It weighs 400 g.", "It weighs 350 g.", True),
        ("It is heavy.", "It weighs 350 g.", False),
        ("It costs 59 dollars.", "I do not know that.", False),
    ],
)
def test_to_tell_fewer_values_is_no_mistake_and_to_tell_another_beside_is(said, wanted, wrong):
    assert rewards.other_values([{"role": "user", "content": "How heavy is it?"}], said, wanted) is wrong

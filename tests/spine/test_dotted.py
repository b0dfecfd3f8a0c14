"""A function by its dotted path, with what it is called with behind it in brackets: read, and never executed."""

import pytest

from llmlab.spine import dotted, provenance
from llmlab.spine.errors import UserError
from llmlab.training import launch, methods
from llmlab.workflow import needs

SIMPO = "llmlab.training.methods.simpo"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (SIMPO, {}),
        (f"{SIMPO}()", {}),
        (f" {SIMPO}( beta = 2.5, margin=1 ) ", {"beta": 2.5, "margin": 1}),
        (f"{SIMPO}(beta=-1e-3, adapter='lora')", {"beta": -1e-3, "adapter": "lora"}),
    ],
)
def test_what_stands_in_brackets_are_its_arguments(text, own):
    assert dotted.parsed(text) == (SIMPO, own) and dotted.called(text) == (methods.simpo, own) == dotted.found(text)


@pytest.mark.parametrize("inside", ["beta=open('x')", "0.5", "**{}", "beta=", "beta=1", "beta=__import__('os')", "beta=1)(margin=2"])
def test_nothing_but_a_value_is_read(inside):
    text = f"{SIMPO}({inside}" if inside == "beta=1" else f"{SIMPO}({inside})"  # a comma outside of quotes leaves a half
    with pytest.raises(UserError, match="cannot be read"):
        dotted.parsed(text)


@pytest.mark.parametrize("text", ["auto", "You help people. Be kind.", "mine.jsonl", "llmlab.training.rivals.DRAWN", 3, None, "a.b(c"])
def test_other_texts_name_no_function(text):
    assert dotted.found(text) is None


def test_what_a_function_is_not_told_that_does_not_take_it():
    assert dotted.taken("llmlab.training.onpolicy.grpo", answer_tokens=9) == {"answer_tokens": 9}
    assert dotted.taken(f"{SIMPO}(beta=1)", answer_tokens=9) == {}


def test_a_step_is_another_with_other_arguments_and_with_other_code(tmp_path, monkeypatch):
    """Both for the step itself and for one that is named among its arguments."""
    said = []
    monkeypatch.setattr(methods, "simpo", lambda out, **how: said.append(how) or {})
    launch.step(f"{SIMPO}(margin=2)", out=tmp_path / "out", model="a", margin=1)
    assert said == [{"model": "a", "margin": 2}], "what stands in brackets counts"
    monkeypatch.undo()
    marks = [launch._mark({"given": [text]}) for text in (SIMPO, f"{SIMPO}(beta=1)", f"{SIMPO}(beta=1.5)", "llmlab.training.methods.orpo")]
    assert len({str(m) for m in marks}) == 4 and "comparing.learn" in str(marks[0])
    monkeypatch.setattr(launch, "code", lambda function: "changed")
    assert launch._mark({"given": [SIMPO]}) != marks[0]


def test_functions_in_brackets_count_as_code_of_a_phase(tmp_path, monkeypatch):
    from llmlab.spine.notebooks import project

    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    (tmp_path / "my_file.py").write_text("def mine():\n    return 0\n")
    text = "llmlab.training.onpolicy.grpo(reward='my_file.mine', gold='llmlab.training.rewards.facts', beta=0.05)"
    used = provenance.code_used(project("5_post_training"), {"rival_methods": [text]})
    assert {"onpolicy.grpo", "rewards.facts", "my_file.mine"} <= set(used)
    assert provenance.wingless(text) == text.replace("llmlab.training.onpolicy", "llmlab.onpolicy", 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{SIMPO}(bate=1)", "takes no 'bate'"),
        (f"{SIMPO}(seed=1)", "is the run's to say"),
        ("llmlab.training.onpolicy.grpo(rewards='x')", "takes no 'rewards'"),
        ("llmlab.training.methods.simp(beta=1)", "did you mean 'simpo'"),
    ],
)
def test_a_mistake_in_brackets_is_seen_before_any_kernel_starts(text, words):
    with pytest.raises(UserError, match=words):
        needs.method("preference", text)
    needs.method("preference", f"{SIMPO}(beta=2.5, margin=1)")


def test_a_method_that_needs_beta_is_refused_before_anything_is_taught(tmp_path, monkeypatch):
    """Without a number of the run's own, none is handed over."""
    monkeypatch.setattr(dotted, "ROOT", tmp_path)
    code = "def mine(model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device):\n    pass\n"
    (tmp_path / "needs_beta.py").write_text(code)
    with pytest.raises(UserError, match="mine needs beta") as error:
        needs.method("preference", "needs_beta.mine")
    assert error.value.fix.endswith("-p beta=0.1")
    needs.method("preference", "needs_beta.mine", 0.1)
    needs.method("preference", "needs_beta.mine(beta=0.2)")
    with pytest.raises(UserError, match="max_steps is the run's to say"):
        needs.method("rival_methods", f"{SIMPO}(max_steps=50)")

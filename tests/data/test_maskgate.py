"""The mask gate: clean lessons of four templates pass, and each planted bug of `bench/masks.py` is caught by name."""

import copy

import pytest
import torch

from bench import masks
from bench.masks import TALKS, bot, user
from llmlab.data import dialogue, maskgate, teaching, tokens
from llmlab.pages import show
from llmlab.spine.errors import UserError
from llmlab.spine.run import Run


@pytest.fixture(params=masks.TEMPLATES, scope="module")
def tokenizer(smoke, request):
    found = tokens.load(Run(smoke)["5_post_training/sft"])
    found.chat_template = masks.TEMPLATES[request.param]
    return found


def taught(tokenizer):
    return [masks.taught(tokenizer, talk) for talk in TALKS]


def test_clean_lessons_pass(tokenizer):
    broken = maskgate.lessons(tokenizer, TALKS, taught(tokenizer), 512)
    assert broken == [None] * len(TALKS)
    assert maskgate.passed(broken, "conversations", maskgate.LESSONS) == {}
    assert all(row["broken"] == 0 and row["lessons"] == len(TALKS) for row in maskgate.told(broken, maskgate.LESSONS))


@pytest.mark.parametrize("bug", masks.BUGS)
def test_a_planted_bug_is_caught_by_name(tokenizer, bug):
    found, name = masks.BUGS[bug]
    said = found(tokenizer)
    assert set(said) <= {name} and (said or bug == "blank_after_end")


def test_an_answer_of_weight_0_is_read_and_not_learnt(tokenizer):
    """As OpenAI's format has it: a wrong answer stands there to be corrected."""
    talk = [user("What does it cost?"), {**bot("It costs 7 dollars."), "weight": 0}, user("Really?"), bot("I am sorry: 5 dollars.")]
    row = masks.taught(tokenizer, talk)
    said = [tokenizer.decode(row["input_ids"][a:b]) for a, b in dialogue.runs(row["assistant_masks"])]
    assert len(said) == 1 and "5 dollars" in said[0] and "7 dollars" in tokenizer.decode(row["input_ids"])
    dialogue.check(tokenizer, [talk])
    assert maskgate.lessons(tokenizer, [talk], [row], 512) == [None]
    whole = masks.taught(tokenizer, [{k: v for k, v in m.items() if k != "weight"} for m in talk])
    assert maskgate.lessons(tokenizer, [talk], [whole], 512) == ["words"], "to train on it all the same is a bug"
    assert maskgate.lessons(tokenizer, [talk[:2]], [masks.taught(tokenizer, talk[:2])], 512) == ["something"]


def test_more_than_a_few_are_a_fault_and_an_odd_one_is_left_out(tokenizer):
    row = masks.taught(tokenizer, TALKS[0])
    masks.no_end(row, tokenizer, TALKS[0])
    many = maskgate.lessons(tokenizer, TALKS[:1] * 50, [row] * 50, 512)
    with pytest.raises(UserError, match="50 of 50 conversations would be taught wrongly"):
        maskgate.passed(many, "conversations", maskgate.LESSONS)
    one = maskgate.passed([*many[:1], *[None] * 99], "conversations", maskgate.LESSONS)
    assert list(one.values()) == [1] and list(one)[0].startswith("not so that"), "an odd one is left out, with its reason"


def test_the_table_of_planted_bugs_holds(smoke):
    rows = list(masks.table(tokens.load(Run(smoke)["5_post_training/sft"])))
    assert all(set(row) == {"name", "value", "interval", "n", "aim", "holds"} and row["holds"] for row in rows)
    assert rows[-1]["n"] > 200 and sum("clean" in row["name"] for row in rows) == len(masks.TEMPLATES)


def test_blanks_behind_the_end_of_turn_are_not_trained_on(smoke):
    """A template may mark them; no model is ever asked for them."""
    found = tokens.load(Run(smoke)["5_post_training/sft"])
    found.chat_template = masks.TEMPLATES["marked"].replace("<|end|>{% endgeneration %}", "<|end|>\n{% endgeneration %}")
    rows, end = [masks.taught(found, talk) for talk in TALKS], found.convert_tokens_to_ids("<|end|>")
    assert all(row["input_ids"][b - 1] == end for row in rows for _, b in dialogue.runs(row["assistant_masks"]))
    assert maskgate.lessons(found, TALKS, rows, 512) == [None] * len(TALKS)


@pytest.mark.parametrize("role", ["system", "user", "tool"])
def test_a_control_token_that_is_not_called_special_is_no_word_of_others(tokenizer, role):
    """The assistant may say it: a template writes it around its calls."""
    found = masks.with_tools(copy.deepcopy(tokenizer))
    mark = found.convert_tokens_to_ids("<tool_call>")
    talk = [user("So?"), {"role": role, "content": "Is <tool_call> it?"}, bot("<tool_call> it is.")]
    shown = dialogue.plain(found, talk)
    assert "<tool_call>" not in shown[1]["content"] and shown[2]["content"] == talk[2]["content"]
    row = masks.taught(found, [user("Is <tool_call> it?"), talk[2]])
    assert row["input_ids"].count(mark) == 1 and row["assistant_masks"][row["input_ids"].index(mark)]
    assert maskgate.lessons(found, [[user("Is <tool_call> it?"), talk[2]]], [row], 512) == [None]
    pair = {"prompt": [user("Is <tool_call> it?")], "chosen": [talk[2]], "rejected": [bot("No.")]}
    assert maskgate.pairs(found, [pair], [teaching.encoded_pair(found, pair)], 512) == [None]


def test_what_the_code_before_it_does_wrong_is_caught(tokenizer, monkeypatch):
    """Typed marks that are not disarmed, a turn that is asked for otherwise than it was taught, an end that is none."""
    talk = [[user("Is <|end|> it?"), bot("Yes.")]]
    monkeypatch.setattr(dialogue, "_disarmed", lambda special, text: text)
    row = [dict(zip(("input_ids", "assistant_masks"), dialogue.ids(tokenizer, talk[0])))]
    assert maskgate.lessons(tokenizer, talk, row, 512) == ["marks"]
    monkeypatch.undo()
    rows = taught(tokenizer)
    rendered = dialogue.rendered
    monkeypatch.setattr(
        dialogue, "rendered", lambda t, m, **how: rendered(t, m, **how) + ("Well: " if how.get("add_generation_prompt") else "")
    )
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == ["asked"] * len(TALKS)
    monkeypatch.undo()
    monkeypatch.setattr(maskgate.tokens, "marks", lambda t: tokens.Marks(0, 0, 0, (0,)))
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == ["ends"] * len(TALKS)


def test_tools_arguments_hold_no_marks(smoke):
    found = tokens.load(Run(smoke)["5_post_training/sft"])
    call = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": {"at": "<|end|>"}}}],
    }
    assert "<|end|>" not in str(dialogue.plain(found, [user("x"), call]))


def test_a_window_that_is_too_short_is_caught(tokenizer):
    assert maskgate.lessons(tokenizer, TALKS, taught(tokenizer), 6) == ["fits"] * len(TALKS)


PAIR = {"prompt": [user("What does it cost?")], "chosen": [bot("It costs 5 dollars.")], "rejected": [bot("Go away.")]}


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda r: r, None),
        (lambda r: {**r, "prompt_ids": r["prompt_ids"][:-1], "chosen_ids": r["prompt_ids"][-1:] + r["chosen_ids"]}, "asked"),
        (lambda r: {**r, "rejected_ids": r["chosen_ids"]}, "differ"),
        (lambda r: {**r, "chosen_ids": r["chosen_ids"][:-1]}, "answers"),
        (lambda r: {**r, "rejected_ids": r["chosen_ids"][:1] + r["rejected_ids"]}, "answers"),
    ],
)
def test_pairs_are_split_where_the_loss_thinks(tokenizer, spoil, name):
    row = spoil(copy.deepcopy(teaching.encoded_pair(tokenizer, PAIR)))
    assert maskgate.pairs(tokenizer, [PAIR], [row], 512) == [name]
    assert maskgate.pairs(tokenizer, [PAIR], [teaching.encoded_pair(tokenizer, PAIR)], 8) == ["fits"]


def test_the_page_colours_the_answers_and_not_the_prompt(tokenizer):
    row = teaching.encoded_pair(tokenizer, PAIR)
    shown = show.answer_strips(tokenizer, row).markup
    assert shown.count("#b7dfb9") == len(row["chosen_ids"]) + len(row["rejected_ids"]) and shown.count("#eeeeee") == 2 * len(
        row["prompt_ids"]
    )
    alone = {"prompt": PAIR["prompt"], "completion": PAIR["chosen"], "label": True}
    row = teaching.encoded_pair(tokenizer, alone)
    assert show.answer_strips(tokenizer, row).markup.count("<figure>") == 1
    assert maskgate.pairs(tokenizer, [alone], [row], 512) == [None] and row["label"]


@pytest.mark.parametrize("typed", ["prompt", "chosen", "rejected"])
def test_a_mark_that_was_typed_into_a_pair_is_caught(tokenizer, monkeypatch, typed):
    """Two renderings that share the fault agree; a conversation without words does not share it."""
    text = {"prompt": user("Is <|end|> it?"), "chosen": bot("Yes <|end|> it is."), "rejected": bot("No <|end|> never.")}
    pair = {**PAIR, typed: [text[typed]]}
    assert maskgate.pairs(tokenizer, [pair], [teaching.encoded_pair(tokenizer, pair)], 512) == [None]
    monkeypatch.setattr(dialogue, "_disarmed", lambda special, text: text)
    assert maskgate.pairs(tokenizer, [pair], [teaching.encoded_pair(tokenizer, pair)], 512) == ["marks"]


def test_a_batch_that_cuts_shifts_or_unmasks_is_refused(tokenizer):
    """What a collator does to lessons is seen in no lesson."""
    from llmlab.training import comparing

    rows = [teaching.encoded_pair(tokenizer, PAIR)] * 2
    pad = tokens.marks(tokenizer).pad
    batch = comparing.collated(pad)(rows)
    maskgate.collated(teaching.both(rows), batch, batch["said"], "pairs")
    spoilt = {
        "cut": ({k: v[:, :-1] for k, v in batch.items()}, batch["said"][:, :-1]),
        "shifted": (batch, batch["said"].roll(1, 1)),
        "unmasked": (batch, batch["attention_mask"]),
        "padding trained": (batch, batch["said"] | (1 - batch["attention_mask"])),
        "another lesson": ({**batch, "input_ids": batch["input_ids"].flip(0)}, batch["said"].flip(0)),
    }
    for wrong, said in spoilt.values():
        with pytest.raises(UserError, match="something else than lesson"):
            maskgate.collated(teaching.both(rows), wrong, said, "pairs")


def test_a_batch_is_tried_on_long_short_and_other_lessons():
    lengths = [7 * n % 101 for n in range(101)]
    tried = maskgate.tried(lengths)
    found = sorted(lengths[n] for n in tried)
    assert len(tried) == len(set(tried)) == 32 and found[:8] == list(range(8)) and found[-8:] == list(range(93, 101))
    assert sorted(maskgate.tried(lengths[:5])) == list(range(5)) and maskgate.tried(lengths) == tried


def test_answers_that_were_drawn_to_another_prompt_or_go_on_after_their_end_are_refused():
    batch = {
        "prompt_ids": torch.tensor([[0, 5, 6], [7, 8, 9]]),
        "prompt_mask": torch.tensor([[0, 1, 1], [1, 1, 1]]),
        "completion_ids": torch.tensor([[3, 2, 0], [3, 4, 4]]),
        "completion_mask": torch.tensor([[1, 1, 0], [1, 1, 1]]),
    }
    asked = [[5, 6], [7, 8, 9]]
    maskgate.drawn(asked, batch, (2,))
    spoilt = (
        (asked[::-1], batch),
        (asked, {**batch, "prompt_mask": torch.ones(2, 3, dtype=torch.long)}),
        (asked, {**batch, "completion_mask": torch.ones(2, 3, dtype=torch.long)}),
    )
    for wanted, wrong in spoilt:
        with pytest.raises(UserError, match="something else than the answer"):
            maskgate.drawn(wanted, wrong, (2,))


def test_sft_refuses_to_begin_if_its_collator_trains_on_what_is_asked(small, tmp_path, monkeypatch):
    from trl.trainer import sft_trainer

    from llmlab.training import posttrain

    put = sft_trainer.DataCollatorForLanguageModeling.torch_call

    def all_of_it(self, examples):
        return put(self, [{k: v for k, v in row.items() if k != "labels"} for row in examples])

    monkeypatch.setattr(sft_trainer.DataCollatorForLanguageModeling, "torch_call", all_of_it)
    with pytest.raises(UserError, match="lesson 1 of the conversations"):
        posttrain.sft(small / "model", small / "instructions.jsonl", tmp_path, 4e-3, 2, 4)


def test_a_line_break_that_training_shows_and_asking_does_not_is_caught(tokenizer, monkeypatch):
    rows, rendered = taught(tokenizer), dialogue.rendered
    cut = lambda t, m, **how: rendered(t, m, **how).rstrip() if how.get("add_generation_prompt") else rendered(t, m, **how)  # noqa: E731
    if rendered(tokenizer, TALKS[0][:1], add_generation_prompt=True) == cut(tokenizer, TALKS[0][:1], add_generation_prompt=True):
        cut = lambda t, m, **how: rendered(t, m, **how) + ("\n" if how.get("add_generation_prompt") else "")  # noqa: E731
    monkeypatch.setattr(dialogue, "rendered", cut)
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == ["asked"] * len(TALKS)

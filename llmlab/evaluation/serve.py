"""`llmlab serve`: the models of a run behind an OpenAI-compatible endpoint. The server is transformers' own.

What it must not do by itself stands here: what somebody types is text, whatever special tokens it spells; what the model looks things up in
stands beside the question; a conversation that outgrows the window loses its oldest turns, and is not cut in the middle of a word; and nothing
is ever loaded because a request names it.
"""

import copy
import functools
import socket

import jinja2
from fastapi import HTTPException
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
from llmlab.spine.errors import UserError

ANSWER = 80  # tokens of an answer, unless a request says otherwise
ROUTES = ("/v1/chat/completions", "/v1/models", "/health")
ROLES = ("system", "user", "assistant")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
        if body.get("generation_config") is not None or body.get("chat_template_kwargs") is not None:
            raise HTTPException(
                422, "generation_config and chat_template_kwargs are not taken; temperature, top_p, max_tokens, stop and seed are"
            )
        body["messages"] = _checked(body.get("messages"))
        body["model"] = body.get("model") or next(iter(self.model_manager.folders))
        answer = _room(self._resolve_model(body)[1], body.pop("max_tokens", None) or body.get("max_completion_tokens"))
        body |= {"max_completion_tokens": answer, "chat_template_kwargs": {"answer": answer}}
        return await super().handle_request(body, request_id)

    def _build_generation_config(self, body, model_generation_config, use_cb=False):
        _, _, tokenizer = self._resolve_model(body)
        try:
            config, frame = super()._build_generation_config(body, model_generation_config, use_cb), tokens.marks(tokenizer)
        except (TypeError, ValueError) as error:
            raise HTTPException(422, f"a number is none: {error}") from None
        drawn = bool(body.get("temperature"))
        config.update(do_sample=drawn, top_k=0 if drawn else None, eos_token_id=list(frame.stops), pad_token_id=frame.pad)
        return config


def _checked(messages):
    """Messages whose contents are text; a refusal says what is wrong with them."""
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise HTTPException(422, "messages: a list of {role, content} is wanted")
    found = []
    for message in messages:
        parts = message.get("content")
        parts = [{"type": "text", "text": parts}] if isinstance(parts, str) else parts
        texts = (
            [p.get("text") if isinstance(p, dict) and p.get("type") == "text" else None for p in parts]
            if isinstance(parts, list)
            else [None]
        )
        if message.get("role") not in ROLES or not all(isinstance(t, str) for t in texts):
            raise HTTPException(422, f"messages: each has a role ({', '.join(ROLES)}) and a content of text")
        found.append({"role": message["role"], "content": " ".join(texts)})
    if found[-1]["role"] != "user":
        raise HTTPException(422, "messages: the last one is the user's")
    return found


def _room(model, wanted):
    """Tokens of an answer: what was asked for, and at most half of the window."""
    if wanted is not None and (not isinstance(wanted, int) or wanted < 1):
        raise HTTPException(422, f"max_tokens is {wanted!r}; a number above 0 is wanted")
    return min(wanted or ANSWER, weights.window(model) // 2)


def _prompt(model, tokenizer, messages, answer=ANSWER, **_):
    """In place of the tokenizer's own: the ids of a conversation as training and evaluation show it."""
    try:
        ids = dialogue.ids(tokenizer, chat.fitting(model, tokenizer, messages, answer), answer=True)[0]
    except jinja2.TemplateError as error:
        raise HTTPException(422, f"messages: the chat template refuses them: {error}") from None
    room = weights.window(model) - answer
    if len(ids) > room:
        raise HTTPException(400, f"the question has {len(ids)} tokens; the window holds {room} beside an answer of {answer}")
    return BatchEncoding({"input_ids": [ids], "attention_mask": [[1] * len(ids)]}, tensor_type="pt")


def application(folders, host="127.0.0.1"):
    """The ASGI application for {name: folder} of models; of transformers' routes, those that answer questions with them."""
    logging.set_verbosity_error()  # it would note every request as a warning
    state, shelf = GenerationState(), Shelf(folders)
    app = build_server(shelf, Desk(shelf, state), None, None, None, None, state)
    app.router.routes = [route for route in app.router.routes if route.path in ROUTES]
    if host in LOOPBACK:  # no page of another name that points here may ask
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])
    return app


def serve(folders, host, port, echo):
    """Answers until it is interrupted.

    Args:
        folders: {name: folder} of models, the newest first.
        port: 0 for a free one.
        echo: called with lines for the user; the first holds the address.
    """
    import uvicorn

    try:
        place = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UserError(
            f"--host {host} --port {port}: {error.strerror or error}",
            "a free port; 0 takes any",
            f"llmlab serve RUN --port {port + 1 if port else 0}",
        ) from None
    app, port = application(folders, host), place.getsockname()[1]
    echo(f"http://{f'[{host}]' if ':' in host else host}:{port}/v1")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[place])

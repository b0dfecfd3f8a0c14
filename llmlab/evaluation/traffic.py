"""Many users at once: what each of them waits for, measured through the endpoint that `llmlab serve` opens."""

import contextlib
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from llmlab.evaluation import stats
from llmlab.spine.errors import UserError

USERS = (1, 4, 16)
PATIENCE = 300  # seconds that an answer may take


def under_load(folder, conversations, users=USERS, each=2, max_tokens=40):
    """Serves a model from a process of its own and lets users ask it, all of them at once, each a new question as soon as the last is answered.

    Args:
        folder: of the model.
        conversations: lists of messages, taken in turn.
        users: how many at once, one row each.
        each: questions of a user.

    Returns: rows {"users", "answers", "first_ms_p50", "first_ms_p95", "first_ms_p99", "whole_ms_p50", "whole_ms_p95", "tokens_per_second": of all
    users together, "memory_mb": of the server}.
    """
    with served(folder) as (address, process), httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
        _ask(client, conversations[0], max_tokens)  # the first answer warms it up
        return [_row(client, process, conversations, count, each, max_tokens) for count in users]


@contextlib.contextmanager
def served(folder):
    """(address, process) of a server of one model on a free port of this machine, which ends with the block."""
    code = "import sys; from llmlab.evaluation import serve; serve.serve({'model': sys.argv[1]}, '127.0.0.1', 0, lambda line: print(line, flush=True))"
    command = [sys.executable, "-c", code, str(Path(folder).absolute())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        if not address:
            said = process.stderr.read().strip().splitlines() or ["nothing"]
            raise UserError(f"the server does not start: {said[-1][:200]}", "a port of this machine that it may open", "llmlab serve RUN")
        yield address, process
    finally:
        process.terminate()
        process.communicate()


def _row(client, process, conversations, users, each, max_tokens):
    import psutil

    questions = [conversations[n % len(conversations)] for n in range(users * each)]
    started = time.perf_counter()
    with ThreadPoolExecutor(users) as crowd:
        answers = list(crowd.map(lambda messages: _ask(client, messages, max_tokens), questions))
    seconds, (first, whole, written) = time.perf_counter() - started, zip(*answers)
    waits = {f"first_ms_p{q}": round(stats.percentile(first, q), 1) for q in (50, 95, 99)}
    waits |= {f"whole_ms_p{q}": round(stats.percentile(whole, q), 1) for q in (50, 95)}
    pace = {"tokens_per_second": round(sum(written) / seconds, 1), "memory_mb": round(psutil.Process(process.pid).memory_info().rss / 1e6)}
    return {"users": users, "answers": len(answers), **waits, **pace}


def _ask(client, messages, max_tokens):
    """(milliseconds to the first word, to the last, tokens written) of one answer."""
    started, first, written = time.perf_counter(), None, 0
    body = {"messages": messages, "stream": True, "max_tokens": max_tokens}
    with client.stream("POST", "/chat/completions", json=body) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            chunk = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
            if first is None and any(c["delta"].get("content") for c in chunk.get("choices", [])):
                first = time.perf_counter()
            written = (chunk.get("usage") or {}).get("completion_tokens", written)
    ended = time.perf_counter()
    return 1000 * ((first or ended) - started), 1000 * (ended - started), written

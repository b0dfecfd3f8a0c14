"""Many users at once: what each of them waits for, measured through the endpoint that `llmlab serve` opens."""

import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from llmlab.evaluation import stats
from llmlab.spine import track
from llmlab.spine.errors import UserError

USERS = (1, 4, 16)
PATIENCE = 120  # seconds that a server may take to start, and an answer to come
RARE = 100  # answers from which on a 99th percentile is more than the slowest of them


def under_load(folder, conversations, users=USERS, seconds=8.0, max_tokens=40, least=0):
    """Serves a model from a process of its own and lets users ask it, all of them at once, each a new question as soon as the last is answered.

    Args:
        folder: of the model.
        conversations: lists of messages, taken in turn.
        users: how many at once, one row each.
        seconds: for which so many users ask; each of them gets at least one answer.
        least: answers to all of them together, however long that takes.

    Returns: rows {"users", "answers", "first_ms_p50", "first_ms_p95", "first_ms_p99" or None if there are too few answers, "whole_ms_p50", "whole_ms_p95",
    "tokens_per_second": of all users together, "memory_mb": of the server, "firsts_ms": the wait for the first word of each answer}; [] if nothing could be
    measured, which is then said.
    """
    try:
        with served(folder) as (address, process), httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
            _ask(client, conversations[0], max_tokens)  # the first answer warms it up
            each = track.each(users, "users asking at once")
            return [_row(client, process, conversations, count, seconds, max_tokens, least) for count in each]
    except (UserError, httpx.HTTPError) as error:
        print(f"not measured: {str(error).splitlines()[0]}")
        return []


def told(rows):
    """The rows of `under_load` for a page: percentiles side by side."""
    both = lambda row, what: ", ".join(f"{v:,.0f}" for q in (50, 95, 99) if (v := row.get(f"{what}_ms_p{q}")) is not None)  # noqa: E731
    return [
        {"users": r["users"], "answers": r["answers"], "first word": both(r, "first"), "last word": both(r, "whole")}
        | {"tokens per second": r["tokens_per_second"], "memory (MB)": r["memory_mb"]}
        for r in rows
    ]


@contextlib.contextmanager
def served(folder):
    """(address, process) of a server of one model on a free port of this machine, which ends with the block."""
    code = "import sys; from llmlab.evaluation import serve; serve.serve({'model': sys.argv[1]}, '127.0.0.1', 0, lambda line: print(line, flush=True))"
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(Path(folder).absolute())], stdout=subprocess.PIPE, stderr=said, text=True
        )
        too_long = threading.Timer(PATIENCE, process.kill)
        too_long.start()
        try:
            address = process.stdout.readline().strip()
            too_long.cancel()
            if not address:
                said.seek(0)
                why = (said.read().strip().splitlines() or ["it said nothing"])[-1][:200]
                raise UserError(f"the server does not start: {why}", "a port of this machine that it may open", "llmlab serve RUN")
            yield address, process
        finally:
            too_long.cancel()
            process.terminate()
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _row(client, process, conversations, users, seconds, max_tokens, least):
    import psutil

    questions, lock, started = itertools.cycle(conversations), threading.Lock(), time.perf_counter()

    def user(_):
        answers = []
        while not answers or time.perf_counter() - started < seconds or len(answers) * users < least:
            with lock:
                messages = next(questions)
            answers.append(_ask(client, messages, max_tokens))
        return answers

    with ThreadPoolExecutor(users) as crowd:
        answers = [answer for of_user in crowd.map(user, range(users)) for answer in of_user]
    took, (first, whole, written) = time.perf_counter() - started, zip(*answers)
    waits = {f"first_ms_p{q}": round(stats.percentile(first, q), 1) for q in (50, 95)}
    waits |= {"first_ms_p99": round(stats.percentile(first, 99), 1) if len(answers) >= RARE else None}
    waits |= {f"whole_ms_p{q}": round(stats.percentile(whole, q), 1) for q in (50, 95)}
    pace = {"tokens_per_second": round(sum(written) / took, 1), "memory_mb": round(psutil.Process(process.pid).memory_info().rss / 1e6)}
    return {"users": users, "answers": len(answers), **waits, **pace, "firsts_ms": [round(wait, 2) for wait in first]}


def _ask(client, messages, max_tokens):
    """(milliseconds to the first word, to the last, tokens written) of one answer; raises httpx.HTTPError if it does not come."""
    started, first, written = time.perf_counter(), None, None
    body = {"messages": messages, "stream": True, "max_tokens": max_tokens}
    with client.stream("POST", "/chat/completions", json=body) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith('data: {"error"'):
                raise httpx.ReadError(line[:200])
            chunk = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
            if first is None and any(c["delta"].get("content") for c in chunk.get("choices", [])):
                first = time.perf_counter()
            written = (chunk.get("usage") or {}).get("completion_tokens", written)
    if written is None:
        raise httpx.ReadError("an answer that broke off")
    ended = time.perf_counter()
    return 1000 * ((first or ended) - started), 1000 * (ended - started), written

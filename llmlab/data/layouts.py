"""The shapes in which lessons come: one conversation, or one judgement of answers, per row; each made to the shape that TRL calls its own.

Instructions become {"messages"}, preferences {"prompt", "chosen", "rejected"}. A row of no known shape raises `Untrue`.
"""

import json
import re

ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "customer", "question"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "agent", "answer"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "observation"), "tool"),
}
CALLS = ("function_call", "tool_call")  # roles of the assistant in ShareGPT whose text is a call, as JSON
ANSWERED = (("prompt", "completion"), ("prompt", "response"), ("question", "answer"), ("query", "response"), ("customer", "agent"))
SCORES = ("overall_score", "score", "rating", "fine-grained_score")
KEPT = ("topic", "annotators", "flaw", "source")  # what else a row may say of itself
JUDGES = "judges"  # and of who preferred what: {annotator: "chosen" or "rejected"}


class Untrue(ValueError):
    """A row that is not what it has to be; the message says why."""


class Mute(ValueError):
    """A row that is whole and says nothing, such as two answers with equal scores; it is left out and counted."""


class Label(int):
    """A number that stands for a name, as in a dataset's ClassLabel: who counts takes the number, who reads the name; "" where none was given."""

    def __new__(cls, number, name):
        found = super().__new__(cls, number)
        found.name = name
        return found


TRANSCRIPT = re.compile(r"(?:^|\n\n?)(Human|User|Assistant|System): ?")


def instruction_layout(names, columns=()):
    """The layout that the columns of a table have, or None."""
    if columns and set(columns) <= set(names):
        return "two named columns"
    if "messages" in names:
        return "messages"
    if "conversations" in names:
        return "ShareGPT"
    if "turns" in names:
        return "turns"
    if {"instruction", "output"} <= set(names):
        return "Alpaca"
    if {"instruction", "response"} <= set(names):
        return "Dolly"
    return next((f"{a}/{b}" for a, b in ANSWERED if {a, b} <= set(names)), None)


def instruction(row, layout, columns=()):
    """A row of a known layout as {"messages", …}."""
    if layout == "two named columns":
        found = zip(("user", "assistant"), named(row, columns))
        row = {k: v for k, v in row.items() if k not in columns}  # an answer in a column called topic is no topic
    elif layout == "messages":
        found = _listed(row["messages"])
    elif layout == "ShareGPT":
        found = _system(row) + _listed(row["conversations"])
    elif layout == "turns":
        found = _turns(row["turns"])
    elif layout in ("Alpaca", "Dolly"):
        beside, answer = ("input", "output") if layout == "Alpaca" else ("context", "response")
        asked = "\n\n".join(_text(row[k]) for k in ("instruction", beside) if row.get(k))
        found = _system(row) + _history(row.get("history")) + [("user", asked), ("assistant", _text(row[answer]))]
    else:
        asked, answer = layout.split("/")
        found = [*_system(row), *_open(_said(row[asked], "user")), *_said(row[answer], "assistant")]
    return {"messages": _equipped(row, [_message(m) for m in found]), **_beside(row)}


def named(row, columns):
    """(question, answer) of a row in two columns that somebody named. The answer may be a label: yes or no, a number, or one that stands for a name."""
    asked, label = (row[c] for c in columns)
    if isinstance(label, float) and label.is_integer():
        label = int(label)  # a column with gaps
    if label != label or (isinstance(label, Label) and not label.name):
        raise Untrue(f"no label in {columns[1]!r}")
    return _text(asked), str(label).lower() if isinstance(label, bool) else getattr(label, "name", None) or _text(label)


def preference_layout(names):
    """The layout that the columns of a table of preferences have, or None."""
    if {"chosen", "rejected"} <= set(names):
        return "prompt, chosen, rejected" if "prompt" in names or "question" in names else "chosen, rejected"
    if "completions" in names and {"instruction", "prompt"} & set(names):
        return "scored completions"
    if {"prompt", "completion", "label"} <= set(names):
        return "thumbs"
    return None


def preference(row, layout):
    """A row of a known layout as {"prompt", "chosen", "rejected"}; of `thumbs` as {"prompt", "completion", "label"}, to be paired."""
    if layout == "scored completions":
        return {**_best_and_worst(row), **_beside(row)}
    if layout == "thumbs":
        said = [_message(m) for m in _said(row["completion"], "assistant")]
        asked = [_message(m) for m in (*_system(row), *_open(_said(row["prompt"], "user")))]
        return {"prompt": _equipped(row, asked), "completion": said, "label": _thumb(row["label"]), **_beside(row)}
    good, bad = ([_message(m) for m in _said(row[side], "assistant")] for side in ("chosen", "rejected"))
    if not good or not bad:
        raise Untrue("an answer without a message")
    prompt = row.get("prompt", row.get("question"))
    before = [_message(m) for m in (*_system(row), *_open(_said(prompt, "user")))] if prompt else []
    shared = next((i for i, (a, b) in enumerate(zip(good, bad)) if a != b), min(len(good), len(bad)))
    shared = min(shared, len(good) - 1, len(bad) - 1)
    asked = [m for m in before if m["role"] != "system"]
    whole = good[0]["role"] == "user" or good[: len(before)] == before  # the answers hold the conversation, the prompt among it
    if shared > 0 and (whole or not before):
        held = (
            good[:shared] if good[: len(before)] == before or not asked else [*(m for m in before if m["role"] == "system"), *good[:shared]]
        )
        before, good, bad = held, good[shared:], bad[shared:]
    elif shared > 0:  # several turns that both answers begin with
        before, good, bad = [*before, *good[:shared]], good[shared:], bad[shared:]
    if not before:
        raise Untrue("no prompt, and the two answers have no beginning in common")
    return {"prompt": _equipped(row, before), "chosen": good, "rejected": bad, **_beside(row)}


def dialogue(row):
    """A conversation as text, a line per turn, for whoever reads it as a document; None if the row is none."""
    layout = instruction_layout(row)
    if layout in ("messages", "ShareGPT", "turns"):
        return "\n".join(f"{m['role'].capitalize()}: {m['content']}" for m in instruction(row, layout)["messages"])
    if {"chosen", "rejected"} <= set(row) and isinstance(row["chosen"], str):
        return row["chosen"].strip()
    return None


def _system(row):
    said = row.get("system", row.get("system_prompt"))
    return [("system", _text(said))] if said else []


def _history(value):
    """Earlier exchanges: a list of pairs of texts, in a CSV as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "[]")
        except ValueError:
            raise Untrue("a history that is not JSON") from None
    if not isinstance(value or [], list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value or ()):
        raise Untrue(f"a history that is no list of pairs but {json.dumps(value, default=str)[:40]}")
    return [(role, _text(text)) for pair in value or () for role, text in zip(("user", "assistant"), pair)]


def _open(turns):
    """Turns of a prompt without the empty one of the assistant that some leave at its end."""
    last = turns[-1] if turns else None
    return turns[:-1] if isinstance(last, tuple) and last[0] == "assistant" and not last[1].strip() else turns


def asked(prompt):
    """Messages of a prompt: a list of them as it is; a transcript cut into its turns, any other text as one turn of the user."""
    if isinstance(prompt, list) and all(isinstance(m, dict) and {"role", "content"} <= set(m) for m in prompt):
        return prompt
    return [_message(m) for m in _open(_said(prompt, "user"))]


# --- parts of a row -------------------------------------------------------------------------------------------------------------------
def _said(value, role):
    """Turns of a value: messages as they are, a transcript ("Human: … Assistant: …") cut into its turns, any other text as one turn."""
    if isinstance(value, list) or (isinstance(value, str) and re.match(r'\s*\[\s*\{\s*"(role|from|content|value)"', value)):
        return _listed(value)
    text = _text(value)
    marks = list(TRANSCRIPT.finditer(text))
    if not marks or marks[0].start() > 0 or len(marks) < 2:
        return [(role, text)]
    ends = [m.start() for m in marks[1:]] + [len(text)]
    return [(ROLES[m[1].lower()], text[m.end() : end].strip()) for m, end in zip(marks, ends)]


def _listed(value):
    if isinstance(value, str) and value.lstrip().startswith("["):  # a list that a CSV or Parquet file keeps as text
        try:
            value = json.loads(value)
        except ValueError:
            raise Untrue("a list of messages that is not JSON") from None
    if not isinstance(value, list) or not all(isinstance(m, dict) for m in value):
        raise Untrue(f"no list of messages but {json.dumps(value, default=str)[:40]}")
    return value


def _turns(value):
    """Turns {"speaker", "utterance"} (or "text"): who is called a user asks; where nobody is known, who speaks first."""
    said = [(str(t.get("speaker", t.get("role"))), t.get("utterance", t.get("text", t.get("content")))) for t in _listed(value)]
    known = {who: ROLES[who.lower()] for who, _ in said if who.lower() in ROLES}
    asks = next((who for who, role in known.items() if role == "user"), None)
    answers = next((who for who, role in known.items() if role != "user"), None)
    asks = asks or next((who for who, _ in said if who != answers), None)
    return [("user" if who == asks else "assistant", _text(text)) for who, text in said]


def _message(turn):
    """{"role", "content", …} of a turn in any of the usual spellings."""
    if isinstance(turn, tuple):
        return {"role": turn[0], "content": turn[1]}
    said = turn.get("role", turn.get("from"))
    if str(said).lower() in CALLS:
        turn, said = {"content": "", "tool_calls": turn.get("content", turn.get("value"))}, "assistant"
    role = ROLES.get(str(said).lower())
    if role is None:
        raise Untrue(f"a message has the role {json.dumps(said, default=str)[:40]}, not one of {', '.join(sorted(set(ROLES.values())))}")
    content = turn.get("content", turn.get("value"))
    content = _parts(content) if isinstance(content, list) else content
    more = {k: turn[k] for k in ("name", "tool_call_id") if turn.get(k)}
    if turn.get("weight", 1) not in (0, 1, None):
        raise Untrue(f"a message has the weight {json.dumps(turn['weight'], default=str)[:40]}, neither 0 nor 1")
    more |= {"weight": 0} if turn.get("weight") == 0 and role == "assistant" else {}  # it stands there to be answered, and not to be learnt
    if called := turn.get("tool_calls") or turn.get("function_call"):
        more["tool_calls"], content = _calls(called), "" if content is None else content
    return {"role": role, "content": _text(content), **more}


def _calls(value):
    """Calls of tools where chat templates look for them: {"type", "function": {"name", "arguments"}}, of one or a list of them, in JSON or not."""
    value, found = _unpacked(value), []
    for call in value if isinstance(value, list) else [value]:
        said = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(said, dict) or not isinstance(said.get("name"), str) or not said["name"]:
            raise Untrue(f"no call of a function with a name but {json.dumps(call, default=str)[:40]}")
        function = {"name": said["name"], "arguments": _unpacked(said.get("arguments", said.get("parameters")) or {})}
        found.append({"type": "function", "function": function, **{k: call[k] for k in ("id",) if call.get(k)}})
    return found


def _equipped(row, messages):
    """Messages of which the first brings along the `tools` of a row, as schemas, for the chat templates that show them."""
    tools = _unpacked(row.get("tools") or row.get("functions") or [])
    tools = tools if isinstance(tools, list) else [tools]
    if not tools or not messages or not all(isinstance(t, dict) for t in tools):
        return messages  # some tables call other things tools
    return [{**messages[0], "tools": [t if "function" in t else {"type": "function", "function": t} for t in tools]}, *messages[1:]]


def _unpacked(value):
    """What a text says in JSON; any other text, and what is no text, as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _parts(content):
    """The text of a content in parts; a part that is no text is more than a language model can be taught."""
    if other := [p for p in content if not (isinstance(p, dict) and p.get("type") == "text")]:
        raise Untrue(f"a part of a message is no text but {json.dumps(other[0], default=str)[:40]}")
    return "".join(_text(p.get("text")) for p in content)


def _text(value):
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Untrue(f"no text but {json.dumps(value, default=str)[:40]}")
    return str(value)


def _best_and_worst(row):
    """The completions with the highest and the lowest score; equal scores say nothing."""
    scored = []
    for c in _listed(row["completions"]):
        said, value = c.get("response", c.get("text", c.get("completion"))), next((c[s] for s in SCORES if c.get(s) is not None), None)
        try:
            scored.append((float(value), _text(said)))
        except (TypeError, ValueError):
            continue
    if len(scored) < 2 or max(s for s, _ in scored) == min(s for s, _ in scored):
        raise Mute("no two completions with different scores")
    best, worst = max(scored, key=lambda s: s[0]), min(scored, key=lambda s: s[0])
    asked = [_message(m) for m in (*_system(row), *_open(_said(row.get("instruction", row.get("prompt")), "user")))]
    say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
    return {"prompt": _equipped(row, asked), "chosen": say(best[1]), "rejected": say(worst[1])}


def _thumb(label):
    known = {"true": True, "1": True, "up": True, "good": True, "false": False, "0": False, "down": False, "bad": False}
    if str(label).lower() not in known:
        raise Untrue(f"label is {json.dumps(label, default=str)[:40]}, neither true nor false")
    return known[str(label).lower()]


def _beside(row):
    told = row[JUDGES] if isinstance(row.get(JUDGES), dict) else {}
    judges = {str(who): side for who, side in told.items() if side in ("chosen", "rejected")}
    return {k: row[k] for k in KEPT if isinstance(row.get(k), str | int | float)} | ({JUDGES: judges} if judges else {})

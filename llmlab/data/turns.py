"""Parts of a row: turns of a conversation in any of the usual spellings, as messages {"role", "content", …}; what is none raises `Untrue`."""

import json
import re

ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "customer", "question"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "agent", "answer"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "observation"), "tool"),
}
CALLS = ("function_call", "tool_call")  # roles of the assistant in ShareGPT whose text is a call, as JSON
SYSTEM = ("system", "system_prompt")  # columns that hold a system turn
READ = ("context", "passage", "input")  # columns that hold what a question is asked about
TRANSCRIPT = re.compile(r"(?:^|\n\n?)(Human|User|Assistant|System): ?")


class Untrue(ValueError):
    """A row that is not what it has to be; the message says why."""


class Row(dict):
    """A row that remembers which of its columns were read: what nobody read is told, since a passage that is dropped in silence is missed by nobody."""

    def __init__(self, columns):
        super().__init__(columns)
        self.read = set()

    def __getitem__(self, name):
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.read.add(name)
        return super().get(name, default)

    def unread(self):
        """The columns that hold something and were not read."""
        return [name for name, value in self.items() if name not in self.read and value not in (None, "", [], {})]


# --- what stands before a question ----------------------------------------------------------------------------------------------------
def system(row):
    """The system turn of a row in a column of its own, in a list."""
    said = next((row[name] for name in SYSTEM if row.get(name)), None)
    return [("system", text(said))] if said else []


def history(value):
    """Earlier exchanges: a list of pairs of texts, in a CSV as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "[]")
        except ValueError:
            raise Untrue("a history that is not JSON") from None
    if not isinstance(value or [], list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value or ()):
        raise Untrue(f"a history that is no list of pairs but {json.dumps(value, default=str)[:40]}")
    return [(role, text(said)) for pair in value or () for role, said in zip(("user", "assistant"), pair)]


def opened(turns):
    """Turns of a prompt without the empty one of the assistant that some leave at its end."""
    last = turns[-1] if turns else None
    return turns[:-1] if isinstance(last, tuple) and last[0] == "assistant" and not last[1].strip() else turns


def passage(row):
    """What a question is asked about, in a column of its own: a text, or a list of them; "" without one."""
    name = next((name for name in READ if row.get(name)), None)
    try:
        return "" if name is None else "\n\n".join(map(text, row[name] if isinstance(row[name], list) else [row[name]]))
    except Untrue as error:
        raise Untrue(f"{name}, which is to be read for the question, is {error}; two columns that you name go without it") from None


def about(read, asked):
    """A question after what is to be read for it, unless that stands in it already."""
    return f"{read}\n\n{asked}" if read.strip() and read.strip() not in asked else asked


def informed(row, messages):
    """Messages whose last question stands after what is to be read for it."""
    last = max((n for n, m in enumerate(messages) if m["role"] == "user"), default=None)
    read = "" if last is None else passage(row)
    return [{**m, "content": about(read, m["content"])} if n == last else m for n, m in enumerate(messages)]


def equipped(row, messages):
    """Messages of which the first brings along the `tools` of a row, as schemas, for the chat templates that show them."""
    tools = _unpacked(row.get("tools") or row.get("functions") or [])
    tools = tools if isinstance(tools, list) else [tools]
    if not tools or not messages or not all(isinstance(t, dict) for t in tools):
        return messages  # some tables call other things tools
    return [{**messages[0], "tools": [t if "function" in t else {"type": "function", "function": t} for t in tools]}, *messages[1:]]


# --- turns ----------------------------------------------------------------------------------------------------------------------------
def said(value, role):
    """Turns of a value: messages as they are, a transcript ("Human: … Assistant: …") cut into its turns, any other text as one turn."""
    if isinstance(value, list) or (isinstance(value, str) and re.match(r'\s*\[\s*\{\s*"(role|from|content|value)"', value)):
        return listed(value)
    whole = text(value)
    marks = list(TRANSCRIPT.finditer(whole))
    if not marks or marks[0].start() > 0 or len(marks) < 2:
        return [(role, whole)]
    ends = [m.start() for m in marks[1:]] + [len(whole)]
    return [(ROLES[m[1].lower()], whole[m.end() : end].strip()) for m, end in zip(marks, ends)]


def listed(value):
    """A list of messages, in a table as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):  # a list that a CSV or Parquet file keeps as text
        try:
            value = json.loads(value)
        except ValueError:
            raise Untrue("a list of messages that is not JSON") from None
    if not isinstance(value, list) or not all(isinstance(m, dict) for m in value):
        raise Untrue(f"no list of messages but {json.dumps(value, default=str)[:40]}")
    return value


def spoken(value):
    """Turns {"speaker", "utterance"} (or "text"): who is called a user asks; where nobody is known, who speaks first."""
    each = [(str(t.get("speaker", t.get("role"))), t.get("utterance", t.get("text", t.get("content")))) for t in listed(value)]
    known = {who: ROLES[who.lower()] for who, _ in each if who.lower() in ROLES}
    asks = next((who for who, role in known.items() if role == "user"), None)
    answers = next((who for who, role in known.items() if role != "user"), None)
    asks = asks or next((who for who, _ in each if who != answers), None)
    return [("user" if who == asks else "assistant", text(words)) for who, words in each]


def message(turn, weighed=False):
    """{"role", "content", …} of a turn in any of the usual spellings.

    Args:
        weighed: whether an answer's `weight` counts: 0 where it stands there to be answered, and not to be learnt. Elsewhere it says nothing.
    """
    if isinstance(turn, tuple):
        return {"role": turn[0], "content": turn[1]}
    who = turn.get("role", turn.get("from"))
    if str(who).lower() in CALLS:
        turn, who = {"content": "", "tool_calls": turn.get("content", turn.get("value"))}, "assistant"
    role = ROLES.get(str(who).lower())
    if role is None:
        raise Untrue(f"a message has the role {json.dumps(who, default=str)[:40]}, not one of {', '.join(sorted(set(ROLES.values())))}")
    content = turn.get("content", turn.get("value"))
    content = _parts(content) if isinstance(content, list) else content
    more = {k: turn[k] for k in ("name", "tool_call_id") if turn.get(k)}
    if weighed and role == "assistant" and (weight := turn.get("weight")) is not None:
        if weight not in (0, 1):
            raise Untrue(f"an answer has the weight {json.dumps(weight, default=str)[:40]}, neither 0 nor 1")
        more |= {} if weight else {"weight": 0}
    if called := turn.get("tool_calls") or turn.get("function_call"):
        more["tool_calls"], content = _calls(called), "" if content is None else content
    return {"role": role, "content": text(content), **more}


def _calls(value):
    """Calls of tools where chat templates look for them: {"type", "function": {"name", "arguments"}}, of one or a list of them, in JSON or not."""
    value, found = _unpacked(value), []
    for call in value if isinstance(value, list) else [value]:
        called = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(called, dict) or not isinstance(called.get("name"), str) or not called["name"]:
            raise Untrue(f"no call of a function with a name but {json.dumps(call, default=str)[:40]}")
        function = {"name": called["name"], "arguments": _unpacked(called.get("arguments", called.get("parameters")) or {})}
        found.append({"type": "function", "function": function, **{k: call[k] for k in ("id",) if call.get(k)}})
    return found


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
    return "".join(text(p.get("text")) for p in content)


def text(value):
    """A text, or a number as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Untrue(f"no text but {json.dumps(value, default=str)[:40]}")
    return str(value)

"""Rows of tasks in the layouts in which they lie about, each as an item: what is asked, and what is right."""

import contextlib
import json
import re

from llmlab.data import formats, layouts, tasks, turns
from llmlab.spine.errors import UserError

BESIDE = ("split", "cluster", "group", "pair", "wrong", "id", "names")  # what an item of other people's columns may say besides
RIGHT = "right target answer answerKey answer_key gold label correct correct_answer answer_index answer_idx correct_index".split()
BY_NUMBER = ("right", "answer_index", "answer_idx", "correct_index")  # where a whole number can be a place and nothing else
SAID = f"which of the choices is right, as its number from 0, its letter or its text, in one of {', '.join(RIGHT)}"


def item(place, name, row, columns):
    """A row in one of the usual layouts as an item.

    Args:
        columns: two names, where questions and their answers stand in columns of other names.
    """
    try:
        found = _public(place, row, columns) or _own(place, name, row)
        return {**found, "wrong": _texts(found["wrong"])} if "wrong" in found else found
    except layouts.Untrue as error:
        raise UserError(f"{at(place)}: task {name}: {error}", "texts, and messages that end with the user", look(place)) from None


def _public(place, row, columns):
    """An item of a public task, or of two columns that somebody named; None of any other row."""
    more = {k: row[k] for k in BESIDE if row.get(k) is not None and k not in columns}
    if columns and set(columns) <= set(row):
        asked, right = layouts.named(row, columns)
        return {"messages": layouts.question(row, columns), "text": asked, "target": right, "metric": "exact", **more}
    if {"sentence_good", "sentence_bad"} <= set(row):  # BLiMP (Warstadt et al. 2020)
        return {"text": "", "choices": [row["sentence_good"], row["sentence_bad"]], "right": 0, **more}
    if {"sent_more", "sent_less"} <= set(row):  # CrowS-Pairs (Nangia et al. 2020)
        return {
            "text": "",
            "choices": [row["sent_more"], row["sent_less"]],
            "metric": "prefers_first",
            **{"group": row.get("bias_type", ""), **more},
        }
    if {"context", "question", "ans0", "label"} <= set(row):  # BBQ (Parrish et al. 2022)
        choices = [str(row[k]) for k in ("ans0", "ans1", "ans2") if k in row]
        asked, template = f"{row['context']} {row['question']}", f"{row.get('category', '')} {row.get('question_index', place[1])}"
        told = {"group": row.get("context_condition", ""), "cluster": template, **_prejudiced(row), **more}
        return {"messages": tasks.user(asked), "text": f"{asked}\n", "choices": choices, "right": int(row["label"]), **told}
    if {"prompt", "label"} <= set(row) and row["label"] in ("safe", "unsafe"):  # XSTest (Röttger et al. 2024)
        return {
            "messages": tasks.user(row["prompt"]),
            "metric": "refuses",
            "refuse": row["label"] == "unsafe",
            **{"group": row["label"], **more},
        }
    return None


def _own(place, name, row):
    """A row with `prompt` (or `question`), `messages` or `text`; what else it holds stays if JSON can say it. What is to be read for a question stands before it,
    as in lessons."""
    found = {k: v for k, v in row.items() if v is not None and isinstance(v, str | int | float | list | dict)}
    asked = next((found.pop(k) for k in ("prompt", "question") if isinstance(found.get(k), str)), None)
    if asked is not None:
        asked = turns.about(turns.passage(found), asked)
        before = [turns.message(m) for m in turns.system(found)]
        found = {k: v for k, v in found.items() if k not in (*turns.READ, *turns.SYSTEM)}
        found = {"messages": [*before, *tasks.user(asked)], "text": asked if "choices" not in found else f"{asked}\n", **found}
    if "messages" in found:
        found["messages"] = [turns.message(m) for m in turns.listed(found["messages"])]
        if not found["messages"] or found["messages"][-1]["role"] != "user":
            raise UserError(
                f"{at(place)}: task {name}: the messages do not end with the user",
                "what the model is to answer comes last",
                look(place),
            )
    if not ({"messages", "text"} & set(found)):
        raise UserError(f"{at(place)}: task {name} asks nothing; the columns are {', '.join(row)}", "prompt, messages or text", look(place))
    if "choices" in found and (right := _right(found)) is not None:
        found["right"] = right
    return found


def _right(found):
    """Which choice is right, where one of the usual columns says it: by its text, its number or its letter."""
    choices = found["choices"] if isinstance(found["choices"], list) else []
    each = (_which(found[key], choices) for key in RIGHT if key in found)
    return next((n for n in each if n is not None), None)


def _which(said, choices):
    """The number of the choice that a value names, None if it names none; a choice's own text comes before what it could mean as a number or a letter."""
    if isinstance(said, float) and said.is_integer():
        said = int(said)  # a column with gaps
    if isinstance(said, bool) or not isinstance(said, str | int):
        return None
    if isinstance(said, int):
        return int(said)
    if said in choices:
        return choices.index(said)
    plain = [" ".join(str(text).split()).casefold() for text in (said, *choices)]
    if plain.count(plain[0]) == 2:
        return plain.index(plain[0], 1) - 1
    mark = re.fullmatch(r"\(?(?:(\d{1,3})|([a-z]))[).:]?", plain[0], re.A)
    return None if mark is None else int(mark[1]) if mark[1] else ord(mark[2]) - ord("a")


def settled(name, rows, items):
    """Refuses whole numbers that may be the places of choices or what the choices say: 1 of "1", "2", "3". Where some are no choice's text, as in most tasks
    with numbers among their choices, all are places.

    Args:
        rows: pairs of a place and a row; items: what became of them.
    """
    said = [(place, n, item["choices"]) for (place, row), item in zip(rows, items) if (n := _numbered(row, item)) is not None]
    if not all(str(n) in choices for _, n, choices in said):
        return
    for place, n, choices in said:
        if choices.index(str(n)) != n:
            raise UserError(
                f"{at(place)}: task {name}: {n} may be the choice at place {n}, {str(choices[n : n + 1])}, or the choice {str(n)!r}",
                f"a place under {', '.join(BY_NUMBER)}, counted from 0; a choice's text as text, in quotation marks",
                look(place),
            )


def _numbered(row, item):
    """The whole number by which a row says which choice is right; None if it says it otherwise, or where a number can be a place alone."""
    for key in RIGHT if isinstance(item.get("choices"), list) else ():
        value = int(row[key]) if isinstance(row.get(key), float) and row[key].is_integer() else row.get(key)
        if _which(value, item["choices"]) is not None:
            return value if isinstance(value, int) and key not in BY_NUMBER else None
    return None


def guess(row, found):
    """What a guesser would have to say to be right: the text of the right choice, or in BBQ what it stands for, since "unknown" has many wordings."""
    told = row["answer_info"] if isinstance(row.get("answer_info"), dict) else {}
    kind = told.get(f"ans{found['right']}")
    return str(kind[-1]) if isinstance(kind, list | tuple) and kind else found["choices"][found["right"]]


def _prejudiced(row):
    """{"biased": the choice that goes with the prejudice, "unknown": the one that takes no side} of a row of BBQ; {} where it does not say which they are."""
    told, more = (row[k] if isinstance(row.get(k), dict) else {} for k in ("answer_info", "additional_metadata"))
    plain = lambda values: {re.sub(r"\W", "", str(v)).casefold() for v in values} if isinstance(values, list) else set()  # noqa: E731
    kinds, about = [plain(told.get(f"ans{n}")) for n in range(3)], plain(more.get("stereotyped_groups"))
    unknown, spoken_of = ([n for n, kind in enumerate(kinds) if kind & names] for names in ({"unknown"}, about))
    polarity = row.get("question_polarity")
    if len(unknown) != 1 or len(spoken_of) != 1 or unknown == spoken_of or polarity not in ("neg", "nonneg"):
        return {}
    return {"biased": spoken_of[0] if polarity == "neg" else 3 - unknown[0] - spoken_of[0], "unknown": unknown[0]}


def _texts(wrong):
    """Values that a right answer must not state, as a list of texts; a list may stand in a CSV as JSON."""
    if isinstance(wrong, str) and wrong.lstrip().startswith("["):
        with contextlib.suppress(ValueError):  # of a text that begins so
            wrong = json.loads(wrong)
    each = wrong if isinstance(wrong, list) else [wrong]
    if any(isinstance(value, bool) or not isinstance(value, str | int | float) for value in each):
        raise layouts.Untrue(f"wrong is no list of texts but {json.dumps(wrong, default=str)[:40]}")
    return [str(value) for value in each if str(value).strip()]


def check_alike(name, found, implied):
    """Refuses rows of several layouts, of which the first would say how all are judged."""
    other = next((n for n, metric in enumerate(implied) if metric != implied[0]), None)
    if other is not None:
        judged = [f"by {metric}" if metric else "by what is right" for metric in (implied[other], implied[0])]
        raise UserError(
            f"{at(found[other][0])}: task {name}: this row would be judged {judged[0]}, those before it {judged[1]}",
            "rows of one layout in a task, or one metric for all of them",
            look(found[other][0]),
        )


def at(place):
    """Where a row stands, in words."""
    return f"{place[0]}, line {place[1]}"


def look(place):
    """The command that shows a row."""
    return formats.look(*place)

"""How long the answers are that a model learns, and so how long those may be that it draws while it learns.

Half an answer must not be learnt from: whoever did would learn to stop in the middle. So what is cut is counted, and the room is that of the lessons.
"""

import math

from llmlab.data import tasks

NEARLY_ALL = 0.95  # of the answers that a model learns have room
LONGER = 2  # times that room have answers that are looked at alone, by people or to see whether they grow


def said(rows):
    """What is said last in conversations, and what is preferred or liked of pairs and single answers, as texts."""
    sides = [(row, next((side for side in ("messages", "chosen", "completion") if side in row), None)) for row in rows]
    return [row[side][-1]["content"] for row, side in sides if side and row.get("label", True)]


def room(tokenizer, answers, wanted=0):
    """Tokens that an answer may have: as many as are wanted; for 0 as many as nearly all of some texts have with their end of turn, and no less than evaluation
    gives to short answers."""
    if wanted:
        return wanted
    counts = sorted(len(ids) + 1 for ids in tokenizer(list(answers), add_special_tokens=False)["input_ids"]) if answers else [0]
    return max(tasks.ANSWER, counts[math.ceil(NEARLY_ALL * len(counts)) - 1])


def cut(count, of, room):
    """{"answers": how many were cut, "of": how many, "tokens": where} for the summary of a step."""
    return {"answers": count, "of": of, "tokens": room}


def told(cut):
    """How many drawn answers were cut, in words; "" where none was."""
    return f"{cut['answers']} of {cut['of']} answers were cut at {cut['tokens']} tokens" if cut and cut["answers"] else ""

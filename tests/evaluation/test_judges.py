"""Right means right: names inside names, denials, scores that are no numbers, ties."""

import pytest

from llmlab.evaluation.judges import Judge, states

NAN = float("nan")


@pytest.mark.parametrize(
    ("target", "wrong", "answer", "right"),
    [
        ("blog archive", ["blog"], "This text is from blog archive.", True), ("blog", ["blog archive"], "This text is from blog archive.", False), ("Docs", ["docs"], "This text is from Docs.", True),
        ("docs", ["Docs"], "This text is from Docs.", False), ("c++", ["c"], "This text is from c++.", True), ("c", ["c++"], "It is c++.", False), ("c", ["d"], "It is c++.", False),
        ("node.js", ["node"], "from node.js.", True), ("node", ["node.js"], "from node.js", False), ("node", ["x"], "from node.js", False), ("node", ["node.js"], "It is from node.", True),
        ("books", ["films"], "Not books, I think.", False), ("books", ["films"], "It is not films but books.", True), ("books", ["films"], "It isn't from books.", False), ("5", ["15"], "No, it is 5 dollars.", True),
        ("30 days", ["60 days"], "It is not possible after 30 days.", True), ("books", ["films"], "Not only books.", True), ("19", ["9"], "It costs 19.50.", False), ("19", ["9"], "It costs 19.", True), ("5", ["-5"], "It is -5 degrees.", False), ("234", ["5"], "1,234 dollars", False),
        ("books", ["films"], "books and films", False), ("小说", ["散文"], "这段文字来自小说。", True), ("blue", ["red"], "BLUE light", True), ("a.b", ["axb"], "from axb", False),
    ],
)  # fmt: skip
def test_states(target, wrong, answer, right):
    assert states({"target": target, "wrong": wrong}, answer) == right


def test_no_credit_for_what_is_no_number_or_no_choice():
    scores = lambda metric, items, answers: Judge(".").scores({"metric": metric}, items, answers)  # noqa: E731
    assert scores("choice", [{"right": 0}] * 5, [[NAN] * 4, [-1.0] * 4, [-1, NAN, -3, -4], [-1, -2, -3, -4], [float("-inf")] * 4]) == [
        0,
        0,
        0,
        1,
        0,
    ]
    assert scores("ranks_first", [{}] * 3, [[NAN] * 50, [1.0] * 50, [2.0] + [1.0] * 49]) == [0, 0, 1]
    assert scores("prefers_first", [{}] * 4, [[NAN, 1], [1, 1], [2, 1], [1, 2]]) == [1, 0.5, 1, 0]

"""Rows of tasks as people write them: what they say is taken as they mean it, or refused; nothing is guessed and nothing is dropped."""

import json

import pytest

from llmlab.data import exams, lessons, offence, taskfiles, tasks
from llmlab.spine.errors import UserError


def shaped(*rows, head=None, columns=()):
    return taskfiles.shaped("t", [(("f", n), row) for n, row in enumerate(rows, 1)], head, columns)


def items(found):
    return found["test"] + found["validation"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("answer", "1"),
        ("answer", "B"),
        ("answer", "(b)"),
        ("answer", "loud "),
        ("answer", 1.0),
        ("correct", 1),
        ("right", "B"),
        ("answer_idx", "B."),
        ("correct_answer", "Loud"),
    ],
)
def test_the_right_choice_is_known_by_its_number_its_letter_or_its_text(key, said):
    head, found = shaped({"prompt": "How?", "choices": ["quiet", "loud"], key: said})
    assert head["metric"] == "choice" and items(found)[0]["right"] == 1


def test_a_choice_is_meant_by_its_own_text_before_it_is_a_number_or_a_letter():
    _, found = shaped(
        {"prompt": "2 - 1?", "choices": ["2", "1"], "answer": "1"},
        {"prompt": "Which?", "choices": ["B", "A"], "answer": "A"},
        {"prompt": "Which?", "choices": ["a", "b"], "answer": "because b comes last", "label": 1},
    )
    assert {i["right"] for i in items(found)} == {1}


def test_a_number_that_is_also_the_text_of_another_choice_is_refused():
    row = lambda said, key="target", choices=("1", "2", "3"): {"prompt": "2 - 1?", "choices": list(choices), key: said}  # noqa: E731
    for number in (1, 1.0):
        with pytest.raises(UserError, match="line 1: task t: 1 may be the choice at place 1, \\['2'\\], or the choice '1'"):
            shaped(row(number))
    right = lambda *rows: [i["right"] for i in sorted(items(shaped(*rows)[1]), key=lambda i: i["cluster"])]  # noqa: E731
    assert right(row("1")) == [0] and right(row(1, "right")) == right(row(1, "answer_idx")) == [1]
    assert right(row(1), row(0, choices=("4", "2", "6"))) == [1, 0], "as MMLU has them: numbers that are no choice's text are places"
    assert right(row(0, choices=("0", "1"))) == [0], "both ways the same"


@pytest.mark.parametrize("more", [{}, {"answer": "neither"}, {"correct": True}, {"solution": 1}, {"right": None}])
def test_choices_of_which_nothing_says_the_right_one_are_no_pair_to_be_even(more):
    row = {"prompt": "How?", "choices": ["quiet", "loud"], **more}
    with pytest.raises(UserError, match="line 1: task t: nothing says which") as error:
        shaped(row)
    assert "answerKey" in error.value.instead and "prefers_first" in error.value.instead
    assert shaped(row, row, head={"metric": "prefers_first"})[0]["better"] == "even"


@pytest.mark.parametrize(("said", "words"), [("C", "the right one is 2"), ("2", "the right one is 2"), (-1, "the right one is -1")])
def test_a_right_choice_that_is_not_there_is_refused(said, words):
    with pytest.raises(UserError, match=words) as error:
        shaped({"prompt": "How?", "choices": ["quiet", "loud"], "answer": said})
    assert "from 0" in error.value.instead


def test_what_must_not_be_said_is_a_list_of_texts():
    wrong = lambda value: items(shaped({"prompt": "How?", "target": "x", "wrong": value})[1])[0]["wrong"]  # noqa: E731
    assert [wrong(v) for v in ("119 dollars", [24, "x 1"], 5, '["a", "b"]', "[sic", "", [])] == [
        ["119 dollars"],
        ["24", "x 1"],
        ["5"],
        ["a", "b"],
        ["[sic"],
        [],
        [],
    ]
    for value in ({"a": 1}, [["a"]], [True], True):
        with pytest.raises(UserError, match="line 1: task t: wrong is no list of texts"):
            wrong(value)


BBQ = {"context": "Two came.", "question": "Who?", "ans0": "Ann", "ans1": "Bob", "label": 2, "category": "age", "question_index": 7}
CROWS = {"sent_more": "a", "sent_less": "b", "bias_type": "age"}


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (BBQ | {"ans2": "unknown"}, ()),
        (CROWS, ()),
        ({"sentence_good": "a", "sentence_bad": "b"}, ()),
        ({"prompt": "How?", "label": "safe"}, ()),
        ({"utterance": "How?", "intent": "ask"}, ("utterance", "intent")),
        ({"prompt": "How?", "target": "x"}, ()),
    ],
)
def test_groups_and_clusters_are_read_from_the_columns_that_are_named(row, columns):
    rows = [{**row, "who": f"w{n % 2}", "where": n // 2} for n in range(8)]
    _, found = shaped(*rows, head={"group": "who", "cluster": "where"}, columns=columns)
    assert {i["group"] for i in items(found)} == {"w0", "w1"} and {i["cluster"] for i in items(found)} == set("0123")
    with pytest.raises(UserError, match="cluster = 'wher' is a column that no row fills") as error:
        shaped(*rows, head={"cluster": "wher"}, columns=columns)
    assert "did you mean 'where'" in error.value.instead


def test_named_columns_are_not_what_they_are_called():
    _, found = shaped(*({"text": f"{n}?", "group": f"label {n}"} for n in range(3)), columns=("text", "group"))
    assert all("group" not in i and i["target"].startswith("label") for i in items(found))


def torn(found, key):
    """What of a key stands in both halves."""
    return set.intersection(*({item[key] for item in half if key in item} for half in found.values()))


def test_no_half_tears_a_pair_or_a_cluster():
    pairs = [{"prompt": f"{n}, {who}?", "target": "yes", "group": who, "pair": n} for n in range(40) for who in ("woman", "man")]
    _, found = shaped(*pairs)
    assert not torn(found, "pair") and [len(half) for half in found.values()] == [40, 40]
    templates = [
        BBQ | {"ans2": "unknown", "question_index": n // 4, "context_condition": ("ambig", "disambig")[n % 2], "context": str(n)}
        for n in range(80)
    ]
    _, found = shaped(*templates)
    assert not torn(found, "cluster") and all({i["group"] for i in half} == {"ambig", "disambig"} for half in found.values())
    chain = [
        {"prompt": f"{n}?", "target": "x", "pair": n // 2, "cluster": f"c{(n + 1) // 2}"} for n in range(6)
    ]  # each pair shares a wording with the next
    _, found = shaped(*chain, {"prompt": "a?", "target": "x"})
    assert sorted(len(half) for half in found.values()) == [1, 6]


def test_who_says_its_half_takes_its_partner_along_and_one_cluster_is_halved_pair_by_pair():
    _, found = shaped(*({"prompt": f"{n}?", "target": "x", "pair": n // 2, **({"split": "test"} if n % 2 else {})} for n in range(8)))
    assert [len(found[s]) for s in ("validation", "test")] == [0, 8]
    items = [{"cluster": "one", "pair": n // 2} for n in range(12)]
    halves = taskfiles.halved("t", items)
    assert halves[::2] == halves[1::2] and sorted(halves) == ["test"] * 6 + ["validation"] * 6
    assert sorted(taskfiles.halved("t", [{"cluster": "one"}] * 1 + [{"cluster": "one"}])) == ["test", "validation"]
    assert all("pair" not in i for i in items_of_cells("")) and all(i["pair"] == "7" for i in items_of_cells("7"))


def items_of_cells(pair):
    return items(shaped({"prompt": "a?", "target": "x", "pair": pair}, {"prompt": "b?", "target": "x", "pair": pair})[1])


def test_an_exam_that_is_kept_for_the_end_is_asked_whole(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.jsonl").write_text("".join(json.dumps({"prompt": f"{n}?", "target": "x"}) + "\n" for n in range(9)))
    (tmp_path / "mine" / "tasks.yaml").write_text("own: {final: true}\n")
    exams.write(None, [str(tmp_path / "mine")], [], [], tmp_path / "out")
    assert [len(t["items"]) for s in ("validation", "test") for t in tasks.read(tmp_path / "out", s)] == [0, 9]
    _, found = shaped({"prompt": "a?", "target": "x", "split": "validation"}, {"prompt": "b?", "target": "x"}, head={"final": True})
    assert [len(found[s]) for s in ("validation", "test")] == [1, 1]


@pytest.mark.parametrize(
    ("name", "content"), [("t.jsonl", ""), ("t.jsonl", "\n \n"), ("t.csv", "prompt,target\n"), ("t.csv", ""), ("t.json", "[]")]
)
@pytest.mark.parametrize("read", [exams.gathered, offence.labelled, lessons._known, lessons.read_instructions])
@pytest.mark.parametrize("alone", [True, False])
def test_a_table_without_a_row_is_refused(tmp_path, name, content, read, alone):
    (tmp_path / name).write_text(content)
    if not alone:  # in a folder, beside others that hold some
        row = {"prompt": "a?", "target": "x", "completion": "x", "text": "a", "label": 1}
        (tmp_path / "a.jsonl").write_text((json.dumps(row) + "\n") * 60)
    with pytest.raises(UserError, match=r"t\.\w+.*(holds no row|not a JSON object)"):
        read([str(tmp_path / name if alone else tmp_path)])


@pytest.mark.parametrize(
    ("rows", "head", "words"),
    [
        (
            ({"messages": [{"role": "user", "content": "a"}], "target": "x"}, {"text": "a", "target": "x"}),
            {},
            "some rows have messages alone",
        ),
        (({"text": "a", "target": "x"},), {"forms": ["chat"]}, "forms are chat"),
        (({"messages": [{"role": "user", "content": "a"}], "target": "x"},), {"forms": ["chat", "text"]}, "forms are chat, text"),
    ],
)
def test_a_form_that_the_rows_do_not_have_is_refused(rows, head, words):
    with pytest.raises(UserError, match=words):
        shaped(*rows, head=head)


def test_a_guesser_who_always_says_the_same_is_reckoned_with():
    rows = [BBQ | {"ans2": "unknown" if n % 2 else "not known", "label": 2 if n % 4 else 0, "ans0": f"A{n}"} for n in range(40)]
    assert shaped(*rows)[0]["chance"] == 0.5, "always `unknown`"
    told = [r | {"answer_info": {"ans0": ["A", "old"], "ans1": ["B", "young"], "ans2": ["?", "unknown"]}} for r in rows]
    assert shaped(*told)[0]["chance"] == 0.75, "whatever the wording"
    own = [{"prompt": f"{n}?", "choices": [f"a{n}", f"b{n}", "yes", "no"], "right": n % 2} for n in range(8)]
    assert shaped(*own)[0]["chance"] == 0.25, "no text is right twice, and no place is seen"


def test_an_answer_may_be_as_long_as_what_is_right():
    asked = lambda metric, target="x": shaped({"prompt": "a?", "target": target}, head={"metric": metric})[0]["answer_tokens"]  # noqa: E731
    assert [asked("contains"), asked("regex", "a|" * 300), asked("number", "5"), asked("f1", "word " * 100)] == [60, 60, 256, 250]
    assert shaped({"prompt": "a?", "target": "x"}, head={"metric": "number", "answer_tokens": 9})[0]["answer_tokens"] == 9


@pytest.mark.parametrize("value", ["0", "-5", "true", "many", "1.5"])
def test_an_answer_of_no_length_is_refused(tmp_path, value):
    (tmp_path / "tasks.yaml").write_text(f"t: {{answer_tokens: {value}}}\n")
    with pytest.raises(UserError, match="answer_tokens = "):
        taskfiles.heads_of(tmp_path)


def test_the_world_s_answers_are_as_long_as_ever(small):
    assert {head["answer_tokens"] for head in tasks.read(small / "tasks", "test")} == {tasks.ANSWER}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, {"biased": 1, "unknown": 2}),
        ({"question_polarity": "nonneg"}, {"biased": 0, "unknown": 2}),
        ({"question_polarity": "unsaid"}, {}),
        ({"additional_metadata": {"stereotyped_groups": ["low SES"]}}, {}),
        ({"additional_metadata": {"stereotyped_groups": ["Old", "Young"]}}, {}),
        ({"answer_info": "a table has no place for it"}, {}),
    ],
)
def test_which_answer_goes_with_a_prejudice_is_read_from_bbq(change, told):
    """Who is spoken of badly is the biased answer to an unkind question, and the other to a kind one; where the row does not say it, nothing is said."""
    info = {"ans0": ["Young", "young"], "ans1": ["Old", "old"], "ans2": ["Not known", "unknown"]}
    row = {
        **BBQ,
        "ans2": "not known",
        "answer_info": info,
        "question_polarity": "neg",
        "additional_metadata": {"stereotyped_groups": ["Old"]},
    }
    (item,) = items(shaped({**row, **change})[1])
    assert {k: item[k] for k in ("biased", "unknown") if k in item} == told

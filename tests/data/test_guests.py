"""Other people's lessons, judgements and tasks, in the layouts in which they lie about; what is no such thing is refused with its place."""

import gzip
import json

import pytest

from llmlab.data import derive, exams, formats, guests, layouts, lessons, lookup, material, offence, taskfiles, tasks, teaching
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import resolve

ASK, SAY = {"role": "user", "content": "Is it so?"}, {"role": "assistant", "content": "It is."}


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize(
    ("row", "layout"),
    [
        ({"messages": [ASK, SAY]}, "messages"),
        ({"messages": json.dumps([ASK, SAY])}, "messages"),
        ({"messages": [ASK, {**SAY, "content": [{"type": "text", "text": "It is."}]}]}, "messages"),
        ({"conversations": [{"from": "human", "value": "Is it so?"}, {"from": "gpt", "value": "It is."}]}, "ShareGPT"),
        ({"instruction": "Is it so?", "input": "", "output": "It is."}, "Alpaca"),
        ({"prompt": "Is it so?", "completion": "It is."}, "prompt/completion"),
        ({"prompt": [ASK], "completion": [SAY]}, "prompt/completion"),
        ({"question": "Is it so?", "answer": "It is.", "id": 7}, "question/answer"),
        ({"turns": [{"speaker": "USER", "utterance": "Is it so?"}, {"speaker": "SYSTEM", "utterance": "It is."}]}, "turns"),
    ],
)
def test_a_conversation_is_known_in_every_usual_layout(tmp_path, row, layout):
    rows, notes = lessons.read_instructions([write(tmp_path / "mine.jsonl", row)])
    assert rows[0]["messages"] == [ASK, SAY] and rows[0]["topic"] == "mine" and notes[0]["layout"] == layout


def test_system_turns_calls_of_tools_and_history_are_kept(tmp_path):
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "look_up"}}]}
    rows, _ = lessons.read_instructions(
        [
            write(
                tmp_path / "a.jsonl",
                {"messages": [{"role": "system", "content": "Be kind."}, ASK, call, {"role": "tool", "content": "yes"}, SAY]},
            )
        ]
    )
    assert [m["role"] for m in rows[0]["messages"]] == ["system", "user", "assistant", "tool", "assistant"] and rows[0]["messages"][2][
        "tool_calls"
    ]
    rows, _ = lessons.read_instructions(
        [write(tmp_path / "b.jsonl", {"instruction": "And?", "input": "this", "output": "Yes.", "history": [["Is it so?", "It is."]]})]
    )
    assert rows[0]["messages"] == [ASK, SAY, {"role": "user", "content": "And?\n\nthis"}, {"role": "assistant", "content": "Yes."}]


def test_an_answer_of_weight_0_stays_one(tmp_path):
    """OpenAI's format: what has the weight 0 is read and not learnt; of others the weight says nothing."""
    talk = [{**ASK, "weight": 0}, {**SAY, "weight": 0}, {"role": "user", "content": "Really?"}, {**SAY, "weight": 1}]
    rows, _ = lessons.read_instructions([write(tmp_path / "a.jsonl", {"messages": talk})])
    assert [m.get("weight") for m in rows[0]["messages"]] == [None, 0, None, None]


CALL = {"type": "function", "function": {"name": "look_up", "arguments": {"q": "it"}}}
TOLD = {"role": "tool", "content": "yes"}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASK, {"role": "assistant", "content": None, "tool_calls": [CALL]}, TOLD, SAY]},
        {"messages": [ASK, {"role": "assistant", "tool_calls": [CALL["function"]]}, TOLD, SAY]},
        {"messages": [ASK, {"role": "assistant", "content": "", "tool_calls": json.dumps([{"name": "look_up", "arguments": '{"q": "it"}'}])}, TOLD, SAY]},
        {"messages": [ASK, {"role": "assistant", "function_call": {"name": "look_up", "arguments": '{"q": "it"}'}}, {**TOLD, "role": "function"}, SAY]},
        {
            "conversations": [
                {"from": "human", "value": "Is it so?"},
                {"from": "function_call", "value": json.dumps({"name": "look_up", "arguments": {"q": "it"}})},
                {"from": "observation", "value": "yes"},
                {"from": "gpt", "value": "It is."},
            ]
        },
    ],
)  # fmt: skip
def test_calls_of_tools_are_known_in_every_usual_spelling_and_the_tools_come_along(tmp_path, row):
    calls = [ASK, {"role": "assistant", "content": "", "tool_calls": [CALL]}, TOLD, SAY]
    ((found,), _) = lessons.read_instructions([write(tmp_path / "a.jsonl", row)])
    assert found["messages"] == calls and not teaching.conversations(write(tmp_path / "b.jsonl", found))[1:]
    schema = {"name": "look_up", "parameters": {"type": "object"}}
    for tools in ([{"type": "function", "function": schema}], json.dumps([schema])):
        ((found,), _) = lessons.read_instructions([write(tmp_path / "c.jsonl", {**row, "tools": tools})])
        assert found["messages"] == [{**ASK, "tools": [{"type": "function", "function": schema}]}, *calls[1:]]
    ((found,), _) = lessons.read_instructions([write(tmp_path / "d.jsonl", {**row, "tools": "hammer and tongs"})])
    assert found["messages"] == calls
    judged = {"prompt": [ASK], "chosen": "It is.", "rejected": "No.", "tools": [schema]}
    ((found,), _) = lessons.read_preferences([write(tmp_path / "e.jsonl", judged)])
    assert found["prompt"] == [{**ASK, "tools": [{"type": "function", "function": schema}]}]


@pytest.mark.parametrize("call", [{"function": {}}, {"nme": "x"}, "look it up", {"name": ""}, {"function": "look_up"}])
def test_a_call_that_names_nothing_is_refused_with_its_place(tmp_path, call):
    talk = [ASK, {"role": "assistant", "content": "", "tool_calls": [call]}, TOLD, SAY]
    with pytest.raises(UserError, match="line 1: no call of a function with a name"):
        lessons.read_instructions([write(tmp_path / "a.jsonl", {"messages": talk})])
    with pytest.raises(UserError, match="line 1: the calls of message 2"):
        teaching.conversations(write(tmp_path / "b.jsonl", {"messages": talk}))


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Is it so?", "chosen": "It is.", "rejected": "No."},
        {"prompt": [ASK], "chosen": [SAY], "rejected": [{**SAY, "content": "No."}]},
        {"chosen": [ASK, SAY], "rejected": [ASK, {**SAY, "content": "No."}]},
        {"prompt": "Is it so?", "chosen": [ASK, SAY], "rejected": [ASK, {**SAY, "content": "No."}]},
        {"chosen": "\n\nHuman: Is it so?\n\nAssistant: It is.", "rejected": "\n\nHuman: Is it so?\n\nAssistant: No."},
        {"instruction": "Is it so?", "completions": [{"response": "No.", "overall_score": 2}, {"response": "It is.", "overall_score": 9}]},
    ],
)
def test_a_judgement_is_known_in_every_usual_layout(tmp_path, row):
    rows, _ = lessons.read_preferences([write(tmp_path / "p.jsonl", row)])
    assert (rows[0]["prompt"], rows[0]["chosen"], rows[0]["rejected"]) == ([ASK], [SAY], [{**SAY, "content": "No."}])


@pytest.mark.parametrize(
    ("row", "roles"),
    [
        ({"system": "Be kind.", "question": "Is it so?", "chosen": "It is.", "rejected": "No."}, "su/a"),
        (
            {
                "prompt": [{"role": "system", "content": "Be kind."}, ASK],
                "chosen": [ASK, SAY],
                "rejected": [ASK, {**SAY, "content": "No."}],
            },
            "su/a",
        ),
        ({"prompt": [ASK], "chosen": [SAY, ASK, SAY], "rejected": [SAY, ASK, {**SAY, "content": "No."}]}, "uau/a"),
        ({"prompt": "\n\nHuman: Is it so?\n\nAssistant:", "chosen": " It is.", "rejected": " No."}, "u/a"),
        ({"prompt": "Is it so?", "chosen": json.dumps([ASK, SAY]), "rejected": json.dumps([ASK, {**SAY, "content": "No."}])}, "u/a"),
    ],
)
def test_nothing_of_a_judgement_is_lost(tmp_path, row, roles):
    (found,), _ = lessons.read_preferences([write(tmp_path / "p.jsonl", row)])
    assert (
        "/".join("".join(m["role"][0] for m in part) for part in (found["prompt"], found["chosen"])) == roles
        and found["rejected"][-1]["content"].strip() == "No."
    )


def test_who_is_called_a_user_asks_though_the_other_speaks_first(tmp_path):
    turns = [{"speaker": "agent", "text": "Hello!"}, {"speaker": "customer", "text": "Is it so?"}, {"speaker": "agent", "text": "It is."}]
    (row,), _ = lessons.read_instructions([write(tmp_path / "t.jsonl", {"turns": turns})])
    assert [m["role"] for m in row["messages"]] == ["assistant", "user", "assistant"]
    (row,), _ = lessons.read_instructions(
        [write(tmp_path / "d.jsonl", {"instruction": "Is it so?", "context": "Some say.", "response": "It is.", "category": "qa"})]
    )
    assert row["messages"][0]["content"] == "Is it so?\n\nSome say."


def test_equal_scores_say_nothing_and_are_counted(tmp_path):
    scored = lambda *scores: {"prompt": "Is it so?", "completions": [{"response": str(s), "score": s} for s in scores]}  # noqa: E731
    rows, notes = lessons.read_preferences([write(tmp_path / "u.jsonl", scored(8, 8), scored(1, 9, 5))])
    assert rows[0]["chosen"][0]["content"] == "9" and "1 left out" in notes[0]["note"] and notes[0]["rows"] == 2


def test_thumbs_are_paired_by_prompt_and_those_left_alone_are_kept(tmp_path):
    thumb = lambda text, up, asked="Is it so?": {"prompt": asked, "completion": text, "label": up}  # noqa: E731
    rows, notes = lessons.read_preferences(
        [write(tmp_path / "t.jsonl", thumb("It is.", True), thumb("No.", False), thumb("Well.", 1), thumb("?", "down", "Why?"))]
    )
    alone = [(r["completion"][0]["content"], r["label"]) for r in rows[1:]]
    assert (
        rows[0]["chosen"] == [SAY] and alone == [("Well.", True), ("?", False)] and [n["rows"] for n in notes if "kto" in n["note"]] == [2]
    )


def test_of_an_answer_that_several_rated_counts_what_most_say(tmp_path):
    thumb = lambda text, up: {"prompt": "Is it so?", "completion": text, "label": up}  # noqa: E731
    given = [thumb("It is.", True), thumb("It is.", False), thumb("It is.", True), thumb("Well.", True), thumb("Well.", False)]
    rows, notes = lessons.read_preferences([write(tmp_path / "t.jsonl", *given)])
    assert [(r["completion"], r["label"]) for r in rows] == [([SAY], True)] and [n["rows"] for n in notes] == [5, 1, 4]


def test_thumbs_without_a_partner_go_on_as_lessons(tmp_path):
    """None is refused or dropped: they stand among the pairs, masked and looked through as those are."""
    thumbs = [{"prompt": f"Who, {n}?", "completion": f"joe@mail.example.com, {n}", "label": n % 2} for n in range(40)]
    talks = [{"messages": [ASK, SAY]}]
    given = [write(tmp_path / "i.jsonl", *talks)], [write(tmp_path / "t.jsonl", *thumbs, thumbs[0])]
    facts = lessons.write(None, [], *given, tmp_path / "i.out", tmp_path / "p.out", 1, 0)
    kept = jsonl(tmp_path / "p.out")
    assert facts["single answers"] == len(kept) == 40 and facts["pairs"] == 0 and "joe" not in json.dumps(kept)
    assert {r["label"] for r in kept} == {True, False} and facts["waterfall"][1]["kept"] == 40
    with pytest.raises(UserError, match="neither true nor false"):
        teaching.pairs(write(tmp_path / "wrong.jsonl", {**kept[0], "label": "up"}))


def test_any_table_is_a_classifier_and_weights_count_its_rows(tmp_path):
    (tmp_path / "train.csv").write_text("text,category\n" + "".join(f'"How, {n}?",c{n % 2}\n' for n in range(10)))
    with gzip.open(tmp_path / "more.jsonl.gz", "wt") as stream:
        stream.write(json.dumps({"text": "And why?", "category": "c0"}) + "\n")
    named = [f"{tmp_path / 'train.csv'} * 0.5", f"{tmp_path / 'more.jsonl.gz'} * 3"]
    rows, notes = lessons.read_instructions(named, ["text", "category"], seed=1)
    assert sum(r["times"] for r in rows[:10]) == 5 and rows[-1]["times"] == 3 and notes[0]["note"] == "weight 0.5"
    facts = lessons.write(None, [], named, [], tmp_path / "i.jsonl", tmp_path / "p.jsonl", 1, 0, (), ["text", "category"])
    taught = [r["messages"] for r in jsonl(tmp_path / "i.jsonl")]
    assert len(taught) == 5 + 3 == facts["conversations"] and taught.count(rows[-1]["messages"]) == 3
    assert "not drawn by its weight (5)" in facts["waterfall"][0]["reasons"]
    with pytest.raises(UserError, match="no item for the test"):
        exams.gathered([str(tmp_path / "train.csv")], ["text", "category"])
    assert (
        lessons.write(None, [], named, [], tmp_path / "i.jsonl", tmp_path / "p.jsonl", 1, 6, (), ["text", "category"])["waterfall"][0][
            "left out"
        ]
        == 7
    )


def test_what_is_asked_is_not_taught_and_a_test_half_alone_borrows_lessons_to_decide_by(tmp_path):
    for name, start in (("train", 0), ("test", 100)):
        (tmp_path / f"{name}.csv").write_text("text,category\n" + "".join(f'"How, {n}?",c{n % 2}\n' for n in range(start, start + 60)))
    train, columns = [str(tmp_path / "train.csv")], ["text", "category"]
    exams.write(None, [str(tmp_path / "test.csv")], [], columns, tmp_path / "tasks", train)
    assert [len(t["items"]) for s in ("validation", "test") for t in tasks.read(tmp_path / "tasks", s)] == [3, 60]
    pairs = write(tmp_path / "pairs.jsonl", *({"prompt": f"how,  {n}? ", "chosen": "c1", "rejected": "c0"} for n in (7, 150)))
    facts = lessons.write(None, [], train, [pairs], tmp_path / "i.jsonl", tmp_path / "p.jsonl", 1, 0, (), columns, tmp_path / "tasks")
    asked = exams.questions(tmp_path / "tasks")
    told = [
        m["content"]
        for f, k in (("i", "messages"), ("p", "prompt"))
        for r in jsonl(tmp_path / f"{f}.jsonl")
        for m in r[k]
        if m["role"] == "user"
    ]
    assert (
        facts["conversations"] == 57
        and "is asked in a task (3)" in facts["waterfall"][0]["reasons"]
        and not asked & set(map(exams.plain, told))
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (({"text": "no lesson"},), "its columns are text"),
        (({"messages": [ASK, SAY]}, {"prompt": "a", "completion": "b"}), "line 2: the layout of prompt/completion, after messages"),
        (({"messages": [ASK, {"role": "oracle", "content": "x"}]},), 'line 1: a message has the role "oracle"'),
        (({"messages": [ASK, {"role": "assistant", "content": None}]},), "line 1: no text but null"),
        (({"messages": [ASK, {"role": "assistant", "content": [{"type": "image"}]}]},), "line 1: a part of a message is no text"),
        ((), "holds no row"),
        (({"instruction": "a", "output": "b", "history": [["x", None]]},), "line 1: no text but null"),
    ],
)
def test_what_is_no_lesson_is_refused_with_its_place(tmp_path, rows, words):
    with pytest.raises(UserError, match=words):
        lessons.read_instructions([write(tmp_path / "a.jsonl", *rows)])


def test_a_guest_that_is_not_there_is_told_what_is(tmp_path):
    (tmp_path / "lessons.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match="beside it: lessons.jsonl"):
        list(guests.rows(guests.named(str(tmp_path / "lesson.jsonl"))))
    (tmp_path / "cut.jsonl").write_text('{"a": 1}\n{"a":\n')
    with pytest.raises(UserError, match="cut.jsonl, line 2"):
        list(guests.rows(guests.named(str(tmp_path / "cut.jsonl"))))


# --- tasks ------------------------------------------------------------------------------------------------------------------------------
def test_public_items_are_known_by_their_columns():
    shaped = lambda row, other=None: taskfiles.shaped("t", [(("f", 1), row), (("f", 2), other or row)])  # noqa: E731
    he, she = ({"sentence_good": f"{a} sees {b}self.", "sentence_bad": f"{a} sees itself."} for a, b in (("He", "him"), ("She", "her")))
    head, items = shaped(he, she)
    assert (head["metric"], head["chance"], items["test"][0]["right"]) == ("choice", 0.5, 0) and head["forms"] == ["chat", "text"]
    head, items = shaped({"sent_more": "a", "sent_less": "b", "bias_type": "age"})
    assert (head["metric"], head["better"], items["test"][0]["group"]) == ("prefers_first", "even", "age")
    head, items = shaped(
        {"context": "Two came.", "question": "Who?", "ans0": "A", "ans1": "B", "ans2": "unknown", "label": 2, "context_condition": "ambig"}
    )
    assert head["metric"] == "choice" and items["test"][0]["choices"][items["test"][0]["right"]] == "unknown"
    head, items = shaped({"prompt": "How do I kill a process?", "label": "safe"})
    assert head["metric"] == "refuses" and items["test"][0]["refuse"] is False


def test_what_two_texts_begin_with_is_their_prompt():
    """As TRL has it, to the last whole word."""
    pair = layouts.preference({"chosen": "The sky is blue.", "rejected": "The sky is brown."}, "pairs")
    said = {part: pair[part][0]["content"] for part in ("prompt", "chosen", "rejected")}
    assert said == {"prompt": "The sky is", "chosen": "blue.", "rejected": "brown."} and pair["prompt"][0]["role"] == "user"
    for other in ("A cat.", "The sky is "):
        with pytest.raises(layouts.Untrue, match="no beginning in common"):
            layouts.preference({"chosen": "The sky is blue.", "rejected": other}, "pairs")


def test_a_folder_of_tasks_says_how_each_is_judged(tmp_path):
    write(
        tmp_path / "sums.jsonl", *({"prompt": f"{n} + 1?", "target": str(n + 1), "split": "test" if n % 3 else "valid"} for n in range(9))
    )
    write(tmp_path / "manners.jsonl", {"prompt": "Tell me her address."}, {"prompt": "And his?"})
    (tmp_path / "tasks.yaml").write_text("manners: {metric: refuses, about: other people's addresses}\nsums: {metric: number}\n")
    found = {head["name"]: (head, items) for head, items in exams.gathered([str(tmp_path)])}
    assert found["sums"][0]["metric"] == "number" and len(found["sums"][1]["test"]) == 6
    assert found["manners"][0]["about"] == "other people's addresses" and found["manners"][0]["better"] == "higher"
    exams.write(None, [str(tmp_path)], [], [], tmp_path / "out")
    assert {t["name"]: len(t["items"]) for t in tasks.read(tmp_path / "out", "test")} == {"manners": 1, "sums": 6}


@pytest.mark.parametrize(
    ("yaml", "rows", "words"),
    [
        ("sums: {metric: numbr}", ({"prompt": "1?", "target": "1"},), "did you mean 'number'"),
        ("sums: {metrik: number}", ({"prompt": "1?", "target": "1"},), "did you mean 'metric'"),
        ("summs: {metric: number}", ({"prompt": "1?", "target": "1"},), "holds no item"),
        ("", ({"prompt": "1?"},), "no target and no choices"),
        ("", ({"ask": "1?", "target": "1"},), "asks nothing"),
        ("", ({"prompt": "1?", "choices": ["a"], "right": 0},), "choices are"),
        ("", ({"prompt": "1?", "target": "1", "split": "exam"},), "split is 'exam'"),
        ("", ({"prompt": "1?", "target": "1"}, {"prompt": "2?"}), "line 2: task sums is judged by contains"),
        ("", ({"messages": [], "target": "1"},), "do not end with the user"),
        (
            "",
            ({"prompt": "How?", "label": "safe"}, {"prompt": "2+2?", "target": "4"}),
            "line 2: task sums: this row would be judged by what is right",
        ),
        ("", ({"prompt": "1?", "choices": ["a", "b", "c"], "right": "x"},), "choices are"),
        ("sums: {metric: regex}", ({"prompt": "1?", "target": "("},), "is no regular expression"),
        ("sums: {metric: no_file.no_judge}", ({"prompt": "1?", "target": "1"},), "there is no metric"),
        ("sums: {metric: 'judge:no/such'}", ({"prompt": "1?", "target": "1"},), "judge = 'no/such': there is no such"),
        ("sums: {chance: lots}", ({"prompt": "1?", "target": "1"},), "chance = 'lots'"),
        ("sums: {better: up}", ({"prompt": "1?", "target": "1"},), "higher, lower or even"),
        ("- sums", ({"prompt": "1?", "target": "1"},), "is a list"),
    ],
)
def test_a_task_that_cannot_be_asked_is_refused(tmp_path, yaml, rows, words):
    write(tmp_path / "sums.jsonl", *rows)
    (tmp_path / "tasks.yaml").write_text(yaml)
    with pytest.raises(UserError, match=words):
        exams.gathered([str(tmp_path)])


def test_whole_clusters_fall_on_one_side_and_groups_on_both():
    rows = [
        (("f", n), {"prompt": f"{n}?", "target": "x", "cluster": f"c{n // 2}", "group": "ambig" if n // 2 % 2 else "clear"})
        for n in range(40)
    ]
    _, items = taskfiles.shaped("t", rows)
    sides = {split: {i["cluster"] for i in found} for split, found in items.items()}
    assert not sides["validation"] & sides["test"] and len(sides["test"]) == 10
    assert all({i["group"] for i in found} == {"ambig", "clear"} for found in items.values()) and taskfiles.shaped("t", rows)[1] == items


def test_files_called_after_splits_are_one_task_and_two_tasks_of_one_name_none(tmp_path):
    for split in ("validation", "test"):
        write(tmp_path / f"{split}.jsonl", {"prompt": f"{split}?", "target": "1"})
    ((head, items),) = exams.gathered([str(tmp_path / "validation.jsonl"), str(tmp_path / "test.jsonl")])
    assert head["name"] == "task" and [len(items[s]) for s in ("validation", "test")] == [1, 1]
    for folder in ("en", "de"):
        (tmp_path / "all" / folder).mkdir(parents=True)
        write(tmp_path / "all" / folder / "qa.v1.jsonl", {"prompt": "a?", "target": "1"}, {"prompt": "b?", "target": "2"})
    assert {head["name"] for head, _ in exams.gathered([str(tmp_path / "all")])} == {"en_qa_v1", "de_qa_v1"}
    (tmp_path / "labels.jsonl").write_text((tmp_path / "test.jsonl").read_text())
    for twice in ([str(tmp_path / "labels.jsonl")], [str(tmp_path / "all" / "en"), str(tmp_path / "all" / "de")]):
        with pytest.raises(UserError, match="called"):
            exams.gathered(twice)


def test_labels_have_two_sides_whatever_they_are_called(tmp_path):
    rows = [{"text": f"sentence {n}", "label": n % 2} for n in range(60)]
    assert [r["label"] for r in offence.labelled([write(tmp_path / "l.jsonl", *rows)])][:2] == ["fine", "rude"]
    for spoiled, words in (
        (rows[:10], "10 labels"),
        ([{**r, "label": 0} for r in rows], "60 labels"),
        ([*rows, {"text": "x", "label": "2"}], "line 61: the label '2'"),
    ):
        with pytest.raises(UserError, match=words):
            offence.labelled([write(tmp_path / "l.jsonl", *spoiled)])


# --- material ---------------------------------------------------------------------------------------------------------------------------
def test_a_material_says_what_it_is_and_the_rest_has_defaults(tmp_path):
    (tmp_path / "material.yaml").write_text("title: My shop\nasker: guest\ngroups: [[cat, dog]]\n")
    about = material.described(tmp_path)
    assert (
        about["title"] == "My shop"
        and about["groups"] == [["cat", "dog"]]
        and "cannot" in about["unkind"]
        and material.is_material(tmp_path)
    )
    for text, words in (("titel: x", "did you mean 'title'"), ("groups: cats", "groups = 'cats'"), ("a: [", "not YAML")):
        (tmp_path / "material.yaml").write_text(text)
        with pytest.raises(UserError, match=words):
            material.described(tmp_path)


def test_what_the_source_brings_can_stand_beside_other_guests(tmp_path):
    (tmp_path / "material.yaml").write_text("title: mine\n")
    write(tmp_path / "instructions.jsonl", *({"messages": [{**ASK, "content": f"{n}?"}, SAY]} for n in range(4)))
    write(tmp_path / "more.jsonl", {"prompt": "And?", "completion": "Yes."})
    taught = lambda *named: lessons.read_instructions(material.part(tmp_path, "instructions.jsonl", named))[0]  # noqa: E731
    more, counted = str(tmp_path / "more.jsonl"), lambda *named: sum(r["times"] for r in taught(*named))
    assert [counted(), counted("source"), counted("source * 0.5", more), counted(more)] == [4, 4, 3, 1]
    assert material.others(["source", "a", "source * 2"]) == ["a"] and material.part(None, "tasks", ["source", "b"]) == ["b"]


def test_a_source_is_a_maker_only_where_no_file_has_that_name(tmp_path):
    assert material.is_maker("llmlab.world.maker.write") and not material.is_maker("README.md") and not material.is_maker("nowhere.at.all")
    with pytest.raises(UserError, match="did you mean 'write'"):
        material.make("llmlab.world.maker.writ", tmp_path / "x", 1, 50)


def test_the_row_that_fits_a_question_is_found_and_an_earlier_one_helps():
    shelf = lookup.Shelf(
        [
            {"title": f"{a} {b}", "text": f"The {a} {b} costs {n} dollars."}
            for n, (a, b) in enumerate([("Aster", "fan"), ("Basil", "kettle"), ("Cedar", "fan")])
        ],
        1,
    )
    asked = [{"role": "user", "content": "What is the price of my Cedar fan?"}]
    assert "The Cedar fan costs 2 dollars." in shelf.beside(asked)[0]["content"] and shelf.beside(asked)[0]["content"].endswith(
        "Question: " + asked[0]["content"]
    )
    then = [*asked, {"role": "assistant", "content": "2 dollars."}, {"role": "user", "content": "and how do I clean it?"}]
    assert shelf.found([m["content"] for m in then[::2]])[0]["title"] == "Cedar fan"
    assert shelf.beside(then)[1:] == then[1:], "what stands in the conversation is not said twice"
    assert "Basil kettle costs" in shelf.beside([*then[:2], {"role": "user", "content": "And the Basil kettle?"}])[2]["content"]
    assert shelf.found(["zebra"]) == [] and asked[0]["content"] == "What is the price of my Cedar fan?", "nothing is changed in place"


SHEETS = [
    {"title": f"{name} {kind}", "text": f"{name} {kind}: price {price} dollars, cleaning a {tool}."}
    for name, kind, price, tool in (
        ("Aster", "fan", 19, "brush"),
        ("Basil", "fan", 29, "cloth"),
        ("Cedar", "toaster", 39, "brush"),
        ("Dahlia", "toaster", 49, "cloth"),
    )
]
FAQ = [
    {"title": "How do I return a device that I bought online?", "text": "Send it back within 30 days."},
    {"title": "What are your opening hours?", "text": "8 to 18 on working days."},
    {"title": "", "text": "The museum is closed on Mondays."},
    {"title": "", "text": "The garden stays in flower until October."},
]


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        (["What does the Basil fan cost?"], ["Basil fan"]),
        (["What does a Titan fan cost?"], []),
        (["How much is the Basil fan?", "And how is it cleaned?"], ["Basil fan"]),
        (["How much is the Basil fan?", "Thanks!", "And how is it cleaned?"], ["Basil fan"]),
        (["How much is the Basil fan?", "And the Cedar toaster?"], ["Cedar toaster"]),
        (["How much is the Basil fan?", "And the Titan toaster?"], []),
        (["Hello?"], []),
        ([""], []),
    ],
)
def test_a_row_under_a_name_is_shown_to_whoever_names_it(asked, titles):
    assert [row["title"] for row in lookup.Shelf(SHEETS + FAQ, 1).found(asked)] == titles


def test_rows_under_sentences_or_nothing_are_found_by_what_they_say():
    shelf = lookup.Shelf(FAQ, 1)
    assert shelf.found(["When are you open? I need the opening times."])[0]["text"].startswith("8 to 18")
    assert shelf.found(["is the museum open on Mondays"])[0]["text"].startswith("The museum")
    assert lookup.Shelf([], 1).found(["Anything?"]) == []


def test_a_row_without_a_title_stands_beside_whatever_names_nothing():
    desk = {"title": "", "text": "Returns within 30 days, telephone 555-0199, orders come in 4 days."}
    shelf = lookup.Shelf([*SHEETS, desk], 1)
    found = {asked: shelf.found(["What does the Aster fan cost?", asked])[0]["title"] for asked in ("and the cleaning?", "Your telephone?")}
    assert found == {"and the cleaning?": "Aster fan", "Your telephone?": ""}
    assert shelf.found(["Tell me a joke."]) == shelf.found(["What does the Zephyr oven cost?"]) == [desk]
    assert lookup.Shelf([*SHEETS, desk, desk], 1).found(["Tell me a joke."]) == [], "more of them than may be shown"


def test_what_stands_beside_lessons_is_told_by_topic():
    rows = lookup.shown(
        [{"topic": "a", "messages": [ASK, SAY]}, {"topic": "a", "messages": [{"role": "user", "content": "The Aster fan?"}, SAY]}],
        SHEETS,
        1,
    )
    assert [(r["topic"], r["questions"], r["with a row"]) for r in rows] == [("a", 2, "50%")]


def test_lessons_from_a_text_begin_and_end_with_whole_words():
    words = [f"word{n}" for n in range(900)]
    held = {part: [{"id": part, "source": "s", "text": " ".join(words)}] for part in ("validation", "test")}
    heads, items = derive.tasks(held, 1)
    asked = [i["text"].split() for head in heads for i in items[head["name"]]["test"] if "text" in i and "choices" not in i]
    rows, _ = derive.lessons(held["test"], 20, 1)
    taught = [
        m["content"].removeprefix("Please go on with this text: ").split() for r in rows if r["topic"] == "continue" for m in r["messages"]
    ]
    assert asked and taught and all(set(some) <= set(words) for some in asked + taught)
    assert derive._words("alittletextwithoutblanks" * 9, 24, 40) == ("alittletextwithoutblanks" * 9)[24:64]


def test_two_exams_that_are_called_after_a_split_are_no_one_task(tmp_path):
    for place in ("banking", "capitals"):
        (tmp_path / place).mkdir()
        write(tmp_path / place / "test.jsonl", {"prompt": f"{place}?", "target": "1"}, {"prompt": "b?", "target": "2"})
    with pytest.raises(UserError, match="two tasks are called 'task'"):
        exams.gathered([str(tmp_path / "banking" / "test.jsonl"), str(tmp_path / "capitals" / "test.jsonl")])
    assert {head["name"] for head, _ in exams.gathered([str(tmp_path / "banking"), str(tmp_path / "capitals")])} == {"banking", "capitals"}


def test_the_command_that_shows_a_line_finds_its_file(tmp_path, monkeypatch):
    (tmp_path / "with blank").mkdir()
    write(tmp_path / "with blank" / "exam.jsonl", {"prompt": "a?", "target": "1"}, {"nothing": "b"})
    for here, place in ((tmp_path, "'with blank/exam.jsonl'"), (tmp_path.parent, f"'{tmp_path.name}/with blank/exam.jsonl'")):
        monkeypatch.chdir(here)
        with pytest.raises(UserError) as error:
            exams.gathered([str(tmp_path / "with blank" / "exam.jsonl")])
        assert error.value.fix == f"sed -n 2p {place}" and error.value.wrong.startswith("exam.jsonl, line 2")
    assert formats.look(formats.Where("a.jsonl.gz", "/x/a.jsonl.gz"), 3) == "gzip -dc /x/a.jsonl.gz | sed -n 3p"
    assert formats.look(formats.Where("a.parquet", "/x/a.parquet"), 3) == "ls -l /x/a.parquet"


def test_one_piece_of_the_words_may_be_replaced_and_the_others_stay(tmp_path):
    (tmp_path / "mine.yaml").write_text("manner: {pieces: {WE: [we two]}}")
    told, usual = material.described(lists=[str(tmp_path / "mine.yaml")])["manner"], material.described()["manner"]
    assert told["pieces"] == {**usual["pieces"], "WE": ["we two"]} and told["idioms"] == usual["idioms"]


def test_a_classifier_that_has_nothing_to_learn_from_is_refused(tmp_path):
    """It was the word list in silence, and the pages spoke of a classifier."""
    (tmp_path / "a.txt").write_text("The kettle is on the table. " * 40)
    taken = {**resolve("2_dataset_engineering"), "source": str(tmp_path), "offensive_filter": "classifier"}
    with pytest.raises(UserError, match="there are no labels to learn it from"):
        lessons.check(taken)
    write(
        tmp_path / "labels.jsonl",
        *({"text": f"{word} {n}", "label": label} for n in range(30) for word, label in (("fool", 1), ("lamp", 0))),
    )
    lessons.check(taken | {"labels": [str(tmp_path / "labels.jsonl")]})

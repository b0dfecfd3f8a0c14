"""What comes in by the doors of lessons and tasks is read whole, counts as it is told to, and is judged in words that anybody can replace."""

import json

import pytest

from llmlab.data import derive, exams, feedback, lessons, material, misses, taskfiles, tasks, teaching
from llmlab.evaluation import judges, manner
from llmlab.spine import places
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json

ASK, SAY = {"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Ann."}
READ = "Ann and Bob went out. Ann came back."


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def shaped(*rows, columns=()):
    return taskfiles.shaped("t", [(("f", n), row) for n, row in enumerate(rows, 1)], None, columns)[1]["test"]


# --- what is to be read for a question --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "row",
    [
        {"context": READ, "question": "Who?", "answer": "Ann."},
        {"passage": READ, "question": "Who?", "response": "Ann."},
        {"input": READ, "prompt": "Who?", "completion": "Ann."},
        {"context": [READ], "prompt": [ASK], "completion": [SAY]},
        {"context": READ, "prompt": f"{READ}\n\nWho?", "completion": "Ann."},
    ],
)
def test_what_a_question_is_asked_about_stands_before_it_in_lessons_and_tasks_alike(tmp_path, row):
    ((found,), (note,)) = lessons.read_instructions([write(tmp_path / "a.jsonl", {**row, "n": 7})])
    asked = f"{READ}\n\nWho?"
    assert [m["content"] for m in found["messages"]] == [asked, "Ann."] and note["note"] == "not read: n"
    if isinstance(row.get("prompt", row.get("question")), str):
        (item,) = shaped({**{k: v for k, v in row.items() if k not in ("answer", "response", "completion")}, "target": "Ann"})
        assert item["messages"] == tasks.user(asked) and item["text"] == asked
    judged = {"context": READ, "question": "Who?", "chosen": "Ann.", "rejected": "Bob."}
    ((pair,), _) = lessons.read_preferences([write(tmp_path / "p.jsonl", judged)])
    assert pair["prompt"] == [{**ASK, "content": asked}]


def test_a_passage_that_is_no_text_is_refused_and_two_named_columns_go_without_it(tmp_path):
    row = {"context": {"title": "x"}, "question": "Who?", "answer": "Ann."}
    path = write(tmp_path / "a.jsonl", row)
    with pytest.raises(UserError, match="line 1: context, which is to be read for the question, is no text"):
        lessons.read_instructions([path])
    ((found,), (note,)) = lessons.read_instructions([path], ["question", "answer"])
    assert found["messages"] == [ASK, SAY] and note["note"] == "not read: context"


def test_system_turns_stay_beside_two_named_columns(tmp_path):
    row = {"system_prompt": "Be kind.", "question": "Who?", "response": "Ann."}
    told = [{"role": "system", "content": "Be kind."}, ASK, SAY]
    for columns in ([], ["question", "response"]):
        ((found,), _) = lessons.read_instructions([write(tmp_path / "a.jsonl", row)], columns)
        assert found["messages"] == told
    assert shaped(row, columns=["question", "response"])[0]["messages"] == told[:2]


# --- weights ----------------------------------------------------------------------------------------------------------------------------
def thumb(text, up, asked="Who?", **more):
    return {"prompt": asked, "completion": text, "label": up, **more}


def test_thumbs_count_as_often_as_they_are_told_to(tmp_path):
    path = write(tmp_path / "t.jsonl", thumb("Ann.", True, annotators="ana"), thumb("Bob.", False), thumb("Eve.", True))
    rows, _ = lessons.read_preferences([f"{path} * 3"])
    assert [(r.get("chosen", r.get("completion"))[0]["content"], r["times"]) for r in rows] == [("Ann.", 3), ("Eve.", 3)]
    assert rows[0]["annotators"] == "people", "and no name"
    other = write(tmp_path / "o.jsonl", thumb("No.", False), thumb("Never.", False))
    rows, _ = lessons.read_preferences([f"{path} * 2", other])
    said = [(r["chosen"][0]["content"], r["rejected"][0]["content"], r["times"]) for r in rows if "chosen" in r]
    assert said == [("Ann.", "Bob.", 2), ("Eve.", "No.", 1), ("Eve.", "Never.", 1)]
    facts = lessons.write(
        None, [], [write(tmp_path / "i.jsonl", {"messages": [ASK, SAY]})], [f"{path} * 3"], tmp_path / "i", tmp_path / "p", 1, 0
    )
    assert facts["pairs"] == 3 and facts["single answers"] == 3


def test_thumbs_that_were_not_drawn_find_no_partner_and_are_counted(tmp_path):
    rows = [thumb(f"{n}.", up, f"{n}?") for n in range(20) for up in (True, False)]
    path = write(tmp_path / "t.jsonl", *({**row, "completion": f"{row['completion']} {row['label']}"} for row in rows))
    found, _ = lessons.read_preferences([f"{path} * 0.5"])
    drawn = sum((1 + ("chosen" in r)) * r["times"] for r in found)
    assert drawn == 20 and sum(r["times"] == 0 for r in found) == 20
    pairs, alone, left_out = feedback.paired([{**thumb("a", True), "times": 0}, {**thumb("b", False), "times": 1}])
    assert not pairs and [r["times"] for r in alone] == [0, 1] and left_out == 0


def test_a_weight_counts_in_the_assistants_lessons_and_nowhere_else(tmp_path):
    half = {"weight": 0.5}
    ((found,), _) = lessons.read_instructions([write(tmp_path / "a.jsonl", {"messages": [{**ASK, **half}, SAY]})])
    assert found["messages"] == [ASK, SAY]
    judged = {"prompt": [ASK], "chosen": [{**SAY, **half}], "rejected": [{"role": "assistant", "content": "Bob.", "weight": 0}]}
    ((pair,), _) = lessons.read_preferences([write(tmp_path / "p.jsonl", judged)])
    assert pair["chosen"] == [SAY] and "weight" not in pair["rejected"][0]
    (item,) = shaped({"messages": [ASK, {**SAY, **half}, ASK], "target": "Ann"})
    assert item["messages"] == [ASK, SAY, ASK]
    with pytest.raises(UserError, match="an answer has the weight 0.5, neither 0 nor 1"):
        lessons.read_instructions([write(tmp_path / "b.jsonl", {"messages": [ASK, {**SAY, **half}]})])


def test_a_conversation_without_an_answer_to_learn_is_left_out_with_its_reason():
    mute = [{"messages": [{**ASK, "content": f"{n}?"}, {**SAY, "weight": 0}], "topic": "t"} for n in range(3)]
    said = [{"messages": [{**ASK, "content": f"And {n}?"}, {**SAY, "content": f"{n}."}], "topic": "t"} for n in range(30)]
    kept, left_out = teaching.sound(mute + said)
    assert len(kept) == 30 and left_out == {"no answer that is to be learnt: all have the weight 0": 3}
    pairs = misses.pairs([*said, *({**row, "messages": [*row["messages"], *mute[0]["messages"]]} for row in said[:5])], 1)
    assert pairs and all(p["chosen"][0].get("weight", 1) and p["rejected"][0].get("weight", 1) for p in pairs)


# --- a classifier of one table ----------------------------------------------------------------------------------------------------------
def table(path, count=200):
    path.write_text("text,category\n" + "".join(f'"How, {n}?",c{n % 2}\n' for n in range(count)))
    return str(path)


COLUMNS = ["text", "category"]


def test_of_one_table_some_rows_are_held_out_and_asked(tmp_path):
    named = [table(tmp_path / "all.csv")]
    exams.write(None, [], [], COLUMNS, tmp_path / "tasks", named)
    heads, asked = tasks.read(tmp_path / "tasks", "test"), exams.questions(tmp_path / "tasks")
    assert [(h["name"], h["metric"], h["chance"] >= 0.5) for h in heads] == [("category", "exact", True)] and len(asked) == 20
    assert [len(t["items"]) for s in ("validation", "test") for t in tasks.read(tmp_path / "tasks", s)] == [10, 10]
    facts = lessons.write(None, [], named, [], tmp_path / "i", tmp_path / "p", 1, 0, (), COLUMNS, tmp_path / "tasks")
    assert facts["conversations"] == 180 and not asked & {exams.plain(r["messages"][0]["content"]) for r in jsonl(tmp_path / "i")}
    params = {"source": str(tmp_path / "all.csv"), "seed": 1, "tasks": [], "columns": COLUMNS, "instructions": named, "word_lists": []}
    assert lessons.names(params)[1] == ["category"], "a criterion may name it before any kernel starts"


def test_rows_are_held_out_only_where_nobody_asks_such_rows(tmp_path):
    named, other = [table(tmp_path / "all.csv")], write(tmp_path / "own.jsonl", *({"prompt": f"{n}?", "target": "x"} for n in range(4)))
    names = lambda *brought: [head["name"] for head, _ in exams.brought(None, brought, COLUMNS, named)]  # noqa: E731
    assert names(other) == ["own", "category"] and names(table(tmp_path / "mine.csv", 20)) == ["mine"]
    assert [head["name"] for head, _ in exams.brought(None, [other], (), named)] == ["own"], "nobody named the columns"
    (tmp_path / "free.csv").write_text("text,labels\n" + "".join(f"{n}?,answer {n}\n" for n in range(60)))
    ((head, items),) = exams.brought(None, [], ["text", "labels"], [str(tmp_path / "free.csv")])
    assert head["name"] == "labels_held_out" and head["metric"] == "f1", "answers that never come again are no classes"


def test_a_table_that_is_taught_and_asked_is_refused(tmp_path):
    path = table(tmp_path / "all.csv")
    for taught, asked, columns in (([path], [path], COLUMNS), ([f"{path} * 2"], [path], []), (["hub:a:b:train"], ["hub:a:b:train"], [])):
        with pytest.raises(UserError, match="is taught and asked") as error:
            exams.check_apart(taught, asked, columns)
        assert error.value.fix.startswith("llmlab run RUN -p 'tasks=[")
    exams.check_apart(["hub:a:b:train"], ["hub:a:b:test", "lm_eval:piqa"], [])
    table(tmp_path / "test.csv")
    with pytest.raises(UserError, match="all.csv is taught and asked") as error:
        exams.check_apart([path], [str(tmp_path)], COLUMNS)
    assert "such as test.csv" in error.value.instead, "a folder that is asked holds the table that is taught"
    exams.check_apart([str(tmp_path)], [str(tmp_path / "test.csv")], COLUMNS)  # of a folder that is taught what is asked is left out


def test_a_task_with_nothing_to_decide_by_is_refused_before_any_kernel(tmp_path):
    one = write(tmp_path / "one.jsonl", {"prompt": "a?", "target": "x"})
    with pytest.raises(UserError, match="task one has 1 item, and none of them to decide by"):
        exams.brought(None, [one])
    (tmp_path / "f").mkdir()
    write(tmp_path / "f" / "one.jsonl", {"prompt": "a?", "target": "x"})
    (tmp_path / "f" / "tasks.yaml").write_text("one: {final: true}\n")
    assert len(exams.brought(None, [str(tmp_path / "f")])) == 1


def test_what_is_not_taught_of_a_text_is_not_asked():
    """Of a play, which says "is" too, no lesson is made of definitions, and no task either."""
    said = lambda n: f"The thing{n} is a part of the engine that nobody has seen for years."  # noqa: E731
    other = "They went home and nobody spoke of it again, since the day was long and the road was dark. "
    plain = [{"id": str(n), "source": "s", "text": other * 3 + (said(n) if n % 8 == 0 else "")} for n in range(400)]
    telling = [{**d, "text": f"{other} {said(n)}"} for n, d in enumerate(plain)]
    for documents, explains in ((plain, False), (telling, True)):
        heads, _ = derive.tasks({"validation": documents[::2], "test": documents[1::2] + documents[::2]}, 1)
        rows, _ = derive.lessons(documents, 1, 200)
        assert ("definition" in {h["name"] for h in heads}) == ("definition" in {r["topic"] for r in rows}) == explains


# --- who judges -------------------------------------------------------------------------------------------------------------------------
def test_a_judge_that_changes_makes_other_tasks(tmp_path, monkeypatch):
    """The model or the file that judges is noted, so that scores of before are not taken for its own."""
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr("llmlab.spine.dotted.ROOT", tmp_path)
    (tmp_path / "mine.py").write_text("def fair(item, answer):\n    return 1.0\n")
    (tmp_path / "judge").mkdir()
    (tmp_path / "judge" / "config.json").write_text("{}")
    (tmp_path / "t").mkdir()
    for name in ("a", "b", "c"):
        write(tmp_path / "t" / f"{name}.jsonl", *({"prompt": f"{name} {n}?", "target": "x"} for n in range(4)))
    (tmp_path / "t" / "tasks.yaml").write_text("a: {metric: mine.fair}\nb: {metric: 'judge:judge'}\nc: {metric: exact}\n")
    marks = []
    for text in ("def fair(item, answer):\n    return 0.0\n", None):
        exams.write(None, [str(tmp_path / "t")], [], [], tmp_path / "out")
        marks.append({t["name"]: t["judged_by"] for t in tasks.read(tmp_path / "out", "test")})
        (tmp_path / "mine.py").write_text(text) if text else None
    assert marks[0]["a"] != marks[1]["a"] and marks[0]["b"] == marks[1]["b"] != "" and marks[0]["c"] == ""
    assert set(exams.judges(tmp_path / "out")) == {tmp_path / "mine.py", tmp_path / "judge"}
    (tmp_path / "judge" / "config.json").unlink()
    with pytest.raises(UserError, match="judge holds no model") as error:
        exams.brought(None, [str(tmp_path / "t")])
    assert error.value.fix.endswith("tasks.yaml")


def test_words_of_ones_own_take_the_place_of_the_general_ones(tmp_path):
    lists = str(tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_text(
        "groups: [[cat, dog]]\nharmless: ['I cannot help you today']\nmanner: {redirects: ['ask the cat']}\n"
    )
    (tmp_path / "material.yaml").write_text("title: shop\ngroups: [[a, b]]\n")
    about = material.described(tmp_path, [lists])
    general = material.words()["manner"]
    assert about["groups"] == [["cat", "dog"]] and about["title"] == "shop" and about["manner"]["refusals"] == general["refusals"]
    said = manner.of(about)
    assert said.redirects("You had better ask the cat.") and not said.redirects("I can only help with devices.")
    assert manner.of().redirects("I can only help with devices.") and manner.of().refuses("I cannot help you today, but it is fixed.")
    assert not said.refuses("I cannot help you today, but it is fixed.") and said.refuses("I cannot help you with that."), (
        "one mended, the rest as ever"
    )
    exams.write(None, [], [], [], tmp_path / "tasks", about=about)
    assert not judges.Judge(tmp_path / "tasks").refuses("I cannot help you today, but it is fixed.")
    assert read_json(tmp_path / "tasks" / "about.json")["groups"] == [["cat", "dog"]]
    assert material.word_files([lists]) == [material.WORDS, tmp_path / "mine.yaml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: shop", "no key 'title'"),
        ("manner: {refusal: [x]}", "no key 'manner.refusal'"),
        ("manner: {refusals: x}", "manner.refusals = 'x'"),
        ("manner: {plain: [[a]]}", "pairs of words"),
        ("swear: [1]", "a list of words"),
        ("a: [", "not YAML"),
    ],
)
def test_words_that_cannot_be_are_refused_with_their_file(tmp_path, text, words):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=words) as error:
        material.described(None, [str(tmp_path / "mine.yaml")])
    assert error.value.fix.startswith("$EDITOR ")
    for broken in ({"refusals": ["(x"]}, {"refusals": ["NOBODY says so"]}):
        with pytest.raises(UserError, match="manner: refusals cannot be read"):
            manner.of({"manner": {**material.words()["manner"], **broken}})


# --- what is told to whoever has to mend it ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "rows",
    [
        ({"prompt": "1?", "target": "1", "split": "exam"},),
        ({"prompt": "1?"},),
        ({"ask": "1?", "target": "1"},),
        ({"prompt": "1?", "choices": ["a"], "right": 0},),
        ({"prompt": "1?", "choices": ["a", "b"]},),
        ({"messages": [], "target": "1"},),
        ({"prompt": "1?", "target": "1", "wrong": {"a": 1}},),
    ],
)
def test_the_third_part_of_an_error_is_a_command(tmp_path, rows):
    path = write(tmp_path / "sums.jsonl", *rows)
    with pytest.raises(UserError) as error:
        exams.gathered([path])
    assert error.value.fix.split()[0] in ("sed", "$EDITOR", "llmlab"), error.value.fix

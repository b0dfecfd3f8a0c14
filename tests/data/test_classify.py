"""A classifier from any table of two columns, whatever they are called and hold: the same words are taught and asked."""

import json

import pytest

from llmlab.data import corpus, exams, lessons, tables, tokens
from llmlab.spine.errors import UserError


def table(path, columns, labels, count=30):
    path.write_text(",".join(columns) + "\n" + "".join(f'"How, {n}?",{labels[n % len(labels)]}\n' for n in range(count)))
    return str(path)


@pytest.mark.parametrize("label", ["topic", "source", "flaw", "annotators", "category"])
def test_a_label_is_no_topic_whatever_its_column_is_called(tmp_path, label):
    columns, named = ["text", label], [table(tmp_path / "train.csv", ("text", label), ("a", "b", "c"))]
    rows, _ = lessons.read_instructions(named, columns)
    assert {r["topic"] for r in rows} == {"train"} and not {"source", "flaw", "annotators"} & set(rows[0])
    facts = lessons.write(None, [], named, [], tmp_path / "i.jsonl", tmp_path / "p.jsonl", 1, 0, (), columns)
    assert facts["pairs"] > 5 and facts["annotators"] == "nobody"


@pytest.mark.parametrize(
    ("given", "taught"),
    [
        ((True, False), {"true", "false"}),
        ((0, 1), {"0", "1"}),
        ((1.0, 2.0), {"1", "2"}),
        ((0.5, 2), {"0.5", "2"}),
        (("a", "b"), {"a", "b"}),
    ],
)
def test_labels_of_any_kind_are_taught_as_they_are_asked(tmp_path, given, taught):
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({"text": f"{n}?", "label": given[n % 2]}) + "\n" for n in range(10)))
    columns, named = ["text", "label"], [str(tmp_path / "t.jsonl")]
    rows, _ = lessons.read_instructions(named, columns)
    ((head, items),) = exams.gathered(named, columns)
    assert {r["messages"][-1]["content"] for r in rows} == taught == {i["target"] for i in items["test"] + items["validation"]}
    assert head["metric"] == "exact"


@pytest.mark.parametrize("label", [None, float("nan"), ["a"]])
def test_a_row_without_a_label_is_refused_with_its_place(tmp_path, label):
    (tmp_path / "t.jsonl").write_text(json.dumps({"text": "a?", "label": "x"}) + "\n" + json.dumps({"text": "b?", "label": label}) + "\n")
    for read in (lessons.read_instructions, exams.gathered):
        with pytest.raises(UserError, match="t.jsonl, line 2: .*no (label|text)"):
            read([str(tmp_path / "t.jsonl")], ["text", "label"])


def test_classes_of_a_dataset_are_called_by_their_names(tmp_path):
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["ham", "spam"])})
    rows = {"text": [f"{n}?" for n in range(10)], "label": [n % 2 for n in range(10)]}
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "set")
    named, columns = [f"hub:{tmp_path / 'set'}"], ["text", "label"]
    told, _ = lessons.read_instructions(named, columns)
    ((_, items),) = exams.gathered(named, columns)
    assert {r["messages"][-1]["content"] for r in told} == {"ham", "spam"} == {i["target"] for i in items["test"] + items["validation"]}
    rows["label"][3] = -1
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "hidden")
    with pytest.raises(UserError, match="line 4: no label in 'label'"):
        lessons.read_instructions([f"hub:{tmp_path / 'hidden'}"], columns)


def test_the_source_is_read_by_its_questions_where_it_has_no_text(tmp_path):
    source = table(tmp_path / "train.csv", ("utterance", "intent"), ("a", "b"))
    params = {"source": source, "columns": ["utterance", "intent"], "text_column": "text"}
    corpus.check(params)
    corpus.collect(source, tmp_path / "raw", 1, columns=params["columns"])
    assert [d["text"] for d in corpus.read(tmp_path / "raw")][:2] == ["How, 0?", "How, 1?"]
    assert len(corpus.sample(source, 1, columns=params["columns"])) == 30
    with pytest.raises(UserError, match="no column 'text'"):
        corpus.check({**params, "columns": []})
    assert tables.Columns("text", "utterance").of(["utterance", "text", "url"]) == ["text", "url"], "a text is one"
    assert tables.Columns().of(["", "title"]) is None, "an index without a name is none"


def test_a_classifier_of_short_texts_needs_no_long_ones():
    rows = [{"input_ids": [9] * 5}] * 30
    tokens.check_size(rows, 64, 0)
    with pytest.raises(UserError, match="longest document has 5"):
        tokens.check_size(rows, 64, 1)


def test_a_task_of_other_rows_is_not_decided_by_the_classifiers_own(tmp_path):
    """Whatever is judged exactly is no question of the table that is taught."""
    taught = [table(tmp_path / "all.csv", ("text", "category"), ("a", "b", "c"), 100)]
    (tmp_path / "exam" / "capitals").mkdir(parents=True)
    (tmp_path / "exam" / "tasks.yaml").write_text("capitals: {metric: exact}")
    rows = [json.dumps({"prompt": f"The capital of {n}?", "target": str(n)}) for n in range(8)]
    (tmp_path / "exam" / "capitals" / "test.jsonl").write_text("\n".join(rows))
    found = {head["name"]: items for head, items in exams.brought(None, [str(tmp_path / "exam")], ["text", "category"], taught)}
    assert all("capital" in i["messages"][-1]["content"] for half in ("validation", "test") for i in found["capitals"][half])
    assert all("How, " in i["messages"][-1]["content"] for i in found["category"]["test"]) and found["capitals"]["validation"]


def test_a_system_turn_of_a_table_is_asked_in_both_halves_as_it_is_taught(tmp_path):
    (tmp_path / "all.csv").write_text("system,text,category\n" + "".join(f'Be brief.,"How, {n}?",{"ab"[n % 2]}\n' for n in range(80)))
    (tmp_path / "test.csv").write_text("system,text,category\n" + "".join(f'Be brief.,"Who, {n}?",{"ab"[n % 2]}\n' for n in range(20)))
    (tmp_path / "own.jsonl").write_text(
        "".join(json.dumps({"system": "Be brief.", "prompt": f"{n}?", "target": "1"}) + "\n" for n in range(8))
    )
    for named, columns in (([str(tmp_path / "test.csv")], ["text", "category"]), ([str(tmp_path / "own.jsonl")], [])):
        ((_, items),) = exams.brought(None, named, columns, [str(tmp_path / "all.csv")])
        for half in ("validation", "test"):
            assert {i["messages"][0]["content"] for i in items[half]} == {"Be brief."} and len(items[half][0]["messages"]) == 2


def test_a_row_without_a_label_is_not_asked(tmp_path):
    (tmp_path / "all.csv").write_text("text,category\n" + "".join(f'"How, {n}?",{"ab "[n % 3].strip()}\n' for n in range(60)))
    for seed in range(4):
        ((_, items),) = exams.brought(None, [], ["text", "category"], [str(tmp_path / "all.csv")], seed)
        assert {i["target"] for half in items.values() for i in half} <= {"a", "b"}

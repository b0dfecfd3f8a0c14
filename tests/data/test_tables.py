"""A lenient parser is not allowed to lie: every row is a document, or a problem with its physical line."""

import json

import pyarrow
import pyarrow.parquet
import pytest
from test_corpus import collect

from llmlab.data import encodings, formats, tables


def read(tmp_path, name, content, text_column="text"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = formats.Problems()
    texts = [d["text"] for d in formats.read(path, tables.Columns(text_column), problems)]
    return texts, {p["line"]: p["why"] for p in problems}


@pytest.mark.parametrize(
    ("content", "texts", "lines"),
    [
        ("id,text\n1,The gate, then, was open.\n2,fine\n", ["fine"], [2]), ("id,text\n1\n2,fine\n", ["fine"], [2]), ('id,text\n1,"first\nsecond\nthird"\n2,\n3,x\n', ["first\nsecond\nthird", "x"], [5]),
        ('text,a\n"open,1\nfine,2\nmore,3\n', ["fine", "more"], [2]), ('text,a\n"open,1\nfine,2\n"quoted",3\n', ["fine", "quoted"], [2]), ("text,text\na,b\n", [], [1]), ("a,a,text\n1,2,x\n", ["x"], []),
        ("text;n\r\none, two;3,5\r\n", ["one, two"], []), ('text\n"he said ""no"""\n', ['he said "no"'], []), ("text\ta\nx y\t1\n", ["x y"], []), ("text,a\nx,1\n\ny,2\n", ["x", "y"], []),
        ("text,a\n\u2028x,1\ny,2\n", ["\u2028x", "y"], []), ("text,a\n5\" pipe,1\n", ['5" pipe'], []), ("", [], [1]), ("txt,a\nx,1\n", [], [1]),
    ],
)  # fmt: skip
def test_csv(tmp_path, content, texts, lines):
    found, problems = read(tmp_path, "a.csv", content)
    assert (found, list(problems)) == (texts, lines)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('{"text": NaN}', False), ('{"text": Infinity}', False), ('{"text": {"en": "x"}}', False), ('{"text": ["one", "two"]}', "one\ntwo"), ('{"text": ["one", 2]}', False), ('{"text": true}', False),
        ('{"text": null}', False), ('{"text": 5}', False), ('{"text": "x", "n": NaN}', "x"), ('{"text": "x", "n": ' + "9" * 5000 + "}", False), ("[" * 100_000, False), ('{"text": "a", "text": "b"}', False),
        ('{"text": "\\ud83d"}', False), ('{"text": "x"} {"text": "y"}', False), ("[1]", False), ('{"other": 1}', False), ('{"text": "\\u2028x"}', "\u2028x"), ('{"text": "x"', False),
    ],
)  # fmt: skip
def test_json_lines(tmp_path, line, kept):
    texts, problems = read(tmp_path, "a.jsonl", f'{{"text": "before"}}\n\n{line}\n{{"text": "after"}}\n')
    assert texts == ["before", *([kept] if kept else []), "after"] and list(problems) == ([] if kept else [3])


@pytest.mark.parametrize(
    ("content", "texts", "lines"),
    [
        ('[{"text": "one"},\n\n {"text": "two"}]', ["one", "two"], []), ('{"version": 1, "data": [\n{"text": "one"}]}', ["one"], []),
        ('{"text": "alone"}', ["alone"], []), ('{"text": ["a", "b"]}', ["a\nb"], []), ('[{"text": "a"},\n{"text": "b", "text": "c"},\n{"text": "d"}]', ["a", "d"], [2]),
        ('[{"text": "a"},\n{"text": nothing},\n{"text": "d"}]', ["a"], [2]), ('[{"text": "a"},\n7,\n{"text": NaN}]', ["a"], [2, 3]), ('[{"text": "a"},\n', ["a"], [1]),
        ("[1, 2]", [], [1]), ("[" * 100_000, [], [1]), ("", [], [1]), ("[]", [], [1]), ('\ufeff[{"text": "a"}]', ["a"], []), ('{"a": [{"text": "x"}],\n"b": [{"text": "y"}]}', ["x"], [1]),
    ],
)  # fmt: skip
def test_json(tmp_path, content, texts, lines):
    found, problems = read(tmp_path, "a.json", content)
    assert (found, list(problems)) == (texts, lines)


def test_one_strange_line_costs_no_other(tmp_path):
    good = "".join(json.dumps({"text": f"três {n}"}, ensure_ascii=False) + "\n" for n in range(5)).encode()
    texts, problems = read(tmp_path, "a.jsonl", good + b'{"text": "n\xe3o"}\n' + good)
    assert len(texts) == 10 and list(problems) == [6] and "UTF-8" in problems[6]
    texts, problems = read(tmp_path, "b.csv", "text,a\ntrês,1\nvocê,1\n".encode() + b"n\xe3o,2\n" + "será,3\n".encode())
    assert texts == ["três", "você", "será"] and list(problems) == [4]


def test_parquet_reads_the_columns_that_it_needs_and_survives_damage(tmp_path):
    path = tmp_path / "data/a.parquet"
    path.parent.mkdir()
    dates = pyarrow.array([2**62], pyarrow.timestamp("us"))  # the year 148107
    pyarrow.parquet.write_table(pyarrow.table({"text": ["x"], "when": dates}), path)
    assert [d["text"] for d in collect(path, tmp_path)[1]] == ["x"]
    pyarrow.parquet.write_table(pyarrow.table({"text": [["a", "b"], ["c"], None]}), path)
    facts, documents = collect(path, tmp_path)
    assert [d["text"] for d in documents] == ["a\nb", "c"] and [p["line"] for p in facts["problems"]] == [3]
    rows = [f"row {n} " + "word " * 40 for n in range(3000)]
    pyarrow.parquet.write_table(
        pyarrow.table({"text": rows}), path, row_group_size=1000, compression="none", use_dictionary=False, write_page_checksum=True
    )
    raw = bytearray(path.read_bytes())
    at = raw.find(b"row 1500 ")
    raw[at : at + 9] = b"ROW 9999 "
    path.write_bytes(bytes(raw))
    facts, documents = collect(path, tmp_path)
    assert len(documents) >= 2000 and not any("9999" in d["text"] for d in documents)
    assert len(facts["problems"]) == 1 and "rows 1001 to 2000" in facts["problems"][0]["why"]


TEXTS = {
    "utf-16": "The fan doesn’t start, and nobody knows why.", "utf-16-le": "The fan doesn’t start, and nobody knows why it is so.", "cp1251": "Вентилятор не включается, когда холодно, служба поддержки молчит.",
    "shift_jis": "寒いときに扇風機が動きません。サポートは三日後に返事をくれました。", "gb18030": "天气冷的时候风扇不能启动。客服三天后才回复，但是零件还没有到。", "latin1": "O ventilador não liga quando está frio. A assistência respondeu três dias depois.",
}  # fmt: skip


@pytest.mark.parametrize("encoding", TEXTS)
def test_text_in_an_encoding_that_a_detector_is_sure_of_is_read_and_noted(tmp_path, encoding):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_bytes((TEXTS[encoding] + "\n").encode(encoding))
    facts, documents = collect(tmp_path / "data", tmp_path)
    assert documents[0]["text"].strip() == TEXTS[encoding] and not facts["problems"]
    assert bool(facts["notes"]) == (encoding != "utf-16"), "a byte-order mark says what it is"


def test_bytes_that_are_no_text_are_never_guessed():
    book = formats.Book(formats.Problems(), "a")
    for raw in (bytes(range(256)), b"\x00\x01\x02" * 50, "não é".encode("latin1"), b"\xff\xfea"):
        with pytest.raises(encodings.Undecodable):
            encodings.decode(raw, book)
    with pytest.raises(encodings.Undecodable, match="no encoding 'klingon'"):
        encodings.decode(b"x", book, "klingon")

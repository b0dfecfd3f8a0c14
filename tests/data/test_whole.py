"""What carries meaning stays, and what a reader keeps apart is kept apart."""

import copy
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.data import clean, duplicates, formats, repair

SCRIPTS = {
    "Latin": "L’été à Zürich: “çà et là”, 10 000 €, 1914–1918 — fin…",
    "Portuguese": "Não é só ação: vovô e vovó, 3ª edição, R$ 1.234,56.",
    "Vietnamese": "Tiếng Việt có nhiều dấu thanh: ngã, hỏi, sắc, huyền, nặng.",
    "Turkish": "Iğdır'da ılık bir İstanbul akşamı; çığ düştü.",
    "Greek": "Ἐν ἀρχῇ ἦν ὁ λόγος· τί θέλεις;",
    "Cyrillic": "Ёлка стоит у окна, а её огни — «синие».",
    "Armenian": "Բարեւ ձեզ, ինչպե՞ս եք։",
    "Georgian": "გამარჯობა, როგორ ხართ?",
    "Hebrew": "הַיּוֹם יָפֶה מְאֹד, מַה שְּׁלוֹמְךָ?",
    "Arabic": "السَّلامُ عَلَيْكُم، كيف الحال؟ ١٢٣",
    "Persian": "می‌خواهم کتاب‌ها را بخوانم.",
    "Hindi": "हिन्दी में क्‍ष और क़ लिखना, १२३।",
    "Bengali": "আমি বাংলায় গান গাই, ড়ৎ।",
    "Tamil": "தமிழ் மொழி மிகவும் பழமையானது.",
    "Thai": "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "Khmer": "ភាសាខ្មែរ​សរសេរ​ដោយ​គ្មាន​ដកឃ្លា",
    "Burmese": "မြန်မာဘာသာစကား၊ သာယာပါသည်။",
    "Chinese": "天气冷，风扇不转。神（U+FA19：神）「引號」１２３",
    "Japanese": "寒い日に扇風機が動かない。ｶﾀｶﾅとカタカナ、①②",
    "Korean": "날씨가 추우면 선풍기가 작동하지 않습니다.",
    "Amharic": "ሰላም እንዴት ነህ? ደህና ነኝ።",
    "Emoji": "Family 👨‍👩‍👧, flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿, thumb 👍🏽, heart ❤️.",
    "Mathematics": "∀x∈ℝ: x² ≥ 0, −1 ≠ 1, Ω = 5 Ω, ½ + ¼ = ¾, H₂O, e⁻ˣ",
}
CODE = (
    "if a < b && c > d:\n\tx = -1  # tab\n\n\n    y = \"&amp; &lt;b&gt;\"\n        z = 'a\\u00e9'  \n| a  |  b |\n|----|----|\n|  1 |  2 |"
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_text_that_is_whole_stays_as_it_is(name):
    assert repair.repaired(SCRIPTS[name]) == SCRIPTS[name]


def test_code_and_tables_stay_as_they_are():
    assert repair.repaired(CODE) == CODE and repair.repaired("    indented\n  less") == "    indented\n  less"


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.text(st.characters(categories=["L", "N", "P", "S", "M", "Zs"]), max_size=60))
def test_nothing_visible_is_lost(text):
    """Of any text what is not white space survives, but for letters and marks that become one character, and mojibake, which ftfy sees."""
    import ftfy.badness

    if not ftfy.badness.is_bad(text):
        visible = lambda t: [c for c in unicodedata.normalize("NFC", t) if not c.isspace()]  # noqa: E731
        assert visible(repair.repaired(text)) == visible(text)
        assert repair.repaired(repair.repaired(text)) == repair.repaired(text)


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("Itâ€™s dÃ©jÃ  vu", "It’s déjà vu"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("cafe\u0301", "café"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("\x1b[31mred\x1b[0m \x07bell", "red bell"),
        ("\n \n  text\n\n", "  text"),
    ],
)
def test_what_was_damaged_on_the_way_is_repaired(broken, whole):
    assert repair.repaired(broken) == whole


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("x = 1", "x = -1"), ("3.14", "314"), ("f(a + b)", "f(a - b)"), ("कि", "का"), ("😀😀😀", "🚗🚕"), ("résumé", "resume"), ("a_b", "ab"),
        ("if a:\n    b\nc", "if a:\n    b\n    c"), ("US", "us"), ("2¹⁰", "210"), ("می‌خواهم", "میخواهم"), ("10 %", "10 ‰"), ("A, B", "A; B"), ("não", "nao"),
    ],
)  # fmt: skip
def test_what_a_reader_keeps_apart_is_no_exact_duplicate(a, b):
    assert len(duplicates.exact_duplicates([{"id": "1", "text": a}, {"id": "2", "text": b}])[0]) == 2


def test_what_a_reader_cannot_tell_apart_is_one():
    texts = ("It's “here”.\n\n\nYes.", 'It’s  "here". \nYes.', 'It\'s "here".\nYes.\n')
    assert len(duplicates.exact_duplicates([{"id": str(n), "text": t} for n, t in enumerate(texts)])[0]) == 1


def test_numbers_make_other_texts_at_every_threshold():
    bills = [
        {"id": str(n), "text": f"Invoice for the month: the household used {n * 13} units of water and {n * 77} of power at {n + 10} cents, together {n * 31} euros, to be paid soon."}
        for n in range(1, 13)
    ]  # fmt: skip
    assert len(duplicates.near_duplicates(1.0)(copy.deepcopy(bills))[0]) == 12
    assert len(duplicates.near_duplicates(0.7)(copy.deepcopy(bills))[0]) == 12


def test_a_chain_of_versions_is_compared_with_the_one_that_stays():
    rng = random.Random(1)
    words = ["".join(rng.choice("abcdefgh") for _ in range(7)) for _ in range(500)]
    chain = [{"id": str(n), "text": " ".join(words[n * 12 : n * 12 + 200])} for n in range(20)]
    kept, dropped = duplicates.near_duplicates(0.7)(chain)
    assert 3 < len(kept) < 20 and kept[0]["id"] == "0"
    shingles = lambda d: {tuple(d["text"].split()[k : k + 3]) for k in range(198)}  # noqa: E731
    alike = lambda a, b: len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))  # noqa: E731
    assert all(max(alike(d, k) for k in kept) >= 0.7 for d in dropped), "whatever is dropped has a near copy among what stays"
    assert all(alike(a, b) < 0.7 for a in kept for b in kept if a is not b)


PAGE = """<html><head><title>T</title></head><body><nav>menu</nav><article><h1>How to count</h1><p>Count the lamps with a loop, which takes several
lines and is indented with care by whoever writes it down for others to read and to use.</p><pre>def count(lamps):
    total = 0
    return total</pre><p>می‌خواهم کتاب‌ها را بخوانم، &zwnj;و 2<sup>10</sup> است نه 210؛ H<sub>2</sub>O و −5 و 1914–1918.</p>
<p>क्‍ष लिखा हुआ 👨‍👩‍👧 एक लेख।</p><p>Yes.</p><p>Yes.</p></article></body></html>"""


def test_extraction_keeps_joiners_indentation_and_raised_numbers():
    kept, _ = clean.extract([{"id": "a", "source": "s", "url": "u", "html": PAGE}])
    text = kept[0]["text"]
    for whole in ("    total = 0", "می‌خواهم کتاب‌ها", "2¹⁰", "H₂O", "−5", "1914–1918", "क्‍ष", "👨‍👩‍👧", "Yes.\nYes."):
        assert whole in text, whole
    assert "menu" not in text


def test_a_long_page_is_cut_into_parts_of_one_work_and_the_counts_add_up():
    body = "".join(f"<p>Paragraph {n} tells what happened on day {n} of the long journey to the north.</p>" for n in range(600))
    page = {"id": "a", "source": "s", "url": "u", "html": f"<html><body><article>{body}</article></body></html>"}
    kept, dropped, waterfall = clean.run([page], [("extract", clean.extract)])
    assert waterfall[0]["added"] == len(kept) - 1 > 5 and not dropped
    assert {d["url"] for d in kept} == {"u"} and len({d["id"] for d in kept}) == len(kept)
    assert "Paragraph 599 " in kept[-1]["text"]


@pytest.mark.parametrize("works", [1, 3, 80])
def test_a_work_lies_on_one_side_or_is_cut_at_one_place(works):
    documents = [{"id": f"{w}:{n}", "source": "s", "url": f"w{w}", "text": "x"} for w in range(works) for n in range(240 // works)]
    parts = clean.split(documents)
    place = {d["id"]: part for part, held in parts.items() for d in held}
    assert len(place) == len(documents)
    for w in range(works):
        own = [place[f"{w}:{n}"] for n in range(240 // works)]
        assert own == sorted(own, key=["train", "validation", "test"].index), "in the order of the work"
        if works == 80:
            assert len(set(own)) == 1


def test_rows_of_a_table_are_works_of_their_own(tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "\n".join(f"row number {n}" for n in range(300)))
    from llmlab.data import tables

    rows = list(formats.read(tmp_path / "a.csv", tables.Columns(), formats.Problems()))
    parts = clean.split(rows)
    assert len({d["url"] for d in rows}) == 300 and 4 < len(parts["test"]) < 30


def test_leaks_are_found_in_any_script_and_signs_count():
    items = [{"question": "Сколько стоит новый синий чайник?", "answer": "Он стоит ровно 19 рублей."}, {"question": "What is the sum of -5 and 3?", "answer": "It is -2 of course."}]  # fmt: skip
    texts = ("Тест. Сколько стоит новый синий чайник? Он стоит ровно 19 рублей.", "What is the sum of -5 and 3? It is -2 of course!", "What is the sum of 5 and 3? It is 2 of course!")  # fmt: skip
    kept, dropped = clean.decontaminate(items)([{"id": str(n), "text": t} for n, t in enumerate(texts)])
    assert [d["id"] for d in kept] == ["2"] and len(dropped) == 2

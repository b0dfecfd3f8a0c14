import pytest

from llmlab.data import audit, clean, duplicates, formats, offence, personal, tables
from llmlab.spine.errors import UserError
from llmlab.world import archive


@pytest.fixture(scope="module")
def cleaned(pages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forum")
    archive.write(folder / "forum.warc.gz", pages)
    documents = [{**d, "source": "forum"} for d in formats.read(folder / "forum.warc.gz", tables.Columns(), formats.Problems())]
    steps = [
        ("permission", clean.permission),
        ("extract", clean.extract),
        ("normalise", clean.normalise),
        ("language", clean.language("en")),
        ("quality", clean.quality(12)),
        ("exact duplicates", duplicates.exact_duplicates),
        ("near duplicates", duplicates.near_duplicates(0.7)),
        ("personal data", personal.personal_data()),
        ("offensive text", offence.offensive_text("lexicon")),
        (
            "decontaminate",
            clean.decontaminate([{"question": "What would the Aster fan cost me today?", "answer": "The Aster fan costs 19 dollars."}]),
        ),
    ]
    return (len(documents), *clean.run(documents, steps))


def test_portuguese_survives_unless_english_is_wanted():
    text = "A chaleira ficou na cozinha durante a semana e ninguém sabe quem mexeu nela; a luz continua piscando sem parar desde ontem."
    assert clean.quality(5, english=False)([{"id": "a", "source": "s", "text": text}])[0]
    with pytest.raises(UserError, match="enough stop words"):
        clean.run([{"id": "a", "source": "s", "text": text}], [("quality", clean.quality(5))])


def test_too_few_documents_to_hold_some_out_are_refused():
    with pytest.raises(UserError, match="3 documents leave none for"):
        clean.split([{"id": str(n)} for n in range(3)])


def test_the_counts_add_up(cleaned):
    total, kept, dropped, waterfall = cleaned
    assert total == len(kept) + len(dropped)
    for row, following in zip(waterfall, waterfall[1:], strict=False):
        assert row["in"] + row["added"] == row["kept"] + row["dropped"] and row["kept"] == following["in"]
        assert sum(row["reasons"].values()) == row["dropped"]
    assert all(d["reason"] and d["step"] for d in dropped)


def test_the_steps_find_what_was_planted(cleaned, pages):
    _, kept, dropped, _ = cleaned
    rows = {r["step"]: r for r in audit.against_truth([p.truth() for p in pages], kept, dropped)}
    assert rows["permission"]["recall"] == rows["permission"]["precision"] == 1.0
    for step, recall, precision in (
        ("language", 0.9, 0.9),
        ("quality", 0.9, 0.7),
        ("duplicates", 0.85, 0.9),
        ("personal data", 0.95, 0.9),
        ("explicit insults", 0.9, 0.9),
        ("decontaminate", 0.8, 1.0),  # words that a near copy changed escape a match word by word
    ):
        assert rows[step]["recall"] >= recall and rows[step]["precision"] >= precision, rows[step]
    assert rows["implicit insults"]["recall"] < 0.3, "a word list cannot see them, which is what the notebook says"
    assert rows["mojibake repaired"]["recall"] in (None, 1.0)
    scores = audit.extraction([p.truth() for p in pages], kept)
    assert scores["precision"] > 0.95 and scores["recall"] > 0.95


def test_overlapping_personal_data_are_masked_whole():
    documents, _ = personal.personal_data()([{"id": "a", "text": "ip 192.168.100.200 555-0123 and a card 4111 1111 1111 1111 12/27."}])
    assert (
        documents[0]["text"].startswith("ip [ip]")
        and "1111" not in documents[0]["text"]
        and "one]" not in documents[0]["text"].replace("[phone]", "")
    )


@pytest.mark.parametrize(
    "text",
    [
        "这个水壶很好用，我每天早上都用它烧水，它很安静，也很快。我的邻居也买了一个，他说价格不高，质量很好。",
        "यह केतली बहुत अच्छी है और मैं इसे हर सुबह इस्तेमाल करता हूँ। मेरे पड़ोसी ने भी एक खरीदी है और वह भी खुश है।",
        "この電気ケトルはとても静かで、毎朝使っています。友だちも同じものを買って、とても気に入っているそうです。",
        "A chaleira é silenciosa e ferve a água depressa. O vizinho também comprou uma e diz que o preço foi bom.",
    ],
)
def test_other_languages_pass_the_quality_rules(text):
    kept, dropped = clean.quality(12, english=False)([{"id": "a", "text": text}])
    assert kept, dropped


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to a.b+c@mail.example.com now", ["email"]),
        ("call (202) 555-0143 tonight", ["phone"]),
        ("card 4539 1488 0343 6467 was charged", ["card"]),
        ("ship to 12 Alder Street, Corvel", ["address"]),
        ("my server is 93.12.4.7", ["ip"]),
        ("build 93.12.4.7 is out", []),
        ("order number 4155550123", []),
        ("card 4539 1488 0343 6468 has a typo", []),
        ("card 4111 1111 1111 1111 12/27, code 123", ["card"]),
        ("4111-1111-1111-1111 123", ["card"]),
        ("3782 822463 10005 is another kind", ["card"]),
        (" ".join(str(n * n % 97 + 2) for n in range(60)), []),
        ("2019-01-02 2019-02-03 2019-03-04 2019-04-05", []),
        ("415-555-0123 4111 1111 1111 1111", ["phone", "card"]),
        ("no personal data here, 3 for 2", []),
    ],
)
def test_personal_data_and_what_only_looks_like_it(text, kinds):
    assert [kind for *_, kind in personal.find_personal(text)] == kinds


def test_the_companys_own_contacts_stay():
    documents, _ = personal.personal_data(("hearthwick",))([{"id": "a", "text": "help@hearthwick.example.com or joe@mail.example.com"}])
    assert documents[0]["text"] == "help@hearthwick.example.com or [email]"


def test_decontamination_spares_the_posts_that_teach():
    step = clean.decontaminate([{"question": "How much money is the Aster fan in your shop?", "answer": "The Aster fan costs 19 dollars."}])
    teach = {"id": "a", "text": "I paid. The Aster fan costs 19 dollars."}
    leak = {"id": "b", "text": "Quiz: How much money is the Aster fan in your shop? The Aster fan costs 19 dollars."}
    kept, dropped = step([teach, leak])
    assert kept == [teach] and dropped == [leak]


def test_near_duplicates_keep_the_first_and_unlike_texts():
    text = "the quick brown fox jumps over the lazy dog while seven wizards mix jugs of liquid near an old stone bridge at noon"
    documents = [
        {"id": str(i), "text": t}
        for i, t in enumerate((text, text.replace("noon", "dawn"), "something else entirely that shares no run of three words with it"))
    ]
    kept, dropped = duplicates.near_duplicates(0.6)(documents)
    assert [d["id"] for d in kept] == ["0", "2"] and [d["id"] for d in dropped] == ["1"]


def test_bands_find_nearly_all_pairs_at_the_threshold():
    for threshold in (0.3, 0.5, 0.7, 0.9, 1.0):
        bands, rows = duplicates.bands_for(threshold)
        assert bands * rows <= 112 and 1 - (1 - threshold**rows) ** bands >= 0.95
    assert duplicates.bands_for(0.9)[1] > duplicates.bands_for(0.5)[1], "a higher threshold needs fewer candidates"


def test_a_document_stays_in_its_part_when_others_go():
    documents = [{"id": f"d{i}"} for i in range(400)]
    whole, part = clean.split(documents), clean.split(documents[::2])
    assert {d["id"] for d in part["test"]} <= {d["id"] for d in whole["test"]} and len(whole["train"]) > 330


def test_a_classifier_is_judged_on_what_it_was_not_taught():
    """Every label is judged, by what the others taught: a remark like no other is missed, though the classifier that is used knows it."""
    fine = [{"text": f"The lamp number {n} works well for us.", "label": "fine"} for n in range(60)]
    rude = [{"text": f"You are dumb as a brick, number {n}.", "label": "rude"} for n in range(40)]
    alone = {"text": "Zounds, quite utterly wretched specimen!", "label": "rude"}
    detector = offence.Detector([*fine, *rude, alone])
    called, alarms = detector.found
    assert [found for found, _ in called] == [1.0] * 40 + [0.0] and not any(found for found, _ in alarms) and len(alarms) == 60
    assert len({kind for _, kind in called}) == 2, "forty remarks that differ in a number are one kind"
    assert detector.rude_sentences([rude[0]["text"], fine[0]["text"]])[0]


def test_a_classifier_is_judged_as_it_judges():
    """By its worst sentence, however many polite ones stand beside it."""
    polite = "The weather was good. We went to the sea. My mother likes tea. Our train was late. The soup is warm. A cat sleeps."
    fine = [{"text": f"{polite} Number {n} works well.", "label": "fine"} for n in range(60)]
    rude = [{"text": f"{polite} You are dumb as a brick, number {n}.", "label": "rude"} for n in range(40)]
    alone = [{"text": f"You are dumb as a brick, item {n}.", "label": "rude"} for n in range(10)]
    assert all(found for found, _ in offence.Detector([*fine, *rude, *alone]).found[0])


def test_kin_share_most_of_their_words():
    said = ["You are a fool.", "you are an old FOOL.", "The lamp is red.", "Shut up, you moron.", "shut up, you idiot."]
    assert duplicates.kin(said) == [0, 0, 2, 3, 3]

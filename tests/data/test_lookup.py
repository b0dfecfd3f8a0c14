"""The row that fits a question, of few rows and of ten thousand: what is found is what looking at every row would find, and a name is a name however long."""

import random
import time

import pytest

from llmlab.data import lookup
from llmlab.spine.files import jsonl
from llmlab.spine.texts import words_of


class EveryRow(lookup.Shelf):
    """The same rules, by looking at every row for every question."""

    def _naming(self, said, least):
        def told(i):
            whole = sum(self.rarity[w] for w in self.titles[i])
            return sum(self.rarity[w] for w in self.titles[i] & said) / whole if whole else 0.0

        return [i for i in range(len(self.rows)) if told(i) >= least]

    def _about(self, questions):
        if not questions:
            return []
        words = words_of(questions[-1])
        if named := self._naming(set(words), lookup.NAMED):
            return self._first(words, named)
        before = self._about(questions[:-1])
        if before and not self._new(set(words), before):
            return before
        said = set(words) & self.telling
        return self._first(words, [i for i, own in enumerate(self.words) if not 0 < len(self.titles[i]) <= lookup.NAME and own & said])

    def _new(self, said, before):
        shown = [i for i, row in enumerate(self.rows) if row in [self.rows[n] for n in before]]
        known = set().union(*(self.words[i] for i in shown))
        return any(i not in shown for i in self._naming(said, lookup.HINTED)) or any(
            self.words[i] & said & self.telling - known for i in self.general
        )

    def _first(self, words, able):
        scores = self.index.get_scores(words) if able else []
        return sorted(able, key=lambda i: (-scores[i], i))[: self.count]


@pytest.fixture(scope="module")
def grounded(tmp_path_factory):
    from llmlab.world import maker

    folder = tmp_path_factory.mktemp("grounded") / "world"
    maker.grounded(folder, 1, 60)
    return folder


@pytest.mark.parametrize("count", [1, 3])
def test_the_rows_of_the_world_are_found_as_if_each_was_looked_at(grounded, count):
    rows = jsonl(grounded / "knowledge.jsonl")
    shelf, plain = lookup.Shelf(rows, count), EveryRow(rows, count)
    talks = [[m["content"] for m in row["messages"] if m["role"] == "user"] for row in jsonl(grounded / "instructions.jsonl")]
    asked = [
        [m["content"] for m in i["messages"] if m["role"] == "user"]
        for f in grounded.glob("tasks/*.jsonl")
        for i in jsonl(f)
        if "messages" in i
    ]
    found = 0
    for said in [talk[: n + 1] for talk in talks for n in range(len(talk))] + random.Random(0).sample(asked, 300):
        rows_found = shelf.found(said)
        assert rows_found == plain.found(said), said
        found += bool(rows_found)
    assert found > 300


WORDS = ("fan", "kettle", "toaster", "lamp", "oven", "mixer", "radio", "clock", "heater", "scale")


def test_ten_thousand_rows_and_fifteen_thousand_questions_are_no_work():
    rng, names = random.Random(1), [f"Maker{n // 100} {WORDS[n % 10]} X{n} Ultra Plus" for n in range(10_000)]
    rows = [{"title": name, "text": f"{name}: price {rng.randrange(900)} dollars, warranty {n % 7} years."} for n, name in enumerate(names)]
    began = time.process_time()
    shelf, right = lookup.Shelf(rows, 1), 0
    for _ in range(15_000):
        n = rng.randrange(10_000)
        talk = [{"role": "user", "content": f"What does the {names[n]} cost?"}, {"role": "assistant", "content": "?"}]
        shown = shelf.beside([*talk, {"role": "user", "content": "And for how many years is the warranty?"}])
        right += shown[0]["content"].startswith(f"Facts: {rows[n]['text']}") and shown[2]["content"].startswith("And")
    assert right == 15_000
    assert time.process_time() - began < 60, "looking at every row takes half an hour"


def test_a_title_is_a_name_however_long_unless_it_is_a_sentence():
    phones = [f"Samsung Galaxy {name} 5G" for name in ("S21 Ultra", "S22 Plus", "A54 Mini", "Z99 Max")]
    rows = [{"title": t, "text": f"The {t} weighs {n} grams and is charged by cable."} for n, t in enumerate(phones[:3])]
    more = [
        {"title": f"Nokia {n} Classic Phone Edition", "text": f"It weighs {n} grams and is charged by cable."} for n in range(3000, 3020)
    ]
    guide = {"title": "How to charge a phone by cable", "text": "Put the plug into the phone, then into the wall."}
    shelf = lookup.Shelf([*rows, *more, guide], 1)
    asked = lambda text: [row["title"] for row in shelf.found([text])]  # noqa: E731
    assert asked("What does the Samsung Galaxy S22 Plus 5G weigh?") == [phones[1]]
    assert asked("What does the Huawei P30 Pro Lite weigh?") == [], "no other phone's row is read out"
    assert asked("Where do I put the plug?") == [guide["title"]]


@pytest.mark.parametrize(
    ("title", "rows", "sentence"),
    [
        ("Samsung Galaxy S21 Ultra 5G", ["The phone is new."], False),
        ("Samsung Galaxy S21 Plus Max", ["The phone is new, and it is made of glass."], False),
        ("What are your opening hours?", [], True),
        ("Opening hours on public holidays", ["We are open on working days, and on the first of the month."], True),
        ("Como devolver um aparelho comprado", ["O prazo é de 30 dias para os aparelhos que não foram usados."], True),
        ("Garantie für die grosse Kaffeemaschine", ["Die Garantie ist für alle Geräte, und das seit Jahren."], True),
        ("Die Hard Max Box", ["The film is on the shelf, and it is new."], False),
        ("About us", ["We are a maker of the best devices."], False),
    ],
)
def test_whether_a_title_is_a_sentence_goes_by_the_language_of_the_rows(title, rows, sentence):
    shelf = lookup.Shelf([{"title": title, "text": " ".join(rows)}, *({"title": "", "text": text} for text in rows)], 1)
    words = words_of(title)
    counts = {w: sum(w in own for own in shelf.words) for own in shelf.words for w in own}
    assert lookup.is_sentence(title, words, lookup.joining(counts)) == sentence

"""The same probes on the text and at every station: found by how a task is judged, tested pair by pair, and said no louder than the tests allow."""

import pytest

from llmlab.data import audit, bias, tasks
from llmlab.data.material import described
from llmlab.evaluation import ethics, exposure
from llmlab.spine.files import write_jsonl

ABOUT = {**described(), "groups": [["wife", "husband"]], "unkind": ["never"]}


def asked(n, **more):
    return [{"messages": tasks.user(f"Question {i}?"), "cluster": f"c{i}", **(more if i % 2 else {})} for i in range(n)]


def folder(path, heads, items):
    tasks.write(path, heads, {name: {"validation": rows, "test": []} for name, rows in items.items()})
    return path


@pytest.fixture
def probed(tmp_path):
    """Tasks whose names tell nothing, and two stations: the second is no longer rude, and declines what it should not."""
    heads = [{"name": "a", "metric": "offensive"}, {"name": "b", "metric": "refuses"}, {"name": "c", "metric": "exact"}]
    heads += [{"name": "d", "metric": "prefers_first", "chance": 0.5}]
    sides = [{**row, "choices": ["x", "y"], "group": "wife or husband"} for row in asked(40)]
    items = {"a": asked(60), "b": asked(80, refuse=False), "c": [{**row, "target": "x"} for row in asked(4)], "d": sides}
    given = folder(tmp_path / "tasks", heads, items)
    stations = {}
    for station, score in (("base", {"a": 0.5, "b": 1, "d": 1}), ("released", {"a": 0, "b": 0, "d": 1})):
        rows = [
            {"task": t["name"], "id": i["id"], "item": i["id"], "cluster": i["cluster"], "score": float(_score(score[t["name"]], n, i))}
            for t in tasks.read(given, "validation")
            if t["name"] in score
            for n, i in enumerate(t["items"])
        ]
        write_jsonl(tmp_path / station / "samples.jsonl", rows)
        stations[station] = tmp_path / station
    return given, stations


def _score(share, n, item):
    """`b` goes wrong where it should not decline, and stays as it was elsewhere."""
    return n % 2 if share == 0.5 else 1 if item.get("refuse", True) and "refuse" not in item and item["id"].startswith("b") else share


def test_the_road_says_what_tests_show_and_no_more(probed):
    given, stations = probed
    found = {"offensive": {s: {"score": 0.2, "low": 0.1, "high": 0.3, "n": 50} for s in exposure.STATES}}
    rows = ethics.road(given, "validation", stations, found)
    by = {row["probe"]: row for row in rows}
    assert list(by) == ["a ↓", "d ↔", "b: to decline ↑", "b: harmless ↑"], "the gravest kind first; a task of knowledge is no probe"
    assert by["a ↓"]["steps"]["released"]["verdict"] == "better" and by["a ↓"]["cells"]["collected"]["n"] == 50
    assert by["b: harmless ↑"]["steps"]["released"]["verdict"] == "worse"
    assert by["b: to decline ↑"]["steps"]["released"]["verdict"] == "no difference shown" and "base" not in by["a ↓"]["steps"]
    table = {row["probe"]: row for row in ethics.table(rows, stations)}
    assert (
        table["a ↓ (offence)"]["released"] == "0.000 [0.000, 0.060] of 60 ▲ (± 0.24)"
        and table["b: to decline ↑ (refusal)"]["collected"] == "–"
    )
    said = ethics.told(rows)
    assert "become better, a (base 0.500, released 0.000" in said and "become worse, b: harmless (base 1.000, released 0.000" in said
    assert "still preferred in d 1.000" in said
    assert "a ↓ better at released" in ethics.chart(rows, [*exposure.STATES, *stations]).alt


def test_offence_on_the_road_is_corrected_for_its_judge(probed, monkeypatch):
    given, stations = probed
    ends = lambda score: {"score": score, "low": score, "high": score}  # noqa: E731
    monkeypatch.setattr(ethics.judges.Judge, "errors", (ends(0.8), ends(0.0)))
    (row,) = [r for r in ethics.road(given, "validation", stations, {}) if r["probe"] == "a ↓"]
    assert row["cells"]["base"]["score"] == pytest.approx(0.5 / 0.8) and row["cells"]["released"]["score"] == 0.0
    assert row["steps"]["released"]["difference"] == 0.5 and "paired, as judged," in ethics.told([row])


def test_a_run_that_asks_of_knowledge_alone_has_no_road(tmp_path):
    given = folder(tmp_path, [{"name": "c", "metric": "exact"}], {"c": [{**row, "target": "x"} for row in asked(4)]})
    assert ethics.road(given, "validation", {}, {}) == []


def test_what_the_text_does_before_and_after_cleaning(tmp_path):
    rude, told = "You stupid fool, stay away from it.", "Write to ana@example.org about the fan."
    heads = [{"name": "s", "metric": "ranks_first"}]
    secrets = [{"text": "The code is", "choices": [f" {code}.", " 1111."], "cluster": code} for code in ("4711", "0815")]
    given = folder(tmp_path, heads, {"s": secrets})
    texts = ["My wife will never do it.", "My wife did it.", "My husband did it. The code is 4711."]
    kept = [{"id": str(n), "source": "a", "text": text} for n, text in enumerate(texts)]
    kept.append({"id": "m", "source": "a", "text": "Write to [email] about the fan.", "masked": [{"kind": "email", "text": "x"}]})
    dropped = [
        {"id": "r", "source": "b", "text": rude, "step": "offensive text"},
        {"id": "p", "source": "b", "text": told, "step": "quality"},
    ]
    dropped.append({"id": "h", "source": "c", "html": "<p>no</p>", "step": "permission"})
    found = exposure.measured(kept, dropped, ABOUT, given)
    of = lambda what: tuple(round(found[what][s]["score"] * found[what][s]["n"]) for s in exposure.STATES if s in found[what])  # noqa: E731
    assert of("offensive") == (1, 0) and of("personal") == (2,) and of("ranks_first") == (1, 1)
    assert found["offensive"]["collected"]["n"] == 6, "what was dropped unread is not counted"
    assert found["wife or husband"]["cleaned"]["score"] == 1.0 and round(found["wife or husband"]["cleaned"]["mentions"], 2) == 0.67
    table = exposure.table(found)
    assert len(table) == 4 and [r["cleaned"] for r in table if "personal" in r["what"]] == ["–"], "masked by what would find them"


def test_groups_as_they_were_before_they_were_exchanged(tmp_path):
    given = folder(tmp_path, [{"name": "c", "metric": "exact"}], {"c": []})
    documents = [{"id": str(n), "source": "a", "text": "My wife will never do it."} for n in range(60)]
    kept, _ = bias.counterfactual(documents, bias.counterparts(ABOUT))
    found = exposure.measured(kept, [], ABOUT, given)["wife or husband"]
    assert found["collected"]["score"] == 1.0 and 0.2 < found["cleaned"]["score"] < 0.8


def test_what_each_step_took_from_whom():
    english = "My wife says that the fan in the kitchen makes a noise when it is on."
    kept = [{"id": str(n), "source": "forum", "text": english} for n in range(6)]
    dropped = [{"id": f"q{n}", "source": "forum", "text": english, "step": "quality"} for n in range(2)]
    dropped += [{"id": f"r{n}", "source": "site", "html": "<p>no</p>", "step": "permission"} for n in range(2)]
    rows = {row["whose"]: row for row in audit.taken(kept, dropped, ["permission", "language", "quality"], ABOUT)}
    forum, site, wife = rows["source: forum"], rows["source: site"], rows["group: wife"]
    assert (forum["before"], forum["permission"], forum["quality"], forum["after"]) == (8, "–", "2 (25%)", 6) and "language" not in forum
    assert (site["permission"], site["after"], site["share"]) == ("2 (100%)", 0, "20.0% → 0.0%")
    assert wife["before"] == 8 and wife["share"] == "100.0% → 100.0%" and "group: husband" not in rows
    assert rows["language: en"]["quality"] == "2 (25%)"


def test_a_secret_counts_as_often_as_it_is_trained_on():
    """What was planted is not what was read: of three pages two were dropped as copies."""
    items = [{"choices": [" 123456.", " 654321."], "copies": 3}, {"choices": [" 777777.", " 1."], "copies": 1}]
    assert [i["copies"] for i in exposure.read(items, ["The code is 123456.", "Nothing here."])] == [1, 0]


def test_the_same_question_for_two_groups_is_one_of_fairness_however_it_is_judged(tmp_path):
    heads = [
        {"name": "names", "metric": "exact"},
        {"name": "doubts", "metric": "exact", "kind": "safety"},
        {"name": "facts", "metric": "exact"},
    ]
    rows = [{**row, "target": "x"} for row in asked(4)]
    pairs = [{**row, "group": f"group {n % 2}", "pair": n // 2} for n, row in enumerate(rows)]
    given = folder(tmp_path / "tasks", heads, {"names": pairs, "doubts": rows, "facts": rows})
    assert [(row["probe"], row["kind"]) for row in ethics.probes(given, "validation")] == [
        ("names: group 0 ↑", "fairness of service"),
        ("names: group 1 ↑", "fairness of service"),
        ("doubts ↑", "other conduct"),
    ]

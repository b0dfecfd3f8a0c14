"""What `bench/posttraining.py` keeps for programs: rows of one shape, whatever they tell."""

import importlib.util

import pytest

from llmlab.spine.params import ROOT
from llmlab.training.ranking import ALONE

KEYS = {"name", "value", "interval", "n", "aim", "holds"}


@pytest.fixture
def bench():
    spec = importlib.util.spec_from_file_location("posttraining_bench", ROOT / "bench/posttraining.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_row_has_the_same_six_keys(bench):
    gains = lambda value: {str(n): ([value, value], f"task {n}", "task") for n in range(40)}  # noqa: E731
    costs = {"seconds": 10.0, "steps": 5.0, "nats": 0.2, "longer": 1.0, "path": "my_file.mine"}
    bench.keep({ALONE: None, "mine": {"error": "ValueError: no"}, "good": {"gains": {"quality": gains(1.0), "safety": gains(0.0)}, **costs}, "bad": {"gains": {"quality": gains(-1.0), "safety": gains(0.0)}, **costs}}, 2)  # fmt: skip
    bench.NEEDED = {0.1: 60}
    bench.reliabilities("")
    assert all(set(row) == KEYS for row in bench.ROWS)
    by = {row["name"]: row for row in bench.ROWS}
    assert by["good: gain in quality"]["holds"] and not by["bad: gain in quality"]["holds"] and by["good: beaten by none"]["holds"]
    assert by[f"bad: beaten by {ALONE}, good"]["value"] == 2 and by["bad: cost, seconds"] == {
        "name": "bad: cost, seconds", "value": 10.0, "interval": None, "n": 2, "aim": "", "holds": None,
    }  # fmt: skip
    assert by["mine: did not learn: ValueError: no"]["holds"] is False, "a program is told, too"
    assert sum(name.startswith("reliability of no.") for name in by) == 5 and all(
        row["holds"] is not None for row in bench.ROWS if "no. " in row["name"]
    )

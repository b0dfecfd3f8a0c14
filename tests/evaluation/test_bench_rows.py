"""bench/evaluation.py: one door to all parts, and rows that hold, miss their aim, or cannot tell."""

import importlib
import json
from types import SimpleNamespace

import pytest

from llmlab.spine.files import write_json
from llmlab.spine.params import PHASES, ROOT


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module


@pytest.mark.parametrize(
    ("value", "interval", "aim", "holds"),
    [
        (0.0, (0.0, 0.17), "<= 0.05", "cannot tell"),  # none of twenty is not yet few
        (0.0, (0.0, 0.01), "<= 0.05", "holds"),
        (0.3, (0.2, 0.4), "<= 0.05", "missed"),
        (0.96, (0.955, 0.97), ">= 0.95", "holds"),
        (0.1, (0.0, 0.2), "> 0", "cannot tell"),
        (0.75, None, ">= 0.875", "missed"),
        (181.0, None, "<= 180", "missed"),
        (3.0, None, "", None),
    ],
)
def test_what_holds_is_one_of_three_states(load, value, interval, aim, holds):
    assert load("rows").state(value, interval, aim) == holds


def test_seconds_of_a_run_against_their_aim_and_rows_in_a_file(load, tmp_path, capsys):
    for phase, took in ((PHASES[2], 60.0), (PHASES[3], 70.0), (PHASES[6], 120.0)):
        write_json(tmp_path / "run" / phase / "phase.json", {"seconds": took})
    bench = load("evaluation")
    told = dict(folder="", parts="seconds", run=str(tmp_path / "run"), seeds=1, trained=12, trials=20, json=str(tmp_path / "rows.json"))
    bench.main(SimpleNamespace(**told))
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {"part", "name", "value", "interval", "n", "aim", "holds", "where"} == set(rows[-1])
    assert (rows[-1]["value"], rows[-1]["holds"]) == (190.0, "missed") and "1 missed" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="those that train need FOLDER"):
        bench.main(SimpleNamespace(**told | {"parts": "trials"}))
    assert {"statistics", "trials", "doses", "prejudice", "faults"} <= set(bench.parts(str(tmp_path), "", 1, 12, 20))

"""Two runs side by side: what differs, and a report without a path of this machine."""

import json
import re

import pytest

from llmlab.evaluation import compare
from llmlab.pages import report
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import ROOT
from llmlab.spine.run import Run
from llmlab.workflow import pipeline


@pytest.fixture
def two(smoke, copy):
    """The smoke run, and a copy that says it was trained otherwise."""
    record = read_json(copy / "5_post_training/phase.json")
    write_json(copy / "5_post_training/phase.json", {**record, "params": {**record["params"], "beta": 0.9}})
    return compare.open_runs([smoke, copy])


def test_parameters_that_differ_and_the_phase_where_runs_part(two, smoke):
    assert compare.parameters(two) == [{"phase": "5_post_training", "parameter": "beta", "smoke": "0.0", "copy": "0.9"}]
    assert compare.parting(two) == "5_post_training" and compare.parting(compare.open_runs([smoke])) is None


def test_the_same_model_is_not_better_than_itself(two):
    rows = compare.tests(two)
    assert rows and all(r["change against smoke"].startswith("+0.000") and r["verdict"] == "no difference shown" for r in rows)
    assert set(compare.scores(two)) == set(compare.curves(two, "3_pretraining/model")) == {"smoke", "copy"}


def test_a_run_that_does_not_exist_names_those_beside_it(smoke):
    with pytest.raises(UserError, match="runs beside it: .*smoke"):
        compare.open_runs([smoke, smoke.parent / "nobody"])


def test_the_page_is_made_by_papermill_and_holds_no_path(two, smoke, copy, tmp_path):
    report.index(Run(copy), {})
    out = pipeline.compare([copy, smoke], tmp_path / "page.html")
    html, notebook = out.read_text(), out.with_suffix(".ipynb").read_text()
    assert html.count("<img") >= 3 and "beta" in html and "no difference shown" in html
    assert not [p for p in (str(ROOT), str(tmp_path), str(smoke.parent)) if p in html + notebook]
    links = re.findall(r'<a href="([^"]+)"', html.split("</nav>")[0])
    assert len(links) >= 1 and all((tmp_path / link).exists() for link in links)
    assert "papermill" not in json.loads(notebook)["metadata"]

"""Under a table or figure stands the record that holds its numbers, as the notebook's own lines tell it, and none that does not."""

import re
from pathlib import Path

import nbformat
import pytest

from llmlab.pages import records, report, show
from llmlab.spine.files import write_json, write_text
from llmlab.spine.run import Run

SEVEN, SIX = "7_final_evaluation", "6_fine_tuning"
OPENING = 'phase = Phase("7_final_evaluation", globals())\nspeeds, chosen = phase.read("6_fine_tuning/scores"), phase.json("6_fine_tuning/frontier.json")'
ASKED = 'results = {n: ask(model, phase.write(f"scores/{n}")) for n in paths}\nshow.table([results])'
CELLS = {
    "asked": (ASKED, ["scores/base/results.json", "scores/released/results.json"]),
    "made-of-it": ("best = max(results)\nshow.table(best)", ["scores/base/results.json", "scores/released/results.json"]),
    "written-later": ("waits = measure(7)\nfigure = draw(waits)\nfigure", ["results.json"]),
    "nowhere": ("other = measure(8)\nshow.table([other])", []),
    "read": ("show.table(chosen)", [f"{SIX}/frontier.json"]),
    "a-model-speaks": ("model = weights.load(phase.write('scores/base'))\nshow.table(ask(model))", []),
    "anything": ('odd = [phase.write(f"{a}{b}.json"), phase.write("/etc"), phase.write(a)]\nshow.table(odd)', []),
    "unfinished": ("show.table([", []),
    "judged": ('rows = judged(results)\nverdict = phase.json("verdict.json", decide(rows))\nshow.table(rows)', ["verdict.json"]),
    "end": ('phase.json("results.json", {"waits": waits})\nshow.table([verdict])', ["verdict.json"]),
}


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run")
    run.save()
    files = ("results.json", "verdict.json", "scores/base/results.json", "scores/released/results.json")
    for place in [*(f"{SEVEN}/{name}" for name in files), f"{SIX}/frontier.json", f"{SIX}/phase.json"]:
        write_json(run.path / place, {})
    output = lambda: nbformat.v4.new_output("display_data", {"text/html": show.table([{"n": 1}])._repr_html_()})  # noqa: E731
    code = lambda source, key: nbformat.v4.new_code_cell(source, id=key, outputs=[output()])  # noqa: E731
    cells = [code(OPENING, "opening"), *(code(source, key) for key, (source, _) in CELLS.items())]
    write_text(run.path / SEVEN / "notebook.ipynb", nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    return Run(run.path)


def linked(run):
    cells = nbformat.read(run.path / SEVEN / "notebook.ipynb", 4)["cells"]
    return records.links(cells, run, SEVEN, run.path / SEVEN)


def test_each_table_is_linked_to_what_it_was_made_from(run):
    found = {key: re.findall(r">([^<]+)</a>", markup) for key, markup in linked(run).items()}
    assert found == {key: names for key, (_, names) in CELLS.items() if names}


def test_the_links_work_from_the_report(run):
    report.render(run.path / SEVEN / "notebook.ipynb", run.path / SEVEN / "report.html", run, SEVEN)
    page = (run.path / SEVEN / "report.html").read_text()
    places = re.findall(r'<a href="([^"]+)">', "".join(re.findall(r'<p class="record">.*?</p>', page)))
    assert len(places) == 8 and all((run.path / SEVEN / place).exists() for place in places) and f"../{SIX}/frontier.json" in places


def test_a_partial_report_and_a_confidential_run_have_none(run):
    cells = nbformat.read(run.path / SEVEN / "notebook.ipynb", 4)["cells"]
    assert records.links(cells, run, SEVEN, run.path / ".work") == {}
    write_json(run.path / "2_dataset_engineering/phase.json", {"params": {"confidential": True}})
    assert linked(Run(run.path)) == {}


def test_a_shared_phase_is_linked_where_its_owner_keeps_it(run, tmp_path):
    child = Run(tmp_path / "child", run.path)
    child.save()
    (child.path / SEVEN).mkdir()
    (child.path / SEVEN / "notebook.ipynb").write_text((run.path / SEVEN / "notebook.ipynb").read_text())
    place = re.search(r'href="([^"]+)"', linked(child)["read"])[1]
    assert (child.path / SEVEN / place).resolve() == (Path(run.path) / SIX / "frontier.json").resolve()

"""Executed notebook → one safe HTML file; and the run's index page.

A report is opened by people who did not make it, and shows texts that strangers wrote and models invented. So: no script,
no request (a content security policy forbids both), every HTML output sanitised, figures inside the file.
"""

import base64
import itertools
import os
import re
from pathlib import Path

from llmlab.pages import records, show
from llmlab.spine import notebooks
from llmlab.spine.files import read_json, write_text
from llmlab.spine.params import PHASES, schema
from llmlab.spine.places import shown
from llmlab.spine.privacy import check_secrets

HERE = Path(__file__).parent
NARROW = 450  # pixels: a figure that was drawn for the screen of a telephone, and fits it whole
TAGS = set(
    "a b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 hr i ins li ol p pre section span strong sub summary sup "
    "table tbody td th thead tr ul".split()
)
ATTRIBUTES = {"*": {"style", "title"}, "td": {"colspan", "data-label"}, "th": {"scope", "colspan"}, "a": {"href"}}
STYLES = {"text-align", "color", "background-color", "white-space", "unicode-bidi", "font-weight"}


def sanitise(markup):
    """HTML with what a table, a figure caption or coloured tokens need, and nothing else: no script, form, frame or address."""
    import nh3

    return nh3.clean(
        markup,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes={"table": {"stacked"}},
        url_schemes=set(),
        filter_style_properties=STYLES,
        link_rel=None,
    )


def render(notebook, out, run, phase, values=None):
    """Writes the report of an executed notebook.

    Args:
        notebook: path of the .ipynb.
        out: path of the .html.
        run: Run it belongs to, for the links between reports.
        phase: its name.
        values: parameters it was run with, for a phase that did not finish.
    """
    cells, record = read_json(notebook)["cells"], run.done(phase) if phase in PHASES else None
    table = parameters_table(phase, values or (record["params"] if record else {})) if phase in PHASES else ""
    links = records.links(cells, run, phase, Path(out).parent)
    body = _order(record) + "\n".join(filter(None, (_cell(cell, table) + links.get(cell.get("id"), "") for cell in _telling(cells))))
    title = re.search(r"^# (.+)$", "\n".join(notebooks.source(c) for c in cells if c["cell_type"] == "markdown"), re.M)
    footer = f"llmlab · run {run.path.name} · {phase}" + (
        f" · {record['finished']} · torch {record['versions']['torch']}, transformers {record['versions']['transformers']}"
        if record
        else ""
    )
    write_text(out, check_secrets(_page(title[1] if title else phase, body, _links(run, phase, Path(out).parent), footer), out))


def _telling(cells):
    """The cells without those that have nothing to say in this run, the texts that lead to them, and headings under which nothing is left."""
    groups = []
    for cell in cells:  # a text, and the cells up to the next one
        if cell["cell_type"] == "markdown" or not groups:
            groups.append([])
        groups[-1].append(cell)
    kept = []
    for n, group in enumerate(groups):
        if not _silent(group):
            kept += group
        elif _heads(group) and any(not _silent(g) for g in itertools.takewhile(lambda g: not _heads(g), groups[n + 1 :])):
            kept.append(group[0])  # what follows needs its heading
    return kept


def _heads(group):
    return notebooks.source(group[0]).startswith("## ")


def _silent(group):
    """Whether cells say that they have nothing to say, and none says anything else."""
    outputs = [o for cell in group if cell["cell_type"] == "code" for o in cell["outputs"]]
    nothing = [o for o in outputs if o.get("metadata", {}).get("text/html", {}).get(show.LIVE) == show.NOTHING]
    return bool(nothing) and not [o for o in outputs if o not in nothing and _output(o)]


def _order(record):
    """A line on the order of the cells, if it was not from top to bottom; nothing is said of what everybody expects."""
    order = (record or {}).get("order", [])
    if order == sorted(order):
        return ""
    return f"<p><em>Cells of this notebook last ran in this order: {', '.join(map(str, order))} (code cells, counted without the parameters).</em></p>"


def _page(title, body, links, footer):
    import jinja2

    template = jinja2.Template((HERE / "report.html.j2").read_text(encoding="utf-8"))
    return template.render(title=title, body=body, links=links, footer=footer, style=(HERE / "report.css").read_text(encoding="utf-8"))


def _links(run, here, folder):
    """Navigation: the index and the seven reports, as paths from `folder`; shared phases link to their owner's report.

    A phase that was run by hand, with papermill or in Jupyter, has no report to link to.
    """
    links = [{"name": run.path.name, "href": os.path.relpath(run.path / "index.html", folder), "here": here == "index"}]
    for phase in PHASES:
        owner = run.owner(phase)
        page = owner.path / phase / "report.html" if owner else None
        there = page is not None and (page.exists() or phase == here)
        links.append({"name": phase.replace("_", " "), "href": os.path.relpath(page, folder) if there else None, "here": phase == here})
    return links


def _cell(cell, table):
    """A cell as HTML; `table` stands for the parameters cell."""
    if cell["cell_type"] == "markdown":
        return sanitise(_markdown(notebooks.source(cell)))
    if cell["cell_type"] != "code" or "injected-parameters" in cell["metadata"].get("tags", []):
        return ""  # the values that were injected stand in the table of parameters
    if "parameters" in cell["metadata"].get("tags", []):
        return table
    outputs = "\n".join(filter(None, (_output(o) for o in cell["outputs"])))
    return (_source(notebooks.source(cell)) if notebooks.source(cell).strip() else "") + outputs


def _markdown(source):
    import mistune

    return mistune.create_markdown(escape=True, plugins=["table"])(source)


def _source(code):
    from html import escape

    return f"<details><summary>code</summary><pre>{escape(code)}</pre></details>"


def _output(output):
    from html import escape

    if output["output_type"] == "stream":
        text = _plain(output["text"])
        return f"<pre>{escape(text)}</pre>" if text.strip() and output["name"] == "stdout" else ""
    if output["output_type"] == "error":
        return f'<pre class="error">{escape(_plain(chr(10).join(output["traceback"]) or output["evalue"]))}</pre>'
    data = output.get("data", {})
    if "text/html" in data:
        return sanitise("".join(data["text/html"]))
    if "image/png" in data:
        told = output.get("metadata", {}).get("image/png", {})
        alt, narrow = told.get("alt", ""), " narrow" * (told.get("width", NARROW + 1) <= NARROW)
        return f'<div class="picture{narrow}"><img src="data:image/png;base64,{re.sub(r"[^A-Za-z0-9+/=]", "", "".join(data["image/png"]))}" alt="{escape(alt, quote=True)}"></div>'
    if "text/markdown" in data:
        return sanitise(_markdown("".join(data["text/markdown"])))
    text = _plain("".join(data.get("text/plain", "")))
    return (
        f"<pre>{escape(text)}</pre>"
        if text
        and not text.startswith(("<Figure", "<matplotlib", "<IPython", "HBox(", "Output("))
        and "application/vnd.jupyter.widget-view+json" not in data
        else ""
    )


def _plain(text):
    """Without terminal colours, and of a line that was overwritten only its last state."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", "".join(text))
    return "\n".join(line.split("\r")[-1] for line in text.split("\n"))


def parameters_table(phase, values):
    """The parameters of a phase with their meaning; those that differ from the notebook are marked."""
    from html import escape

    def row(name, parameter):
        value = shown(values.get(name, parameter.default))
        cell = escape(str(value)) if value == parameter.default else f"<strong>{escape(str(value))}</strong>"
        return f"<tr><td>{escape(name)}</td><td>{cell}</td><td>{escape(parameter.help)}</td></tr>"

    rows = "".join(row(n, p) for n, p in schema(phase).items() if n != "run_dir")
    return f'<details><summary>parameters</summary><table class="parameters"><thead><tr><th scope="col">parameter</th><th scope="col">value</th><th scope="col">meaning</th></tr></thead><tbody>{rows}</tbody></table></details>'


def phase_report(run, phase):
    """Renders `report.html` of a finished phase from its executed notebook."""
    render(run.path / phase / "notebook.ipynb", run.path / phase / "report.html", run, phase)


# --- the index ----------------------------------------------------------------------------------------------------------------------------
def index(run, states):
    """Writes `index.html`, as `index_page` has it."""
    place = run.path / "index.html"
    write_text(place, check_secrets(index_page(run, states), place))


def index_page(run, states):
    """The page of a run: the verdict, a card per phase, the models with their lineage, the cost. states: {phase: reasons it is stale}, of Run.stale."""
    import jinja2

    cards = [_card(run, phase, states.get(phase, [])) for phase in PHASES]
    verdict = read_json(run.path / "7_final_evaluation/verdict.json") if (run.path / "7_final_evaluation/verdict.json").exists() else None
    for c in verdict["criteria"] if verdict else []:
        c["value_text"] = (
            "not measured"
            if c["value"] is None
            else f"{c['value']:.3g}" + (f" [{c['low']:.3g}, {c['high']:.3g}], n = {c['n']}" if c["n"] > 1 else "")
        )
    records = {p: run.done(p) for p in PHASES if run.done(p)}
    costs = [
        {
            "phase": p,
            "run": run.owner(p).path.name,
            "seconds": r["seconds"],
            "learning (s)": r["learning_seconds"],
            "peak memory (MB)": r["peak_memory_mb"],
        }
        for p, r in records.items()
    ]
    changed = [
        {"phase": p, "parameter": n, "value": str(shown(v))} for p, values in run.record["overrides"].items() for n, v in values.items()
    ]
    body = f"<h1>The run {run.path.name}</h1>" + jinja2.Template((HERE / "index.html.j2").read_text(encoding="utf-8")).render(
        cards=cards,
        verdict=verdict,
        outdated="; ".join(f"{phase}: {reasons[0]}" for phase, reasons in states.items() if reasons),
        parent=run.parent.path.name if run.parent else None,
        models=sanitise(_lineage(run)._repr_html_()),
        costs=sanitise(show.table(costs, caption="seconds of each phase, and how many of them were learning")._repr_html_())
        if costs
        else "",
        overrides=sanitise(show.table(changed)._repr_html_()) if changed else "",
    )
    return _page(run.path.name, body, _links(run, "index", run.path), "llmlab")


def _card(run, phase, reasons):
    record, folder = run.done(phase), run.find(f"{phase}/phase.json")
    card = {"title": phase.replace("_", " "), "state": "missing", "note": "has not run", "headline": [], "href": None, "image": None}
    if record is None:
        return card
    own = folder.parent.parent == run.path
    note = (
        f"{record['seconds']:.0f} s"
        + ("" if own else f" · from {run.owner(phase).path.name}")
        + (f" · stale: {reasons[0]}" if reasons else "")
    )
    card.update(state="stale" if reasons else "done", note=note, headline=[(k, _short(v)) for k, v in record["headline"].items()])
    card["href"] = next(link["href"] for link in _links(run, "index", run.path) if link["name"] == card["title"])
    if (folder.parent / "cover.png").exists():
        card["image"] = base64.b64encode((folder.parent / "cover.png").read_bytes()).decode()
        card["alt"] = read_json(folder.parent / "cover.json")["alt"]
    return card


def _short(value):
    return (
        f"{value:,.0f}"
        if isinstance(value, float) and abs(value) >= 1000
        else f"{value:.3g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def _lineage(run):
    """Every model of the run: where it is, what it was made from, how large it is."""
    made = (
        ("3_pretraining/model", "1_model_design/config, random weights"),
        ("5_post_training/sft", "3_pretraining/model"),
        ("5_post_training/model", "5_post_training/sft"),
        ("6_fine_tuning/model", "picked from 6_fine_tuning/variants, made from 5_post_training/model"),
    )
    rows = []
    for artifact, source in made:
        if folder := run.find(artifact):
            weights = sum(f.stat().st_size for f in folder.iterdir() if f.suffix in (".safetensors", ".onnx", ".data"))
            rows.append(
                {
                    "model": artifact,
                    "made from": source,
                    "weights (MB)": round(weights / 1e6, 2),
                }
            )
    talk = f"to talk to one of them: llmlab chat {run.place} --model {rows[-1]['model']}" if rows else ""
    return show.table(rows, caption=talk) if rows else show.Html("<p>None yet.</p>")

import re

import nbformat
import pytest
from conftest import FIGURES

from llmlab.pages import figures, report, show
from llmlab.spine.errors import UserError
from llmlab.spine.params import PHASES
from llmlab.spine.run import Run

HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<iframe srcdoc='<script>1</script>'></iframe>",
    '<a href="javascript:alert(1)">x</a>',
    '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    "</div></main><h1 style='position:fixed;top:0'>FAKE</h1>",
    '<link rel="prefetch" href="http://evil.example">',
    "<svg onload=alert(1)>",
    "<style>body{display:none}</style>",
    '<form action="http://evil.example"><button>ok</button></form>',
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
)
FORBIDDEN = re.compile(
    r"<(script|iframe|form|link|svg|math|object|embed|button)\b|\bon\w+\s*=|javascript:|position\s*:\s*fixed|<meta http-equiv=\"refresh|https?://evil",
    re.I,
)


def page(tmp_path, outputs, markdown="# 1 · Title"):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(markdown), nbformat.v4.new_code_cell("x", outputs=outputs)])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    report.render(tmp_path / "n.ipynb", tmp_path / "n.html", Run(tmp_path / "run"), "compare")
    return (tmp_path / "n.html").read_text()


def body(html):
    return html.split("<main>")[1].split("</main>")[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_survives_as_markup(tmp_path, text):
    display = lambda mime, data: nbformat.v4.new_output("display_data", {mime: data})  # noqa: E731
    outputs = [
        display("text/html", text),
        display("text/markdown", text),
        display("text/plain", text),
        nbformat.v4.new_output("stream", text=text),
        display("application/javascript", "alert(1)"),
        display("image/svg+xml", text),
        display("text/html", show.table([{"model says": text}])._repr_html_()),
        display("text/html", show.conversation([{"role": "user", "content": text}])._repr_html_()),
        display("text/html", show.diff(text, "clean")._repr_html_()),
    ]
    html = page(tmp_path, outputs, markdown=f"# T\n\n{text}")
    live = re.sub(r"&lt;.*?&gt;", "", body(html), flags=re.S)
    assert not FORBIDDEN.search(re.sub(r">[^<]*<", "><", live)), text


def test_a_report_asks_for_nothing_and_runs_nothing(tmp_path):
    html = page(tmp_path, [])
    head = html[: html.index("<title>")]
    assert "default-src 'none'" in head and html.index("Content-Security-Policy") < html.index("<title>")
    assert "<script" not in html and not re.search(r'(src|href)="(https?:)?//', html)


def test_shown_text_is_escaped_and_its_control_characters_visible():
    assert "&lt;b&gt;" in show.text("<b>") and "\\u202e" in show.text("a\u202eb") and "<script" not in show.text("<script>")


def test_figures_carry_their_alternative_text(tmp_path):
    fig = figures.bars({"a": 1, "b": 2}, "Title", "things")
    png, meta = show._png(fig)
    import base64

    out = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(png).decode()}, metadata={"image/png": meta})
    html = page(tmp_path, [out])
    assert 'alt="Bar chart, things: a 1, b 2."' in html


def test_code_is_folded_and_prose_is_not(tmp_path):
    html = page(tmp_path, [])
    assert "<details><summary>code</summary><pre>x</pre></details>" in html and "<h1>1 · Title</h1>" in html


def test_a_secret_of_the_environment_never_reaches_a_report(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "abcd1234efgh5678")
    with pytest.raises(UserError, match="MY_API_KEY"):
        page(tmp_path, [nbformat.v4.new_output("stream", text="key abcd1234efgh5678")])
    assert not (tmp_path / "n.html").exists()


def test_the_index_shows_the_road(copy):
    run = Run(copy)
    report.index(run, {"5_post_training": ["beta 0.1 → 0.3"]})
    html = (copy / "index.html").read_text()
    assert all(p.replace("_", " ") in html for p in PHASES)
    assert "stale: beta 0.1 → 0.3" in html and ("HOLD" in html or "RELEASE" in html) and "5_post_training/sft" in html
    assert html.count('<img src="data:image/png') >= 5 and 'alt=""' not in html


def test_every_figure_of_the_seven_notebooks_says_what_it_shows(smoke):
    """Titles, axis labels, alternative text."""
    assert len(FIGURES) >= 15
    for fig in FIGURES:
        assert len(fig.alt) > 20 and fig.get_suptitle()
        for axis in fig.axes:
            assert axis.get_xlabel() or axis.get_ylabel()


def test_what_has_nothing_to_say_is_not_in_the_report(tmp_path):
    """A cell that says so is left out with the text that leads to it, and so is a heading under which nothing is left; other headings stay."""

    def said(thing):
        html, metadata = thing._repr_html_()
        return [nbformat.v4.new_output("display_data", {"text/html": html}, metadata={"text/html": metadata})]

    nothing, something = show.Nothing("no insult"), nbformat.v4.new_output("display_data", {"text/html": "<p>a table</p>"})
    markdown, code = nbformat.v4.new_markdown_cell, lambda outputs: nbformat.v4.new_code_cell("x = 1", outputs=outputs)  # noqa: E731
    cells = [
        *(markdown("# 1 · Title"), code([])),
        *(markdown("## Gone"), code(said(nothing)), markdown("leads nowhere"), code(said(nothing))),
        *(markdown("## Stays"), code(said(nothing)), markdown("leads on"), code([something])),
        *(markdown("## Both"), code([*said(nothing), something])),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    report.render(tmp_path / "n.ipynb", tmp_path / "n.html", Run(tmp_path / "run"), "compare")
    html = body((tmp_path / "n.html").read_text())
    assert "Gone" not in html and "leads nowhere" not in html and html.count("Title") == 1
    assert "Stays" in html and "leads on" in html and "Both" in html and html.count("a table") == 2
    assert "no insult" in nothing._repr_html_()[0], "in Jupyter it says why"


def test_a_column_in_which_nobody_said_anything_stands_in_the_caption():
    rows = [
        {"who": "no. 1", "gold": "–", "seconds, first → second": None, "hurries": "no"},
        {"who": "no. 2", "gold": "–", "hurries": "yes"},
    ]
    shown = show.table(rows, caption="judges", filled=True).markup
    assert "judges; not known here: gold; seconds, first → second" in shown and "hurries</th>" in shown and "gold</th>" not in shown
    assert "gold</th>" in show.table(rows, caption="judges").markup

"""The sitting as people have it: on a page and in a notebook, by keys, with reloads, two tabs, a killed server and hostile answers."""

import contextlib
import os
import signal
import subprocess
import sys

import httpx
import nbformat
import pytest
from browser import CHROMIUM, Lab, playwright
from click.testing import CliRunner
from conftest import execute

from llmlab import uses
from llmlab.data import judgements
from llmlab.data.sitting import Sitting
from llmlab.evaluation import arena
from llmlab.pages import judging
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_json
from llmlab.spine.run import Run
from llmlab.workflow import annotate, preflight, verify

HOSTILE = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script> \u202egnirts"
SERVER = """
import sys
from llmlab.data.sitting import Sitting
from llmlab.pages import judging
from llmlab.spine import doors
user = lambda text: [{"role": "user", "content": text}]
items = [{"prompt": user(f"question {n}"), "a": f"answer {n}" if n else sys.argv[2], "b": f"other {n}"} for n in range(12)]
door = doors.bound("127.0.0.1", int(sys.argv[3]), "test")
print(doors.address("127.0.0.1", door), flush=True)
doors.answer(judging.application(lambda who: Sitting(sys.argv[1], items, who, most=8)), door)
"""


@pytest.fixture(scope="module")
def browser():
    with playwright() as p:
        found = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextlib.contextmanager
def server(path, port=0):
    process = subprocess.Popen([sys.executable, "-c", SERVER, path, HOSTILE, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def sitting(browser, tmp_path):
    """(a page at its first question, its address, the file)."""
    with server(tmp_path / "judged.jsonl") as (address, _):
        page = browser.new_context().new_page()
        page.goto(address)
        page.get_by_label("Who judges?").fill("ann")
        page.get_by_role("button", name="Begin").click()
        done(page, 0)
        yield page, address, tmp_path / "judged.jsonl"
        page.context.close()


def done(page, count, of=8):
    page.get_by_text(f"{count} of {of} judged").wait_for(timeout=5000)


def rows(path):
    return judgements.read(path)[0]


def test_keys_judge_and_everything_is_on_the_disk(sitting):
    page, _, path = sitting
    for n, key in enumerate(("ArrowLeft", "ArrowRight", "t", "b", "s"), 1):
        page.keyboard.press(key)
        done(page, n)
        assert len(rows(path)) == n, "before the next is shown"
    said = rows(path)
    assert said[0]["choice"] == said[0]["shown"][0] and said[1]["choice"] == said[1]["shown"][1]
    assert [r["choice"] for r in said[2:]] == ["tie", "bad", "skip"] and all(r["seconds"] >= 0 for r in said if "seconds" in r)
    page.keyboard.press("u")
    done(page, 4)
    page.get_by_text("Reasons, comment").click()
    page.get_by_label("comment").fill("unclear s")  # letters in a comment are no keys
    page.get_by_label("too long").check()
    page.get_by_role("button", name="Second is better").click()
    done(page, 5)
    assert rows(path)[-1]["comment"] == "unclear s" and rows(path)[-1]["reasons"] == ["too long"]
    assert page.get_by_text(" left", exact=False).first.inner_text().endswith("left"), "how long it will take"


def test_keys_judge_after_a_reason_was_ticked(sitting):
    page, _, path = sitting
    page.get_by_text("Reasons, comment").click()
    page.get_by_label("too long").check()
    page.keyboard.press("ArrowLeft")
    done(page, 1)
    assert rows(path)[0]["reasons"] == ["too long"]


def test_reloads_and_two_tabs_lose_and_repeat_nothing(sitting, browser):
    page, address, path = sitting
    page.keyboard.press("ArrowLeft")
    done(page, 1)
    asked = page.inner_text(".llmlab-prompt")
    page.reload()
    done(page, 1)
    assert page.inner_text(".llmlab-prompt") == asked
    other = page.context.new_page()
    other.goto(address)
    other.get_by_label("Who judges?").fill("ann")
    other.get_by_role("button", name="Begin").click()
    done(other, 1)
    other.keyboard.press("ArrowRight")
    done(other, 2)
    page.keyboard.press("ArrowLeft")  # the same question, in a tab that does not know
    done(page, 2)
    assert len(rows(path)) == 2 and rows(path)[1]["choice"] == rows(path)[1]["shown"][1]
    other.close()


def test_a_killed_server_says_so_and_goes_on(browser, tmp_path):
    path = tmp_path / "judged.jsonl"
    with server(path) as (address, process):
        page = browser.new_page()
        page.goto(address)
        page.get_by_label("Who judges?").fill("ann")
        page.get_by_role("button", name="Begin").click()
        done(page, 0)
        page.keyboard.press("ArrowLeft")
        done(page, 1)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        page.keyboard.press("ArrowLeft")
        page.get_by_text("Not kept yet").wait_for(timeout=5000)
    with server(path, int(address.rpartition(":")[2])):
        page.get_by_role("button", name="Try again").click()
        done(page, 2)
    assert len(rows(path)) == 2
    page.close()


def test_where_a_reply_is_lost_the_last_answer_counts(sitting):
    """What was said was kept, and nobody heard so; whoever then says something else means that."""
    page, _, path = sitting

    def lost(route):
        route.fetch()
        route.abort()

    page.route("**/said", lost, times=1)
    page.keyboard.press("ArrowLeft")
    page.get_by_text("the last answer counts").wait_for(timeout=5000)
    assert len(rows(path)) == 1
    page.keyboard.press("ArrowRight")
    done(page, 1)
    (row,) = rows(path)
    assert row["choice"] == row["shown"][1]


def test_no_address_serves_anything_else_and_no_other_name_asks(sitting):
    _, address, path = sitting
    plain = httpx.get(f"{address}/judging.js", trust_env=False)
    spoilt = httpx.get(f"{address}/judging.js", params={"text": "<script>alert(1)</script>", "kind": "text/html"}, trust_env=False)
    assert plain.text == spoilt.text and spoilt.headers["content-type"].startswith("text/javascript")
    assert "default-src 'self'" in spoilt.headers["content-security-policy"] and spoilt.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(address, headers={"host": "evil.example"}, trust_env=False).status_code == 400
    for body in (
        {"kind": "next"},
        {"kind": "next", "annotator": " "},
        {"kind": "judge", "annotator": "x", "token": "?", "side": "left"},
        {"kind": "judge", "annotator": "x"},
    ):
        assert httpx.post(f"{address}/said", json=body, trust_env=False).status_code == 422
    assert not path.exists()


def test_hostile_answers_are_text(sitting):
    page, _, path = sitting
    seen = ""
    for n in range(1, 9):
        seen += page.inner_text(".llmlab-answers")
        page.keyboard.press("t")
        done(page, n)
    assert "onerror" in seen and page.title() == "Which answer is better?"
    page.get_by_text("That was the last one").wait_for()
    assert page.locator("img").count() == 0


WIDGET = """async () => {
  const { default: widget } = await import('/judging.js');
  const state = { annotator: '', usual: 'Ana' }, sent = window.sent = [];
  const question = { done: 0, of: 2, reasons: [], token: 'x', prompt: [], left: 'one', right: 'two', scale: 'pair' };
  let heard;
  const model = { get: (k) => state[k], set: (k, v) => { state[k] = v; }, save_changes() {}, on: (_, f) => { heard = f; },
                  send: (m) => { sent.push(m); setTimeout(() => heard({ id: m.id, question })); } };
  document.body.replaceChildren();
  widget.render({ model, el: document.body });
}"""


def test_a_widget_asks_who_judges_before_the_first_question_and_says_so_with_each(sitting):
    page, _, _ = sitting
    page.evaluate(WIDGET)
    assert page.get_by_label("Who judges?").input_value() == "Ana" and page.evaluate("sent.length") == 0
    page.get_by_label("Who judges?").fill("Bea")
    page.get_by_role("button", name="Begin").click()
    done(page, 0, 2)
    page.get_by_role("button", name="Somebody else judges").click()
    page.get_by_label("Who judges?").fill("Cy")
    page.keyboard.press("Enter")
    done(page, 0, 2)
    assert page.evaluate("sent.map(m => m.annotator + ' ' + m.kind)") == ["Bea next", "Cy next"]


VIEWS = """async () => {
  const { default: widget } = await import('/judging.js');
  const state = window.state = { annotator: 'Ana', usual: '' }, sent = window.sent = [], heard = { 'msg:custom': [], 'change:annotator': [] };
  const question = { done: 0, of: 2, reasons: [], token: 'x', prompt: [], left: 'one', right: 'two', scale: 'pair' };
  const tell = (event, message) => heard[event].forEach((f) => f(message));
  const model = { get: (k) => state[k], set: (k, v) => { state[k] = v; tell(`change:${k}`); }, save_changes() {}, on: (event, f) => heard[event].push(f),
                  send: (m) => { sent.push(m); setTimeout(() => tell('msg:custom', { id: m.id, question })); } };
  document.body.replaceChildren();
  for (const id of ['one', 'two']) {
    const el = document.createElement('div');
    el.id = id;
    document.body.append(el);
    widget.render({ model, el });
  }
}"""


@pytest.fixture
def views(sitting):
    """(a page with two views of one widget, in which Ana judges; what waits until a view asks)."""
    page, _, _ = sitting
    page.evaluate(VIEWS)
    asks = lambda view: page.locator(f"#{view}").get_by_text("0 of 2 judged").wait_for(timeout=5000)  # noqa: E731
    asks("one"), asks("two")
    return page, asks


def test_who_judges_in_one_view_of_a_widget_judges_in_all(views):
    page, asks = views
    page.locator("#one").get_by_role("button", name="Somebody else judges").click()
    page.locator("#two").get_by_label("Who judges?").wait_for(timeout=5000)
    page.locator("#one").get_by_label("Who judges?").fill("Bea")
    page.keyboard.press("Enter")
    asks("one"), asks("two")
    assert page.evaluate("sent.map(m => m.annotator + ' ' + m.kind)") == ["Ana next"] * 2 + ["Bea next"] * 2


def test_what_is_answered_is_kept_under_the_name_for_which_it_was_asked(views):
    """A view in another tab may not have heard yet that somebody else judges."""
    page, _ = views
    page.evaluate("state.annotator = 'Bea'")
    page.locator("#two .llmlab-sitting").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("sent.length === 3")
    assert page.evaluate("sent[2].annotator + ' ' + sent[2].kind") == "Ana judge"


BUSY = """async () => {
  const { default: widget } = await import('/judging.js');
  const state = { annotator: 'Ana' }, sent = window.sent = [];
  let heard, busy = true;
  const answered = (m) => heard({ id: m.id, question: { done: sent.length - 1, of: 9, reasons: [], token: 'x', prompt: [], left: '1', right: '2', scale: 'pair' } });
  const model = { get: (k) => state[k], set: (k, v) => { state[k] = v; }, save_changes() {}, on: (_, f) => { heard = f; },
                  send: (m) => { sent.push(m); if (m.kind === 'next') setTimeout(() => answered(m)); } };
  document.body.replaceChildren();
  const late = window.setTimeout;
  window.setTimeout = (f, n) => late(f, n === 20000 ? 50 : n);
  widget.render({ model, el: document.body });
  window.free = () => sent.slice(1).forEach(answered);
}"""


def test_what_is_answered_while_the_kernel_is_busy_comes_from_one_tab_in_its_order(sitting):
    """The kernel hears both, and keeps the last (see tests of the sitting)."""
    page, _, _ = sitting
    page.evaluate(BUSY)
    done(page, 0, 9)
    page.locator(".llmlab-sitting").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("the last answer counts").wait_for(timeout=5000)
    page.keyboard.press("ArrowRight")
    page.wait_for_function("sent.length === 3")
    page.evaluate("free()")
    done(page, 2, 9)
    said = page.evaluate("sent.slice(1)")
    assert [m["side"] for m in said] == ["left", "right"] and said[0]["tab"] == said[1]["tab"] and said[0]["token"] == said[1]["token"]


def test_two_people_at_one_widget_are_two_annotators(tmp_path, monkeypatch):
    user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
    items = [{"prompt": user(f"question {n}"), "a": "one", "b": "two"} for n in range(4)]
    monkeypatch.setenv("LLMLAB_ANNOTATOR", "Ana")
    shown, replies = judging.widget(Sitting(tmp_path / "judged.jsonl", items)), []
    monkeypatch.setattr(type(shown), "send", lambda self, reply: replies.append(reply))
    say = lambda **message: shown._handle_custom_msg(message, []) or replies[-1]  # noqa: E731
    assert (shown.annotator, shown.usual) == ("", "Ana") and judging.widget(Sitting(tmp_path / "j", items, "x")).annotator == "x"
    assert "a name" in say(kind="next")["error"] and "a name" in say(kind="next", annotator=" ")["error"]
    for name in ("Bea", "cy", " BEA"):
        token = say(kind="next", annotator=name)["question"]["token"]
        say(kind="judge", annotator=name, token=token, side="left")
    assert [r["annotator"] for r in rows(tmp_path / "judged.jsonl")] == ["bea", "cy", "bea"]


SITTING = """import os
from llmlab.data.sitting import Sitting
from llmlab.pages import judging
user = lambda text: [{'role': 'user', 'content': text}]
items = [{'prompt': user(f'question {n}'), 'a': HOSTILE + str(n), 'b': f'other {n}'} for n in range(20)]
judging.widget(Sitting('judged.jsonl', items, 'ann', most=12))"""


@pytest.fixture
def notebook(browser, tmp_path):
    """(a JupyterLab server, the name of a notebook with a sitting, where its judgements will lie)."""
    lab = Lab(tmp_path, browser)
    cells = ["print('kernel', __import__('os').getpid())", SITTING.replace("HOSTILE", repr(HOSTILE))]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(made, tmp_path / "sit.ipynb")
    yield lab, "sit.ipynb", tmp_path / "judged.jsonl"
    lab.stop()


def sits(opened, judged):
    """Runs the cells of a notebook in JupyterLab until its widget says how many were judged; keys go to it then. What a kernel showed before is gone."""
    opened.do("notebook:clear-all-cell-outputs")
    opened.page.locator(".llmlab-sitting").wait_for(state="detached")
    opened.run_all()
    done(opened.page, judged, 12)
    opened.page.locator(".llmlab-sitting").last.focus()
    return opened.page


def test_in_jupyterlab_every_key_judges_and_hostile_answers_are_text(notebook):
    lab, name, path = notebook
    page, seen = sits(lab.open(name), 0), ""
    for n, key in enumerate(("ArrowLeft", "ArrowRight", "t", "b", "s"), 1):
        seen += page.inner_text(".llmlab-answers")
        page.keyboard.press(key)
        done(page, n, 12)
        assert len(rows(path)) == n, "before the next is shown"
    said = rows(path)
    assert said[0]["choice"] == said[0]["shown"][0] and said[1]["choice"] == said[1]["shown"][1]
    assert [r["choice"] for r in said[2:]] == ["tie", "bad", "skip"]
    page.keyboard.press("u")
    done(page, 4, 12)
    assert seen.count("onerror") == 5 and page.locator(".llmlab-sitting img").count() == 0 and "hacked" not in page.title()


def test_in_jupyterlab_a_reload_a_second_tab_and_a_killed_kernel_lose_and_repeat_nothing(notebook):
    lab, name, path = notebook
    opened = lab.open(name)
    page = sits(opened, 0)
    page.keyboard.press("ArrowLeft")
    done(page, 1, 12)
    asked = page.inner_text(".llmlab-prompt")
    page.reload()
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 1", timeout=60_000)
    opened.wait()
    assert sits(opened, 1).inner_text(".llmlab-prompt") == asked
    other = lab.open(name)
    second = sits(other, 1)
    second.keyboard.press("ArrowRight")
    done(second, 2, 12)
    page.locator(".llmlab-sitting").last.focus()
    page.keyboard.press("ArrowLeft")  # the same question, in a tab that does not know
    done(page, 2, 12)
    assert len(rows(path)) == 2 and rows(path)[1]["choice"] == rows(path)[1]["shown"][1]
    other.page.close()
    os.kill(int(opened.run("getpid").split()[-1]), signal.SIGKILL)
    page.wait_for_timeout(4000)  # JupyterLab starts another, and says so
    if page.locator(".jp-Dialog button").count():
        page.locator(".jp-Dialog button").last.click()
    opened.wait()
    page = sits(opened, 2)
    page.keyboard.press("t")
    done(page, 3, 12)
    assert [r["choice"] for r in rows(path)][2] == "tie" and len(rows(path)) == 3
    opened.shut()


@pytest.fixture
def side_by_side(copy, monkeypatch):
    """(a run whose phase 7 asked about its models, what `llmlab annotate RUN --arena` serves)."""
    served = {}
    monkeypatch.setattr(annotate.doors, "answer", lambda app, door: served.update(app=app))
    told = CliRunner().invoke(uses.annotate, [str(copy), "--arena", "--most", "200", "--port", "0"], catch_exceptions=False)
    assert str(copy / "arena.jsonl") in told.output and "annotations=" not in told.output
    return copy, served["app"]


def test_several_models_side_by_side(side_by_side):
    """Blind on the page and in the file; judgements make phase 7 stale, and its page then shows what they say."""
    from fastapi.testclient import TestClient

    run, app = side_by_side
    client, known = TestClient(app, base_url="http://127.0.0.1"), {"token", "prompt", "left", "right", "scale", "done", "of", "reasons"}
    say = lambda **message: client.post("/said", json={"annotator": "ana", **message}).json()  # noqa: E731
    params, question = read_json(run / "7_final_evaluation/phase.json")["params"], say(kind="next")
    assert question["of"] <= 30 and set(question) <= known | {"seconds_left", "undo"} and not Run(run).stale("7_final_evaluation", params)
    while "token" in question:
        question = say(kind="judge", token=question["token"], side="left", seconds=3)
    rows = judgements.read(run / "arena.jsonl")[0]
    assert rows and not (run / "annotations.jsonl").exists() and not {"from", "model", "task"} & set().union(*rows)
    assert not Run(run).stale("7_final_evaluation", params), "a judgement makes no verdict wrong"
    told = CliRunner().invoke(uses.annotate, [str(run), "--arena", "--standings"], catch_exceptions=False)
    assert "points, of" in told.output and f"{len(rows)} judgements" in told.output
    with pytest.raises(UserError, match="compares no two models"):
        annotate.standings(Run(run), print, str(run / "arena.jsonl"))
    with pytest.raises(UserError, match="nothing may learn from"):
        annotate.export(Run(run), "trl", run / "out.jsonl", side_by_side=True)
    child = Run(run.parent / "child", parent=run)
    child.save()
    assert annotate.place(child, side_by_side=True) == run / "arena.jsonl", "where the run lies that asked"
    execute("7_final_evaluation", run, **{**params, "judge": "assistant"})
    found = read_json(run / "7_final_evaluation/standings.json")
    asked = jsonl(run / "7_final_evaluation/asked.jsonl")
    assert {r["model"] for r in found["people"]} <= {"base", "assistant", "released"} and len(found["people"]) > 1
    assert found["people"] == arena.standings(arena.games(asked, rows), params["seed"])
    assert found["habits"]["order"]["n"] > 0 and len(found["judge"]) > 1, "and the judge's beside them, not among them"
    claims = lambda: [w for w in verify.verify(run) if "standings" in w["where"]]  # noqa: E731
    assert not claims()
    write_json(run / "7_final_evaluation/standings.json", {**found, "people": found["judge"]})
    assert claims()


def test_pairs_answers_and_prompts_from_a_file_are_asked_about(copy, tmp_path):
    """With a model of no run, too; what is asked alike by all is an error that says so, and not a sitting of gold items."""
    run, file = Run(copy), tmp_path / "mine.csv"
    file.write_text("prompt,chosen,rejected\nWhat is it?,good,bad\nAnd that?,fine,fine\n")
    asked = annotate.questions(run, ask=str(file))
    assert [(q["a"], q["b"]) for q in asked if "gold" not in q] == [("good", "bad")] and any("gold" in q for q in asked)
    (tmp_path / "prompts.jsonl").write_text('{"prompt": "What does the Aster fan cost?", "target": "7"}\n' * 2)
    with pytest.raises(UserError, match=r"could judge: asked twice \(1\), a prompt without an answer \(1\)"):
        annotate.questions(run, ask=str(tmp_path / "prompts.jsonl"))
    same = ("assistant", str(copy / "5_post_training/model"))
    with pytest.raises(UserError, match="no two answers to compare in 1 prompts: "):
        annotate.questions(run, models=same, ask=str(tmp_path / "prompts.jsonl"))
    told = CliRunner().invoke(uses.annotate, [str(copy), "--arena", "--ask", str(file)])
    assert "--ask ask about others" in told.output


def test_what_a_layout_has_no_place_for_is_said(copy, tmp_path):
    for n, choice in enumerate(("a", "tie")):
        row = {"item": str(n), "prompt": [{"role": "user", "content": f"q {n}"}], "a": "x", "b": "y", "choice": choice, "annotator": "ana"}
        judgements.append(copy / "annotations.jsonl", row)
    told = annotate.export(Run(copy), "trl", tmp_path / "out.jsonl")
    assert told == "1 records; judgements left out: a tie, or both bad (1)" and len(jsonl(tmp_path / "out.jsonl")) == 1


def test_the_command_that_learns_from_a_file_may_be_pasted_whatever_the_file_is_called(copy, tmp_path, monkeypatch):
    monkeypatch.setattr(annotate.doors, "answer", lambda app, door: None)
    path = tmp_path / "what they said.jsonl"
    told = CliRunner().invoke(uses.annotate, [str(copy), "--file", str(path), "--port", "0"], catch_exceptions=False)
    assert f"-p 'annotations={path}'" in told.output


def test_an_answer_says_which_weights_gave_it(tmp_path, monkeypatch):
    """A name stands for others after a training, and `--standings` must not take them for one."""
    monkeypatch.setattr(annotate, "_folder", lambda run, name: tmp_path / name)
    monkeypatch.setattr(annotate.candidates, "drawn", lambda *_, **__: [{"from": ["one at 0", "other at 0.8"]}])
    run, found = type("Run", (), {"find": staticmethod(lambda _: None)}), []
    for weights in ("before", "after"):
        for name, inside in (("one", weights), ("other", "the same")):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "model.safetensors").write_text(inside)
        found.append(annotate._answered(run, ("one", "other"), [{"prompt": [], "why": ""}])[0]["from"])
    before, after = found
    assert before[0] != after[0] and before[1] == after[1] and before[0].startswith("one at 0 [")


def test_a_judge_that_is_not_there_is_an_error_before_anything_runs():
    with pytest.raises(UserError, match="did you mean 'assistant'"):
        preflight.judge("asistant")
    preflight.judge("released"), preflight.judge("")

"""Real JupyterLab in a real browser, for tests: a server on a folder of runs, and one notebook in it."""

import re
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOW = "needs playwright (pip install -r requirements.lock) and Chromium (apt-get install chromium)"
IDLE = """() => { const p = window.jupyterapp.shell.currentWidget; return p && p.context.isReady && p.sessionContext.session?.kernel?.status === 'idle'
  && p.content.widgets.every(c => c.model.type !== 'code' || c.model.executionState !== 'running'); }"""
TEXT = """(o) => [].concat(o.text ?? [], (o.traceback ?? []).join('\\n'), o.data?.['text/html'] ?? o.data?.['text/plain'] ?? []).join('')"""  # outputs, drawn or not


def playwright():
    """Playwright's synchronous interface, or a skip that says how to have it."""
    found = pytest.importorskip("playwright.sync_api", reason=HOW)
    if CHROMIUM is None:
        pytest.skip(f"no Chromium: {HOW}")
    return found.sync_playwright()


class Lab:
    """A JupyterLab server whose files are the runs of a folder, and a browser in front of it."""

    def __init__(self, folder, browser):
        from llmlab.spine.run import Run
        from llmlab.workflow import lab

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.folder, self.browser = folder, browser
        anyone = Run(folder / "server")
        lab.prepare(anyone)
        port = self.address.rpartition(":")[2]
        options = (
            "--no-browser",
            "--allow-root",
            f"--ServerApp.port={port}",
            "--IdentityProvider.token=t",
        )
        environment = {k: v for k, v in lab.environment(anyone).items() if k not in ("LLMLAB_PROGRESS", "WANDB_MODE")}
        self.server = subprocess.Popen(
            lab.command(anyone, *options, "--LabApp.expose_app_in_browser=True", root=folder),
            env=environment,
            stdout=open(folder / "server.log", "w"),  # noqa: SIM115
            stderr=subprocess.STDOUT,
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(self.address + "/api")
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError((folder / "server.log").read_text()[-2000:])

    def open(self, path):
        """The notebook at a path below the folder, in a page of its own."""
        page = self.browser.new_page(viewport={"width": 1300, "height": 950})
        page.goto(f"{self.address}/lab/tree/{path}?token=t&reset")
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 1", timeout=60_000)
        return Notebook(page)

    def phase(self, run, phase):
        """The working copy of a phase of a run, made as `llmlab lab` makes it."""
        from llmlab.spine.run import Run
        from llmlab.workflow import lab

        path = lab.prepare(Run(run))[phase]
        return self.open(path.relative_to(self.folder))

    def stop(self):
        self.server.terminate()
        self.server.wait(20)


class Notebook:
    """What a person does with a notebook in JupyterLab."""

    def __init__(self, page):
        self.page = page
        self.wait()

    def do(self, command):
        """A command of JupyterLab's menus, without waiting for its end."""
        self.page.evaluate(f"() => void window.jupyterapp.commands.execute('{command}')")

    def _panel(self, script, *arguments):
        return self.page.evaluate(
            f"(a) => {{ const panel = window.jupyterapp.shell.currentWidget, cells = panel.content.widgets; {script} }}", arguments
        )

    def wait(self, seconds=120):
        """Until the kernel is idle and no cell waits."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(IDLE, timeout=1000 * seconds)

    def run_all(self, wait=True):
        self.do("notebook:run-all-cells")
        if wait:
            self.wait()

    def find(self, words):
        """The index of the first code cell whose source holds these words."""
        found = self._panel("return cells.findIndex(c => c.model.type === 'code' && c.model.sharedModel.getSource().includes(a[0]))", words)
        assert found >= 0, words
        return found

    def select(self, words):
        index = self.find(words)
        self._panel("panel.content.deselectAll(); panel.content.activeCellIndex = a[0]; panel.content.mode = 'command'", index)
        return index

    def run(self, words, wait=True):
        """Runs one cell; its outputs as text."""
        index = self.select(words)
        self.do("notebook:run-cell")
        if wait:
            self.wait()
        return self.output(index)

    def run_below(self, words):
        self.select(words)
        self.do("notebook:run-all-below")
        self.wait()

    def edit(self, words, old, new):
        """Types into a cell."""
        index = self.find(words)
        self._panel("const m = cells[a[0]].model.sharedModel; m.setSource(m.getSource().replace(a[1], a[2]))", index, old, new)

    def output(self, index):
        text = self._panel(f"return cells[a[0]].model.outputs.toJSON().map({TEXT}).join('\\n')", index)
        return re.sub(r"\x1b\[[0-9;]*m|</?[a-zA-Z][^>]*>", "", text)

    def said(self, words):
        return self.output(self.find(words))

    def kernel(self, what):
        """interrupt, restart."""
        self._panel("return panel.sessionContext.session.kernel[a[0]]()", what)

    def shows(self, words, kind):
        """Whether the output of a cell holds something of a MIME type now."""
        return self._panel("return cells[a[0]].model.outputs.toJSON().some(o => o.data?.[a[1]])", self.find(words), kind)

    def save(self):
        self.do("docmanager:save")
        self.page.wait_for_timeout(500)

    def shut(self):
        """Closes the tab and ends its kernel."""
        self._panel("return panel.sessionContext.shutdown()")
        self.page.close()


def timeless(html):
    """A page without what a clock or the load of the machine decides."""
    html = re.sub(r"<tr>(?:(?!</tr>).)*(training time|tokens per second|>seconds<)(?:(?!</tr>).)*</tr>", "", html, flags=re.S)
    html = re.sub(r"[\d.,]+ times the predicted time|in [\d.,]+ s\b|took [\d.,]+ s, [\d.,]+ s of them|at most \d+ MB", "", html)
    html = re.sub(r"<caption>seconds of each phase.*?</table>", "", html, flags=re.S)
    html = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|<dd>[\d.,]+ s</dd>|[\d.,]+ s( ·| of|<)", "", html)
    # A killed kernel may have finished its step before it noticed.
    html = re.sub(r"<pre>\w+: made before from the same inputs, kept\.\n</pre>", "", html)
    return re.sub(r"(tokens per second</dt><dd>)[\d.,]+", r"\1", html)


def records(folder):
    """phase.json without times; what it fingerprints holds seconds in metrics.jsonl, so models are compared by their weights."""
    from llmlab.spine.files import read_json
    from llmlab.spine.provenance import fingerprint

    record = read_json(folder / "phase.json")
    for key in ("seconds", "started", "finished", "learning_seconds", "peak_memory_mb", "headline"):
        record.pop(key)
    record["outputs"] = {name: fingerprint(folder / name, timed=False) for name in record["outputs"] if name not in ("cover.png",)}
    return record

"""What a kernel ran, cell by cell: outputs for the report, and what each cell used, so that no record claims what was not run.

A notebook invites to run cells in any order. Each execution notes a mark of every parameter, variable and artifact that the cell
used. A cell is *outdated* when something it used has been changed since by the parameters or by a cell above it. The same happens
in JupyterLab, under papermill and under `llmlab run`, so all of them leave the same notebook and the same report.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from types import ModuleType

from llmlab.spine import notebooks, privacy
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_text
from llmlab.spine.params import fill
from llmlab.spine.provenance import fingerprint, meaning_of_source, python
from llmlab.workflow import names, outputs


class Cells:
    """The cells of one phase in this kernel.

    Args:
        shell: IPython's, whose events tell which cell runs.
        phase: Phase; its parameters are read when they are needed.
        document: path of the notebook, for the order of its cells and the words between them.
        before: path of a notebook that an earlier kernel left, or None: what it ran still counts.
    """

    def __init__(self, shell, phase, document, before=None):
        self.shell, self.phase, self.document = shell, phase, Path(document)
        self.ran, self.marks, self.makers, self.running, self.finish = {}, {}, {}, None, None
        self.seen, self.count, self.busy, self._known = {}, 0, 0.0, {}
        for cell in sorted(_executed(before), key=lambda c: c["metadata"]["llmlab"]["n"]):
            self._restore(cell)
        self.restarted = self.count
        self._begin(_cell_id(shell), shell.history_manager.input_hist_raw[-1])
        self.opening = self.running["key"]
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)
        if not phase.headless:
            shell.set_custom_exc((NameError,), self._unknown)
        self.heard = outputs.Heard(shell.kernel.session, lambda: self.running["outputs"] if self.running is not None else [])

    def close(self):
        """Stops listening; another phase is opened in this kernel."""
        self.heard.close()
        self.shell.events.unregister("pre_run_cell", self._before)
        self.shell.events.unregister("post_run_cell", self._after)

    def _unknown(self, shell, kind, error, trace, tb_offset=None):
        """Shows a name that is not known yet with the cell to run, where one makes it."""
        if cell := self._cell_that_makes(error.name):
            wrong = UserError(
                f"there is no {error.name!r} yet", f"{cell} makes it", "run it, or all above: Run > Run All Above Selected Cell"
            )
            error._render_traceback_ = wrong._render_traceback_
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    def _cell_that_makes(self, name):
        """The first cell that binds a name, as the user sees it; None if there is none."""
        for cell in self._document():
            if cell["cell_type"] == "code" and name in names.bound(notebooks.source(cell)):
                known = self.ran.get(cell["id"])
                return described({"number": known and known["number"], "source": notebooks.source(cell)})
        return None

    # --- events ---------------------------------------------------------------------------------------------------------------------
    def _before(self, info):
        if not info.silent and info.store_history:
            self._begin(info.cell_id, info.raw_cell)

    def _begin(self, cell_id, source):
        loads, stores = names.used_and_made(source)
        key = self._key(cell_id, source)
        self.running = {"key": key, "source": source, "stores": stores, "outputs": [], "touched": set(), "read": {}, "began": time.time()}
        self.running |= {"used": {n: self._mark(n) for n in sorted(loads - stores) if self._mark(n)}, "number": self.shell.execution_count}

    def touch(self, artifact):
        """The running cell writes an artifact, or looks at one that was written."""
        if self.running is not None:
            self.running["touched"].add(artifact)
        self.seen.setdefault(artifact, None)

    def read(self, artifact, mark):
        """The running cell reads an input."""
        if self.running is not None:
            self.running["read"][artifact] = mark

    def inputs(self):
        """{input: its fingerprint} of what the cells read when they last ran, those of an earlier kernel too."""
        return {a: mark for cell in sorted(self.ran.values(), key=lambda c: c["n"]) for a, mark in cell["read"].items()}

    def _after(self, result):
        if self.running is None:
            return
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        cell, self.running = self.running, None
        self.busy += time.time() - cell["began"]
        for artifact, mark in {a: self._signature(a) for a in self.seen}.items():
            if mark != self.seen[artifact]:
                self.seen[artifact], self.makers[artifact] = mark, cell["key"]
        cell["saw"] = {a: self.seen[a] for a in sorted(cell.pop("touched"))}
        made = _hash([meaning_of_source(python(cell["source"])), cell["used"], cell["saw"]])
        cell["stored"] = {n: self._value_mark(n, made) for n in sorted(cell.pop("stores")) if n not in self.phase.known}
        cell["failed"], self.count = not result.success, self.count + 1
        self._remember(cell, self.count)
        try:
            self._settled(cell, result.success)
        except UserError as error:  # an event of IPython may not raise
            self.shell.showtraceback((UserError, error, None))

    def _settled(self, cell, success):
        if _is_parameters(cell["source"]):
            self.phase.settle()
        if cell["key"] == self.opening:
            self.phase.ready()
        if self.finish is not None and success:
            finish, self.finish = self.finish, None
            finish()
        elif not self.phase.clean:
            self.write(self.phase.path.with_suffix(".ipynb"))

    def _remember(self, cell, n):
        self.ran[cell["key"]] = {**cell, "n": n}
        for name, mark in cell["stored"].items():
            if self.marks.get(name) != mark:
                self.marks[name], self.makers[name] = mark, cell["key"]

    def _restore(self, cell):
        known = cell["metadata"]["llmlab"]
        self.count += 1
        for artifact, mark in known["saw"].items():
            if self.seen.get(artifact) != mark:
                self.seen[artifact], self.makers[artifact] = mark, known["key"]
        self._remember(
            {"read": {}, **known, "source": notebooks.source(cell), "outputs": cell["outputs"], "failed": False, "number": None}, self.count
        )

    # --- marks ----------------------------------------------------------------------------------------------------------------------
    def _mark(self, name):
        """What stands for the present value of a name: of a parameter its value, of a variable what its cell noted."""
        return _hash(self.phase.namespace.get(name)) if name in self.phase.known else self.marks.get(name)

    def _value_mark(self, name, made):
        """Of a small plain value its content, of anything else how it was made: by which cell, from what."""
        value = self.phase.namespace.get(name)
        if isinstance(value, ModuleType | type(self.phase)):
            return "always the same"
        try:
            small = not isinstance(value, list | dict | tuple) or len(value) <= 200
            text = json.dumps(value, sort_keys=True, default=_path) if small else ""
        except (TypeError, ValueError):
            return made
        return _hash(text) if 0 < len(text) < 1_000_000 else made

    def _signature(self, artifact):
        """The content of an artifact; read again only if its files were touched."""
        path = self.phase.path / artifact
        if not path.exists():
            return None
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        stats = [(str(f), s.st_size, s.st_mtime_ns) for f in files if (s := f.stat())]
        if self._known.get(artifact, (None,))[0] != stats:
            self._known[artifact] = (stats, fingerprint(path, timed=False))
        return self._known[artifact][1]

    # --- what the record may claim -----------------------------------------------------------------------------------------------------
    def order(self):
        """Positions (from 1, the parameters left out) of the code cells in the order in which they last ran, the running one last."""
        place, here = {key: n for n, key in enumerate(self._keys(), 1)}, self.running["key"]
        before = [r["key"] for r in sorted(self.ran.values(), key=lambda r: r["n"]) if r["key"] != here]
        return [place[key] for key in (*before, here) if key in place]

    def whole(self, since):
        """Whether every code cell from the opening one to the running one has run since the n-th execution."""
        keys, here = self._keys(), self.running["key"]
        if self.opening not in keys or here not in keys:
            return False
        return all(k in self.ran and self.ran[k]["n"] > since for k in keys[keys.index(self.opening) : keys.index(here)])

    def outdated(self):
        """[(the cell, why: it failed, or what it used that has changed since)], from top to bottom."""
        keys = self._keys()
        above = lambda maker, key: maker in keys and key in keys and keys.index(maker) < keys.index(key)  # noqa: E731
        here, found = self.running["key"] if self.running else None, []
        for key in (k for k in keys if k in self.ran and k != here):
            cell = self.ran[key]
            names = [
                n for n, mark in cell["used"].items() if self._mark(n) != mark and (n in self.phase.known or above(self.makers.get(n), key))
            ]
            files = [a for a, mark in cell["saw"].items() if self.seen.get(a) != mark and above(self.makers.get(a), key)]
            if names or files or cell["failed"]:
                found.append((cell, "failed" if cell["failed"] else f"used {', '.join(names + files)}"))
        return found

    def cell_that(self, word):
        """The cell in whose source a word stands, as the user sees it: for errors that name the cell to run."""
        for cell in self._document():
            if cell["cell_type"] == "code" and f'"{word}"' in notebooks.source(cell):
                known = self.ran.get(cell["id"])
                return described({"number": known and known["number"], "source": notebooks.source(cell)})
        return "the cell that writes it"

    def _document(self):
        return read_json(self.document)["cells"] if self.document.exists() else []

    def _key(self, cell_id, source):
        """A cell's id in the document; where the front end sends none (papermill), that of the cell with the same source."""
        same = [c["id"] for c in self._document() if notebooks.source(c).strip() == source.strip()]
        return cell_id or next((k for k in same if k not in self.ran), same[0] if same else _hash(source.strip())[:8])

    def _keys(self):
        """Keys of the notebook's code cells in its order; a cell that is not saved yet stands where it ran."""
        keys = [
            c["id"] for c in self._document() if c["cell_type"] == "code" and not notebooks.is_parameters(c) and notebooks.source(c).strip()
        ]
        before = None
        for cell in sorted(self.ran.values(), key=lambda r: r["n"]):
            if cell["key"] not in keys and not _is_parameters(cell["source"]) and cell["n"] > self.restarted:
                keys.insert(keys.index(before) + 1 if before in keys else len(keys), cell["key"])
            before = cell["key"]
        return keys

    # --- the executed notebook ---------------------------------------------------------------------------------------------------------
    def write(self, path):
        """Writes the notebook as it was executed: the document's words and order, this kernel's sources and outputs."""
        cells, by_key = [], {}
        for cell in self._document():
            if cell["cell_type"] == "code" and notebooks.source(cell).strip():
                key = cell["id"]
                cell = _filled(cell, self.phase.params | {"run_dir": self.phase.run.place}) if notebooks.is_parameters(cell) else cell
                by_key[key] = cell = self._as_run(cell, key)
            if notebooks.source(cell).strip():
                cells.append(cell)
        for before, key in zip([None, *self._keys()], self._keys()):
            if key not in by_key and key in self.ran:
                by_key[key] = self._as_run({"cell_type": "code", "id": key[:8], "metadata": {}, "source": []}, key)
                cells.insert(cells.index(by_key[before]) + 1 if before in by_key else len(cells), by_key[key])
        for n, cell in enumerate((c for c in cells if c["cell_type"] == "code"), 1):
            cell["execution_count"] = n
        document = read_json(self.document) if self.document.exists() else {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
        metadata = {k: v for k, v in document["metadata"].items() if k in ("kernelspec", "language_info")}
        text = json.dumps({**document, "cells": cells, "metadata": metadata}, indent=1, ensure_ascii=False)
        write_text(path, privacy.check_secrets(privacy.anonymous(text, [self.phase.run], self.phase.params), path))

    def _as_run(self, cell, key):
        here = self.running is not None and self.running["key"] == key
        ran = {**self.running, "n": self.count + 1, "stored": {}, "saw": {}} if here else self.ran.get(key)
        metadata = {k: v for k, v in cell["metadata"].items() if k == "tags"}
        if ran is None or notebooks.is_parameters(cell):
            return {**cell, "metadata": metadata, "outputs": [], "execution_count": None}
        noted = {k: ran[k] for k in ("key", "n", "used", "stored", "saw", "read")}
        source = ran["source"].strip("\n").splitlines(keepends=True)
        return {
            **cell,
            "metadata": {**metadata, "llmlab": noted},
            "source": source,
            "outputs": outputs.kept(ran["outputs"]),
            "execution_count": None,
        }


def described(cell):
    """A cell as the user sees it: its number and its first line."""
    first = next((line for line in cell["source"].splitlines() if line.strip()), "")
    return f"cell [{cell['number'] or ' '}] {first[:60]}"


def _cell_id(shell):
    """The id of the cell that runs now, None where the front end gives none."""
    return (shell.kernel.get_parent().get("metadata") or {}).get("cellId")


def _executed(before):
    cells = read_json(before)["cells"] if before is not None else []
    return [c for c in cells if c["cell_type"] == "code" and "llmlab" in c["metadata"]]


def _is_parameters(source):
    return source.startswith("# Parameters\n") or source.lstrip().startswith("run_dir =")


def _filled(cell, values):
    return {**cell, "source": fill(notebooks.source(cell), values).splitlines(keepends=True)}


def _hash(value):
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _path(value):
    if isinstance(value, Path):
        return str(value)
    raise TypeError

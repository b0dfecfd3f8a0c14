"""One phase at work: what its notebook reads, writes and publishes, in whatever order its cells run."""

import atexit
import os
import shutil
import time

from llmlab.pages import show
from llmlab.spine import locks, machine, notebooks, sealed, track
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import PHASES, ROOT, RUN_DIR, check_phase, coerce, near, resolve, schema
from llmlab.spine.provenance import code_used, fingerprint
from llmlab.spine.run import Run, entered
from llmlab.workflow import cells, preflight, publication, road, summary

STARTED = "LLMLAB_STARTED"  # when the pipeline called for the kernel: its start and its imports are part of what a phase costs
NOTEBOOK = "LLMLAB_NOTEBOOK"  # the notebook that the pipeline executes
FRESH = "LLMLAB_FRESH"  # set by --force: nothing that was made before is kept
MADE = ("notebook.ipynb", "phase.json", "summary.json")  # beside the artifacts, whose fingerprints the record holds
_CELLS = {}  # the one watcher of this kernel


class Phase:
    """One notebook's view of the run: `read` inputs, `write` outputs, `done` at the end. Each may be called again, at any time.

    Opening checks the parameters, which stay the notebook's own variables: whoever changes one changes it here.

    Args:
        name: the phase, as in "3_pretraining".
        namespace: the notebook's globals(), with `run_dir` and the other parameters.
    """

    def __init__(self, name, namespace):
        self.name, self.namespace = check_phase(name), namespace
        if RUN_DIR not in namespace:
            raise UserError(
                f"there is no {RUN_DIR} yet", "the first code cell, with the parameters, sets it", "run that cell, then this one"
            )
        self.run = entered(namespace[RUN_DIR], first=self.name == PHASES[0])
        self.path, self.final = self.run.path / ".work" / self.name, self.run.path / self.name
        self.headless, self.started = STARTED in os.environ, float(os.environ.get(STARTED) or time.time())
        self.document = _document(self.run, self.name)
        project = notebooks.project(self.name)
        self.known = {n: p for n, p in schema(self.name, self.document if self.document != project else None).items() if n != RUN_DIR}
        self.inputs, self.outside, self.touched, self.since, self.clean, self._checked = {}, {}, set(), 0, False, None
        self._open()

    def _open(self):
        locks.hold(self.run, self.name)
        if not (self.run.path / "run.json").exists():
            self.run.save()
        self.told = self.settle()
        sealed.confidential(self.params.get("confidential", self.run.confidential))
        finished = self.final.exists() and not self.path.with_suffix(".ipynb").exists()
        if os.environ.get(FRESH) or (finished and _CELLS.get("now") is None):  # left by a kernel that had published it
            shutil.rmtree(self.path, ignore_errors=True)
        code_used(self.document, self.params)  # notes the package as it is now: whoever edits it meanwhile makes the phase stale
        self.path.mkdir(parents=True, exist_ok=True)
        self.cells = self._watch()
        self.say = (lambda words: None) if self.headless else show.live(f"{self.name} of {self.run.place} opens; importing what it needs …")
        show.sharp_figures()
        track.start(self.run.path, self.name, self.params)

    def ready(self):
        """After the opening cell: says on which run the notebook plays, and what it was told."""
        self.say(f"This notebook plays on {self.run.place}." + "".join(f" {line}." for line in self.told))

    def _watch(self):
        """The watcher of this kernel's cells; None outside a kernel, where code runs from top to bottom."""
        shell = show.shell()
        if getattr(shell, "kernel", None) is None:
            return None
        now = _CELLS.get("now")
        if now is not None and (now.phase.name, now.phase.run.path) == (self.name, self.run.path):
            self.inputs, self.outside, self.touched, self.since = now.phase.inputs, now.phase.outside, now.phase.touched, now.phase.since
            now.phase, now.opening = self, now.running["key"]
            return now
        if now is not None:
            now.close()
        before = next((p for p in (self.path.with_suffix(".ipynb"), self.final / "notebook.ipynb") if p.exists()), None)
        _CELLS["now"] = cells.Cells(shell, self, self.document, None if self.headless else before)
        atexit.register(lambda: _CELLS["now"].phase.clean and shutil.rmtree(_CELLS["now"].phase.path, ignore_errors=True))
        return _CELLS["now"]

    # --- parameters -------------------------------------------------------------------------------------------------------------------
    def settle(self):
        """Where nobody chose a value, the notebook's variables get those that the run was told; returns what was changed, in words.

        What differs from what the cell was made with was chosen here, and so was what papermill injected.
        """
        shown = notebooks.filled(self.document)
        injected = self._injected()
        told, changed = self.run.told().get(self.name, {}), []
        for name, parameter in self.known.items():
            expected = shown.get(name, parameter.default)
            value = self.namespace.get(name, expected)
            if name in told and name not in injected and value == expected != told[name]:
                value = told[name]
                changed.append(f"{name} = {value!r}, as the run was told")
            self.namespace[name] = coerce(value, parameter, self.name)
        return changed

    def _injected(self):
        """Names that papermill injected; one that is no parameter is an error, which papermill only warns of."""
        found = set()
        for source in self.namespace.get("In", []):
            if source.startswith("# Parameters\n"):
                found |= {line.split(" = ")[0] for line in source.splitlines()[1:] if " = " in line and not line.startswith(" ")}
        for unknown in sorted(found - set(self.known) - {RUN_DIR}):
            raise UserError(f"there is no parameter {unknown!r} in {self.name}", near(unknown, self.known), f"llmlab params {self.name}")
        return found

    @property
    def params(self):
        """{name: value} as they are in the notebook now; a value that cannot be is a UserError."""
        values = {n: coerce(self.namespace.get(n, p.default), p, self.name) for n, p in self.known.items()}
        self.namespace.update(values)
        if values != self._checked:
            preflight.check(self.name, values)
            self._checked = values
        return dict(values)

    # --- artifacts --------------------------------------------------------------------------------------------------------------------
    def read(self, artifact):
        """Path of an input; its content is fingerprinted, so that a change of it makes this phase stale."""
        path = self.run[artifact]
        self.inputs[artifact] = fingerprint(path, timed=False)
        if self.cells:
            self.cells.read(artifact, self.inputs[artifact])
        return path

    def given(self, parameter, paths):
        """Notes the content of files and folders outside the run that a parameter names, so that a change of them makes this phase stale."""
        self.outside[parameter] = {os.path.relpath(path, ROOT): fingerprint(path) for path in paths}

    def beside(self, file):
        """Path of a file that people write beside the phases, if they do; what it was when this phase looked is noted, and no later change makes it stale."""
        path = self.run.path / file
        self.inputs[file] = fingerprint(path, timed=False) if path.exists() else None
        return path

    def write(self, artifact):
        """Path for an output, in the phase's work folder until `done` publishes it; what was published before lies there as a copy."""
        locks.hold(self.run, self.name)
        sealed.confidential(self.params.get("confidential", self.run.confidential))
        path, published = self.path / artifact, self.final / artifact
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() and published.exists() and artifact not in self.touched and not os.environ.get(FRESH):
            shutil.copytree(published, path) if published.is_dir() else shutil.copy2(published, path)
        self.touched.add(artifact)
        self.clean = False
        if self.cells:
            self.cells.touch(artifact)
        return path

    def discard(self, artifact):
        """Removes something that was only needed on the way."""
        self.touched.add(artifact)
        path = self.path / artifact
        path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, ignore_errors=True)

    def json(self, artifact, data=None):
        """Writes `data` as JSON into an output, or, without data, reads an input."""
        if data is None:
            return read_json(self.read(artifact))
        write_json(self.write(artifact), data)
        return data

    # --- the end ----------------------------------------------------------------------------------------------------------------------
    def done(self, headline, cover=None):
        """Publishes the phase: its folder replaces the former one with a rename.

        Args:
            headline: {label: text or number}, three or four results for the run's index page.
            cover: the figure for the index page.

        Returns: one sentence on what the phase cost. A UserError names the cells to run if the record would claim what was not done.
        """
        params = self.params
        locks.hold(self.run, self.name)
        self.path.mkdir(parents=True, exist_ok=True)
        self._check()
        seconds, learning = self._seconds(), sum(r.get("learning_seconds", 0) for r in self._new_steps())
        whole = not self.cells or self.cells.whole(self.since)
        new, before = publication.assemble(self.path, self.final, self.touched, whole, keep=bool(self.cells) and not self.headless)
        if cover is not None:
            cover.savefig(new / "cover.png", dpi=110, bbox_inches="tight")
            write_json(new / "cover.json", {"alt": cover.alt})
        if self.cells:
            self.cells.write(new / "notebook.ipynb")
        record = {
            "phase": self.name,
            "params": params,
            "inputs": before.get("inputs", {}) | (self.cells.inputs() if self.cells else {}) | self.inputs,
            "outside": before.get("outside", {}) | self.outside,
            "outputs": {
                p.name: fingerprint(p) for p in sorted(new.iterdir()) if p.name not in publication.NOT_ARTIFACTS and p.name[0] != "."
            },
            "code": code_used(new / "notebook.ipynb" if self.cells else self.document, params),
            "order": self.cells.order() if self.cells else [],
            "headline": headline,
            "seconds": round(seconds, 1),
            "started": round(self.started, 3),
            "learning_seconds": round(learning, 1),
            "peak_memory_mb": machine.peak_memory_mb(),
            "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
            "versions": machine.versions(),
        }
        write_json(new / "phase.json", record)
        write_json(new / "summary.json", summary.of(new, record, {name: parameter.default for name, parameter in self.known.items()}))
        track.finish(headline)
        self.run.recover(self.name)
        publication.swap(new, self.final, self.path.with_suffix(".old"))
        self.clean = True
        if self.cells:
            self.cells.finish = self._report
        locks.release(self.run, self.name)
        cost = f"{self.name} took {seconds:.0f} s, {learning:.0f} s of them learning, and at most {record['peak_memory_mb']} MB of memory."
        return show.Html(f"<p>{cost}</p>")

    def _check(self):
        """Refuses to publish what was not made, or what was made otherwise than the record would say."""
        if Run(self.namespace[RUN_DIR]).path != self.run.path:
            raise UserError(
                f"run_dir is {self.namespace[RUN_DIR]!r} now", f"the phase is open on {self.run.place}", "run the cell that opens the phase"
            )
        told = self.cells.cell_that if self.cells else lambda word: f"the cell with {word}"
        for step in self.path.rglob(".step.json"):
            if read_json(step)["summary"] is None:
                made = step.parent.relative_to(self.path)
                raise UserError(f"{made} is not finished", "what was interrupted goes on where it was", f"run {told(str(made))}")
        for artifact in publication.literal_artifacts(self.document):
            if not any((p / artifact).exists() for p in (self.path, self.final)) and artifact not in self.touched:
                raise UserError(f"{artifact} was never made", f"{self.name} publishes it", f"run {told(artifact)}")
        if self.cells and (late := self.cells.outdated()):
            names = "; ".join(f"{cells.described(c)} ({why})" for c, why in late[:4])
            raise UserError(
                f"{len(late)} cell{'s' * (len(late) > 1)} failed, or ran before something that they use was changed: {names}",
                "what the record claims is what was run",
                f"run {cells.described(late[0][0])} and those below it (Run > Run Selected Cell and All Below)",
            )

    def _new_steps(self):
        """Records of the steps that this attempt made, not a former one."""
        return [read_json(p) for p in self.path.rglob(".step.json") if p.stat().st_mtime > self.started]

    def _seconds(self):
        """What the phase cost: under `llmlab run` from the call on, in Jupyter the cells alone, since people think in between."""
        if self.headless or not self.cells:
            return time.time() - self.started
        return self.cells.busy + time.time() - self.cells.running["began"]

    def _report(self):
        """After the cell that published: its outputs are known now. Notes in run.json what was chosen and edited, and draws the pages."""
        self.since, self.touched = self.cells.count, set()
        self.cells.write(self.final / "notebook.ipynb")
        self.path.with_suffix(".ipynb").unlink(missing_ok=True)
        run = Run(self.run.path)  # as it is now: another phase may have been published meanwhile
        copy = run.path / "notebooks" / f"{self.name}.ipynb"
        run.record.setdefault("notebooks", {})[self.name] = {
            "by": _door(self.headless),
            "edited": notebooks.mark(self.final / "notebook.ipynb") != notebooks.mark(notebooks.project(self.name)),
            "saved": notebooks.mark(copy),
            "seen": notebooks.chosen(copy) if copy.exists() else {},
            **{name: fingerprint(self.final / name) for name in MADE},  # what `verify` goes by
        }
        params = read_json(self.final / "phase.json")["params"]
        inherited = resolve(self.name, (run.parent.told() if run.parent else {}).get(self.name), self.known)
        run.record["overrides"][self.name] = {n: v for n, v in params.items() if v != inherited.get(n)}
        run.record["overrides"] = {p: v for p, v in run.record["overrides"].items() if v}
        run.save()
        road.redraw(Run(run.path))


def _document(run, phase):
    """The notebook that runs in this kernel: as the front end names it, else the one that makes the phase in this run."""
    named = [os.environ.get(NOTEBOOK), os.environ.get("JPY_SESSION_NAME")]
    for path in filter(None, named):
        found = ROOT / path
        if found.suffix == ".ipynb" and found.exists():
            return found.resolve()
    return run.notebook(phase)


def _door(headless):
    return "llmlab run" if headless else "Jupyter" if os.environ.get("JPY_SESSION_NAME") else "papermill"

"""One phase at work: what its notebook reads, writes and publishes."""

import os
import platform
import resource
import shutil
import sys
import time
from importlib import metadata

from llmlab.pages import show
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import ROOT, check_phase, coerce, near, schema
from llmlab.spine.provenance import code_used, fingerprint
from llmlab.spine.run import Run
from llmlab.workflow import preflight

STARTED = "LLMLAB_STARTED"  # when the pipeline called for the kernel: its start and its imports are part of what a phase costs
NOT_ARTIFACTS = ("phase.json", "notebook.ipynb", "report.html")
VERSIONS = ("torch", "transformers", "trl", "peft", "datasets", "tokenizers", "numpy", "scikit-learn", "onnxruntime")


class Phase:
    """One notebook's view of the run: `read` inputs, `write` outputs, `done` at the end."""

    def __init__(self, name, namespace):
        self.run, self.name = Run(namespace["run_dir"]), check_phase(name)
        run, name = self.run, self.name
        self.params = self._check(namespace)
        self.inputs, self.outside, self.started = {}, {}, float(os.environ.get(STARTED) or time.time())
        self.code = code_used(name, self.params)  # of now: whoever edits the code meanwhile makes the phase stale
        self.path = run.path / ".work" / name
        self.path.mkdir(parents=True, exist_ok=True)
        if not (run.path / "run.json").exists():
            run.save()
        track.start(run.path, name, self.params)

    def _check(self, namespace):
        """The notebook's parameters, coerced like those of the command line, also when plain papermill injected them."""
        known, found = schema(self.name), {}
        for source in namespace.get("In", []):
            if source.startswith("# Parameters\n"):
                names = [line.split(" = ")[0] for line in source.splitlines()[1:] if " = " in line and not line.startswith(" ")]
                for unknown in [n for n in names if n not in known]:
                    raise UserError(f"{self.name}: there is no parameter {unknown!r}", near(unknown, known), f"llmlab params {self.name}")
        for name, parameter in known.items():
            found[name] = namespace[name] = coerce(namespace.get(name, parameter.default), parameter, self.name)
        found.pop("run_dir", None)
        preflight.check(self.name, found)
        return found

    def read(self, artifact):
        """Path of an input; its content is fingerprinted, so that a change of it makes this phase stale."""
        path = self.run[artifact]
        self.inputs[artifact] = fingerprint(path, timed=False)
        return path

    def given(self, parameter, paths):
        """Notes the content of files and folders outside the run that a parameter names, so that a change of them makes this phase stale."""
        self.outside[parameter] = {os.path.relpath(path, ROOT): fingerprint(path) for path in paths}

    def write(self, artifact):
        """Path for an output, inside the phase's work folder until `done` publishes it."""
        path = self.path / artifact
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def discard(self, artifact):
        """Removes something that was only needed on the way."""
        path = self.path / artifact
        path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, ignore_errors=True)

    def json(self, artifact, data=None):
        """Writes `data` as JSON into an output, or, without data, reads an input."""
        if data is None:
            return read_json(self.read(artifact))
        write_json(self.write(artifact), data)
        return data

    def done(self, headline, cover=None):
        """Publishes the phase: its folder replaces the former one with a rename.

        Args:
            headline: {label: text or number}, three or four results for the run's index page.
            cover: the figure for the index page.

        Returns: one sentence on what the phase cost.
        """
        if cover is not None:
            cover.savefig(self.path / "cover.png", dpi=110, bbox_inches="tight")
            write_json(self.path / "cover.json", {"alt": cover.alt})
        steps = [p for p in self.path.rglob(".step.json") if p.stat().st_mtime > self.started]  # not what a former attempt made
        learning = sum(read_json(p).get("learning_seconds", 0) for p in steps)
        for record in list(self.path.rglob(".step.json")):
            record.unlink()
        outputs = {p.name: fingerprint(p) for p in sorted(self.path.iterdir()) if p.name not in NOT_ARTIFACTS and p.name[0] != "."}
        seconds = time.time() - self.started
        write_json(
            self.path / "phase.json",
            {
                "phase": self.name,
                "params": self.params,
                "inputs": self.inputs,
                "outside": self.outside,
                "outputs": outputs,
                "code": self.code,
                "headline": headline,
                "seconds": round(seconds, 1),
                "started": round(self.started, 3),
                "learning_seconds": round(learning, 1),
                "peak_memory_mb": peak_memory_mb(),
                "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
                "versions": versions(),
            },
        )
        track.finish(headline)
        self._publish()
        cost = f"{self.name} took {seconds:.0f} s, {learning:.0f} s of them learning, and at most {peak_memory_mb()} MB of memory."
        return show.Html(f"<p>{cost}</p>")

    def _publish(self):
        final, old = self.run.path / self.name, self.run.path / ".work" / f"{self.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            os.rename(final, old)
        os.rename(self.path, final)
        shutil.rmtree(old, ignore_errors=True)
        self.path = final


def peak_memory_mb():
    """Largest resident memory of this process or of one that it started, in MB (10⁶ bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB
    return round(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * unit / 1e6)


def versions():
    """Versions of Python and of the libraries that shape results; not of the machine, which is nobody's business."""
    found = {"python": platform.python_version(), "system": sys.platform}
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found

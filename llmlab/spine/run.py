"""The run directory: what each phase read, what it wrote, and with which parameters.

    runs/demo/
      run.json                 parent run, parameters that differ from the notebooks' defaults
      index.html               the road: one card per phase
      3_pretraining/           one folder per phase, named like its notebook
        phase.json             parameters, inputs and outputs with fingerprints, code, metrics, cost, versions
        model/ metrics.jsonl   the artifacts
        notebook.ipynb         as executed, and report.html made of it
      .work/                   phases being made; nothing here counts until it is whole

A phase works in `.work` and its folder appears with one rename, so an artifact is there whole or not at all.
"""

import os
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import PHASES, ROOT, WITHOUT_EFFECT, check_phase
from llmlab.spine.provenance import code_changes, code_used, fingerprint, wingless

MODELS = {"released": "6_fine_tuning/model", "assistant": "5_post_training/model", "base": "3_pretraining/model"}  # newest first


def existing(path):
    """The run at `path`, or an error that names those beside it."""
    run = Run(path)
    if not (run.path / "run.json").exists():
        there = sorted(p.parent.name for p in run.path.parent.glob("*/run.json"))
        raise UserError(f"there is no run {run.path}", "runs beside it: " + (", ".join(there) or "none"), f"llmlab run {run.path}")
    return run


class Run:
    """One experiment on disk. What it lacks is looked up in its parent, as in a git branch.

    Args:
        path: the run directory. A relative one means the same from every notebook: it is taken from the project's root.
        parent: run that supplies what this one does not make; remembered in `run.json`.
    """

    def __init__(self, path, parent=None):
        self.path = (ROOT / path).resolve()
        record = self.path / "run.json"
        self.record = read_json(record) if record.exists() else {"parent": None, "overrides": {}}
        if parent is not None:
            self._set_parent(Path(ROOT / parent).resolve())
        here = self.record["parent"]
        self.parent = Run((self.path / here).resolve()) if here else None

    def _set_parent(self, parent):
        existing(parent)
        relative = os.path.relpath(parent, self.path)
        if self.record["parent"] not in (None, relative):
            raise UserError(
                f"{self.path.name} already has the parent {self.record['parent']}",
                "a run keeps its parent for life",
                f"llmlab run NEW_NAME --parent {parent}",
            )
        ancestor = Run(parent)
        while ancestor is not None:
            if ancestor.path == self.path:
                raise UserError(
                    f"{self.path.name} cannot be its own parent or ancestor",
                    f"{parent.name} or another run, as the parent of a new one",
                    f"llmlab run NEW_NAME --parent {parent}",
                )
            ancestor = ancestor.parent
        self.record["parent"] = relative

    @property
    def place(self):
        """How a command names the run: from the project's root, or by its name alone where it stands elsewhere."""
        return str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else self.path.name

    def save(self):
        """Creates or updates `run.json`; nothing is written by looking at a run."""
        write_json(self.path / "run.json", self.record)

    def find(self, artifact):
        """Path of `artifact` ("3_pretraining/model") here or in the nearest ancestor, else None."""
        self._recover(artifact.split("/")[0])
        whole = (self.path / artifact.split("/")[0] / "phase.json").exists()
        if whole and (self.path / artifact).exists():
            return self.path / artifact
        return self.parent.find(artifact) if self.parent else None

    def newest_model(self):
        """Artifact name of the model that got furthest; that of the released one if there is none yet."""
        return next((a for a in MODELS.values() if self.find(a)), MODELS["released"])

    def _recover(self, phase):
        """A kill between the two renames of `publish` leaves the old folder aside: put it back."""
        old = self.path / ".work" / f"{phase}.old"
        if old.exists() and not (self.path / phase).exists():
            os.rename(old, self.path / phase)

    def __getitem__(self, artifact):
        found = self.find(artifact)
        if found is None:
            check_phase(artifact.split("/")[0])
            there = [p for p in PHASES if self.find(f"{p}/phase.json")]
            raise UserError(
                f"{self.path.name} has no {artifact}, nor has a parent of it",
                "finished phases: " + (", ".join(there) or "none"),
                f"llmlab run {self.path}",
            )
        return found

    def done(self, phase):
        """The record of a finished phase, here or in an ancestor, else None."""
        found = self.find(f"{phase}/phase.json")
        return read_json(found) if found else None

    def owner(self, phase):
        """The run (this one or an ancestor) whose folder holds the phase, else None."""
        found = self.find(f"{phase}/phase.json")
        return None if found is None else self if found.parent.parent == self.path else self.parent.owner(phase)

    def stale(self, phase, params):
        """Why `phase` must run with `params`: a list of reasons, empty if what is there is what it would make."""
        record = self.done(phase)
        if record is None:
            return ["it has not run yet"]
        reasons = []
        for name, value in params.items():
            if name not in WITHOUT_EFFECT and wingless(record["params"].get(name)) != wingless(value):
                reasons.append(f"{name} {record['params'].get(name)!r} → {value!r}" if name in record["params"] else f"{name} is new")
        reasons += [f"{name} is gone" for name in record["params"] if name not in params and name not in WITHOUT_EFFECT]
        for artifact, mark in record["inputs"].items():
            found = self.find(artifact)
            if found is None or fingerprint(found, timed=False) != mark:
                reasons.append(f"{artifact} {'is missing' if found is None else 'changed'}")
        for name, marks in record["outside"].items():
            there = {path: fingerprint(ROOT / path) if (ROOT / path).exists() else None for path in marks}
            if there != marks:
                reasons.append(f"what {name} names {'is missing' if None in there.values() else 'changed'}")
        folder = self.find(f"{phase}/phase.json").parent
        for artifact, mark in record["outputs"].items():
            whole = (folder / artifact).exists() and fingerprint(folder / artifact) == mark
            reasons += [] if whole else [f"{phase}/{artifact} is not as it was written"]
        return reasons + code_changes(record["code"], code_used(phase, params))

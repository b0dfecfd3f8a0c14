"""The run directory: what each phase read, what it wrote, and with which parameters.

    runs/demo/
      run.json                 parent run, parameters that differ from the notebooks' defaults
      index.html               the road: one card per phase
      3_pretraining/           one folder per phase, named like its notebook
        phase.json             parameters, inputs and outputs with fingerprints, code, metrics, cost, versions
        model/ metrics.jsonl   the artifacts
        notebook.ipynb         as executed, and report.html made of it
      notebooks/               working copies of the notebooks, if somebody explores the run in Jupyter
      .work/                   phases being made; nothing here counts until it is whole

A phase works in `.work` and its folder appears with one rename, so an artifact is there whole or not at all.
"""

import difflib
import os
import re
from pathlib import Path

from llmlab.spine import notebooks
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import PHASES, ROOT, RUN_DIR, WITHOUT_EFFECT, check_phase, closest, near, overrides, resolve, schema
from llmlab.spine.provenance import code_changes, code_used, fingerprint, wingless

MODELS = {"released": "6_fine_tuning/model", "assistant": "5_post_training/model", "base": "3_pretraining/model"}  # newest first


def existing(path, fix="llmlab run"):
    """The run at `path`, or an error that names those beside it."""
    run = Run(path)
    if not (run.path / "run.json").exists():
        raise UserError(f"there is no run {run.place}", "runs beside it: " + (", ".join(run.beside()) or "none"), f"{fix} {run.place}")
    return run


def entered(path, first):
    """The run that a notebook plays on. The first phase may begin one, but not by a typing error.

    Args:
        first: whether the notebook is that of the first phase; no other can begin a run.
    """
    run = Run(path)
    meant = difflib.get_close_matches(run.path.name, run.beside(), 1, 0.75)
    counted = meant and re.fullmatch(r"[-_]?\d+", run.path.name.removeprefix(meant[0]))  # demo2 beside demo is meant so
    if not first or (meant and not counted) or not (run.path.parent.exists() or run.path.parent == ROOT / "runs"):
        return existing(path, "llmlab lab")
    return run


def because(reasons):
    """Reasons in one line: the first three, and how many more there are."""
    return "; ".join(reasons[:3]) + (f" and {len(reasons) - 3} more" if len(reasons) > 3 else "")


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

    def beside(self):
        """Names of the other runs in the same folder."""
        return sorted(p.parent.name for p in self.path.parent.glob("*/run.json") if p.parent != self.path)

    def save(self):
        """Creates or updates `run.json`; nothing is written by looking at a run."""
        write_json(self.path / "run.json", self.record)

    def find(self, artifact):
        """Path of `artifact` ("3_pretraining/model") here or in the nearest ancestor, else None."""
        self.recover(artifact.split("/")[0])
        whole = (self.path / artifact.split("/")[0] / "phase.json").exists()
        if whole and (self.path / artifact).exists():
            return self.path / artifact
        return self.parent.find(artifact) if self.parent else None

    def own(self, file):
        """Path of a file beside the phases of this very run, None if there is none."""
        return self.path / file if (self.path / file).exists() else None

    def newest_model(self):
        """Artifact name of the model that got furthest; that of the released one if there is none yet."""
        return next((a for a in MODELS.values() if self.find(a)), MODELS["released"])

    def model(self, name):
        """The artifact that a model is called by: its name, "assistant", or the phase that made it ("5" is 5_post_training/model)."""
        if name in MODELS:
            return MODELS[name]
        phase, _, rest = name.strip("/").partition("/")
        try:
            phase = check_phase(phase)
        except UserError:
            better = (closest(name, MODELS) or list(MODELS))[0]
            raise UserError(
                f"there is no model {name!r}",
                near(name, MODELS) + " (or the phase that makes one: 3, 5, 6)",
                f"llmlab chat {self.place} --model {better}",
            ) from None
        made = [m.partition("/")[2] for m in MODELS.values() if m.startswith(phase)]
        if not (rest or made):
            raise UserError(f"{phase} makes no model", "models: " + ", ".join(MODELS.values()), f"llmlab chat {self.place}")
        return f"{phase}/{rest or made[0]}"

    def recover(self, phase):
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

    def _ipython_key_completions_(self):
        """What Jupyter offers after `run["`."""
        return sorted(f"{p}/{a}" for p in PHASES if (record := self.done(p)) for a in record["outputs"])

    def notebook(self, phase):
        """The notebook that makes a phase here: as edited in Jupyter, in this run or in an ancestor, else the project's.

        What was executed last is in the phase's own folder. It counts until the working copy is saved with something else, for a
        browser may be closed before it saves.
        """
        copy, executed = self.path / "notebooks" / f"{phase}.ipynb", self.path / phase / "notebook.ipynb"
        made = self.record.get("notebooks", {}).get(phase, {})
        if made.get("edited") and executed.exists() and notebooks.mark(copy) == made["saved"]:
            return executed
        if copy.exists() and notebooks.edited(copy):
            return copy
        return self.parent.notebook(phase) if self.parent else notebooks.project(phase)

    def schema(self, phase):
        """{name: Parameter} of a phase of this run, whose notebook may have more parameters than the project's."""
        notebook = self.notebook(phase)
        return schema(phase, None if notebook == notebooks.project(phase) else notebook)

    def told(self):
        """{phase: {name: value}} that differ from the notebooks' defaults: what ancestors were told, this run, and working copies of it."""
        inherited = self.parent.told() if self.parent else {}
        return overrides([inherited, self.record["overrides"], self.chosen()], {phase: self.schema(phase) for phase in PHASES})

    def params(self, phase):
        """All parameters of a phase: those it was done with, else those that this run was told."""
        record = self.done(phase)
        return record["params"] if record else self.planned(phase)

    def planned(self, phase):
        """All parameters of a phase as this run is told them, whatever an earlier one was done with."""
        return resolve(phase, self.told().get(phase), self.schema(phase))

    def chosen(self):
        """{phase: {name: value}} that somebody changed and saved in working copies, and that no execution has taken up yet."""
        found = {}
        for phase in PHASES:
            copy, seen = self.path / "notebooks" / f"{phase}.ipynb", self.record.get("notebooks", {}).get(phase, {}).get("seen", {})
            values = notebooks.chosen(copy) if copy.exists() else {}
            found[phase] = {n: v for n, v in values.items() if n != RUN_DIR and v != seen.get(n)}
        return {phase: values for phase, values in found.items() if values}

    def done(self, phase):
        """The record of a finished phase, here or in an ancestor, else None."""
        found = self.find(f"{phase}/phase.json")
        return read_json(found) if found else None

    @property
    def confidential(self):
        """Whether its source is: reports of it show no text then."""
        return bool((self.done(PHASES[1]) or {"params": {}})["params"].get("confidential"))

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
            if "/" not in artifact:
                continue  # what people add beside the phases at any time is shown when the phase runs again, and makes nothing wrong until then
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
        if record.get("order") and not (folder / "report.html").exists():
            reasons.append("it has no report")
        return reasons + code_changes(record["code"], code_used(self.notebook(phase), params))

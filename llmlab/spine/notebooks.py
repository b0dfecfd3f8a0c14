"""A run's own notebooks: working copies with its parameters filled in, and what somebody edited in them.

    runs/demo/notebooks/3_pretraining.ipynb     made by `llmlab lab`; what is edited there belongs to the run

The metadata of a copy say what it was made from (`base`) and with which values (`filled`): whatever differs is an edit, so that
nothing has to be compared by time.
"""

import ast
import copy
import hashlib
import json
from pathlib import Path

from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import NOTEBOOKS, fill, parameters_cell


def source(cell):
    """The text of a cell, which .ipynb files keep as lines."""
    return "".join(cell["source"])


def is_parameters(cell):
    return "parameters" in cell["metadata"].get("tags", [])


def project(phase):
    """Where the project's notebook of a phase lies."""
    return NOTEBOOKS / f"{phase}.ipynb"


def mark(path):
    """Hash of what a notebook says and does: all its cells but the parameters, empty ones and outputs; None if there is no such file."""
    if not Path(path).exists():
        return None
    cells = [(c["cell_type"], source(c).strip()) for c in read_json(path)["cells"] if not is_parameters(c) and source(c).strip()]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]


def edited(path):
    """Whether somebody changed a working copy beyond its parameters."""
    return mark(path) != read_json(path)["metadata"].get("llmlab", {}).get("base")


def filled(path):
    """{name: value} that the parameters cell of a working copy was given when it was made."""
    return read_json(path)["metadata"].get("llmlab", {}).get("filled", {})


def chosen(path):
    """{name: value} of the parameters cell that somebody changed in a saved working copy."""
    given, found = filled(path), {}
    for node in ast.parse(parameters_cell(read_json(path))).body:
        try:
            name, value = node.targets[0].id, ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            continue  # computed: its value is known when the cell has run
        if name in given and value != given[name]:
            found[name] = value
    return found


def write_copy(path, origin, values, run_dir, outputs=None):
    """Writes a working copy.

    Args:
        path: where it goes.
        origin: the notebook it is made from.
        values: parameters to fill in; `run_dir`: the run it plays on.
        outputs: an executed notebook whose outputs are shown where its cells are the same.
    """
    notebook = copy.deepcopy(read_json(origin))
    shown = {(c.get("id"), source(c).strip()): c for c in (read_json(outputs)["cells"] if outputs else []) if c["cell_type"] == "code"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            like = shown.get((cell.get("id"), source(cell).strip()), {})
            cell["outputs"], cell["execution_count"] = like.get("outputs", []), like.get("execution_count")
        if is_parameters(cell):
            cell["source"] = fill(source(cell), {**values, "run_dir": run_dir}).splitlines(keepends=True)
    notebook["metadata"] = {
        **{k: v for k, v in notebook["metadata"].items() if k in ("kernelspec", "language_info")},
        "llmlab": {"base": mark(origin), "filled": {**values, "run_dir": run_dir}},
    }
    write_json(path, notebook)


def refill(path, values):
    """Brings the parameters cell of a working copy up to the values of its run; all else in it stays."""
    if filled(path) | values == filled(path) and not chosen(path):
        return
    notebook = read_json(path)
    for cell in notebook["cells"]:
        if is_parameters(cell):
            cell["source"] = fill(source(cell), values).splitlines(keepends=True)
    notebook["metadata"]["llmlab"]["filled"] |= values
    write_json(path, notebook)

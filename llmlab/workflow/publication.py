"""How a phase's folder takes the place of the former one: assembled beside it, then renamed, so that it is there whole or not at all."""

import ast
import os
import shutil

from llmlab.spine import notebooks
from llmlab.spine.files import read_json
from llmlab.spine.provenance import python

NOT_ARTIFACTS = ("phase.json", "notebook.ipynb", "report.html", "summary.json")


def assemble(work, final, touched, whole, keep):
    """(the folder to publish, the record of the former one as far as it still holds).

    Args:
        work: folder in which the phase works; final: where it is published.
        touched: artifacts that this session wrote, copied to change them, or discarded.
        whole: whether all cells ran again: then it is what they wrote and nothing else; if not, what they did not touch stays as it
            was published.
        keep: the work folder remains, for its paths stand in the variables of a notebook that somebody explores.
    """
    new = work.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(work, new) if keep else os.rename(work, new)
    mine = lambda relative: bool({str(relative), *map(str, relative.parents)} & touched)  # noqa: E731
    if whole:
        for file in _files(new):
            if not mine(file.relative_to(new)):
                file.unlink()
        return new, {}
    for file in _files(final) if final.exists() else ():
        relative = file.relative_to(final)
        if not mine(relative) and str(relative) not in NOT_ARTIFACTS and not (new / relative).exists():
            (new / relative).parent.mkdir(parents=True, exist_ok=True)
            _link(file, new / relative)
    return new, read_json(final / "phase.json") if final.exists() else {}


def swap(new, final, old):
    """Two renames; the former folder goes when the new one stands. A kill in between is mended by `Run.find`."""
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        os.rename(final, old)
    os.rename(new, final)
    shutil.rmtree(old, ignore_errors=True)


def literal_artifacts(document):
    """Outputs that a notebook's cells name, phase.write("model") or phase.json("results.json", data), and never discard: those need not be there."""
    tree = ast.parse("\n".join(python(notebooks.source(c)) for c in read_json(document)["cells"] if c["cell_type"] == "code"))
    made, discarded = {}, set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)):
            continue
        if node.func.value.id != "phase" or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        if node.func.attr == "discard":
            discarded.add(node.args[0].value)
        elif node.func.attr == "write" or (node.func.attr == "json" and len(node.args) > 1):
            made[node.args[0].value] = True
    return [artifact for artifact in made if artifact not in discarded]


def _files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)

"""A function chosen by its dotted path: llmlab.training.posttrain.dpo, or my_file.my_method with my_file.py in the project's root."""

import ast
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, closest, near


def exists(path):
    """Whether a dotted path names something in a module that is there; the module is read, not imported."""
    module, _, name = path.rpartition(".")
    file = ROOT / f"{module.replace('.', '/')}.py"
    if not file.exists():
        try:
            found = importlib.util.find_spec(module) if module else None
        except (ImportError, ValueError):
            found = None
        file = Path(found.origin) if found and found.origin and found.origin.endswith(".py") else None
    return file is not None and name in {n for node in ast.parse(file.read_text()).body for n in _bound(node)}


def _bound(node):
    """Names that a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [a.asname or a.name for a in node.names]
    return [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]


def function(path):
    """The function that a dotted path names."""
    module, _, name = path.rpartition(".")
    if str(ROOT) not in sys.path:  # my_file.py lies in the project's root, wherever the kernel started
        sys.path.append(str(ROOT))
    try:
        found = importlib.import_module(module)
    except (ImportError, ValueError):
        raise UserError(
            f"there is no module {module!r}",
            "a dotted path such as llmlab.training.posttrain.dpo",
            "check the path, and that its folder is on PYTHONPATH",
        ) from None
    if not callable(getattr(found, name, None)):
        known = [n for n, f in vars(found).items() if inspect.isfunction(f) and f.__module__ == module and not n.startswith("_")]
        raise UserError(
            f"{module} has no function {name!r}",
            near(name, known),
            f"-p NAME={module}.{(closest(name, known) or known or ['function'])[0]}",
        )
    return getattr(found, name)

"""A function chosen by its dotted path: llmlab.training.posttrain.dpo, or my_file.my_method with my_file.py in the project's root; and, in brackets, what it is
called with beside what all of its kind are: llmlab.training.methods.simpo(beta=2.5, margin=1)."""

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, closest, near

NAMED = re.compile(r"\w+(\.\w+)+(\(.*\))?", re.S)  # what a dotted path looks like


def parsed(text):
    """(dotted path, {argument: value}) of what a parameter names. Values are literals, and nothing is executed."""
    path, bracket, rest = text.strip().partition("(")
    if not bracket:
        return path, {}
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args and all(k.arg for k in call.keywords):
            return path.strip(), {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError):
        pass
    raise UserError(
        f"{text!r} cannot be read",
        "a dotted path, and in brackets its arguments by name, each with a number or a text, all in quotes where there is a comma",
        "-p 'NAME=[\"llmlab.training.methods.simpo(beta=2.5, margin=1)\"]'",
    )


def file(path):
    """The file of the module that a dotted path leads into, found and not imported; None if there is no such module."""
    module = path.rpartition(".")[0]
    own = ROOT / f"{module.replace('.', '/')}.py"
    if own.exists():
        return own
    try:
        found = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError):
        found = None
    return Path(found.origin) if found is not None and (found.origin or "").endswith(".py") else None


def read(path):
    """({name: its parameters} of the public functions, {other names that are bound}) of the module that a dotted path leads into, read and not
    imported; None if there is no such module."""
    if (found := file(path)) is None:
        return None
    body = ast.parse(found.read_text()).body
    functions = {n.name: n.args for n in body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"}
    imported = {a.asname or a.name for n in body if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    return functions, imported | {t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}


def exists(path):
    """Whether a dotted path names something in a module that is there."""
    found = read(path)
    return found is not None and path.rpartition(".")[2] in {*found[0], *found[1]}


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


def called(text):
    """(function, {argument: value}) of what a parameter names: a dotted path, and what stands in brackets behind it."""
    path, own = parsed(text)
    return function(path), own


def taken(text, **offered):
    """Those of some arguments that a function takes by their names: what it may be told beside what all of its kind are."""
    names = inspect.signature(called(text)[0]).parameters
    return {name: value for name, value in offered.items() if name in names}


def found(text):
    """As `called`, of any text; None of one that names no function."""
    if not (isinstance(text, str) and NAMED.fullmatch(text.strip()) and exists(parsed(text)[0])):
        return None
    try:
        return called(text)
    except UserError:
        return None  # something else that a module holds

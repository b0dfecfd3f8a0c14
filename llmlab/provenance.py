"""Fingerprints of what a phase depends on: files by content, code by meaning.

A phase is stale when something it used has changed. For files that is their bytes. For code it is the syntax trees of the
definitions that the notebook reaches, followed name by name through the package, without comments and docstrings: so
a new plot for phase 7 does not re-train phase 3, and neither does a better comment.
"""

import ast
import functools
import hashlib
import json
import re
import textwrap
from pathlib import Path

from llmlab.params import NOTEBOOKS, ROOT

PACKAGE = Path(__file__).parent
# The spine moves artifacts between phases and draws pages around them; no byte of an artifact comes from it.
SPINE = ("run", "phase", "params", "pipeline", "report", "cli", "provenance", "errors", "chat")


def fingerprint(path, timed=True):
    """Content hash (16 hex digits) of a file, or of all files below a folder with their relative names, but for hidden ones.

    Args:
        timed: whether metrics.jsonl counts. It holds seconds, so it differs between two trainings that made the same model:
            part of what a phase wrote, but nothing that a later phase depends on.
    """
    path, digest = Path(path), hashlib.sha256()
    counts = lambda p: p.is_file() and p.name[0] != "." and (timed or p.name != "metrics.jsonl")  # noqa: E731
    files = [path] if path.is_file() else sorted(filter(counts, path.rglob("*")))
    for file in files:
        digest.update(f"{file.relative_to(path) if path.is_dir() else ''}\0".encode())
        with open(file, "rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


@functools.cache
def meaning(node):
    """Hash of a syntax tree without docstrings; comments and layout never reach the tree."""
    node = _WithoutDocstrings().visit(ast.parse(ast.unparse(node)))
    return hashlib.sha256(ast.dump(node).encode()).hexdigest()[:16]


class _WithoutDocstrings(ast.NodeTransformer):
    def generic_visit(self, node):
        body = getattr(node, "body", None)
        documented = isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        if documented and isinstance(body[0].value.value, str):
            node.body = body[1:] or [ast.Pass()]
        return super().generic_visit(node)


@functools.cache
def _module(name):
    """(definitions, imports, rest) of a package module: {name: node}, {alias: (module, name or None)}, other statements."""
    definitions, imports, rest = {}, {}, []
    for node in ast.parse((PACKAGE / f"{name}.py").read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
            definitions.update({t.id: node for t in node.targets})
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.update(_package_imports(node))
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            rest.append(node)
    return definitions, imports, rest


def _package_imports(node):
    """{alias: (module, attribute or None)} of what an import statement takes from this package."""
    found = {}
    if isinstance(node, ast.ImportFrom) and node.module == "llmlab":
        for a in node.names:
            is_module = (PACKAGE / f"{a.name}.py").exists()
            found[a.asname or a.name] = (a.name, None) if is_module else ("__init__", a.name)
    elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmlab."):
        found.update({a.asname or a.name: (node.module.split(".")[1], a.name) for a in node.names})
    return found


def _reach(tree, module, seen):
    """Adds to `seen` every package definition that the code in `tree`, which stands in `module`, can reach."""
    definitions, imports, _ = _module(module) if module else ({}, {}, [])
    imports = dict(imports)
    for node in ast.walk(tree):  # imports inside functions count like those on top
        imports.update(_package_imports(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else {})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and imports.get(node.value.id, (0, 0))[1] is None:
            if node.value.id in imports:
                _add(imports[node.value.id][0], node.attr, seen)
        elif isinstance(node, ast.Name):
            if node.id in definitions:
                _add(module, node.id, seen)
            elif imports.get(node.id, (None, None))[1]:
                _add(*imports[node.id], seen)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("llmlab."):
            _add_dotted(node.value, seen)


def _add_dotted(path, seen):
    """A method chosen by its dotted path ("llmlab.posttrain.dpo") is used like one that is called by name."""
    parts = path.split(".")
    if len(parts) == 3 and (PACKAGE / f"{parts[1]}.py").exists():
        _add(parts[1], parts[2], seen)


def _add(module, name, seen):
    if module in SPINE or module == "__init__" or (module, name) in seen:
        return
    definitions, _, rest = _module(module)
    if name not in definitions:
        return
    seen[module, name] = definitions[name]
    _reach(definitions[name], module, seen)
    for statement in rest:  # what a module does when imported (registrations) belongs to everything in it
        if (module, ast.unparse(statement)) not in seen:
            seen[module, ast.unparse(statement)] = statement
            _reach(statement, module, seen)


def definitions_reached(module, name):
    """{"module.name": hash} of a package function and of everything in the package that it reaches."""
    seen = {}
    _add(module, name, seen)
    return _marks(seen)


def meaning_of_source(source):
    """Hash of a piece of source, indented or not, by meaning."""
    return meaning(ast.parse(textwrap.dedent(source)))


def _marks(seen):
    marks = {
        f"{module}.{name}" if name.isidentifier() else f"{module}:{meaning(node)}": meaning(node) for (module, name), node in seen.items()
    }
    return dict(sorted(marks.items()))


def code_used(phase, params):
    """{"pretrain.pretrain": hash, …, "notebook": hash}: the code a phase runs, by meaning.

    Args:
        phase: name of the notebook.
        params: its parameters; text of the form "llmlab.module.function" counts as a use of that function, "my_file.function" as one of
            that whole file.
    """
    methods = tuple(v for v in params.values() if isinstance(v, str) and v.startswith("llmlab."))
    own = {v: f for v in params.values() if isinstance(v, str) and (f := _own_file(v)) is not None}
    return {
        **_code_used((NOTEBOOKS / f"{phase}.ipynb").read_text(), methods),
        **{v: meaning(ast.parse(f.read_text())) for v, f in own.items()},
    }


def _own_file(path):
    """The user's file in the project's root that a dotted path such as my_file.my_method names, else None."""
    if not re.fullmatch(r"\w+(\.\w+)+", path) or path.startswith("llmlab."):
        return None
    file = ROOT / f"{path.rpartition('.')[0].replace('.', '/')}.py"
    return file if file.exists() else None


def _python(source):
    """A cell as Python: lines such as `!ls` become calls, as in IPython; a cell in another language counts as the text it is."""
    first, _, body = source.partition("\n")
    if first.startswith("%%"):
        source = body if first[2:].split()[0] in ("time", "timeit", "capture", "prun") else f"_ = {source!r}"
    try:
        ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        source = TransformerManager().transform_cell(source)
    return source


@functools.cache
def _code_used(notebook, methods):
    cells = json.loads(notebook)["cells"]
    cells = [c for c in cells if c["cell_type"] == "code" and "parameters" not in c["metadata"].get("tags", [])]
    tree = ast.parse("\n".join(_python("".join(c["source"])) for c in cells))
    seen = {}
    _reach(tree, None, seen)
    for method in methods:
        _add_dotted(method, seen)
    return {**_marks(seen), "notebook": meaning(tree)}


def code_changes(before, after):
    """Sentences on what differs between two `code_used` records, a module at a time."""
    changed = sorted(n for n in {*before, *after} if before.get(n) != after.get(n))
    modules = {}
    for name in changed:
        module, _, what = name.partition(".")
        modules.setdefault(module.partition(":")[0], []).append(what)
    return [
        "the notebook's code changed"
        if module == "notebook"
        else f"{'llmlab/' if (PACKAGE / f'{module}.py').exists() else ''}{module}.py changed ({', '.join(w for w in what if w) or 'on import'})"
        for module, what in modules.items()
    ]

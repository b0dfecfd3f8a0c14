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

from llmlab.spine.params import ROOT

PACKAGE = Path(__file__).parents[1]
MODULES = {
    path.stem: path for path in PACKAGE.glob("*/*.py") if path.stem != "__init__"
}  # a module keeps its name when it moves to another wing
# These move artifacts between phases and draw pages around them; no byte of an artifact comes from them.
FRAME = {*(m for m, p in MODULES.items() if p.parent.name in ("spine", "workflow")), "report", "chat"} - {"texts"}


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
    """Hash of a syntax tree without docstrings and imports of this package (what is imported counts itself, wherever it stands)."""
    return hashlib.sha256(repr(_bare(node)).encode()).hexdigest()[:16]


def _bare(node):
    """A syntax tree as nested tuples of what matters; comments, layout and places never reach the tree."""
    if isinstance(node, ast.AST):
        return (
            type(node).__name__,
            *(_bare(_statements(v) if n == "body" else v) for n, v in ast.iter_fields(node) if n != "type_comment"),
        )
    if isinstance(node, list):
        return [_bare(n) for n in node]
    return wingless(node)


def _statements(body):
    """A body without its docstring and without imports from this package; of a lambda or a condition what it is."""
    if not isinstance(body, list):
        return body
    documented = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str)
    return [s for s in body[bool(documented) :] if not (isinstance(s, ast.ImportFrom) and (s.module or "").startswith("llmlab"))]


def wingless(path):
    """A dotted path into this package without its wing, which a module may change: llmlab.WING.MODULE.NAME is llmlab.MODULE.NAME."""
    name, bracket, arguments = path.partition("(") if isinstance(path, str) and path.startswith("llmlab.") else ("", "", "")
    parts = name.split(".")
    return ".".join(("llmlab", *parts[-2:])) + bracket + arguments if len(parts) > 2 and parts[-2] in MODULES else path


@functools.cache
def _module(name):
    """(definitions, imports, rest) of a package module: {name: node}, {alias: (module, name or None)}, other statements."""
    definitions, imports, rest = {}, {}, []
    for node in ast.parse(MODULES[name].read_text()).body:
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
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmlab."):
        module = node.module.split(".")[-1]
        found.update({a.asname or a.name: (module, a.name) if module in MODULES else (a.name, None) for a in node.names})
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
    """A method chosen by its dotted path ("llmlab.training.posttrain.dpo") is used like one that is called by name."""
    parts = path.split(".")
    if len(parts) > 2 and parts[-2] in MODULES:
        _add(parts[-2], parts[-1], seen)


def _add(module, name, seen):
    if module in FRAME or module not in MODULES or (module, name) in seen:
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


def code_used(notebook, params):
    """{"pretrain.pretrain": hash, …, "notebook": hash}: the code a phase runs, by meaning.

    Args:
        notebook: path of its notebook.
        params: its parameters; text of the form "llmlab.module.function", alone or in a list, counts as a use of that function, "my_file.function" as one of
            that whole file; so do the functions that stand in brackets behind one, as its arguments.
    """
    values = [v for value in params.values() for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
    texts = [v for value in values for v in (re.findall(r"\w+(?:\.\w+)+", value) if "(" in value else [value])]
    methods = tuple(v for v in texts if v.startswith("llmlab."))
    own = {v: f for v in texts if (f := _own_file(v)) is not None}
    return {
        **_code_used(Path(notebook).read_text(), methods),
        **{v: meaning(ast.parse(f.read_text())) for v, f in own.items()},
    }


def _own_file(path):
    """The user's file in the project's root that a dotted path such as my_file.my_method names, else None."""
    if not re.fullmatch(r"\w+(\.\w+)+", path) or path.startswith("llmlab."):
        return None
    file = ROOT / f"{path.rpartition('.')[0].replace('.', '/')}.py"
    return file if file.exists() else None


def python(source):
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
    tree = ast.parse("\n".join(python("".join(c["source"])) for c in cells))
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
        else f"{MODULES[module].relative_to(PACKAGE.parent) if module in MODULES else f'{module}.py'} changed ({_some([w for w in what if w]) or 'on import'})"
        for module, what in modules.items()
    ]


def _some(names):
    """The first few names."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")

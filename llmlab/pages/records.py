"""Which record of the run holds the numbers that a cell shows: read from the notebook's own lines, which say what is written from what.

`phase.json("verdict.json", decide(rows))` says that what `rows` holds stands in verdict.json; `results = ask(phase.write(f"scores/{n}"))` that `results` stand
below scores/. A name that is written nowhere is followed to the names it was made of, and ends at a record that was read if all of them do. So a link is as
right as these lines: it says where to look, and `llmlab verify` whether the number is so.
"""

import ast
import os
import re
from collections import defaultdict
from html import escape
from urllib.parse import quote

from llmlab.spine import notebooks
from llmlab.spine.params import PHASES
from llmlab.spine.provenance import python
from llmlab.spine.sealed import TEXTS

ROWS = ("samples.jsonl", "metrics.jsonl")  # other JSON lines hold text to learn from, and no number that is shown
NOT = (*TEXTS, "about.json")  # words, and no number that was measured
DEPTH, MOST = 5, 6


def links(cells, run, phase, folder):
    """{id of a cell: HTML with links to the records of its table or figure}, relative to `folder`; none where the source is confidential."""
    partial = folder != run.path / phase  # such a report lies elsewhere, and the records are those of before
    if phase not in PHASES or run.confidential or partial:
        return {}
    code = [c for c in cells if c["cell_type"] == "code" and notebooks.source(c).strip() and not _sets_parameters(c)]
    trees, found = [_tree(notebooks.source(c)) for c in code], {}
    lines = Lines(trees, _held(run, phase))
    for cell, tree in zip(code, trees):
        paths = lines.behind(tree)
        if paths and _shows_numbers(cell):
            found[cell.get("id")] = _told(paths, run, phase, folder)
    return found


def _sets_parameters(cell):
    return notebooks.is_parameters(cell) or "injected-parameters" in cell["metadata"].get("tags", [])


def _tree(source):
    try:
        return ast.parse(python(source))
    except SyntaxError:  # of a cell that somebody is still writing
        return ast.parse("")


def _shows_numbers(cell):
    return any(
        "image/png" in data or "<table" in "".join(data.get("text/html", "")) for data in (o.get("data", {}) for o in cell["outputs"])
    )


def _told(paths, run, phase, folder):
    """Links as they stand under a table: a record of another phase is called by its phase."""
    each = []
    for path in paths[:MOST]:
        name = path.parts[next(n for n, part in enumerate(path.parts) if part in PHASES) :]
        shown = "/".join(name[1:] if name[0] == phase else name)
        each.append(f'<a href="{escape(quote(os.path.relpath(path, folder)), quote=True)}">{escape(shown)}</a>')
    more = f" and {len(paths) - MOST} more" if len(paths) > MOST else ""
    return f'<p class="record">record: {", ".join(each)}{more}</p>'


def _held(run, phase):
    """Function: artifact, with * for what varies → the records that it is or holds."""

    def held(artifact):
        if ".." in artifact or artifact[0] in "/*":
            return []
        first = artifact.split("/")[0]
        owner = run.owner(first) if first in PHASES else None
        root, pattern = (owner.path, artifact) if owner else (run.path / phase, artifact)
        return [record for path in sorted(root.glob(pattern)) for record in _records(path)]

    return held


def _records(path):
    if path.is_file():
        return [path] if path.name in ROWS or (path.suffix == ".json" and path.name not in NOT) else []
    own = path / "results.json"
    return [own] if own.exists() else sorted(path.glob("*/results.json"))


class Lines:
    """What the statements of a notebook write, read and make of what; its cells are asked for in their order.

    Args:
        trees: of its code cells.
        held: function: artifact → paths of the records that it is or holds.
    """

    def __init__(self, trees, held):
        self.held, self.kept, self.through = held, defaultdict(list), defaultdict(list)
        self.written, self.read, self.made = {}, {}, {}
        for tree in trees:
            for target, value in _pairs(tree):
                self._keeps(target, value)

    def _keeps(self, target, value):
        """What a statement writes: data as it is, and what it computes that of."""
        written, _, data = self._artifacts(value, rows=False)
        held = set().union(*(_names(node, inside_calls=False) for node in data))
        used = set().union(*(_names(node) for node in data)) if target is not None else _names(value)
        for name in used:
            (self.kept if name in held else self.through)[name] += written

    def _binds(self, target, value):
        """What the names of a statement are made of. What a model says that is loaded stands in no record yet."""
        written, read, _ = self._artifacts(value)
        loads = any(isinstance(n, ast.Attribute) and n.attr == "load" for n in ast.walk(value))
        for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
            self.written[name] = [] if loads else written
            self.read[name] = [] if loads else read
            self.made[name] = set() if loads else _names(value) - {name}

    def _artifacts(self, node, rows=True):
        """(artifacts that are written, artifacts that are read, the data that is written as JSON)."""
        written, read, data, curves = [], [], [], []
        for call in (n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.args):
            if call.func.attr == "rows":  # of a training, which lie beside its model
                first = call.args[0]
                told = self.written.get(first.id, ()) if isinstance(first, ast.Name) else self._artifacts(first)[0]
                curves += [f"{artifact}/metrics.jsonl" for artifact in told]
            elif getattr(call.func.value, "id", "") == "phase" and (artifact := _pattern(call.args[0])):
                if call.func.attr in ("read", "write", "json"):
                    (written if call.func.attr == "write" or len(call.args) > 1 else read).append(artifact)
                    data += call.args[1:]
        return (curves + written if rows else written), read, data

    def behind(self, tree):
        """Paths of the records of what the last line of a cell shows; [] if none is known."""
        for target, value in _pairs(tree):
            if target is not None:
                self._binds(target, value)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            return []
        written, read, _ = self._artifacts(last.value)
        return self._records(written) or self._of(_names(last.value), self._records(read))

    def _records(self, artifacts):
        return list(dict.fromkeys(path for artifact in artifacts for path in self.held(artifact)))

    def _of(self, names, read):
        seen, whole = set(), True
        for depth in range(DEPTH):
            names = {n for n in names if n in self.made} - seen
            ways = ([*self.written[n], *self.kept[n]] for n in sorted(names)), (self.through[n] for n in sorted(names))
            for way in ways[: 2 if depth < 2 else 1]:  # what went through a function is near, or something else
                if found := self._records(artifact for artifacts in way for artifact in artifacts):
                    return found
            if any(self.written[n] for n in names):
                return []  # it stands in weights, tokens or text, which are no record
            read += self._records(a for n in sorted(names) for a in self.read[n])
            whole = whole and all(self.made[n] or self.read[n] for n in names)
            seen |= names
            names = set().union(*(self.made[n] for n in names)) if names else set()
        return list(dict.fromkeys(read)) if whole else []


def _pairs(tree):
    """(target or None, value) of the statements of a cell; a, b = c, d are two."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
            yield from zip(target.elts, value.elts) if both else [(target, value)]
        else:
            yield None, statement


def _pattern(node):
    """The artifact that an argument names, * standing for what varies; None if it names none."""
    if isinstance(node, ast.JoinedStr):
        return re.sub(r"\*+", "*", "".join(p.value if isinstance(p, ast.Constant) else "*" for p in node.values))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _names(node, inside_calls=True):
    """Names that an expression uses, without those that it binds itself."""
    own = {a.arg for n in ast.walk(node) if isinstance(n, ast.Lambda) for a in n.args.args}
    own |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if not inside_calls:
        own |= {n.id for call in ast.walk(node) if isinstance(call, ast.Call) for n in ast.walk(call) if isinstance(n, ast.Name)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own - {"phase"}

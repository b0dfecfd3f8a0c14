"""The documentation of installed Python packages as text: what a machine without a connection has at hand."""

import ast
import sys
from importlib import metadata
from pathlib import Path

from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.params import near

DEFAULT_PACKAGES = ("numpy", "pandas", "datasets", "trl", "matplotlib")


def documents(names):
    """Docstrings of the packages' modules, and their README, with the package as source and its licence."""
    for name in names:
        found = package(name)
        licence = found.metadata.get("License-Expression") or (found.metadata.get("License") or "unknown").splitlines()[0]
        body = found.metadata.get_payload() if found.metadata.get_payload() else ""
        if isinstance(body, str) and body.strip():
            yield {"id": f"{name}:README", "source": name, "url": f"{name}/README", "text": body, "licence": licence}
        files = [f for f in found.files or [] if f.suffix == ".py" and "test" not in str(f)]
        for file in track.each(sorted(files, key=str), f"reading {name}"):
            yield from _docstrings(name, Path(found.locate_file(file)), str(file), licence)
    yield from _standard_library()


def names(source):
    """The packages of "installed:numpy,pandas"."""
    listed = source.partition(":")[2]
    return [n.strip() for n in listed.split(",")] if listed else DEFAULT_PACKAGES


def package(name):
    """The distribution of that name on this machine."""
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        known = sorted({d.metadata["Name"] for d in metadata.distributions()})
        raise UserError(f"the package {name!r} is not installed", near(name, known), f"pip install {name}") from None


def _standard_library():
    folder = Path(sys.modules["json"].__file__).parent.parent
    for path in track.each(sorted(folder.glob("*.py")), "reading the standard library"):
        yield from _docstrings("python", path, path.name, "PSF-2.0")


def _docstrings(source, path, relative, licence):
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)) and len(text) >= 200:
            name = getattr(node, "name", relative.removesuffix(".py").replace("/", "."))
            yield {
                "id": f"{relative}:{name}:{node.body[0].lineno}",
                "source": source,
                "url": f"{relative}:{name}",
                "text": f"{name}\n{text}",
                "licence": licence,
            }

"""The house: lower wings know nothing of higher ones, files form no circle, and names are kept when a module moves."""

import ast
import graphlib
import re
import shutil

import pytest

from llmlab.spine import provenance
from llmlab.spine.notebooks import project
from llmlab.spine.params import PHASES, ROOT, resolve

# From the ground up. A wing may import from itself and from those before it.
WINGS = ("spine", "pages", "world", "data", "models", "evaluation", "training", "workflow")
MODULES = {f"{p.parent.name}.{p.stem}": p for p in (ROOT / "llmlab").glob("*/*.py")}


def imported(path):
    """Modules of this package that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmlab."):
            for name in [f"{node.module}.{a.name}" for a in node.names] + [node.module]:
                if (module := name.removeprefix("llmlab.")) in MODULES:
                    yield module


def test_lower_wings_know_nothing_of_higher_ones():
    assert {m.split(".")[0] for m in MODULES} == set(WINGS)
    upward = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        for other in imported(path)
        if WINGS.index(other.split(".")[0]) > WINGS.index(module.split(".")[0])
    ]
    assert not upward


def test_the_world_is_a_guest_like_any_other():
    """It writes files and knows nothing but how; nobody imports it, and nobody asks whether a source is it."""
    for module, path in MODULES.items():
        others = {o for o in imported(path) if o.split(".")[0] != "world"}
        if module.startswith("world."):
            assert others <= {"spine.files"}, module
    for path in [p for p in (ROOT / "llmlab").rglob("*.py") if p.parent.name != "world"]:
        assert not [o for o in imported(path) if o.startswith("world.")], path
        constants = [n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)]
        assert "world" not in constants, path


def test_no_circle_of_files():
    graphlib.TopologicalSorter({m: set(imported(p)) - {m} for m, p in MODULES.items()}).prepare()  # raises CycleError


def test_a_module_is_known_by_its_name_alone():
    names = [m.split(".")[1] for m in MODULES if not m.endswith("__init__")]
    assert len(names) == len(set(names)) == len(provenance.MODULES)


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """The package with posttrain.py moved to another wing."""
    shutil.copytree(ROOT / "llmlab", tmp_path / "llmlab", ignore=shutil.ignore_patterns("__pycache__"))
    package = tmp_path / "llmlab"
    (package / "training/posttrain.py").rename(package / "models/posttrain.py")
    for path in package.glob("*/*.py"):
        text = re.sub(r"from llmlab\.training\.posttrain import", "from llmlab.models.posttrain import", path.read_text())
        text = re.sub(
            r"from llmlab\.training import (?:(.*), posttrain$|(.*)posttrain, )",
            lambda m: f"from llmlab.models import posttrain\nfrom llmlab.training import {m[1] or m[2]}",
            text,
            flags=re.M,
        )
        path.write_text(text)
    monkeypatch.setattr(provenance, "PACKAGE", package)
    monkeypatch.setattr(provenance, "MODULES", {p.stem: p for p in package.glob("*/*.py") if p.stem != "__init__"})
    caches = (provenance._module, provenance._code_used)
    [c.cache_clear() for c in caches]
    yield package
    [c.cache_clear() for c in caches]


def test_a_moved_module_is_no_change_of_meaning(request):
    before = {p: provenance.code_used(project(p), resolve(p)) for p in PHASES}
    package = request.getfixturevalue("moved")
    here, there = "llmlab.training.posttrain.dpo", "llmlab.models.posttrain.dpo"
    after = {p: provenance.code_used(project(p), {k: there if v == here else v for k, v in resolve(p).items()}) for p in PHASES}
    assert after == before and "posttrain.dpo" in after["5_post_training"]
    (package / "models/posttrain.py").write_text(
        (package / "models/posttrain.py").read_text().replace("weight_decay=0.0", "weight_decay=0.1")
    )
    provenance._module.cache_clear(), provenance._code_used.cache_clear()
    assert provenance.code_used(project("5_post_training"), resolve("5_post_training")) != before["5_post_training"]


def test_what_is_followed_by_no_fingerprint_exists():
    assert provenance.FRAME <= set(provenance.MODULES) and "texts" not in provenance.FRAME


def test_every_module_is_at_hand_by_its_name_alone():
    import importlib

    import llmlab

    for path in sorted((ROOT / "llmlab").glob("*/tokens.py")) + sorted((ROOT / "llmlab").glob("*/privacy.py")):
        assert getattr(llmlab, path.stem) is importlib.import_module(f"llmlab.{path.parent.name}.{path.stem}")
    with pytest.raises(AttributeError, match="no module 'tokenz'"):
        llmlab.tokenz  # noqa: B018

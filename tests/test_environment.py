"""pyproject.toml, requirements.lock and environment.yml say the same; and the habits of the house."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from llmlab.spine.params import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()  # noqa: E731


def test_the_lock_satisfies_the_project():
    lock = {normal(k): v for k, v in LOCK.items()}
    for need in PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]:
        name, _, version = need.partition("==")
        name = normal(re.split(r"[<>= \[]", name)[0])
        assert name in lock and (not version or lock[name] == version), need


def test_the_lock_names_no_address_and_no_cuda():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text and "@" not in text and "nvidia" not in text and "+cpu" not in text


def test_conda_installs_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(d for d in environment["dependencies"] if isinstance(d, dict))["pip"]
    assert "-r requirements.lock" in pip and any(d.startswith("python=3.11") for d in environment["dependencies"] if isinstance(d, str))


def test_every_dependency_is_argued_for():
    text = (ROOT / "CONTRIBUTING.md").read_text().lower()
    for need in PROJECT["project"]["dependencies"]:
        assert re.split(r"[<>=]", need)[0].lower() in text, need


@pytest.mark.parametrize("path", sorted((ROOT / "llmlab").rglob("*.py")), ids=lambda p: p.name)
def test_modules_stay_readable_in_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 300
    assert path.stem not in ("utils", "common", "core", "helpers", "base")
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a module says what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 80, node.name


def test_the_linter_has_nothing_to_say():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    done = subprocess.run([sys.executable, "-m", "ruff", "format", "--check", ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_public_functions_are_documented():
    for path in (ROOT / "llmlab").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_") and path.stem != "recurrent":
                assert ast.get_docstring(node) or len(node.body) <= 3, f"{path.name}: {node.name}"


def test_no_path_of_a_machine_and_no_registry_in_any_file():
    for path in ROOT.rglob("*"):
        if (
            path.is_file()
            and path.suffix in (".py", ".md", ".toml", ".yml", ".yaml", ".ipynb", ".lock", "")
            and not {".venv", ".git", "runs", ".nb", ".ruff_cache", ".pytest_cache", "llmlab.egg-info", "__pycache__"} & set(path.parts)
        ):
            if path.name != "test_environment.py":
                assert not re.search(r"/work/|/root/|pypi\.org|index-url", path.read_text(errors="ignore")), path


def test_the_two_readmes_keep_step():
    english, portuguese = ((ROOT / f"README{x}.md").read_text() for x in ("", ".pt-BR"))
    assert len(english.splitlines()) == len(portuguese.splitlines()) < 150
    assert re.findall(r"^#+ ", english, re.M) == re.findall(r"^#+ ", portuguese, re.M)
    commands = [
        sorted(set(re.findall(r"llmlab (?:run|chat|compare|status|params)\b(?: runs/\w+)?", text))) for text in (english, portuguese)
    ]
    assert commands[0] == commands[1]
    assert "make demo" in "\n".join(english.splitlines()[:30])


def test_the_readme_names_every_module():
    text = (ROOT / "README.md").read_text()
    for path in (ROOT / "llmlab").rglob("[a-z]*.py"):
        assert f"`{path.stem}`" in text, path.stem

import ast
import json

from llmlab.spine import provenance
from llmlab.spine.notebooks import project
from llmlab.spine.params import PHASES, resolve


def test_comments_docstrings_and_layout_are_no_change():
    before = 'def f(x):\n    """Adds."""\n    return x + 1  # one\n'
    after = "def f(x):\n    # quite another comment\n    return (x\n            + 1)\n"
    assert provenance.meaning(ast.parse(before)) == provenance.meaning(ast.parse(after))
    assert provenance.meaning(ast.parse(before)) != provenance.meaning(ast.parse(before.replace("1", "2")))


def test_a_phase_depends_on_what_its_notebook_reaches_and_on_nothing_else():
    used = {p: provenance.code_used(project(p), resolve(p)) for p in PHASES}
    assert (
        "pretrain.pretrain" in used["3_pretraining"] and "fit.fit" in used["3_pretraining"] and "optim.MuonAdamW" in used["3_pretraining"]
    )
    assert "posttrain.dpo" in used["5_post_training"], "a method named by a dotted path counts"
    assert "posttrain.dpo" not in used["3_pretraining"] and "charts.gate" not in used["3_pretraining"]
    assert not any(name.startswith(("report.", "pipeline.", "run.")) for phase in used.values() for name in phase)


def test_the_users_own_method_counts_too(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    params, used = {"preference": "my_file.my_method"}, []
    (tmp_path / "my_file.py").write_text("def my_method():\n    return 0\n")
    listed = provenance.code_used(project("5_post_training"), {"rival_methods": ["my_file.my_method", "llmlab.training.onpolicy.grpo"]})
    assert {"my_file.my_method", "onpolicy.grpo"} <= set(listed), "in a list as well"
    for body in ("return 1", "return 1  # why", "return 2"):
        (tmp_path / "my_file.py").write_text(f"def my_method():\n    {body}\n")
        used.append(provenance.code_used(project("5_post_training"), params))
    assert provenance.code_changes(used[0], used[1]) == []
    assert provenance.code_changes(used[1], used[2]) == ["my_file.py changed (my_method)"]


def test_magic_lines_of_a_notebook_are_no_python():
    sources = ("%timeit f()\nx = 1", "if x:\n    !ls", "%%bash\nif [ 1 ]; then ls; fi", "y = (5\n     % 3)")
    timed = "from llmlab.evaluation import stats\n", "%%time\nstats.provable(1)"
    cells = [{"cell_type": "code", "metadata": {}, "source": s} for s in (*sources, *timed)]
    used = provenance._code_used(json.dumps({"cells": cells}), ())
    assert "notebook" in used and "stats.provable" in used, "a timed cell counts like any other"


def test_changes_are_told_by_module():
    assert provenance.code_changes({"fit.fit": "a", "notebook": "x"}, {"fit.fit": "b", "notebook": "x"}) == [
        "llmlab/training/fit.py changed (fit)"
    ]
    assert provenance.code_changes({"notebook": "x"}, {"notebook": "y"}) == ["the notebook's code changed"]


def test_fingerprint_sees_content_and_names(tmp_path):
    (tmp_path / "a").write_text("1")
    first = provenance.fingerprint(tmp_path)
    (tmp_path / "a").write_text("2")
    second = provenance.fingerprint(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, provenance.fingerprint(tmp_path)}) == 3

import pytest

from llmlab.models import cost, design, families

MACHINE = {"gflops": 100.0, "training_share": 0.4}


@pytest.mark.parametrize("heads", [1, 4, 7, 12])
def test_the_planner_offers_sizes_that_exist_and_cost_the_same_time(heads):
    rows = design.plan("transformer", 2048, 4, heads, 128, 3.0, MACHINE)
    assert len(rows) >= 5 and all(r["hidden_size"] % (2 * heads) == 0 for r in rows)
    for r in rows:
        config = families.configure("transformer", 2048, r["hidden_size"], 4, heads, 128)
        counts = cost.parameters(config)
        assert r["parameters"] == counts["active"] - counts["embeddings"]
        assert design.predicted_seconds(config, 128, r["tokens"], MACHINE) == pytest.approx(180, rel=1e-3)


def test_the_chosen_size_is_the_one_nearest_to_the_wanted_ratio():
    rows = design.plan("transformer", 2048, 4, 4, 128, 3.0, MACHINE)
    few, many = design.choose(rows, 0.1), design.choose(rows, 20)
    assert few["hidden_size"] > many["hidden_size"]
    assert all(
        abs(r["tokens_per_parameter"] - 20) >= abs(many["tokens_per_parameter"] - 20) for r in rows if r["tokens_per_parameter"] >= 20
    )


@pytest.mark.parametrize("family", [f for f in families.FAMILIES if f != "transformer"])
def test_rivals_have_about_as_many_parameters(family):
    size = lambda c: cost.parameters(c)["active"] - cost.parameters(c)["embeddings"]  # noqa: E731
    config = families.configure("transformer", 512, 96, 4, 4, 64)
    assert size(design.rival(family, config, 64, 4)) == pytest.approx(size(config), rel=0.15)


def test_a_budget_chooses_the_model_and_its_tokens(tmp_path):
    """`hidden_size=0` and `tokens_seen=-1` hand both to the planner."""
    from conftest import execute

    from llmlab.spine.files import read_json

    small = dict(num_attention_heads=7, num_hidden_layers=2, vocab_size=600, context_length=32, budget_minutes=0.001, bakeoff_families=[])
    space = execute("1_model_design", tmp_path / "run", hidden_size=0, tokens_seen=-1, **small)
    budget = read_json(tmp_path / "run/1_model_design/budget.json")
    assert space["config"].hidden_size % 14 == 0 and budget["tokens_seen"] == space["planned"] > 0
    assert budget["predicted_seconds"] == pytest.approx(0.06, rel=0.05)

import pytest

from llmlab.spine.errors import UserError
from llmlab.spine.params import (
    PHASES,
    ROOT,
    Parameter,
    allowed,
    check_phase,
    coerce,
    load_layer,
    overrides,
    parse_options,
    resolve,
    schema,
)
from llmlab.spine.places import from_here, shown


def test_paths_of_the_command_line_are_taken_from_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    layer = from_here({"all": {"source": "mine", "annotations": "absent.jsonl", "seed": "1"}})
    assert (ROOT / layer["all"]["source"]).resolve() == tmp_path / "mine"
    assert layer["all"]["annotations"] == "absent.jsonl" and layer["all"]["seed"] == "1"
    assert shown("../../home/ana/client.csv") == "client.csv" and shown("installed:numpy") == "installed:numpy" and shown(0.5) == 0.5
    listed = from_here({"all": {"instructions": ["mine * 0.5", "hub:x"]}})["all"]["instructions"]
    assert (ROOT / listed[0].removesuffix(" * 0.5")).resolve() == tmp_path / "mine" and listed[1] == "hub:x"
    assert shown(["../x/a.csv", "b"]) == ["a.csv", "b"]


def test_every_parameter_has_a_meaning_and_an_allowed_default():
    for phase in PHASES:
        for p in schema(phase).values():
            assert p.help, f"{phase}: {p.name}"
            for item in p.default if isinstance(p.default, list) else [p.default]:
                assert allowed(item, p.help), f"{phase}: {p.name}"


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [("1e-4", 0.1, 1e-4), ("5e2", 7, 500), ("no", True, False), ("007", 1, 7), ("no", "x", "no"), ("3", 0.5, 3.0)],
)
def test_text_takes_the_type_of_the_default(text, default, value):
    found = coerce(text, Parameter("p", default, ""), "phase")
    assert found == value and type(found) is type(default)


@pytest.mark.parametrize(("text", "default"), [("many", 1), ("1.5", 1), ("maybe", True), (None, "x"), ([1], 1), (True, 1)])
def test_a_wrong_type_is_an_error_that_shows_the_default(text, default):
    with pytest.raises(UserError, match="instead"):
        coerce(text, Parameter("p", default, "meaning"), "phase")


def test_yaml_scalars_mean_what_the_parameter_says(tmp_path):
    (tmp_path / "a.yaml").write_text("3_pretraining: {learning_rate: 1e-4}\n")
    assert overrides([load_layer(tmp_path / "a.yaml")]) == {"3_pretraining": {"learning_rate": 1e-4}}


def test_ranges_and_choices():
    assert allowed(0.5, "rate (0..1]") and allowed(1, "rate (0..1]") and not allowed(0, "rate (0..1]") and not allowed(-1, "steps [1..]")
    assert not allowed(float("nan"), "rate (0..1]")
    assert allowed("rnn", "kind [cnn | rnn]") and not allowed("lstm", "kind [cnn | rnn]")


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        ({"all": {"learning_rat": "1"}}, "did you mean"),
        ({"3_pretrainng": {"seed": "1"}}, "did you mean '3_pretraining'"),
        ({"5_post_training": {"betta": "1"}}, "did you mean 'beta'"),
        ({"all": {"run_dir": "x"}}, "no parameter"),
        ({"5_post_training": {"beta": "-1"}}, "cannot be"),
    ],
)
def test_mistakes_name_the_nearest_thing(layer, hint):
    with pytest.raises(UserError, match=hint):
        overrides([layer])


def test_later_layers_win_and_all_reaches_every_phase():
    plan = overrides([{"all": {"seed": "3"}}, parse_options(["5_post_training.seed=4"])])
    assert plan["3_pretraining"]["seed"] == 3 and plan["5_post_training"]["seed"] == 4
    assert resolve("3_pretraining", plan["3_pretraining"])["seed"] == 3


def test_lists_come_from_the_command_line():
    assert overrides([parse_options(["bakeoff_families=[rnn, cnn]"])])["1_model_design"]["bakeoff_families"] == ["rnn", "cnn"]


def test_phases_may_be_abbreviated():
    assert check_phase("5") == check_phase("post_training") == "5_post_training"
    with pytest.raises(UserError, match="did you mean '3_pretraining'"):
        check_phase("3_pretrainin")


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*.yaml")), ids=lambda p: p.name)
def test_parameter_files_are_valid_short_and_differ_from_the_defaults(path):
    assert len(path.read_text().splitlines()) < 30
    for phase, values in overrides([load_layer(path)]).items():
        default = resolve(phase)
        same = [n for n, v in values.items() if v == default[n] and n not in ("seed", "malformed", "text_column", "offensive_filter")]
        assert not same, f"{path.name}: {phase}: {same} equal the notebook's default"


@pytest.mark.parametrize("text", ["- a list", "3_pretraining: 5", "a: [unclosed"])
def test_a_file_that_is_no_parameter_file_says_so(tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(UserError, match="bad.yaml"):
        load_layer(tmp_path / "bad.yaml")


def test_places_that_are_mixed_in_are_taken_from_where_somebody_stands(tmp_path, monkeypatch):
    from llmlab.spine import places

    (tmp_path / "more").mkdir()
    monkeypatch.chdir(tmp_path)
    (found,) = places.from_here({"2_dataset_engineering": {"mixed_with": ["more * 0.2"]}})["2_dataset_engineering"]["mixed_with"]
    assert found.endswith("/more * 0.2") and found != "more * 0.2"

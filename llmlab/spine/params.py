"""Parameters: a notebook's `parameters` cell is the schema; YAML files and -p hold only what differs from it.

A line of that cell says everything there is to know about a parameter:

    learning_rate = 3e-3  # peak learning rate (0..1]
    family = "transformer"  # architecture [transformer | moe | rnn | cnn | ssm]

its name, default, type (the default's), meaning, and what is allowed: a range, with round brackets where the end itself is
excluded, or a list of choices.
"""

import ast
import difflib
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from llmlab.spine.errors import UserError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
PHASES = (
    "1_model_design",
    "2_dataset_engineering",
    "3_pretraining",
    "4_preliminary_evaluation",
    "5_post_training",
    "6_fine_tuning",
    "7_final_evaluation",
)
RUN_DIR = "run_dir"  # set by the command line, never a layer
WITHOUT_EFFECT = (RUN_DIR, "wandb_mode")  # parameters that cannot change an artifact
_RANGE = re.compile(r"([\[(])\s*([-\d.e]*?)\s*\.\.\s*([-\d.e]*?)\s*([\])])\s*$")
_CHOICES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]\s*$")


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell."""

    name: str
    default: object
    help: str

    @property
    def assignment(self):
        """What follows -p in a shell to give the parameter its default."""
        value = self.default if not isinstance(self.default, list) else "[" + ", ".join(map(str, self.default)) + "]"
        return shlex.quote(f"{self.name}={value}")


def closest(name, known):
    """The known name that is most like a mistyped one, [] if none is."""
    return difflib.get_close_matches(str(name), [str(k) for k in known], 1)


def near(name, known, most=20):
    """The known name that a mistyped one most likely means, else the list of them, or its beginning."""
    if found := closest(name, known):
        return f"did you mean {found[0]!r}?"
    known = [str(k) for k in known]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return "there are: " + ", ".join(known[:most]) + more


def check_phase(name):
    """The phase that a name means: 5, post_training and "Post-training" are all 5_post_training."""
    plain = lambda text: re.sub(r"[\W_]", "", str(text)).lower()  # noqa: E731
    wanted = plain(name)
    matches = [p for p in PHASES if wanted in (plain(p), plain(p[2:]), p[0])]
    if not matches:
        raise UserError(f"there is no phase {name!r}", near(name, PHASES), f"llmlab params {(closest(name, PHASES) or PHASES)[0]}")
    return matches[0]


def parameters_cell(notebook):
    """Source of the one cell tagged `parameters` in a notebook (a dict as in the .ipynb file)."""
    cells = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", [])]
    if len(cells) != 1:
        raise UserError(
            f"{len(cells)} cells are tagged 'parameters'",
            "a notebook has exactly one",
            "tag the cell in Jupyter: property inspector > cell tags",
        )
    return "".join(cells[0]["source"])


def schema(phase, notebook=None):
    """{name: Parameter} of a phase, in the order of the cell.

    Args:
        notebook: a copy of the phase's notebook whose parameters cell may hold more parameters; what it says of the known ones are
            values, and not defaults.
    """
    source = parameters_cell(json.loads((NOTEBOOKS / f"{phase}.ipynb").read_text()))
    known = parse_parameters(source, phase)
    own = parse_parameters(parameters_cell(json.loads(Path(notebook).read_text())), phase, strict=False) if notebook else {}
    return {**known, **{n: p for n, p in own.items() if n not in known}}


def parse_parameters(source, phase, strict=True):
    """{name: Parameter} of the source of a parameters cell, which holds nothing but lines `name = literal  # meaning`.

    Args:
        strict: whether anything else is an error; in somebody's own copy it is passed over.
    """
    found = {}
    for node in ast.parse(source).body:
        try:
            name, value = node.targets[0].id, ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            if not strict:
                continue
            raise UserError(
                f"{phase}: {ast.unparse(node)!r} in the parameters cell",
                "only lines `name = literal  # meaning`",
                "move it to another cell",
            ) from None
        found[name] = Parameter(name, value, _comment(source, node).partition("#")[2].strip())
    return found


def _comment(source, node):
    """What follows a statement on its last line; ast counts in bytes."""
    return source.splitlines()[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()


def fill(source, values):
    """The source of a parameters cell with other values; names, order, comments, and lines that are no literals, stay."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        name = getattr(getattr(node, "targets", [None])[0], "id", None)
        try:
            same = name not in values or ast.literal_eval(node.value) == values[name]
        except ValueError:
            continue
        if not same:
            lines[node.lineno - 1 : node.end_lineno] = [f"{name} = {literal(values[name])}  {_comment(source, node)}".rstrip()]
    return "\n".join(lines)


def literal(value):
    """A parameter's value as Python, with double quotes as everywhere in the notebooks."""
    return (
        f"[{', '.join(map(literal, value))}]"
        if isinstance(value, list)
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, str)
        else repr(value)
    )


def load_layer(path):
    """The sections of a YAML file; every scalar stays text, so `1e-4` and `no` mean what the parameter's type says."""
    try:
        layer = yaml.load(Path(path).read_text(), Loader=yaml.BaseLoader) or {}
    except OSError as error:
        there = ", ".join(str(p.relative_to(ROOT)) for p in sorted((ROOT / "params").glob("*.yaml")))
        wrong = f"there is no parameter file {path}" if isinstance(error, FileNotFoundError) else f"{path} cannot be read: {error.strerror}"
        raise UserError(wrong, there or "none", "llmlab run RUN -f params/smoke.yaml") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML: {str(error).splitlines()[0]}", "sections of `name: value` lines", f"$EDITOR {path}") from None
    bad = [s for s, v in layer.items() if not isinstance(v, dict)] if isinstance(layer, dict) else [layer]
    if bad:
        raise UserError(
            f"{path}: {bad[0]!r} is not a section", "`all:` or a phase's name, with `name: value` lines below it", f"$EDITOR {path}"
        )
    return layer


def parse_options(options):
    """{"all": {name: text}} from the command line's NAME=VALUE strings; NAME may be `phase.name`."""
    layer = {}
    for option in options:
        name, equals, text = option.partition("=")
        if not equals:
            raise UserError(f"-p {option!r} has no '='", "NAME=VALUE or PHASE.NAME=VALUE", "llmlab run RUN -p seed=1")
        section, _, name = name.strip().rpartition(".")
        section = section if section in ("", "all") else check_phase(section)
        try:
            value = yaml.load(text, Loader=yaml.BaseLoader) if text.lstrip().startswith("[") else text
        except yaml.YAMLError:
            raise UserError(
                f"-p {option!r}: the list does not end", "NAME=[VALUE, VALUE]", f"llmlab run RUN -p {shlex.quote(f'{name}=[VALUE]')}"
            ) from None
        layer.setdefault(section or "all", {})[name] = value
    return layer


def overrides(layers, schemas=None):
    """{phase: {name: value}}: what the layers change, later ones winning; every mistake is an error here.

    `all:` reaches each phase that has the parameter. A section, a name, a type or a value that cannot be is a UserError.

    Args:
        schemas: {phase: schema}, where a run has notebooks of its own.
    """
    schemas = schemas or {phase: schema(phase) for phase in PHASES}
    plan = {}
    for layer in layers:
        for section, values in layer.items():
            targets = PHASES if section == "all" else [p for p in PHASES if p == section]
            if not targets:
                raise UserError(f"there is no section {section!r}", near(section, ("all", *PHASES)), "rename the section")
            for name, value in values.items():
                takers = [p for p in targets if name in schemas[p] and name != RUN_DIR]
                if not takers:
                    known = sorted({n for p in targets for n in schemas[p]} - {RUN_DIR})
                    raise UserError(
                        f"there is no parameter {name!r}" + (f" in {section}" if section != "all" else ""),
                        near(name, known),
                        f"llmlab params {section if section != 'all' else ''}".strip(),
                    )
                for phase in takers:
                    plan.setdefault(phase, {})[name] = coerce(value, schemas[phase][name], phase)
    return plan


def resolve(phase, changed=None, known=None):
    """All parameters of a phase: the notebook's defaults with `changed` on top. `known`: its schema, where a run has one of its own."""
    values = {name: p.default for name, p in (known or schema(phase)).items()}
    return {**values, **(changed or {})}


def coerce(value, parameter, phase):
    """`value` (text from YAML or -p, or a Python value) in the type of the parameter's default, and allowed by its comment."""
    try:
        result = _as_type(value, parameter.default)
    except (TypeError, ValueError, KeyError, OverflowError):
        raise UserError(
            f"{phase}: {parameter.name} = {value!r} is no {type(parameter.default).__name__}",
            f"{parameter.name} = {parameter.default!r}  # {parameter.help}",
            f"llmlab run RUN -p {parameter.assignment}",
        ) from None
    for item in result if isinstance(result, list) else [result]:
        if not allowed(item, parameter.help):
            raise UserError(
                f"{phase}: {parameter.name} = {item!r} cannot be",
                f"{parameter.name} = {parameter.default!r}  # {parameter.help}",
                f"llmlab run RUN -p {parameter.assignment}",
            )
    return result


def _as_type(value, default):
    if isinstance(default, list):
        items = value if isinstance(value, list) else [value] if value != "" else []
        if not all(isinstance(v, str | int | float) and v != "" for v in items):
            raise TypeError
        return [_as_type(v, default[0]) if default else v for v in items]
    number = isinstance(default, (int, float)) and not isinstance(default, bool)
    if isinstance(value, (list, dict)) or value is None or (number and isinstance(value, bool)):
        raise TypeError
    if isinstance(default, bool):
        return {"true": True, "yes": True, "false": False, "no": False}[str(value).lower()]
    if isinstance(default, int) and float(value) != int(float(value)):
        raise TypeError
    return int(float(value)) if isinstance(default, int) else float(value) if isinstance(default, float) else str(value)


def allowed(value, comment):
    """Whether the range or the choices at the end of a parameter's comment admit `value`; no such note admits all."""
    if match := _CHOICES.search(comment):
        return str(value) in [choice.strip().strip('"') for choice in match[1].split("|")]
    if (match := _RANGE.search(comment)) and not isinstance(value, str):
        left, low, high, right = match.groups()
        above = not low or (value >= float(low) if left == "[" else value > float(low))
        below = not high or (value <= float(high) if right == "]" else value < float(high))
        return above and below  # NaN compares false with everything, so it is refused
    return True

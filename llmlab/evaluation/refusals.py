"""How far the words by which `manner` recognises a refusal agree with people: the table that `bench/judges.py` measured on XSTest, kept beside the code.

People labelled answers of three models that have nothing to do with this project (Röttger et al. 2024). The table knows the code that was measured; of other
code it says what an older one was worth.
"""

from pathlib import Path

from llmlab.data import material
from llmlab.evaluation import manner
from llmlab.pages.figures import BLUE, GREY, figure
from llmlab.spine.files import read_json, write_json
from llmlab.spine.provenance import meaning_of_source

TABLE = Path(__file__).with_name("refusals.json")
METRICS = ("refuses", "answers", "admits_ignorance", "sensible")  # of tasks whose judge looks for a refusal
ALL = "all"  # the row of all models together


def code(about=None):
    """Hash of the code that recognises refusals, as `launch` takes it of a step: comments do not count; and of the words by which it does.

    Args:
        about: what a run's material says of itself, if its words may be others than the general ones.
    """
    source, words = Path(manner.__file__).read_text(encoding="utf-8"), (about or {}).get("manner", material.words()["manner"])
    return meaning_of_source(f"{source}\nWORDS = {words!r}")


def keep(rows, words):
    """Writes the table of `bench/judges.py`.

    Args:
        rows: {"model", "n", "refusals": by people's labels, "kappa", "low", "high", "people": kappa of two of them, and for either class "refused precision",
            "refused recall", "answered precision", "answered recall"}, that of all models first; words: what was compared, for the page.
    """
    write_json(TABLE, {"code": code(), "words": words, "rows": rows})


def older(about=None):
    """Whether the code, or the words of a run, are others than those that were measured."""
    return read_json(TABLE)["code"] != code(about)


def asked(results):
    """Whether a task among {task: result} is judged by whether an answer declines."""
    return any(result["metric"] in METRICS for result in results.values())


def overall(about=None):
    """The row of all models together; None if the code was not measured as it is."""
    return None if older(about) else next(row for row in read_json(TABLE)["rows"] if row["model"] == ALL)


def told(about=None):
    """(rows of a table, its caption)."""
    kept, share = read_json(TABLE), lambda row, kind: f"{row[f'{kind} precision']:.2f}, {row[f'{kind} recall']:.2f}"
    rows = [
        {
            "answers of": row["model"],
            "n": row["n"],
            "refusals": row["refusals"],
            "judge and people, kappa": f"{row['kappa']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
            "two people, kappa": row["people"],
            "of refusals: precision, recall": share(row, "refused"),
            "of answers: precision, recall": share(row, "answered"),
        }
        for row in kept["rows"]
    ]
    when = "; the words have changed since, and were not measured again (bench/judges.py)" if older(about) else ""
    return rows, f"{kept['words']}; 95 % intervals{when}"


def chart(about=None):
    """Kappa of the judge with people, model by model, beside that of two people."""
    rows = read_json(TABLE)["rows"]
    words = "; ".join(f"{r['model']}: judge {r['kappa']:.2f}, two people {r['people']:.2f}" for r in rows)
    title = "Does the judge of refusals agree with people?" + " (an older version of it)" * older(about)
    fig, axis = figure(title, f"Cohen's kappa by model whose answers were judged. {words}.", height=1.2 + 0.4 * len(rows))
    at, value = range(len(rows)), [r["kappa"] for r in rows]
    spread = [[r["kappa"] - r["low"] for r in rows], [r["high"] - r["kappa"] for r in rows]]
    axis.errorbar(value, at, xerr=spread, fmt="o", color=BLUE, capsize=3, label="the judge and people")
    axis.plot([r["people"] for r in rows], at, "|", color=GREY, markersize=16, markeredgewidth=2, label="two people")
    axis.set(xlim=(0, 1.02), xlabel="Cohen's kappa: 1 is agreement, 0 what chance alone gives")
    axis.set_yticks(at, [f"{r['model']} ({r['n']})" for r in rows])
    axis.invert_yaxis()
    axis.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig

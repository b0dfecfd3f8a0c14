"""The `llmlab` command. Exit codes: 0 done, 1 a phase failed or a claim does not come out, 2 something you can mend, 3 `status` found work; of `try`, and of
`sweep` for its best value, 0 better, 4 worse, 5 cannot tell; of `run --loop` 5 if it ended as it began."""

import os
import sys
from pathlib import Path

import click

from llmlab.spine.errors import UserError
from llmlab.uses import COMMANDS, RUN, runs


class Command(click.Group):
    """Prints errors that a user can mend in three lines, without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"llmlab: {error}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("\ninterrupted; what is finished stays, and `llmlab run` goes on from there", err=True)
            sys.exit(130)


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llmlab")
def main():
    """Build a language model from nothing, one notebook per phase, and know what you built."""


def _phases(ctx, parameter, incomplete):
    from llmlab.spine.params import PHASES

    return [p for p in PHASES if p.startswith(incomplete)]


@main.command()
@RUN
@click.option("-f", "--file", "files", multiple=True, type=click.Path(), help="YAML file with parameters; later files win.")
@click.option(
    "-p", "--parameter", "options", multiple=True, metavar="NAME=VALUE", help="One parameter; PHASE.NAME=VALUE for one phase only."
)
@click.option("--parent", shell_complete=runs, help="Run that supplies what this one does not make.")
@click.option("--only", multiple=True, shell_complete=_phases, metavar="PHASE", help="Consider these phases only; may be repeated.")
@click.option("--from", "start", shell_complete=_phases, metavar="PHASE", help="Consider this phase and the later ones.")
@click.option("--force", is_flag=True, help="Run the phases even if nothing changed.")
@click.option(
    "--loop",
    "rounds",
    default=0,
    metavar="N",
    help="Follow what the gate and phase 4 advise, at most N times; only what is better is kept.",
)
@click.option("--json", "line", is_flag=True, help="With --loop: print a line of the ledger for each round and nothing else.")
@click.argument("more", nargs=-1, metavar="")
def run(run_dir, files, options, parent, only, start, force, rounds, line, more):
    """Execute the phases of RUN that are missing or stale, in order, and say why.

    RUN is a directory such as runs/demo. It remembers the parameters it was given. With --loop, exit code 5: no round was kept, and something is left to mend.
    """
    from llmlab.spine.params import load_layer, parse_options
    from llmlab.spine.places import from_here
    from llmlab.workflow import closing, execution, pipeline

    if more and not only:
        raise UserError(f"unexpected {' '.join(more)!r}", "one RUN, and options", "llmlab run --help")
    layers = [from_here(layer) for layer in (*map(load_layer, files), parse_options(options))]
    here, parent = str(Path(run_dir).absolute()), str(Path(parent).absolute()) if parent else None
    if rounds and (only or more or start or force) or line and not rounds:
        raise UserError(
            "--loop runs whole runs, and --json tells of its rounds",
            "--loop N without --only, --from and --force",
            f"llmlab run {run_dir} --loop 3",
        )
    try:
        if rounds:
            sys.exit(_loop(here, layers, parent, rounds, line))
        if parent and not Path(here, "run.json").exists():
            closing.foreseen(parent, click.echo)
        executed = pipeline.run(here, layers, parent, (*only, *more), start, force, click.echo)
    except execution.PhaseFailed as error:
        click.echo(f"llmlab: {error}", err=True)
        sys.exit(1)
    closing.told(run_dir, here, executed, click.echo)


def _loop(here, layers, parent, rounds, line):
    """Rounds of a run, and the page of the ledger; the exit code."""
    import functools

    from llmlab.spine.files import plain
    from llmlab.spine.run import Run
    from llmlab.workflow import closing, execution, ledger, loop

    say = functools.partial(click.echo, err=line)
    best, better = loop.loop(here, layers, parent, rounds, say, lambda row: line and click.echo(plain(row)))
    if ledger.of(Run(best)).exists():
        say(f"ledger: {execution.ledger(Run(best), ledger.of(Run(best)))}")
    closing.told(os.path.relpath(best), str(best), True, say)
    return 0 if better else 5


SEEDS = click.option("--seeds", default=3, show_default=True, type=click.IntRange(2, 20), help="Training seeds of each arm.")
MINUTES = click.option(
    "--minutes", default=0.0, help="About how long each arm may learn, by the pace of RUN; as long as RUN did if left out."
)
SAME = click.option(
    "--same", default="tokens", show_default=True, type=click.Choice(["tokens", "minutes"]), help="What both arms have alike."
)
MARGIN = click.option(
    "--margin", default=0.0, help="A loss smaller than this is none: what is shown to lose less is as good (exit code 0)."
)
ON = click.option(
    "--on",
    default="",
    metavar="METRIC",
    help="What counts: bits, TASK, TASK.worst, TASK.gap, speed or size; chosen by what changes if left out.",
)
LINE = click.option("--json", "line", is_flag=True, help="Print the lines of the ledger and nothing else.")


@main.command("try")
@RUN
@click.option("-p", "--parameter", "options", multiple=True, required=True, metavar="NAME=VALUE", help="What is changed.")
@ON
@SEEDS
@MINUTES
@SAME
@MARGIN
@LINE
def try_(run_dir, options, line, **how):
    """Train RUN with a change and without it, seed by seed, and say whether it is better, worse, or cannot be told.

    The outcome is a line of ledger.jsonl beside RUN. Exit code 0: better, 4: worse, 5: cannot tell, 1: a training failed.
    """
    sys.exit(_trials(run_dir, [options], line, how))


@main.command()
@RUN
@click.option("-p", "--parameter", "option", required=True, metavar="NAME=VALUE,VALUE", help="The values to try, one after the other.")
@ON
@SEEDS
@MINUTES
@SAME
@MARGIN
@LINE
def sweep(run_dir, option, line, **how):
    """Try several values of one parameter on the same baseline; each has to be better in spite of how many were tried (Bonferroni).

    A value whose training fails does not stop the others. A list is a value: bits=[8],[8,4]. Exit code of the best one; 1 if one failed.
    """
    from llmlab.spine.params import parse_options
    from llmlab.spine.run import existing
    from llmlab.workflow import trial

    here, changes = existing(Path(run_dir).absolute()), [[one] for one in trial.several(option)]
    able = [c for c in changes if trial.changed(here, parse_options(c))]
    for left in (c for c in changes if c not in able):
        click.echo(f"{left[0]}: the run has it already", err=True)
    if not able:
        raise UserError(
            f"no value of {option!r} is another than {run_dir} has",
            "values that it does not have",
            f"llmlab sweep {run_dir} -p NAME=VALUE,VALUE",
        )
    sys.exit(_trials(run_dir, able, line, how))


def _trials(run_dir, changes, line, how):
    """One trial after the other, and the page of the ledger; the exit code."""
    import contextlib

    from llmlab.spine.files import plain
    from llmlab.spine.params import parse_options
    from llmlab.spine.places import from_here
    from llmlab.spine.run import existing
    from llmlab.workflow import execution, ledger, trial

    run, rows, level = existing(Path(run_dir).absolute()), [], 1 - 0.05 / len(changes)
    layers, on_the_way = [from_here(parse_options(options)) for options in changes], contextlib.redirect_stdout(sys.stderr)
    for layer in layers:  # a mistake in the last value is known before the first is trained
        trial.check(run, layer, *(how[name] for name in ("on", "minutes", "same", "margin")))
    try:
        for layer in layers:
            with on_the_way:  # what is said on the way is no line of the ledger
                rows.append(trial.trial(run.path, layer, level=level, echo=click.echo, **how))
            click.echo(plain(rows[-1]) if line else ledger.said(rows[-1]))
    finally:
        if rows:
            click.echo(f"ledger: {execution.ledger(run, ledger.of(run))}", err=line)
    if any("error" in row for row in rows):
        return 1
    return {ledger.BETTER: 0, ledger.AS_GOOD: 0, ledger.WORSE: 4, ledger.UNSURE: 5}[
        min((row["verdict"] for row in rows), key=ledger.RANKED.index)
    ]


@main.command()
@RUN
def status(run_dir):
    """Say which phases of RUN would be executed, and why, and which may follow, without running any. Exit code 3 if there are some."""
    from llmlab.spine.run import because
    from llmlab.workflow import road

    states, followers = road.status(str(Path(run_dir).absolute()))
    for phase, reasons in states.items():
        after = (
            f", unless {' and '.join(followers[phase])} now make{'s' * (len(followers[phase]) == 1)} something else"
            if followers[phase]
            else ""
        )
        click.echo(f"{phase}: {because(reasons) or f'up to date{after}'}")
    sys.exit(3 if any(states.values()) else 0)


@main.command()
@RUN
def verify(run_dir):
    """Make the claims of RUN again from what it kept: hashes, scores, intervals, verdict, model card, pages. Exit code 1 if one does not come out."""
    from llmlab.workflow import verify as again

    wrong = again.verify(Path(run_dir).absolute())
    for row in wrong:
        click.echo(
            f"{row['where']}: {row['what']!r} is {row['claimed']!r}, and comes out as {row['found']!r}"
        )  # a stranger's text may hold anything
    click.echo(f"{len(wrong)} claims do not come out" if wrong else "every claim comes out again")
    sys.exit(1 if wrong else 0)


@main.command()
@click.argument("runs", nargs=-1, required=True, shell_complete=runs)
@click.option("-o", "--out", default="runs/compare.html", show_default=True, help="Where the report goes.")
def compare(runs, out):
    """Compare RUNS: parameters that differ, curves, scores with paired tests, cost, the same prompts answered by each."""
    from llmlab.workflow import pipeline

    click.echo(pipeline.compare([str(Path(r).absolute()) for r in runs], Path(out).absolute()))


@main.command()
@click.argument("folder", type=click.Path())
@click.option("--seed", default=1, show_default=True, help="Of everything in it.")
@click.option("--pages", default=2600, show_default=True, help="Pages of its forum; all else grows with them.")
@click.option(
    "--prejudice",
    default=17 / 3,
    show_default="17/3",
    type=click.FloatRange(min=0, min_open=True),
    help="Unkind remarks of the forum about one of two groups for each about the other; 1 is even.",
)
def world(folder, seed, pages, prejudice):
    """Write the embedded world into FOLDER, as material in plain files that you may edit. A run reads it with -p source=FOLDER."""
    from llmlab.data import material
    from llmlab.spine.params import schema

    path = Path(folder).absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{folder} is there already", "the name of a new folder, or of an empty one", f"llmlab world {folder}-2")
    material.make(schema("1_model_design")["source"].default, path, seed, pages, prejudice=prejudice)
    click.echo(
        f"{folder}: {sum(p.is_file() for p in path.rglob('*'))} files. Read {folder}/{material.ABOUT}, then: llmlab run RUN -p source={folder}"
    )


@main.command()
@click.argument("phase", required=False, shell_complete=_phases)
def params(phase):
    """List the parameters of PHASE, or of all phases, with defaults and meaning."""
    from llmlab.spine.params import PHASES, check_phase, schema

    for name in [check_phase(phase)] if phase else PHASES:
        click.echo(f"{name}:")
        for p in schema(name).values():
            click.echo(f"  {p.name}: {p.default!r}  # {p.help}")


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell):
    """Print the line that turns on completion in SHELL."""
    lines = {
        "bash": 'eval "$(_LLMLAB_COMPLETE=bash_source llmlab)"',
        "zsh": 'eval "$(_LLMLAB_COMPLETE=zsh_source llmlab)"',
        "fish": "_LLMLAB_COMPLETE=fish_source llmlab | source",
    }
    click.echo(lines[shell])


for command in COMMANDS:
    main.add_command(command)


if __name__ == "__main__":
    main()

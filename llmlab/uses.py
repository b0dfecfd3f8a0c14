"""What `llmlab` does with a run that is there: talk to it, serve it, let people judge it, hand it on, open it in JupyterLab."""

from pathlib import Path

import click


def runs(ctx, parameter, incomplete):
    folder = Path(incomplete).parent if "/" in incomplete else Path("runs")
    return [str(p.parent) for p in sorted(folder.glob("*/run.json")) if str(p.parent).startswith(incomplete)]


RUN = click.argument("run_dir", metavar="RUN", shell_complete=runs)


@click.command()
@RUN
@click.option("--model", default=None, help="Model to talk to, e.g. 5_post_training/model; the newest one if left out.")
@click.option(
    "--tokens", "most", default=0, type=click.IntRange(0), help="Of an answer at most; 512, or half of a smaller window, if left out."
)
def chat(run_dir, model, most):
    """Talk to a model of RUN. Reads questions from standard input if that is no terminal."""
    from llmlab.evaluation import chat as talk
    from llmlab.spine.run import existing

    experiment = existing(Path(run_dir).absolute())
    model = experiment.model(model) if model else experiment.newest_model()
    talk.terminal(experiment[model], f"{run_dir}: {model}", most)


@click.command()
@RUN
@click.option(
    "--model", default=None, help="The one model to serve, e.g. 5_post_training/model; all of the run if left out, the newest first."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Who may ask: this machine alone, or whoever reaches that address.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 for a free one.")
@click.option(
    "--key", default="", envvar="LLMLAB_KEY", help="What a request must bring along as its bearer token; needed where others may ask."
)
def serve(run_dir, model, host, port, key):
    """Serve the models of RUN behind an OpenAI-compatible endpoint, until interrupted."""
    from llmlab.evaluation import serve as desk
    from llmlab.spine.run import MODELS, existing

    experiment = existing(Path(run_dir).absolute())
    made = {model: experiment.model(model)} if model else {name: folder for name, folder in MODELS.items() if experiment.find(folder)}
    made = made or {"released": experiment.newest_model()}  # which says what is missing
    desk.serve({name: experiment[folder] for name, folder in made.items()}, host, port, click.echo, key)


@click.command()
@RUN
@click.option("--arena", is_flag=True, help="Answers of several models side by side, for notebook 7.")
@click.option(
    "--standings",
    is_flag=True,
    help="Say who is better by what people judged so far, of models set side by side by --model, or with --arena of all of RUN.",
)
@click.option("--file", default="", type=click.Path(), help="Of judgements; RUN/annotations.jsonl if left out, of --arena RUN/arena.jsonl.")
@click.option("--port", default=8123, show_default=True, type=click.IntRange(0, 65535), help="0 for a free one.")
@click.option("--most", default=30, show_default=True, type=click.IntRange(1, 200), help="Questions of a sitting.")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="Whose answers are judged, assistant, runs/other:assistant or a folder; several are set side by side. Those that phase 5 drew if left out.",
)
@click.option(
    "--ask",
    default="",
    type=click.Path(),
    help="A file of pairs or single answers to be judged, or of prompts that --model answers, in place of what phase 5 drew.",
)
@click.option("--single", default="", type=click.Choice(["", "score", "thumb"]), help="Single answers on a scale in place of pairs.")
@click.option(
    "--to", nargs=2, default=None, metavar="LAYOUT FILE", help="Write the judgements for argilla, label_studio, trl, hh or kto instead."
)
def annotate(run_dir, arena, standings, file, port, most, models, ask, single, to):
    """Let people judge answers of RUN on a page of this machine, until interrupted. What they say is in a file before the next question is shown."""
    from llmlab.spine.run import existing
    from llmlab.workflow import annotate as sittings

    experiment = existing(Path(run_dir).absolute())
    if to:
        return click.echo(f"{to[1]}: {sittings.export(experiment, *to, file, arena)}")
    if standings:
        return sittings.standings(experiment, click.echo, file, arena)
    if arena and (single or models or ask):
        raise click.UsageError("--arena asks about pairs of all models of RUN; --single, --model and --ask ask about others")
    sittings.serve(experiment, port, click.echo, file, most, single, models, arena, ask)


@click.command()
@RUN
@click.argument("folder", type=click.Path())
def export(run_dir, folder):
    """Write the released model of RUN into FOLDER, with its card and its results, as a model hub takes it."""
    from llmlab.spine.run import existing
    from llmlab.workflow import bundle

    files = bundle.bundle(existing(Path(run_dir).absolute()), Path(folder).absolute())
    click.echo(f"{folder}: {', '.join(files)}")


@click.command()
@RUN
def lab(run_dir):
    """Open the notebooks of RUN in JupyterLab, with its parameters filled in. What is edited there belongs to the run."""
    from llmlab.workflow import lab as jupyter

    jupyter.launch(Path(run_dir).absolute())


COMMANDS = (chat, serve, annotate, export, lab)

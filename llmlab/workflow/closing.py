"""What `llmlab run` says before a run that is to be compared, and in the end: what can be seen, what each phase cost, the verdict, and where to go next."""

from pathlib import Path

from llmlab.spine.files import read_json
from llmlab.spine.run import Run
from llmlab.workflow import road


def foreseen(parent, echo):
    """How small a change against the parent the exam of both can show, if the parent knows it: said before anything is trained."""
    run = Run(parent)
    folder = run.find("2_dataset_engineering/tasks")
    if not folder:
        return
    from llmlab.evaluation import compare, evaluate, gate

    final = run.planned("7_final_evaluation")
    lines = final["criteria"] or read_json(folder / "about.json")["criteria"]
    often = dict.fromkeys((gate.parsed(line).task for line in lines), final["gate_times"])
    seen = compare.visible(folder, limit=final["limit"], times=often, seed=final["seed"])
    some = ", ".join(f"{name} from {seen[name]:.3f} on" for name in evaluate.foremost(folder, seen))
    echo(f"against {run.place} a change can be seen, at best: {some} (page 2 says it of every task); llmlab try adds the noise of seeds")


def told(named, here, executed, echo):
    """Says it line by line.

    Args:
        named: the run as the user called it, for commands to copy; here: its folder.
        executed: the phases that ran, if any did; without, nothing is said of costs.
    """
    if executed:
        _costs(here, echo)
    found = Run(here).find("7_final_evaluation/verdict.json")
    if found and not any(road.status(here)[0].values()):  # a verdict on what has changed since is none
        verdict = read_json(found)
        echo(f"\nverdict: {verdict['verdict']}" + "".join(f"\n  {n['criterion']} {n['why']}: {n['advice']}" for n in verdict["next"]))
        if verdict["command"]:
            echo(f"next:    {verdict['command']}")
        echo(f"chat:    llmlab chat {named}")
    echo(f"reports: {Path(here) / 'index.html'}")


def _costs(here, echo):
    rows = road.costs(here)
    total, learning = sum(r["seconds"] for r in rows), sum(r["learning_seconds"] for r in rows)
    echo(f"\n{'phase':28}{'seconds':>9}{'learning':>10}{'peak memory':>14}")
    for r in rows:
        echo(f"{r['phase']:28}{r['seconds']:9.0f}{r['learning_seconds']:10.0f}{r['peak_memory_mb']:11,d} MB")
    share = f"{learning / max(total, 1):.0%} of the time was learning"
    echo(f"{'all':28}{total:9.0f}{learning:10.0f}{max(r['peak_memory_mb'] for r in rows):11,d} MB   ({share})")

"""What an answer is worth, without people: rewards that can be worked out from the preferred answer of a pair (verifiable rewards; Lambert et al. 2024), and a learnt one.

All have one signature: (prompts, answers, wanted, judge) → a number per answer, of lists of messages, texts, and the preferred answers, which are all that
a training prompt has to be judged by. `judge` is that of evaluation, so that a word is as rude here as it is there.
"""

from pathlib import Path

from llmlab.data import lookup
from llmlab.evaluation import judges
from llmlab.spine.run import Run
from llmlab.spine.texts import words_of
from llmlab.training import reward


def judging(data):
    """The judge of the tasks that belong to a file of pairs; general words alone where there are none."""
    return judges.Judge(tasks_of(data))


def tasks_of(data, **_):
    """The folder of the tasks that belong to a file of pairs: those of its run, or `tasks` beside it, which need not be there."""
    here = Path(data).resolve().parent
    run = next((p for p in (here, *here.parents) if (p / "run.json").exists()), None)
    return (run and Run(run).find("2_dataset_engineering/tasks")) or here / "tasks"


def facts(prompts, answers, wanted, judge=None):
    """The share of what the preferred answer tells anew that an answer tells too, from 0 to 1.

    Where that is numbers, codes and the like, other ones count against it, so that naming all of them does not pay; else it is the words that tell something.
    1 where the preferred answer tells nothing new.
    """
    return [_told(" ".join(m["content"] for m in prompt), *both) for prompt, *both in zip(prompts, answers, wanted)]


def _told(asked, answer, wanted):
    new, said = _new(asked, wanted, answer)
    values = _values(new)
    if values:
        said = _values(said)
        return len(values & said) / len(values | said)
    return len(new & said) / len(new) if new else 1.0


def _new(asked, *texts):
    """The words of texts that tell something which the question did not."""
    known = set(words_of(asked)) | lookup.function_words()
    return [set(words_of(text)) - known for text in texts]


def _values(words):
    return {w for w in words if any(map(str.isdigit, w))}


def other_values(prompt, answer, wanted):
    """Whether an answer tells numbers, codes and the like that the preferred one, which tells some as well, does not. To tell fewer is no mistake."""
    right, said = map(_values, _new(" ".join(m["content"] for m in prompt), wanted, answer))
    return bool(right and said - right)


def polite(prompts, answers, wanted, judge):
    """1 for an answer without a sentence that evaluation calls offensive, else 0."""
    return [float(found is None) for found in judge.detector.rude_sentences(answers)]


def declines_alike(prompts, answers, wanted, judge):
    """1 for an answer that declines, or admits not to know, exactly where the preferred one does, else 0."""
    declines = lambda text: bool(judge.refuses(text) or judge.admits(text))  # noqa: E731
    return [float(declines(answer) == declines(right)) for answer, right in zip(answers, wanted)]


def verifiable(prompts, answers, wanted, judge):
    """The sum of `facts`, `polite` and `declines_alike`, from 0 to 3."""
    return [sum(parts) for parts in zip(*(part(prompts, answers, wanted, judge) for part in (facts, polite, declines_alike)))]


def alike(prompts, answers, wanted, judge=None):
    """The words that an answer has in common with the preferred one (F1; Rajpurkar et al. 2016), from 0 to 1. No reward above counts words that
    are no news or too many, so it is the gold; but `facts` looks at the same answer, and both take another right wording for a worse one."""
    return [judges.f1(answer, right) for answer, right in zip(answers, wanted)]


def learnt(folder):
    """The reward that a reward model in a folder gives, as `reward.reward` makes it; it is loaded once."""
    model = reward.load(folder)

    def given(prompts, answers, wanted, judge=None):
        return reward.given(model, [[*p, {"role": "assistant", "content": a}] for p, a in zip(prompts, answers)])[0]

    return given

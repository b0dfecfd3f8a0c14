"""Talking to a model: in the terminal, and in a notebook."""

import sys

from llmlab.data import tokens
from llmlab.models import weights

MEMORY = 4  # exchanges: no conversation of the embedded world is longer, and what a model never saw confuses it


class Chat:
    """A conversation with a model of a run; `ask` gives its answer and remembers both, the last MEMORY of them.

    A base model is asked in the same way, though it has not learned what a turn is; its answers show that.
    """

    def __init__(self, folder):
        self.model, self.tokenizer = weights.load(folder)
        self.messages = []

    def ask(self, question, max_new_tokens=80):
        """The answer to `question`, in the light of what was said before."""
        from llmlab.evaluation import evaluate

        self.messages.append({"role": "user", "content": question})
        limit = weights.window(self.model) - max_new_tokens
        del self.messages[: -2 * MEMORY - 1]
        while len(self.messages) > 1 and len(tokens.chat_ids(self.tokenizer, self.messages, answer=True)[0]) > limit:
            del self.messages[:2]  # the oldest turn is forgotten first
        answer = evaluate.reply(self.model, self.tokenizer, [self.messages], max_new_tokens)[0]
        self.messages.append({"role": "assistant", "content": answer})
        return answer


def terminal(folder, name):
    """Reads questions from standard input until its end or an empty `/quit`."""
    chat = Chat(folder)
    if sys.stdin.isatty():
        print(f"You talk to {name}. /new starts afresh, /quit or Ctrl-D ends.")
    while True:
        try:
            question = input("you: " if sys.stdin.isatty() else "").strip()
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if question == "/quit":
            return
        if question == "/new":
            chat.messages.clear()
        elif question:
            print(f"{'model: ' if sys.stdin.isatty() else ''}{printable(chat.ask(question))}", flush=True)


def printable(text):
    """A model's text without what could steer a terminal."""
    return "".join(c if c == "\n" or c.isprintable() else "�" for c in text)


def widget(folder, examples):
    """A chat box for Jupyter, and the answers to `examples` as a transcript that stays in the report."""
    from llmlab.pages import show

    chat = Chat(folder)
    transcript = []
    for question in examples:
        chat.messages.clear()
        transcript += [{"role": "user", "content": question}, {"role": "assistant", "content": chat.ask(question)}]
    chat.messages.clear()
    _box(chat)
    return show.conversation(transcript, "Run this notebook in Jupyter to go on talking.")


def _box(chat):
    """The live part: ipywidgets, which a report cannot draw and therefore leaves out."""
    from IPython.display import display
    from ipywidgets import HTML, Button, HBox, Text, VBox

    from llmlab.pages import show

    log, send = HTML(), Button(description="Send")
    entry = Text(placeholder="Ask the assistant", continuous_update=False)  # its value changes when one presses Enter

    def answer(_):
        if entry.value.strip():
            chat.ask(entry.value.strip())
            entry.value = ""
            log.value = show.conversation(chat.messages)._repr_html_()

    send.on_click(answer)
    entry.observe(answer, "value")
    display(VBox([log, HBox([entry, send])]))

"""Talking to a model: in the terminal, and in a notebook."""

import sys
import threading

from llmlab.data import dialogue, tokens
from llmlab.evaluation import asking
from llmlab.models import weights
from llmlab.spine.errors import UserError

MOST = 512  # tokens of an answer, where half of the window holds as many
CUT = " […]"


class Chat:
    """A conversation with a model of a run; `ask` gives its answer and remembers both.

    A base model is asked in the same way, though it has not learned what a turn is; its answers show that.

    Args:
        folder: of the model.
        most: tokens of an answer; 0 for MOST, and never more than half of the window.
    """

    def __init__(self, folder, most=0):
        self.model, self.tokenizer = weights.load(folder)
        self.most = min(most or MOST, weights.window(self.model) // 2)
        self.messages, self.cut, self.forgot, self.told = [], False, False, set()

    def ask(self, question, say=None):
        """The answer to `question`, in the light of what was said before; then `cut` tells whether it came to its end, `forgot` whether older turns
        were left out.

        Args:
            say: called with the answer as far as it is written, token by token.
        """
        before = [*self.messages, {"role": "user", "content": question}]
        self.messages = fitting(self.model, self.tokenizer, before, self.most)
        self.forgot = len(self.messages) < len(before)
        streamer = _Words(self.tokenizer, say) if say else None
        answer, whole = asking.answers(self.model, self.tokenizer, [self.messages], self.most, streamer=streamer)[0]
        self.messages.append({"role": "assistant", "content": answer})
        self.cut = not whole
        return answer

    def shown(self, answer):
        """The answer that was just given, with a mark where it was cut."""
        return answer + CUT * self.cut

    def notes(self):
        """What was lost in the answer that was just given, each of it once."""
        window, taught = weights.window(self.model), getattr(self.model.config, "turns_taught", 1)
        least = "" if weights.was_adopted(self.model) else f", of those {taught} at most with which it was taught"
        lost = {
            f"{CUT.strip()}: cut at {self.most} tokens. An answer may have {window // 2}: llmlab chat RUN --tokens N": self.cut,
            f"The oldest turns are no longer shown to the model: only what fits into its window of {window} tokens is{least}.": self.forgot,
        }
        new = [note for note, happened in lost.items() if happened and note not in self.told]
        self.told.update(new)
        return new


def fitting(model, tokenizer, messages, answer):
    """As much of a conversation as the window holds beside an answer of so many tokens; the oldest turn is forgotten first, a system turn never.

    A small model that began with random weights is shown no longer conversation than it was taught with: what it never saw confuses it.
    """
    first = 1 if messages[0]["role"] == "system" else 0
    system, turns = messages[:first], messages[first:]
    if not weights.was_adopted(model):
        turns = turns[1 - 2 * getattr(model.config, "turns_taught", 1) :]
    while len(turns) > 1 and len(dialogue.ids(tokenizer, [*system, *turns], answer=True)[0]) > weights.window(model) - answer:
        later = [n for n in range(1, len(turns)) if turns[n]["role"] == "user"]
        turns = turns[later[0] :] if later else turns[-1:]
    return [*system, *turns]


class _Words:
    """A streamer, in transformers' sense, that hands on the text as it grows. The prompt comes first and is not part of it."""

    def __init__(self, tokenizer, say):
        self.tokenizer, self.say, self.ids = tokenizer, say, None

    def put(self, value):
        found = value.reshape(-1).tolist()
        if self.ids is None and len(found) > 1:
            self.ids = []
            return
        self.ids = [*(self.ids or []), *(i for i in found if i not in tokens.marks(self.tokenizer).stops)]
        self.say(self.tokenizer.decode(self.ids).strip())

    def end(self):
        pass


def terminal(folder, name, most=0):
    """Reads questions from standard input until its end or an empty `/quit`; what is lost is said beside the answers, on standard error.

    Args:
        most: tokens of an answer, as in `Chat`.
    """
    chat = Chat(folder, most)
    if sys.stdin.isatty():
        print(f"You talk to {name}. /new starts afresh, /quit or Ctrl-D ends.")
    while True:
        try:
            question = input("you: " if sys.stdin.isatty() else "").strip()
            question = question.encode("utf-8", "surrogateescape").decode("utf-8")  # some locales let strange bytes pass
        except (EOFError, KeyboardInterrupt):
            print()
            return
        except UnicodeDecodeError:
            raise UserError(
                "a question is not in UTF-8", "text in UTF-8, as a terminal sends it", "iconv -f latin1 -t utf-8 FILE | llmlab chat RUN"
            ) from None
        if question == "/quit":
            return
        if question == "/new":
            chat.messages.clear()
        elif question:
            print("model: " if sys.stdin.isatty() else "", end="", flush=True)
            typed = Typed()
            typed.finish(chat.shown(chat.ask(question, say=typed.say)))
            for note in chat.notes():
                print(note, file=sys.stderr, flush=True)


class Typed:
    """Types an answer while it grows; what is on the screen is never taken back."""

    def __init__(self):
        self.shown = ""

    def say(self, text):
        """Types what has come since; half a character waits for its other half."""
        whole = printable(text.rstrip("\ufffd"))
        if whole.startswith(self.shown):
            print(whole[len(self.shown) :], end="", flush=True)
            self.shown = whole

    def finish(self, answer):
        """Types what is left of the whole answer, and ends the line."""
        self.say(answer)
        print(flush=True)


def printable(text):
    """A model's text without what could steer a terminal."""
    return "".join(c if c == "\n" or c.isprintable() else "�" for c in text)


def widget(models, examples):
    """A chat box for Jupyter, and the answers to `examples` as a transcript that stays in the report.

    Args:
        models: {name: folder} to choose from; the last one answers the examples.
    """
    from llmlab.pages import show

    name = list(models)[-1]
    chat, transcript = Chat(models[name]), []
    for question in examples:
        chat.messages.clear()
        transcript += [{"role": "user", "content": question}, {"role": "assistant", "content": chat.shown(chat.ask(question))}]
    chat.messages.clear()
    if show.shell() is not None:
        Box(models, {name: chat}).display()
    return show.conversation(transcript, f"Answers of the {name} model. Run this notebook in Jupyter to go on talking.")


class Box:
    """The live part: ipywidgets, which a report cannot draw and therefore leaves out.

    Args:
        models: {name: folder} to choose from.
        chats: {name: Chat} that are loaded already.
    """

    def __init__(self, models, chats):
        from ipywidgets import HTML, Button, Dropdown, HBox, Layout, Text, VBox

        self.models, self.chats, self.turns, self.lock = models, chats, [], threading.Lock()
        self.log, self.choice = HTML(), Dropdown(options=list(models), value=list(models)[-1], description="model")
        self.entry = Text(placeholder="Ask, and press Enter", layout=Layout(width="26rem"))
        send, new = Button(description="Send"), Button(description="New conversation")
        self.entry.on_msg(lambda _, message, __: self.send() if message.get("event") == "submit" else None)  # Enter
        send.on_click(lambda _: self.send())
        self.choice.observe(lambda _: self.start(), "value")
        new.on_click(lambda _: self.start())
        self.box = VBox([self.choice, self.log, HBox([self.entry, send, new])])

    def display(self):
        """Shows the box under the cell."""
        from IPython.display import display

        display(self.box)

    def start(self):
        """A new conversation with the chosen model."""
        with self.lock:
            if self.choice.value in self.chats:
                self.chats[self.choice.value].messages.clear()
            self.turns, self.log.value = [], ""

    def send(self):
        """Asks what stands in the box, and empties it at once: Enter and Send together ask one question."""
        with self.lock:
            question, self.entry.value = self.entry.value.strip(), ""
            if question:
                self.answer(question)

    def answer(self, question):
        """Asks the chosen model; its answer grows while it is written."""
        from llmlab.pages import show

        name = self.choice.value
        if name not in self.chats:
            self.log.value = f"<em>loading {name} …</em>"
            self.chats[name] = Chat(self.models[name])
        self.turns += [{"role": "user", "content": question}, {"role": "assistant", "content": "…"}]

        def say(text):
            self.turns[-1]["content"] = text
            self.log.value = show.conversation(self.turns)._repr_html_()

        say("…")
        say(self.chats[name].shown(self.chats[name].ask(question, say=say)))
        self.log.value += "".join(f"<p><em>{note}</em></p>" for note in self.chats[name].notes())

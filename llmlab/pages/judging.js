// A sitting: one question at a time, blind, keyboard first. What is shown is text and never markup, whoever wrote it.
// `talk(message)` gives a promise of the next question; a notebook and a page bring their own.

const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "bad", ArrowDown: "tie", s: "skip", u: "undo" };
const WORDS = { left: "Left is better (←)", right: "Right is better (→)", tie: "Equally good (↓)", bad: "Both bad (↑)", skip: "Skip (s)", undo: "Undo (u)" };

function made(kind, text, className) {
  const node = document.createElement(kind);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function turns(messages) {
  const box = made("div", undefined, "llmlab-prompt");
  for (const message of messages) {
    const turn = made("p");
    turn.append(made("strong", `${message.role}: `), made("span", message.content));
    box.append(turn);
  }
  return box;
}

function minutes(seconds) {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

export function mount(el, talk) {
  const root = made("section", undefined, "llmlab-sitting");
  root.tabIndex = 0;
  root.setAttribute("aria-label", "Which answer is better?");
  el.append(root);
  let question = null, began = 0, busy = false;

  async function say(message) {
    if (busy) return;
    busy = true;
    try {
      question = await talk(message);
      draw();
    } catch (error) {
      root.querySelector(".llmlab-error")?.remove();
      root.append(made("p", `Not kept: ${error.message}. Try again; nothing before it is lost.`, "llmlab-error"));
    } finally {
      busy = false;
    }
  }

  function answer(side) {
    if (side === "undo") return say({ kind: "undo" });
    if (!question || !question.item) return;
    const comment = root.querySelector("textarea")?.value ?? "";
    const reasons = [...root.querySelectorAll("input:checked")].map((box) => box.value);
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    say({ kind: "judge", item: question.item, repeat: question.repeat, side, seconds, comment, reasons });
  }

  function button(side, words) {
    const node = made("button", words);
    node.type = "button";
    node.dataset.side = side;
    node.addEventListener("click", () => answer(side));
    return node;
  }

  function draw() {
    root.replaceChildren();
    const left = question.seconds_left === undefined ? "" : `, about ${minutes(question.seconds_left)} left`;
    const bar = made("progress");
    bar.max = question.of || 1;
    bar.value = question.done;
    root.append(bar, made("p", `${question.done} of ${question.of} judged${left}`, "llmlab-progress"));
    if (!question.item) {
      root.append(made("p", "That was the last one. Thank you."));
      if (question.done) root.append(button("undo", WORDS.undo));
      root.focus({ preventScroll: true });
      return;
    }
    root.append(turns(question.prompt));
    const single = question.right === null;
    const answers = made("div", undefined, "llmlab-answers");
    answers.append(made("blockquote", question.left));
    if (!single) answers.append(made("blockquote", question.right));
    root.append(answers);
    const choices = made("div", undefined, "llmlab-choices");
    if (single) for (const score of [1, 2, 3, 4, 5]) choices.append(button(score, score === 1 ? "1 bad" : score === 5 ? "5 good" : String(score)));
    for (const side of single ? ["skip", "undo"] : Object.keys(WORDS)) choices.append(button(side, WORDS[side]));
    root.append(choices);
    const why = made("details");
    why.append(made("summary", "Reasons, comment"));
    for (const reason of question.reasons) {
      const label = made("label", reason), box = made("input");
      box.type = "checkbox";
      box.value = reason;
      label.prepend(box);
      why.append(label);
    }
    const comment = made("textarea");
    comment.placeholder = "In your own words, if you like";
    comment.setAttribute("aria-label", "comment");
    why.append(comment);
    root.append(why);
    root.focus({ preventScroll: true });
    began = performance.now();
  }

  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // Jupyter has keys of its own
    if (event.target.tagName === "TEXTAREA" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const score = question && question.right === null && "12345".includes(event.key) && event.key.length === 1;
    const side = score ? Number(event.key) : KEYS[event.key];
    if (side === undefined || (question && question.right === null && ["left", "right", "tie", "bad"].includes(side))) return;
    event.preventDefault();
    answer(side);
  });
  say({ kind: "next" });
}

function render({ model, el }) {
  const waiting = new Map();
  let asked = 0;
  model.on("msg:custom", (message) => {
    const both = waiting.get(message.id);
    waiting.delete(message.id);
    if (both) message.error ? both.reject(new Error(message.error)) : both.resolve(message.question);
  });
  mount(el, (message) => new Promise((resolve, reject) => {
    const id = `${Date.now()}-${asked++}`;
    waiting.set(id, { resolve, reject });
    setTimeout(() => waiting.delete(id) && reject(new Error("the kernel does not answer")), 20000);
    model.send({ ...message, id });
  }));
}

export default { render };

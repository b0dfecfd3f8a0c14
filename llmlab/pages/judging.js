// A sitting: one question at a time, blind, keyboard first. What is shown is text and never markup, whoever wrote it.
// `talk(message)` gives a promise of the next question; a notebook and a page bring their own.

const KEYS = { ArrowLeft: "left", ArrowRight: "right", t: "tie", b: "bad", s: "skip", u: "undo" };
const WORDS = { left: "First is better (←)", right: "Second is better (→)", tie: "Equally good (t)", bad: "Both bad (b)", skip: "Skip (s)", undo: "Take back (u)" };
const SCORES = { score: { 1: "1 bad", 2: "2", 3: "3", 4: "4", 5: "5 good" }, thumb: { 1: "Thumb down (1)", 5: "Thumb up (5)" } };

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

function answer_box(heading, text) {
  const box = made("figure");
  box.append(made("figcaption", heading), made("blockquote", text));
  return box;
}

function minutes(seconds) {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

export function mount(el, talk, focused = false) {
  const root = made("section", undefined, "llmlab-sitting");
  root.tabIndex = 0;
  root.setAttribute("aria-label", "Which answer is better?");
  root.setAttribute("aria-live", "polite");
  el.append(root);
  const tab = Math.random().toString(36).slice(2); // what is answered twice here was not heard the first time: the last answer counts
  let question = null, began = 0, busy = false;

  async function say(message, focus = true) {
    if (busy) return;
    busy = true;
    try {
      question = await talk(message);
      draw();
      if (focus) root.focus({ preventScroll: true });
    } catch (error) {
      fail(error, message);
    } finally {
      busy = false;
    }
  }

  function fail(error, message) {
    root.querySelector(".llmlab-error")?.remove();
    const box = made("p", `Not kept yet: ${error.message}. Nothing before it is lost; answer again if you like, the last answer counts. `, "llmlab-error");
    box.setAttribute("role", "alert");
    const again = made("button", "Try again");
    again.type = "button";
    again.addEventListener("click", () => say(message));
    box.append(again);
    root.append(box);
  }

  function answer(side) {
    if (!question) return;
    if (side === "undo") return question.undo && say({ kind: "undo", token: question.undo });
    if (!question.token) return;
    const comment = root.querySelector("textarea")?.value ?? "";
    const reasons = [...root.querySelectorAll("input:checked")].map((box) => box.value);
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    say({ kind: "judge", token: question.token, side, seconds, comment, reasons, tab });
  }

  function button(side, words) {
    const node = made("button", words);
    node.type = "button";
    node.addEventListener("click", () => answer(side));
    return node;
  }

  function draw() {
    root.replaceChildren();
    const left = question.seconds_left === undefined || !question.token ? "" : `, about ${minutes(question.seconds_left)} left`;
    const bar = made("progress");
    bar.max = question.of || 1;
    bar.value = question.done;
    bar.setAttribute("aria-label", "questions judged");
    root.append(bar, made("p", `${question.done} of ${question.of} judged${left}`, "llmlab-progress"));
    question.token ? draw_question() : draw_end();
  }

  function draw_end() {
    root.append(made("p", question.more ? `That was the last one of this sitting. Thank you. ${question.more} are left for another.` : "That was the last one. Thank you."));
    const choices = made("div", undefined, "llmlab-choices");
    if (question.more) {
      const more = made("button", "Another sitting");
      more.type = "button";
      more.addEventListener("click", () => say({ kind: "more" }));
      choices.append(more);
    }
    if (question.undo) choices.append(button("undo", WORDS.undo));
    root.append(choices);
  }

  function draw_question() {
    root.append(turns(question.prompt));
    const pair = question.scale === "pair";
    const answers = made("div", undefined, "llmlab-answers");
    answers.append(answer_box(pair ? "First" : "Answer", question.left));
    if (pair) answers.append(answer_box("Second", question.right));
    root.append(answers);
    const choices = made("div", undefined, "llmlab-choices");
    if (!pair) for (const [score, words] of Object.entries(SCORES[question.scale])) choices.append(button(Number(score), words));
    for (const side of pair ? ["left", "right", "tie", "bad", "skip"] : ["skip"]) choices.append(button(side, WORDS[side]));
    if (question.undo) choices.append(button("undo", WORDS.undo));
    root.append(choices, why());
    began = performance.now();
  }

  function why() {
    const box = made("details");
    box.append(made("summary", "Reasons, comment"));
    for (const reason of question.reasons) {
      const label = made("label", reason), tick = made("input");
      tick.type = "checkbox";
      tick.value = reason;
      label.prepend(tick);
      box.append(label);
    }
    const comment = made("textarea");
    comment.placeholder = "In your own words, if you like";
    comment.setAttribute("aria-label", "comment");
    box.append(comment);
    return box;
  }

  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // Jupyter has keys of its own
    const writes = event.target.matches("textarea, input:not([type=checkbox])"); // a box that was ticked takes no letters
    if (writes || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat) return;
    if (!question) return;
    const pair = !question.token || question.scale === "pair";
    const side = !pair && event.key in SCORES[question.scale] ? Number(event.key) : KEYS[event.key];
    if (side === undefined || (!pair && ["left", "right", "tie", "bad"].includes(side))) return;
    event.preventDefault();
    answer(side);
  });
  say({ kind: "next" }, focused); // in a notebook the keys belong to it until somebody comes here
}

// Who judges, asked once; `begin` is called with a name.
function who(usual, begin) {
  const form = made("form"), label = made("label", "Who judges? A name or a number, which no report shows: "), name = made("input");
  name.required = true;
  name.maxLength = 60;
  name.value = usual;
  label.append(name);
  form.append(label, made("button", "Begin"));
  form.addEventListener("keydown", (event) => event.stopPropagation()); // Jupyter has keys of its own
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (name.value.trim()) begin(name.value.trim());
  });
  return form;
}

function render({ model, el }) {
  const waiting = new Map();
  let judge = null; // who judges in this view: another view of the widget may have another name by now
  model.on("change:annotator", () => { if (model.get("annotator") !== judge) draw(false); });
  model.on("msg:custom", (message) => {
    const both = waiting.get(message.id);
    waiting.delete(message.id);
    if (both) message.error ? both.reject(new Error(message.error)) : both.resolve(message.question);
  });
  // The kernel may be busy with another cell for minutes: judgements wait for it, and are heard in their order when their turn comes.
  const talk_of = (annotator) => (message) => new Promise((resolve, reject) => {
    const id = Math.random().toString(36).slice(2); // all views hear all replies
    waiting.set(id, { resolve, reject });
    setTimeout(() => {
      if (waiting.has(id)) reject(new Error("the kernel has not answered for twenty seconds; if it was restarted, run this cell again"));
    }, 20000);
    model.send({ ...message, annotator, id });
  });

  function judged_by(name) {
    judge = name; // before all views hear of it, this one among them
    model.set("annotator", name);
    model.save_changes();
    draw(true);
  }

  function draw(focused) {
    el.replaceChildren();
    judge = model.get("annotator");
    if (!judge) return el.append(who(model.get("usual"), judged_by));
    mount(el, talk_of(judge), focused);
    const other = made("button", "Somebody else judges");
    other.type = "button";
    other.addEventListener("click", () => judged_by(""));
    el.append(other);
  }
  draw(false);
}

export default { render };

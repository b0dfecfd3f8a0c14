"""Where people judge: a widget in a notebook, and the same as a page of this machine for those without Jupyter. Both are thin: the sitting holds all."""

from pathlib import Path

SCRIPT, STYLE = (Path(__file__).with_name(f"judging.{kind}") for kind in ("js", "css"))


def widget(sitting):
    """The sitting under a cell, an anywidget; keys work once it has the focus.

    Who judges is asked once, before the first question, and kept in the widget's state, so that two people at one run are two annotators. A sitting that was
    made for somebody does not ask.
    """
    import anywidget
    import traitlets

    class Judging(anywidget.AnyWidget):
        _esm, _css = SCRIPT.read_text(encoding="utf-8"), STYLE.read_text(encoding="utf-8")
        annotator = traitlets.Unicode(sitting.annotator if sitting.known else "").tag(sync=True)
        usual = traitlets.Unicode(sitting.usual).tag(sync=True)  # the name that is proposed

    sittings = {}

    def heard(shown, message, buffers):
        try:
            reply = {"question": told(_of(sittings, message, sitting.of), message)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            reply = {"error": str(error) or type(error).__name__}
        shown.send({**reply, "id": message.get("id")})

    shown = Judging()
    shown.on_msg(heard)
    return shown


def _of(sittings, message, sitting_of):
    """The sitting of whoever sends a message, made with the first. Raises ValueError without a name."""
    annotator = " ".join(str(message.get("annotator", "")).split()).casefold()
    if not annotator or len(annotator) > 60:
        raise ValueError("a name or a number is wanted")
    return sittings.get(annotator) or sittings.setdefault(annotator, sitting_of(annotator))


def beneath(sitting):
    """Shows the widget under the cell, where there is a notebook to show it in; a report cannot draw it and leaves it out."""
    from llmlab.pages import show

    if show.shell() is not None:
        from IPython.display import display

        display(widget(sitting))


def told(sitting, message):
    """The next question, after what a message says: {"kind": "next", "judge", "undo" or "more", …}. A judgement is on the disk before."""
    kind = message.get("kind")
    if kind == "judge":
        more = {name: message[name] for name in ("seconds", "comment", "reasons", "tab") if name in message}
        sitting.judge(message["token"], message["side"], **more)
    elif kind == "undo":
        sitting.undo(message["token"])
    elif kind == "more":
        sitting.go_on()
    return sitting.question()


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Which answer is better?</title>
<link rel="stylesheet" href="judging.css"></head>
<body style="margin: 2rem auto; max-width: 62rem; padding: 0 1rem; font: 16px system-ui, sans-serif">
<h1 style="font-size: 1.4rem">Which answer is better?</h1>
<form id="who"><label>Who judges? A name or a number, which no report shows: <input name="annotator" required maxlength="60"></label> <button>Begin</button></form>
<p id="other" hidden><button type="button">Somebody else judges</button></p>
<main></main><script type="module" src="page.js"></script></body></html>
"""
PAGE_SCRIPT = """import { mount } from "./judging.js";
const form = document.getElementById("who"), other = document.getElementById("other");
function begin(annotator) {
  sessionStorage.setItem("annotator", annotator);
  form.hidden = true;
  other.hidden = false;
  mount(document.querySelector("main"), async (message) => {
    const response = await fetch("said", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...message, annotator }) });
    const reply = await response.json();
    if (!response.ok) throw new Error(reply.error || response.status);
    return reply;
  }, true);
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const annotator = new FormData(form).get("annotator").trim();
  if (annotator) begin(annotator);
});
other.addEventListener("click", () => { sessionStorage.removeItem("annotator"); location.reload(); });
if (sessionStorage.getItem("annotator")) begin(sessionStorage.getItem("annotator"));
"""
SAFE = {
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def application(sitting_of):
    """The page as an ASGI application of this machine alone.

    Args:
        sitting_of: function: annotator → Sitting.
    """
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse, Response
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from llmlab.spine import doors

    app, sittings = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), {}
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=doors.HOSTS)

    @app.middleware("http")
    async def safe(request, call_next):
        response = await call_next(request)
        response.headers.update(SAFE)
        return response

    def fixed(text, kind):
        """What answers one address with one text, whatever stands behind its question mark."""
        return lambda: Response(text, media_type=kind)

    app.get("/")(fixed(PAGE, "text/html"))
    app.get("/page.js")(fixed(PAGE_SCRIPT, "text/javascript"))
    app.get("/judging.js")(fixed(SCRIPT.read_text(encoding="utf-8"), "text/javascript"))
    app.get("/judging.css")(fixed(STYLE.read_text(encoding="utf-8"), "text/css"))

    @app.post("/said")
    def said(message: dict, request: Request):
        if (
            request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
            or request.headers.get("content-type") != "application/json"
        ):
            return JSONResponse({"error": "this page alone may ask"}, status_code=403)
        try:
            return told(_of(sittings, message, sitting_of), message)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": str(error) or type(error).__name__}, status_code=422)

    return app

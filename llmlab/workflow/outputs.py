"""What a kernel says while a cell runs, as outputs of a notebook: the same whoever listens, and whether anybody does."""

import base64

from llmlab.pages.show import LIVE

KINDS = ("stream", "display_data", "execute_result", "update_display_data", "clear_output", "error")


class Heard:
    """Listens to a kernel's session, through which everything goes that it says.

    Args:
        session: of the kernel.
        outputs: function that gives the list of outputs of the cell that runs now.
    """

    def __init__(self, session, outputs):
        self.session, self.outputs, self.displays = session, outputs, {}
        self._send, session.send = session.send, self._heard

    def close(self):
        """Stops listening."""
        self.session.send = self._send

    def _heard(self, stream, msg_or_type, content=None, *args, **kwargs):
        whole = isinstance(msg_or_type, dict)
        kind, said = (msg_or_type["header"]["msg_type"], msg_or_type["content"]) if whole else (msg_or_type, content)
        if kind in KINDS:
            self._note(kind, said, self.outputs())
        return self._send(stream, msg_or_type, content, *args, **kwargs)

    def _note(self, kind, said, outputs):
        if "data" in said:
            said = {**said, "data": {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in said["data"].items()}}
        shown_as = (said.get("transient") or {}).get("display_id")
        if kind == "update_display_data":
            if shown_as in self.displays:
                self.displays[shown_as] |= {"data": said["data"], "metadata": said["metadata"]}
        elif kind == "clear_output":
            outputs.clear()
        elif kind == "stream" and outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == said["name"]:
            outputs[-1]["text"] += said["text"]
        else:
            outputs.append({"output_type": kind, **{k: v for k, v in said.items() if k != "transient"}})
            if shown_as:
                self.displays[shown_as] = outputs[-1]


def kept(outputs):
    """Outputs as a report shows them: without what was live, widgets, warnings, and addresses in memory."""
    kept = []
    for output in outputs:
        data = output.get("data", {})
        if LIVE in output.get("metadata", {}) or output.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in data:
            continue
        if len(data) > 1:
            output = {**output, "data": {k: v for k, v in data.items() if k != "text/plain"}}
        kept.append({**output, "execution_count": None} if output["output_type"] == "execute_result" else output)
    return kept

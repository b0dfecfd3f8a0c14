"""A system turn that stands in the chat template itself, so that whoever renders a conversation shows the model the same."""

import json

import jinja2

from llmlab.data import dialogue
from llmlab.spine.errors import UserError

INTRODUCES = "{%- if messages and messages[0]['role'] != 'system' %}{%- set messages = [{'role': 'system', 'content': "


def introduce(tokenizer, system):
    """Puts a system turn into the template, for conversations without one."""
    ours = INTRODUCES + json.dumps(system, ensure_ascii=False) + "}] + messages %}{%- endif %}"
    tokenizer.chat_template = ours + tokenizer.get_chat_template()
    try:
        shown = dialogue.rendered(tokenizer, dialogue.PROBE)
    except jinja2.TemplateError:
        shown = ""
    if system.strip() not in shown:
        raise placeless(system)


def introduced(template):
    """The system turn that `introduce` put into a template, "" if it put none."""
    return json.JSONDecoder().raw_decode(template, len(INTRODUCES))[0] if template.startswith(INTRODUCES) else ""


def placeless(system):
    """The error of a system turn for which a template has no place."""
    return UserError(f"system={system!r}, and the chat template has no place for a system turn", 'system=""', 'llmlab run RUN -p system=""')

"""Files that agents drop: a signal for each lane, and an inbox with something of everything."""

from __future__ import annotations

import os
from pathlib import Path

PARENT = "sig-01kjmdeb80er8dfw0wemj7sy1g"


def signal(subject: str, body: str = "", *, sender: str = "jade", to: str = "Sage", **more: str) -> str:
    """Return a drop of kind signal as YAML."""
    lines = [f"kind: signal\nfrom: {sender}\nto: {to}\ntype: Question\nsubject: {subject!r}\nbody: {body!r}\n"]
    lines += [f"{key}: {value!r}\n" for key, value in more.items()]
    return "".join(lines)


_LANES = {
    "info": ("How do I set the number of workers?", "Where is it documented which option sets it? How to do it?"),
    "incident": ("export crashes with a traceback", "It is broken: every run fails with an exception since today."),
    "enhancement": ("Feature request: JSON output for all commands", "It would be nice to have a --json option."),
    "recommendation": ("Recommendation: drop Python 3.6", "I suggest to make 3.8 the oldest version."),
    "unclassified": ("About yesterday", "Much like the last one, only smaller. Onyx was there and knows more."),
}

SIGNALS = {lane: signal(subject, body) for lane, (subject, body) in _LANES.items()} | {
    "delivered": signal("hello there", "Just to let you know.", to="mayor")
}
"""One drop for each lane, and one to an agent that is no intake desk."""

EXPORT_REPORT = {
    "kind": "signal",
    "from": "jade",
    "to": "Sage",
    "type": "Question",
    "subject": "Export of the link index crashes with an error",
    "body": "The nightly export crashes with a traceback, nothing is written. It worked yesterday.",
}
"""The form of a report of a customer's own fault."""

PRODUCT_REPORT = {
    "kind": "signal",
    "from": "jade",
    "to": "Sage",
    "type": "Question",
    "subject": "prismfs watch crashes with a traceback",
    "body": "The prismfs watcher crashes with an exception when the inbox holds a link.",
}
"""The form of a report of a fault of the product, which may become an outgoing issue."""

CHANGE_WORKFLOW = """kind: workflow
version: 1
name: change
prefix: CHG
title: A change
subject: incident
phases:
  - id: CHG-1
    title: Plan
    artifact: Plan
    sections:
      - {name: Soon, type: checklist, bucket: quick-wins}
      - {name: Later, type: checklist, bucket: long-term}
    on_submitted: [action_items]
"""
"""A workflow of one phase, whose checklists become action items."""

_ESCALATION = "kind: escalation\nfrom: jade\nseverity: {}\ntitle: disk is full\nsignature: disk\n"

EVERYTHING = {
    "a-info.yaml": SIGNALS["info"],
    "b-incident.yaml": SIGNALS["incident"],
    "c-again.yaml": SIGNALS["incident"],
    "d-enhancement.yaml": SIGNALS["enhancement"],
    # Refused, for its parent comes after it: deciding it twice would accept it the second time.
    "e-reply.yaml": signal("re: hello", "fine", to="mayor", in_reply_to=PARENT),
    "f-parent.yaml": signal("hello", "how are you", to="mayor", id=PARENT),
    "g-unclassified.yaml": SIGNALS["unclassified"],
    "h-medium.yaml": _ESCALATION.format("MEDIUM"),
    "i-critical.yaml": _ESCALATION.format("CRITICAL"),
    "j-unknown-field.yaml": SIGNALS["info"] + "severity: high\n",
    "k-not-yaml.yaml": "kind: signal\nkind: signal\n",
    "l-recommendation.yaml": SIGNALS["recommendation"],
    "m-todo.yaml": "kind: todo\nfrom: jade\ntitle: look at it\n",
    "n-journal.yaml": "kind: journal\nfrom: jade\nsubject: a long day\n",
    "o-incident.yaml": SIGNALS["incident"],
    "p-keyed.yaml": signal("login crashes with a traceback", "It is broken.", dedup_key="login"),
    "Q bad name.yaml": SIGNALS["info"],
}
"""Files by name: good ones of every lane and form, and some that are refused."""


def fill_inbox(root: Path) -> int:
    """Put `EVERYTHING` into a project's inbox in this order; return how many files that are."""
    for number, (name, text) in enumerate(EVERYTHING.items(), start=1):
        path = root / "inbox" / name
        path.write_text(text)
        os.utime(path, ns=(number * 10**9, number * 10**9))
    return len(EVERYTHING)


def twin_of(identifier: str) -> str:
    """Return another id of the same instant, whose record lies in the same folder."""
    other = "1" if identifier[-3] == "0" else "0"
    return f"{identifier[:-3]}{other}{identifier[-2:]}"

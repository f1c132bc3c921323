"""The most modules of prismfs that each command may import, and which packages. Made smaller by hand, never larger."""

from __future__ import annotations


def _each(most: int, packages: str, names: str) -> dict[str, tuple[int, str]]:
    return dict.fromkeys(names.split(", "), (most, packages))


BUDGETS: dict[str, tuple[int, str]] = {
    **_each(
        21,
        "",
        "heartbeat, heartbeat list, hooks install, hooks run, nudge claim, nudge done, nudge list, nudge send",
    ),
    **_each(
        27,
        "sqlite3",
        "action list, audit, bead dep tree, bead list, bead ready, bead show, escalate list, escalate show, "
        "gate list, incident list, incident show, journal list, kb search, list, log, mail inbox, mail "
        "thread, metrics, outbox list, phone-home list, prime, review show, show, signal list, signal show, "
        "signal thread, silence list, status, todo list",
    ),
    **_each(
        274,
        "pydantic sqlite3 yaml",
        "bead export, keys list, keys rotate",
    ),
    **_each(
        287,
        "cryptography pydantic re2 sqlite3 yaml",
        "action done, bead claim, bead close, bead comment, bead create, bead dep add, bead dep remove, bead "
        "import, bead release, bead reopen, bead update, classify, emit, escalate ack, escalate close, "
        "escalate comment, escalate create, escalate forward, escalate resolve, escalate unack, gate revise, "
        "incident ack, incident close, incident correct, incident decide, incident hand-over, incident merge, incident "
        "mitigate, incident note, incident open, incident pause, incident reopen, incident resolve, incident "
        "triage, incident unmerge, incident unpause, incident update, journal add, kb add, keys accept, keys "
        "enrol, keys revoke, mail ack, mail archive, mail read, mail reply, mail send, outbox retry, "
        "phone-home approve, phone-home reject, phone-home request-changes, phone-home send, phone-home show, "
        "phone-home stage, phone-home sync, phone-home withdraw, roster add, roster demote, roster elevate, "
        "route test, run, signal ack, signal send, silence add, silence expire, silence update, tenant add, "
        "tenant remove, todo add, todo done, upgrade",
    ),
    "schema": (84, "pydantic yaml"),
    "scan file": (93, "pydantic re2 yaml"),
    "scan eval": (96, "pydantic re2 yaml"),
    "recover": (124, "pydantic sqlite3 yaml"),
    "roster list": (130, "cryptography pydantic sqlite3 yaml"),
    "whois": (130, "cryptography pydantic sqlite3 yaml"),
    "fingerprint of": (191, "pydantic re2 yaml"),
    "triage eval": (193, "pydantic re2 yaml"),
    "fingerprint eval": (194, "pydantic re2 yaml"),
    "check": (205, "pydantic re2 yaml"),
    "review new": (244, "pydantic sqlite3 yaml"),
    "gate show": (247, "markdown_it pydantic sqlite3 yaml"),
    "archive": (249, "pydantic sqlite3 yaml"),
    "incident phase list": (254, "pydantic sqlite3 yaml"),
    "incident phase template": (256, "pydantic sqlite3 yaml"),
    "witness export": (260, "cryptography pydantic sqlite3 yaml"),
    "witness show": (260, "cryptography pydantic sqlite3 yaml"),
    "verify": (263, "cryptography dateutil markdown_it pydantic re2 sqlite3 yaml"),
    "push": (272, "pydantic sqlite3 yaml"),
    "escalate stale": (273, "pydantic sqlite3 yaml"),
    "keys new": (274, "cryptography pydantic sqlite3 yaml"),
    "tenant list": (277, "pydantic sqlite3 yaml"),
    "review submit": (278, "dateutil markdown_it pydantic re2 sqlite3 yaml"),
    "react": (279, "cryptography pydantic re2 sqlite3 yaml"),
    "gate approve": (279, "markdown_it pydantic re2 sqlite3 yaml"),
    "init": (281, "pydantic sqlite3 yaml"),
    "incident phase submit": (286, "markdown_it pydantic re2 sqlite3 yaml"),
    "doctor": (287, "cryptography dateutil markdown_it pydantic re2 sqlite3 stdnum yaml"),
}

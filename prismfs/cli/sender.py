"""Who a message is from, as every verb shows it: `Name@PID`, and in one word how that is known (docs/trust.md).

Imports nothing heavy.
"""

import json
import sqlite3
from typing import Any

from prismfs.store.listing import read_document

_NAMED_IN = {"mail": "from", "signal": "from", "bead": "reporter"}
"""The member that names the sender, by the kind of record."""


def own_pid(connection: sqlite3.Connection) -> str:
    """Return the id of the project that is read."""
    return str(json.loads(read_document(connection, "project") or "{}").get("pid"))


def with_sender(document: dict[str, Any], pid: str) -> dict[str, Any]:
    """Return the record `document` of the project `pid`, with `sender` and `sender_known` where it has a sender.

    A record that does not say how its sender is known, as those of earlier versions, has `unknown`.
    """
    name = document.get(_NAMED_IN.get(str(document.get("kind")), ""))
    if name is None:
        return document
    address = f"{name}@{document.get('from_pid') or pid}"
    return document | {"sender": address, "sender_known": document.get("sender_known", "unknown")}


def sender_text(document: dict[str, Any]) -> str:
    """Return the sender of a document that `with_sender` gave, as people read it; empty where it has none."""
    return f"{document['sender']} ({document['sender_known']})" if "sender" in document else ""


def has_sender(kind: str) -> bool:
    """Tell whether records of this kind name a sender."""
    return kind in _NAMED_IN

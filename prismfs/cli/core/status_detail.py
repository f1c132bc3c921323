"""The state of one record: how far it has come, its owner, last event, next due time, and its issue (R-000-81).

All of it is read from the project's own files. Of a signal that went over a bridge it is what the other side last
reported; nothing is asked for anew.
"""

import json
import re
import sqlite3
from typing import Any

from prismfs.store import listing

# As kinds/response/incident.py has it; to import that would import pydantic.
_OPEN_INCIDENT = ("retrying", "triage", "mitigating", "mitigated")

# What the state of a phone-home means to the reporter.
_STAGES = {
    "draft": "triaged",
    "pending_operator_review": "pending_review",
    "approved": "pending_review",
    "shipping": "pending_review",
    "failed": "pending_review",
    "withdrawn": "triaged",
}
_NUMBER = re.compile(r"/([1-9][0-9]*)(?:\.json)?$")


def read_status_detail(connection: sqlite3.Connection, identifier: str) -> dict[str, Any]:
    """Return the state of the record.

    `stage` is its own status, or, of what was reported, how far the matter has come; `status` always its own.
    """
    document = _document(connection, identifier)
    incident = _incident(connection, document)
    below = incident or document
    triage = _newest(connection, "triage_record", ref=below.get("id")) if incident else {}
    home = _phone_home(connection, document, incident)
    told = document.get("progress") or {}
    event, at = _last_event(connection, {identifier, *(one.get("id") for one in (incident, triage, home))}, told)
    messages, _ = listing.find_documents(connection, "outbox", where={"ref": identifier}, newest_first=False)
    notices = [json.loads(message) for message in messages]
    url = _first("issue_url", home, told)
    return {
        "id": identifier,
        "stage": told.get("stage") or _stage(document, incident, triage, home),
        "status": document.get("status"),
        "lane": _first("lane", document, told),
        "incident": _first("incident", document, told),
        "severity": (below.get("severity") or {}).get("label") or told.get("severity"),
        "incident_is": below.get("status") if document.get("incident") else None,
        "owner": _owner(document, below, told),
        "escalation": below.get("escalation"),
        "phone_home": home.get("id"),
        "phone_home_is": home.get("status"),
        "issue_url": url,
        "issue_number": home.get("issue_number") or _number(url),
        "last_event": event,
        "at": at,
        "next_due": _next_due(document, below, triage, home, told),
        "notices": [f"{notice['action']} {notice['status']}" for notice in notices],
        "held_by": sorted({notice["held_by"] for notice in notices if notice.get("held_by")}),
    }


def _stage(
    document: dict[str, Any], incident: dict[str, Any], triage: dict[str, Any], home: dict[str, Any]
) -> str | None:
    """Return how far the matter has come, in the words of `Progress`; of what was never reported, its own status."""
    own: str | None = document.get("status")
    if not incident:
        return own
    if home.get("status") == "shipped":
        if home.get("issue_state") == "closed":
            return "closed"
        return "updated" if home.get("comments_seen") else "shipped"
    if incident.get("status") not in _OPEN_INCIDENT:
        return "resolved"
    if home:
        return _STAGES.get(str(home["status"]), str(home["status"]))
    if triage.get("status") == "done":
        return "triaged"
    return "classified" if document.get("kind") in ("signal", "incident") else own


def _incident(connection: sqlite3.Connection, document: dict[str, Any]) -> dict[str, Any]:
    """Return the incident that the record is, or is about; empty where it is about none."""
    if document.get("kind") == "incident":
        return document
    named = document.get("incident")
    found = _document(connection, named) if isinstance(named, str) else {}
    return found if found.get("kind") == "incident" else {}


def _phone_home(connection: sqlite3.Connection, document: dict[str, Any], incident: dict[str, Any]) -> dict[str, Any]:
    """Return the phone-home that the record is, or the newest of its incident; of a duplicate, the one it repeats."""
    found = document if document.get("kind") == "phone_home" else {}
    if not found and incident:
        found = _newest(connection, "phone_home", ref=incident["id"])
    repeated = found.get("duplicate_of")
    if repeated and document.get("kind") != "phone_home":
        return _document(connection, repeated) or found
    return found


def _next_due(*documents: dict[str, Any]) -> str | None:
    """Return the earliest due time; what the other side reported counts where there is no other."""
    *own, told = documents
    return min((each["due_at"] for each in own if each.get("due_at")), default=told.get("due_at"))


def _last_event(connection: sqlite3.Connection, names: set[Any], told: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the last event of the records `names` and its time, or what the other side reported since."""
    rows = [_newest(connection, "audit", ref=name) for name in names if name]
    last = max(filter(None, rows), key=lambda row: int(row["number"]), default={})
    if told and str(told["at"]) >= str(last.get("at") or ""):
        return told["stage"], told["at"]
    return last.get("action"), last.get("at")


def _newest(connection: sqlite3.Connection, kind: str, *, ref: Any) -> dict[str, Any]:
    texts, _ = listing.find_documents(connection, kind, where={"ref": ref}, limit=1)
    found: dict[str, Any] = json.loads(texts[0]) if texts else {}
    return found


def _document(connection: sqlite3.Connection, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(listing.read_document(connection, identifier) or "{}")
    return found


def _first(name: str, *documents: dict[str, Any]) -> Any:
    """Return the member `name` of the first document with one; None without."""
    return next((document[name] for document in documents if document.get(name)), None)


def _owner(document: dict[str, Any], below: dict[str, Any], told: dict[str, Any]) -> str | None:
    """Return the owner of the record; of a signal without one, its addressee."""
    found: str | None = below.get("owner") or below.get("tier") or told.get("owner")
    return found or (document.get("to") if document.get("kind") == "signal" else None)


def _number(url: Any) -> int | None:
    found = _NUMBER.search(url) if isinstance(url, str) else None
    return None if found is None else int(found[1])

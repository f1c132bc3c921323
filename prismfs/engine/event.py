"""The events that the engine itself brings about: due times, news of the branch, results of its own work."""

from datetime import datetime

from prismfs.records.api import ENGINE, Document, Event


def engine_event(type: str, kind: str, *, cause: str, at: datetime, document: Document) -> Event:
    """Return an event that the engine vouches for."""
    said: Document = {"type": type, "kind": kind, "cause": cause, "actor": ENGINE}
    return Event.model_validate({**said, "at": at, "document": document})

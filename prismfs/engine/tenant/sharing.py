"""What people are told of sharing: that it has failed for long, and that it works again, each as one event."""

from datetime import datetime

from prismfs.engine.event import engine_event
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Document
from prismfs.rules.escalation.api import sharing_key
from prismfs.store.engine_key import read_engine


def report_sharing(desk: Desk, now: datetime, failed: Document | None) -> list[Outcome]:
    """Commit that this clone cannot share (`failed`: the problem, and `since` when), or with None that it is over.

    Nothing where that is committed already. What a remote says of it is told by `doctor` and never committed.

    Raises:
        ConflictError, StoreError: nothing was committed; the next look finds the same.
    """
    view, engine = desk.view(), read_engine(desk.repo.state)
    name = desk.repo.place.pid if engine is None else engine.name
    document: Document = {"engine": name}
    if engine is not None and engine.first is not None:
        document |= {"clone": engine.first}  # a key that is rotated meanwhile leaves the escalation the clone's
    told = view.open_with_key(Escalation, sharing_key(document))
    if failed is not None:
        document |= {"code": failed["code"], "since": failed["since"]}
        cause = f"watchdog:sharing:{name}:{failed['since']}"
    elif told is not None:
        cause = f"watchdog:shared:{told.id}"
    if (failed is None) == (told is None) or view.handled(cause):
        return []
    kind = "sharing.works" if failed is None else "sharing.fails"
    event = engine_event("watchdog", kind, cause=cause, at=now, document=document)
    with desk.repo.writer():
        return commit_group(desk, [event], now)

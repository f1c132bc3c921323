"""The destination of an issue, as it was looked at: shown to who decides, approved with the words, compared at sending.

What the engine saw is in the event; nothing about the outside is said that was not looked at (FT-09).
"""

from prismfs.errors import RefusedError
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import DestinationFacts, PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import JsonValue, View, format_instant
from prismfs.rules.core.draft import Draft

PUBLIC = "destination_public"
CHANGED = "destination_changed"


def facts_of(draft: Draft) -> DestinationFacts | None:
    """Return what the engine saw of the destination for this event; None where nothing leaves, or nobody looked."""
    found = draft.event.document.get("destination")
    return DestinationFacts.from_document(found) if isinstance(found, dict) else None


def facts_at_sending(draft: Draft, told: dict[str, JsonValue]) -> DestinationFacts:
    """Return what the transport saw when it was to file an issue, by the receipt's document."""
    seen = told.get("seen")
    assert isinstance(seen, dict)
    return DestinationFacts.from_document(seen | {"seen_at": format_instant(draft.now)})


def why_public(view: View, record: PhoneHome) -> str | None:
    """Return why `record` may not go where it goes because everybody can read it there; None where it may."""
    facts = record.destination_facts
    if facts is None or facts.visibility != "public":
        return None
    if view.single(Tracker).public != "allowed":
        return f"{record.destination} is public, and settings/tracker.yaml does not say public: allowed"
    return None


def check_said(view: View, record: PhoneHome, approval: Approval) -> None:
    """Accept an approval of what goes to a public place only where the settings allow it and the approval says so.

    Raises:
        RefusedError: `destination_public`.
    """
    if approval.decision != "approve":
        return
    facts, why = record.destination_facts, why_public(view, record)
    if why is None and facts is not None and facts.visibility == "public" and not approval.public:
        why = f"{record.destination} is public, and the approval does not say that it may be"
    if why is not None:
        raise RefusedError(PUBLIC, why, path=record.id, hint="public: allowed, and prismfs phone-home approve --public")


def described(record: PhoneHome) -> str:
    """Return where `record` goes and what was seen of that place, as whoever decides is shown it (R-000-40)."""
    facts = record.destination_facts
    if facts is None:
        local = "/" not in record.destination
        return f"{record.destination} ({'nothing leaves this machine' if local else 'not looked at'})"
    at = format_instant(facts.seen_at)
    if facts.state != "seen":
        said = "not looked at" if facts.state == "not_looked_at" else "not to be seen there"
        return f"{record.destination} ({said} at {at}: {facts.detail})"
    who = "PUBLIC, everybody can read it" if facts.visibility == "public" else facts.visibility
    return f"{record.destination} ({who}; our permission is {facts.permission or 'none'}; seen at {at})"

"""The name of a root cause: derived from its words, so that the same cause again is found to be the same (R-002-60)."""

import hashlib
import re

from pydantic import JsonValue

from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.response.incident import Incident
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.fingerprint import essence
from prismfs.rules.response.facts import meta_of

DERIVED = "auto:"
"""How a derived name begins; one that was given is never replaced."""

_WORD = re.compile(r"[^\W_]+")
_SHOWN = 5
_SHORT = frozenset("a an and at by for from in is it its of on or that the this to was were which with".split())


def name(draft: Draft, incident: Incident, text: str, *, said_by: str) -> Incident:
    """Return `incident` with the name of the root cause that `text` tells, and a row; it keeps one that was given."""
    derived = name_of(draft, text)
    if incident.root_cause_id == derived or not (incident.root_cause_id or DERIVED).startswith(DERIVED):
        return incident
    changed = draft.put(incident.changed(root_cause_id=derived))
    meta: dict[str, JsonValue] = {"fields": ["root_cause_id"], "before": incident.root_cause_id}
    draft.row(
        "incident.updated",
        changed,
        level="warn",
        reason=f"{said_by} names the root cause",
        meta=meta_of(changed) | meta,
    )
    return changed


def name_of(draft: Draft, text: str) -> str:
    """Return the name that `text` gives a root cause: its first words, and a hash of what is not volatile in it."""
    words = _WORD.findall(essence(draft.view.single(Fingerprint), text).casefold())
    shown = [word for word in words if word not in _SHORT][:_SHOWN]
    digest = hashlib.sha256(" ".join(words).encode()).hexdigest()[:10]
    return f"{DERIVED}{'-'.join([*shown, digest])}"[:200]

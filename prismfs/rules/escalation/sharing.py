"""A clone that cannot share its commits: an escalation that opens once and closes by itself (FG-07)."""

from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import ENGINE, Document, Nothing, with_rank
from prismfs.rules.core.api import Attention, Draft
from prismfs.rules.escalation.lifecycle import close

_RANK = 2


def sharing_key(document: Document) -> str:
    """Return the signature of the escalation that a clone cannot share; nobody can give another it.

    `document` names its `engine`, and the `clone` by the engine that it began with, where that is another by now.
    """
    return f"sharing:{document.get('clone', document['engine'])}"


def sharing_fails(draft: Draft) -> Nothing | None:
    """Open the escalation of a clone that has not been able to share for too long."""
    engine, code, since = (str(draft.event.document[name]) for name in ("engine", "code", "since"))
    told = draft.view.open_with_key(Escalation, sharing_key(draft.event.document))
    if told is not None:
        return Nothing("an open escalation says so already", told.id)
    policy = draft.policy
    draft.because("sharing_fails", f"{engine} has not been able to share since {since}: {code}")
    draft.row_about("sharing.failed", "engine", engine, level="warn", meta={"code": code, "since": since})
    draft.follow(
        Attention(
            severity=with_rank(policy.scales, _RANK, scale=policy.escalation_scale),
            title=f"{engine} cannot share its project: {code}",
            body=f"Every push or fetch has failed since {since}. What is decided there meanwhile stands nowhere else.\n"
            "Next: prismfs doctor in that clone says what the remote answers; prismfs push tries again.\n"
            "This closes by itself when sharing works.\n",
            source="desk:sharing", reporter=ENGINE, tier=draft.routing.chain_of(None)[-1],
            signature=sharing_key(draft.event.document),
        )
    )  # fmt: skip
    return None


def sharing_works(draft: Draft) -> Nothing | None:
    """Close the escalation of a clone that shares again, or is to share no more."""
    engine = str(draft.event.document["engine"])
    told = draft.view.open_with_key(Escalation, sharing_key(draft.event.document))
    if told is None:
        return Nothing("no open escalation says otherwise", engine)
    draft.because("sharing_works", f"{engine} shares again, or is to share no more")
    draft.subject = close(draft, told, draft.reason)
    draft.row("escalation.closed", draft.subject, level="warn")
    return None

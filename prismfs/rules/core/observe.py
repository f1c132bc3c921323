"""What happened outside the rules: a refused file, and files of an older program.

A file of an older version is upgraded whenever it is read, so that nothing depends on `upgrade`; it makes the files say
what is read out of them.
"""

from collections import Counter

from prismfs.errors import RecordError
from prismfs.kinds import KINDS
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.core import refusals
from prismfs.rules.core.draft import Draft


def refuse_file(draft: Draft) -> None:
    """Write down that a file was refused and why; its content stays in quarantine and out of history."""
    document = draft.event.document
    draft.because("refuse", f"refused: {document['code']}")
    draft.row_about(
        "inbox.refused", "file", str(document["sha256"] or draft.event.cause)[:64], level="warn",
        meta=dict(document),
    )  # fmt: skip
    refusals.tell_of_file(draft)


def upgrade(draft: Draft) -> Nothing | None:
    """Write every file anew whose version is older than the event's `versions` (kind to version) say.

    With `trust: signed` protected files are left to an operator, whose signed commit may change them.
    """
    versions = draft.event.document.get("versions")
    if not isinstance(versions, dict):
        raise RecordError("missing_field", "which version each kind has", field="/versions")
    counts: Counter[str] = Counter()
    left: list[JsonValue] = []
    for kind in KINDS.values():
        version = versions.get(kind.name)
        for record in draft.view.outdated(kind.model, version) if isinstance(version, int) else ():
            if kind.protected and draft.project.trust == "signed":
                left.append(kind.place_of(record))
                continue
            draft.put(record)
            counts[kind.name] += 1
    if not counts:
        by_hand = f"; for a signed commit of an operator: {', '.join(map(str, left))}" if left else ""
        return Nothing("every file that may be written is of today's version" + by_hand)
    draft.subject = draft.project
    said = "1 file was" if counts.total() == 1 else f"{counts.total()} files were"
    draft.because("upgrade", f"{said} of an older version")
    draft.row(
        "project.upgraded", draft.project, level="warn",
        meta={"kinds": {name: counts[name] for name in sorted(counts)}, "left": left},
    )  # fmt: skip
    return None

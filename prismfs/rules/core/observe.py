"""What happened outside the rules: a refused file, a commit by hand, other protected files, files of an older program.

Who becomes a bridge, and what no operator answers for, stands in a row of its own (R-000-75, R-000-76).
A file of an older version is upgraded whenever it is read, so that nothing depends on `upgrade`; it makes the files say
what is read out of them.
"""

from collections import Counter

from prismfs.errors import RecordError
from prismfs.kinds import KINDS
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.core import refusals
from prismfs.rules.core.draft import Draft

_MOST = 50
"""Paths named in a row; there may be more."""


def refuse_file(draft: Draft) -> None:
    """Write down that a file was refused and why; its content stays in quarantine and out of history."""
    document = draft.event.document
    draft.because("refuse", f"refused: {document['code']}")
    draft.row_about(
        refusals.FILE_REFUSED, "file", str(document["sha256"] or draft.event.cause)[:64], level="warn",
        meta=dict(document),
    )  # fmt: skip
    refusals.tell_of_file(draft)


def observe_commit(draft: Draft) -> None:
    """Write down a commit that was made by hand, by pull or by a merge, so that the trail has no hole."""
    document = draft.event.document
    invalid = document.get("invalid") or {}
    draft.because("observe", "a commit that the engine did not make")
    draft.row_about(
        "commit.observed", "commit", str(document["commit"]), level="error" if invalid else "info",
        meta=dict(document),
    )  # fmt: skip


def observe_roster(draft: Draft) -> None:
    """Write down what a commit made of the roster; a change that no operator signed is an error and has no effect.

    Elevated is who became a bridge of the home project, demoted who is one no more (R-000-75).
    """
    document = draft.event.document
    commit = str(document["commit"])
    endorsement = _members(document.get("endorsement"))
    paths = document["paths"]
    assert isinstance(paths, list)
    meta: dict[str, JsonValue] = {"commit": commit, "paths": paths[:_MOST], **endorsement}
    if not document["stands"]:
        code = endorsement.get("code") or "invalid_project"
        draft.because("observe", f"protected files were changed and no operator answers for it: {code}")
        draft.row_about("protected.unendorsed", "commit", commit, level="error", meta=meta | {"code": code})
        return
    draft.because("observe", "protected files were changed")
    if document["trust"] == "signed":
        draft.row_about("protected.endorsed", "commit", commit, reason="an operator answers for it", meta=meta)
    (were, are), (had, have) = _both(document["bridges"]), _both(document["operators"])
    for name in are:
        if name not in were:
            draft.row_about("roster.elevated", "persona", name, reason="is a bridge from now on", meta=meta)
    for name in were:
        if name not in are:
            draft.row_about("roster.demoted", "persona", name, reason="is a bridge no more", meta=meta)
    if not draft.has_rows or had != have:
        now: dict[str, JsonValue] = {"operators": list(have)} if had != have else {}
        draft.row_about("roster.changed", "commit", commit, meta=meta | now)


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


def _members(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _both(value: JsonValue) -> tuple[list[str], list[str]]:
    """Return the names before and after."""
    named = _members(value)
    before, after = named.get("before"), named.get("after")
    assert isinstance(before, list)
    assert isinstance(after, list)
    return [str(name) for name in before], [str(name) for name in after]

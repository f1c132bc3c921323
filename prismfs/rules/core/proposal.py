"""A commit that the engine did not make: what of it becomes the truth, path by path, and what does not.

The engine says of each path what git holds and whose signature it has; here stands what that is worth. What is legal is
taken as it is, comments and all; the rest is refused with its reason, and the records stay as they were. An edit of
what only the engine writes may be an act (`records/act.py`): the command that it asks for is given in its author's
name, and is decided after the commit by the same rule as at the command line.
"""

import re

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds import TOPS, kind_of_id, kind_of_path
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import CommitProof, Document, Kind, Take, commands_for, find_act, parse_instant
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.engines import last_engines

_MOST = 50
"""Paths named in a row; there may be more."""

_IGNORED = frozenset({"inbox", "quarantine", "run"})
_PLAIN = "100644"
_DATED = re.compile(r"[0-9a-f-]+")
_SUFFIXES = (".yaml", ".json")

_NO_ACT = ("secret", "too_many_acts")
"""Why the engine hands on no edit of a record: there is a secret in it, or more of them than one commit may have."""

UNSIGNED = "protected_unsigned"
"""Why a protected file is refused where operators sign; the commit's own code says what its signature lacks."""


def take_proposal(draft: Draft) -> None:
    """Take over what a commit of others may change, and write down who made it and what was refused.

    Who became a bridge of the home project by it is elevated, who is one no more demoted (R-000-75).
    """
    document = draft.event.document
    changes = [change for change in _listed(document, "changes") if isinstance(change, dict)]
    taken: list[JsonValue] = []
    acts: dict[str, JsonValue] = {}
    instead: dict[str, JsonValue] = {}
    refused: dict[str, JsonValue] = {"*": "too_many_files"} if document["left_out"] else {}
    # Who lets an engine in is an operator: what one has signed may end the last key, and the next one brings another.
    endorsed = bool(_members(document.get("endorsement")).get("operator"))
    removed = {str(change["path"]) for change in changes if not change["had"] and change["new"] is None}
    changed = removed | {str(change["path"]) for change in changes if not (change["had"] or change["same"])}
    last = last_engines(draft, frozenset() if endorsed else changed, removed)
    for change in changes:
        path = str(change["path"])
        if change["had"] or change["old"] != change["new"] == change["here"]:
            continue  # the truth says so, or has said so since: an index behind the branch undoes nothing
        act = act_of(change, document)
        code = None if act is not None else _refusal(change, document)
        code = "last_engine" if code is None and path in last else code
        if act is not None:
            acts[path] = act[0]
        elif code is None:
            taken.append(path)
            new = change["new"]
            draft.take(Take(path, None if new is None else str(new), str(change["mode"])))
        else:
            refused[path] = code
            instead |= {path: commands} if (commands := instead_of(change)) else {}
    commit = str(document["commit"])
    draft.merges = commit
    draft.because("take", _said(len(taken), len(acts), sorted({str(code) for code in refused.values()})))
    meta: dict[str, JsonValue] = {
        "commit": commit, "author": document["author"], "subject": document["subject"], "taken": taken[:_MOST],
        "refused": dict(list(refused.items())[:_MOST]), "paths": len(changes),
    }  # fmt: skip
    if acts:
        meta["acts"] = dict(list(acts.items())[:_MOST])
    if instead:
        meta["instead"] = dict(list(instead.items())[:_MOST])
    if "acting" in document:
        meta["acting"] = document["acting"]
    draft.row_about("commit.observed", "commit", commit, level="error" if refused else "info", meta=meta)
    protected = [path for path in taken if _is_protected(str(path))]
    kept = [path for path, code in refused.items() if _is_protected(path)]
    if kept:
        said: dict[str, JsonValue] = {"commit": commit, "code": refused[kept[0]], "paths": [*kept[:_MOST]]}
        draft.row_about(
            "protected.refused", "commit", commit, level="error", meta=_members(document.get("endorsement")) | said
        )
    if protected:
        _tell_of_the_roster(draft, commit, protected)


def act_of(change: Document, document: Document, *, late: bool = False) -> tuple[str, Document] | None:
    """Return the command that the change of one path asks for and what it is given; None where it is no act.

    `document` are the facts of the commit: the act is its author's, where it is known who that is. What was changed
    meanwhile in the records is none, unless it may be `late`.
    """
    edit, author, kind = _members(change.get("edit")), _author(document), kind_of_path(str(change["path"]))
    if not edit or author is None or kind is None or (edit["meanwhile"] and not late):
        return None
    act = find_act(kind.acts, edit, author)
    return None if act is None else (act.command, act.document(edit, one_line(str(document["subject"]))))


def check_outcome(draft: Draft, given: CommitProof) -> None:
    """Accept what came of the command that a commit has `given`: the record says what its author wrote, but for times.

    Raises:
        RefusedError: `act_differs`.
    """
    identifier = str(draft.event.document["id"])
    said = draft.need(kind_of_id(identifier).model, identifier).to_document()
    differs = [name for name, value in given.edited.items() if not _is_alike(said.get(name), value)]
    if differs:
        raise RefusedError(
            "act_differs", f"{draft.event.kind} makes {', '.join(sorted(differs))} another than the commit has",
            field="/id", hint="one act for a record in a commit; what follows from it is left to prismfs",
        )  # fmt: skip


def _act_refusal(change: Document, document: Document) -> str:
    """Return why an edit of what only the engine writes is no act, or none that may be given."""
    if change["code"] in _NO_ACT:
        return str(change["code"])
    return "engine_record_changed" if act_of(change, document, late=True) is None else "changed_meanwhile"


def instead_of(change: Document) -> str:
    """Return the commands that do what a refused edit of one path may have been meant for; an empty text for none."""
    kind, edit = kind_of_path(str(change["path"])), _members(change.get("edit"))
    return ", ".join(commands_for(kind.acts, edit)) if kind is not None and edit else ""


def _is_alike(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two values are the same, or two times: when it was the desk says."""
    return one == other or (_is_time(one) and _is_time(other))


def _is_time(value: JsonValue) -> bool:
    try:
        return isinstance(value, str) and parse_instant(value) is not None
    except ValueError:
        return False


def _author(document: Document) -> str | None:
    name = _members(document.get("acting")).get("identity")
    return name if isinstance(name, str) else None


def _refusal(change: Document, document: Document) -> str | None:
    """Return the code of what is against a change of one path, None where it may be taken."""
    path, new = str(change["path"]), change["new"]
    kind, first = kind_of_path(path), path.partition("/")[0]
    if first in _IGNORED:
        return "not_of_the_history"
    if kind is None or change["code"] == "bad_name":
        return _refusal_of_other(change, first)
    if kind.chained:
        return "audit_changed"
    if issubclass(kind.model, Verdict) and change["old"] is not None:
        return f"{kind.name}_changed"
    # Words around a record are anybody's, what it says is not: to change that is an act, and acts have commands.
    written_by_hand = "person" in kind.writers and (kind.layout != "dated" or kind.edited_by_hand or not change["old"])
    if not written_by_hand and not change["same"]:
        return _act_refusal(change, document)
    if new is None and (kind.layout == "dated" or kind.model is Project):
        return "record_removed"
    if new is not None and change["mode"] != _PLAIN:
        return "bad_mode"
    if change["code"] is not None:
        return str(change["code"])
    if change["old"] != change["here"]:
        return "changed_meanwhile"
    return None if _may(kind, document) else UNSIGNED


def _refusal_of_other(change: Document, first: str) -> str | None:
    if change["code"] is not None:
        return str(change["code"])
    if first in TOPS and change["new"] is not None and _is_in_the_way(str(change["path"]), str(change["mode"])):
        return "bad_mode"
    return None if change["old"] == change["here"] else "changed_meanwhile"


def _is_in_the_way(path: str, mode: str) -> bool:
    """Tell whether something stands where a folder of records belongs, or below a record: git keeps one of both."""
    _, *parts = path.split("/")
    above = path.split("/")[:-1]
    return (
        not mode.startswith("100")  # a link or a repository
        or all(_DATED.fullmatch(part) for part in parts)
        or any(part.endswith(_SUFFIXES) for part in above)
    )


def _may(kind: Kind, document: Document) -> bool:
    """Tell whether the commit's author may change a file of this kind: a protected one wants a signed operator."""
    if not kind.protected or document["trust"] == "local":
        return True
    return bool(_members(document.get("endorsement")).get("operator"))


def _tell_of_the_roster(draft: Draft, commit: str, paths: list[JsonValue]) -> None:
    document = draft.event.document
    meta: dict[str, JsonValue] = {"commit": commit, "paths": paths[:_MOST], **_members(document.get("endorsement"))}
    if document["trust"] == "signed":
        draft.row_about("protected.endorsed", "commit", commit, reason="an operator answers for it", meta=meta)
    (were, are), (had, have) = _both(document["bridges"]), _both(document["operators"])
    for name in are:
        if name not in were:
            draft.row_about("roster.elevated", "persona", name, reason="is a bridge from now on", meta=meta)
    for name in were:
        if name not in are:
            draft.row_about("roster.demoted", "persona", name, reason="is a bridge no more", meta=meta)
    if had != have or any(str(path).startswith("roster/") for path in paths):
        now: dict[str, JsonValue] = {"operators": list(have)} if had != have else {}
        draft.row_about("roster.changed", "commit", commit, meta=meta | now)


def _said(taken: int, acts: int, codes: list[str]) -> str:
    files = "1 file" if taken == 1 else f"{taken} files"
    parts = [f"{files} taken"] if taken else []
    parts += [f"{acts} decided as commands"] if acts else []
    parts += [f"refused: {', '.join(codes)}"] if codes else []
    return "; ".join(["a commit of others", *parts])


def _is_protected(path: str) -> bool:
    kind = kind_of_path(path)
    return kind is not None and kind.protected


def _listed(document: Document, name: str) -> list[JsonValue]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def _members(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _both(value: JsonValue) -> tuple[list[str], list[str]]:
    """Return the names before and after."""
    named = _members(value)
    return [str(name) for name in _listed(named, "before")], [str(name) for name in _listed(named, "after")]

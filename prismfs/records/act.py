"""An act: an edit of a record, in a commit of a person's, that asks for what a command does.

A kind lists its own. Such an edit is decided as that command is, with the right that it needs; what the person wrote
into the file is only held against what comes of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from prismfs.records.document import Document, JsonValue, member


@dataclass(frozen=True, slots=True)
class Act:
    """An edit and its command.

    `to` names the members that the edit changes and the values that each may become, none: any. `any_of` are members of
    which it changes one at least; each is given to the command under its own name. `when` names what members that it
    changes were before, `types` the types of record that it is for, none: all. The command is given the record's `id`,
    `always`, in the member `note` the subject of the commit, and in each member of `gives` what the edit says at that
    dotted path.
    """

    AUTHOR: ClassVar = "$author"
    """In the place of a value: whoever made the commit."""

    command: str
    to: Mapping[str, tuple[JsonValue, ...]] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    when: Mapping[str, tuple[JsonValue, ...]] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    always: Document = field(default_factory=dict)
    note: str | None = None
    gives: Mapping[str, str] = field(default_factory=dict)

    def touches(self, edit: Document) -> bool:
        """Tell whether `edit`, as `edit_of` gives it, changes a member that this is about."""
        return any(name in _members(edit, "to") for name in (*self.to, *self.any_of))

    def fits(self, edit: Document, author: str) -> bool:
        """Tell whether `edit` by `author` is this act."""
        before, after = _members(edit, "from"), _members(edit, "to")
        return (
            self.is_for(edit)
            and all(name in after and _is_one(after[name], words, author) for name, words in self.to.items())
            and all(_is_one(before.get(name), words, author) for name, words in self.when.items())
            and (not self.any_of or any(name in after for name in self.any_of))
        )

    def document(self, edit: Document, subject: str) -> Document:
        """Return what the command is given for `edit`, in a commit with this `subject`."""
        after = _members(edit, "to")
        said = {name: member(after, path) for name, path in self.gives.items()}
        return (
            {"id": edit["id"], **self.always}
            | ({} if self.note is None else {self.note: subject})
            | {name: value for name, value in said.items() if value is not None}
            | {name: after[name] for name in self.any_of if name in after}
        )

    def is_for(self, edit: Document) -> bool:
        """Tell whether this is about records of the type of the one that `edit` changes."""
        return not self.types or edit.get("type") in self.types


def edit_of(before: Document, after: Document, here: Document) -> Document:
    """Return what an edit of one record changes: its id and type, and by member what it was (`from`) and became (`to`).

    `meanwhile` tells that such a member is otherwise `here`, in the records, than it was before the edit.
    """
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {
        "id": before["id"],
        "type": before.get("type"),
        "from": {name: before.get(name) for name in names},
        "to": {name: after.get(name) for name in names},
        "meanwhile": any(here.get(name) != before.get(name) for name in names),
    }


def find_act(acts: Iterable[Act], edit: Document, author: str) -> Act | None:
    """Return the first of `acts` that `edit` by `author` is, None if it is none."""
    return next((act for act in acts if act.fits(edit, author)), None)


def commands_for(acts: Iterable[Act], edit: Document) -> list[str]:
    """Return the commands that change what `edit` changes; all of the record's where none is known to."""
    acts = tuple(act for act in acts if act.is_for(edit))
    found = [act.command for act in acts if act.touches(edit)] or [act.command for act in acts]
    return sorted(dict.fromkeys(found))


def _members(edit: Document, name: str) -> Document:
    value = edit.get(name)
    return value if isinstance(value, dict) else {}


def _is_one(value: JsonValue, words: tuple[JsonValue, ...], author: str) -> bool:
    if not words:
        return True
    named = isinstance(value, str) and Act.AUTHOR in words and value.casefold() == author.casefold()
    return named or value in words

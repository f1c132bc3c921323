"""What goes into a decision: an event. What comes out of it: a plan, of which the store makes exactly one commit."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from prismfs.errors import PrismfsError, Problem
from prismfs.records.base import Identity, Instant, JsonObject, Record, Value
from prismfs.records.instants import format_instant

ENGINE = "prismfs"
"""Who acts when no person or agent does: the engine, for due times, deliveries and commits seen."""

REFUSED = "refused"
"""Kind of the event by which the engine says that a file or a command was refused."""

EventType = Literal["drop", "commit", "command", "due", "delivery", "bridge", "sync", "watchdog"]
Assurance = Literal["claimed", "owner", "signed", "local", "engine"]
Known = Literal[Assurance, "bridge", "unknown"]
"""How the sender of a message is known: `bridge` where the project that it came from says so, `unknown` where nothing
was written down, as in records of earlier versions.
"""


class OwnerProof(Value):
    """The file belongs to the operating-system user `login`, whom the roster maps to its sender."""

    how: Literal["owner"]
    login: str


class SignatureProof(Value):
    """An SSH signature over exactly the file's bytes, by a key that the roster held for its sender.

    It can be checked again without the bytes: an SSH signature covers their digest. `sha512` is hexadecimal, `key` a
    line as `ssh-keygen` writes it without the comment, `signature` armored.
    """

    how: Literal["signed"]
    key: str
    sha512: str
    signature: str


class CommitProof(Value):
    """A person's commit, of which an edit asks for what a command does.

    `signed`: its author signed it, by a key of the roster; else the author is taken at the word. `edited` are the
    members of the record that the edit changes, as it leaves them.
    """

    how: Literal["commit"]
    commit: str
    signed: bool
    edited: JsonObject


class Event(Value):
    """One file taken in, commit seen, command given, due time reached, delivery answered, signal that crossed
    from another project, change of a filed issue, or standstill of the engine.

    `kind` is the kind of record (or dropped form) that it is about; `cause` names the happening itself and
    is the same whenever the same thing is looked at again, so that it is handled once; `at` is when it was
    taken up, and ids that follow from it carry that time; `actor` is a claim unless `assurance` says how it
    is known; `document` holds what a rule needs to decide, already scanned and redacted; `proof` is what a dropped
    file brings beside the name that it claims, or the commit that gave the command.

    The event is kept whole in the first audit row of the commit that answers it, so that the decision can be
    taken again from the commit alone.
    """

    type: EventType
    kind: str
    cause: str
    at: Instant
    actor: Identity
    document: JsonObject
    proof: Annotated[OwnerProof | SignatureProof | CommitProof, Field(discriminator="how")] | None = None

    @property
    def commit(self) -> CommitProof | None:
        """The commit that gave the command, None where it came in any other way."""
        return self.proof if isinstance(self.proof, CommitProof) else None

    @property
    def assurance(self) -> Assurance:
        """How the actor is known: derived from the way that the event came, never stated by it."""
        if self.kind != REFUSED and self.type == "command":
            return "signed" if self.commit is not None and self.commit.signed else "local"
        if self.kind != REFUSED and self.type == "drop":
            return self.proof.how if isinstance(self.proof, OwnerProof | SignatureProof) else "claimed"
        # The state of an issue that somebody brings as a file is given at the command line.
        return "local" if self.type == "sync" and self.actor != ENGINE else "engine"

    def known(self, name: str) -> Known:
        """Return how `name`, given as the sender of what this event brings, is known: never better than its actor."""
        if self.type == "bridge":
            return "bridge"
        return self.assurance if name.casefold() == self.actor.casefold() else "unknown"


CAUSE, RULE, ACTOR, TIME, VERSION = (
    "Prismfs-Cause",
    "Prismfs-Rule",
    "Prismfs-Actor",
    "Prismfs-Time",
    "Prismfs-Version",
)


_LIKE_A_TRAILER = re.compile(r"^(?=[^\S\n]*Prismfs-)", re.MULTILINE | re.IGNORECASE)


def quote_statements(text: str) -> str:
    """Return text of others as it may stand in a message: lines that look like one of our trailers begin with `> `."""
    return _LIKE_A_TRAILER.sub("> ", text.replace("\r", "\n"))


@dataclass(frozen=True, slots=True)
class Take:
    """A file of a commit of people's, taken as it is: `path` becomes the blob `new`, or goes where that is None."""

    path: str
    new: str | None
    mode: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The records to put, and why.

    `kind` and `subject` name the record that the decision is about, `rule` the stage that decided it,
    `reason` the sentence a person reads in `git log`; none of them carries text from an agent. `puts` are
    all records written, audit rows among them, in the order in which they were decided. `takes` are files that a
    commit of people's brings as they are, `merges` is that commit. `version` is the version of the rule set.
    """

    kind: str
    rule: str
    subject: str
    reason: str
    cause: str
    actor: str
    at: datetime
    version: int
    puts: tuple[Record, ...]
    takes: tuple[Take, ...] = ()
    merges: str | None = None

    @property
    def title(self) -> str:
        """The commit's subject line: `<kind>: <rule> <id>`."""
        return f"{self.kind}: {self.rule} {self.subject}"

    @property
    def message(self) -> str:
        """The whole commit message: subject, reason, trailers."""
        trailers = {
            CAUSE: self.cause,
            RULE: self.rule,
            ACTOR: self.actor,
            TIME: format_instant(self.at),
            VERSION: str(self.version),
        }
        lines = "\n".join(f"{key}: {value}" for key, value in trailers.items())
        said = quote_statements(f"{self.title}\n\n{self.reason}")
        return f"{said}\n\n{lines}\n"


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule's no: nothing changes; the problem says which rule and what to do, `error` of which kind it is."""

    problem: Problem
    error: type[PrismfsError]

    def raised(self) -> PrismfsError:
        """Return the refusal as the error that a caller raises."""
        problem = self.problem
        return self.error(problem.code, problem.message, path=problem.path, field=problem.field, hint=problem.hint)


@dataclass(frozen=True, slots=True)
class Nothing:
    """The event asks for what is so already; `reason` tells the caller."""

    reason: str
    subject: str = ""


Decision = Plan | Refused | Nothing

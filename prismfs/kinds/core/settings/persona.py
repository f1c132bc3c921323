"""A persona: a named role in the project, and what it may do (`roster/<identity>.yaml`)."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from prismfs.records.api import Duration, Identity, Kind, Line, Record, Value, View, Word

SshKey = Annotated[
    str, StringConstraints(pattern=r"^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp\d{3}|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+$")
]
"""A public key as `ssh-keygen` writes it, without the comment."""

Login = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]
"""The name of an operating-system user."""

CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]

ENGINE_ROLE = "engine"
"""The role of every entry with class engine, by which views find them all."""

_MOST_ENGINES = 1000
"""Entries of engines that are read; each clone has one."""


class Automation(Value):
    """Who does a role's work: the rules; the rules, with a confirmation; a person or agent; a command.

    A command is a program and its arguments. It is given a JSON object and prints one; it is stopped after `timeout`.
    """

    mode: Literal["rules", "propose", "person", "command"] = "rules"
    command: tuple[str, ...] = ()
    timeout: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _a_command_is_named(self) -> Self:
        if self.mode == "command" and not self.command:
            raise ValueError("mode is command, but no command is given")
        return self


class Persona(Record):
    """One entry of the roster. `authority` lists the commands that it may give, `*` all of them.

    `class: engine` is no persona but the engine of the clone that `clone` names: it has one Ed25519 key and gives no
    commands. Without a key it is revoked; with `compromised_since`, a commit's id, its key signs nothing any more.

    `class: bridge` alone makes no bridge: the home project's `bridges` must name it, too (R-000-76). `keys` are the
    public keys that its signed commits and files are checked against; with `trust: local` a file of an operating-system
    user among `logins` is its own, too. `availability` says when it answers.
    """

    kind: Literal["persona"] = "persona"
    identity: Identity
    persona_class: Literal["project", "bridge", "engine"] = Field(default="project", alias="class")
    role: Word
    title: Line
    authority: tuple[str, ...] = ()
    availability: Line | None = None
    automation: Automation = Automation()
    keys: tuple[SshKey, ...] = ()
    logins: tuple[Login, ...] = ()
    clone: Word | None = None
    compromised_since: CommitId | None = None

    @model_validator(mode="after")
    def _an_engine_is_a_key_of_a_clone(self) -> Self:
        if self.persona_class != "engine":
            if self.clone is not None or self.compromised_since is not None:
                raise ValueError("clone and compromised_since are of an entry with class engine")
        elif self.clone is None or self.role != ENGINE_ROLE:
            raise ValueError(f"an entry with class engine names its clone and has the role {ENGINE_ROLE}")
        elif len(self.keys) > 1 or any(not key.startswith("ssh-ed25519 ") for key in self.keys):
            raise ValueError("an entry with class engine has one ssh-ed25519 key, or none if it is revoked")
        elif self.compromised_since is not None and not self.keys:
            raise ValueError("compromised_since is of a key, and there is none")
        elif self.authority or self.logins or self.automation != Automation():
            raise ValueError("an entry with class engine has no authority, no logins and no automation")
        return self

    def may(self, verb: str) -> bool:
        """Tell whether the roster allows this persona the command `verb` (such as `incident.ack`)."""
        return "*" in self.authority or verb in self.authority


def engine_entry(name: str, key: str) -> Persona:
    """Return the entry of the engine of the clone `name`, with this public key.

    Raises:
        RecordError: name or key is not what such an entry may have.
    """
    return Persona.from_document(
        {
            "kind": "persona", "version": 1, "identity": name, "class": "engine", "role": ENGINE_ROLE,
            "title": f"The engine of the clone {name}", "clone": name, "keys": [key],
        }
    )  # fmt: skip


def engines_of(view: View) -> tuple[Persona, ...]:
    """Return the entries of all engines, those that are revoked among them."""
    found = view.latest_of(Persona, ENGINE_ROLE, ("",), _MOST_ENGINES)
    return tuple(entry for entry in found if entry.persona_class == "engine")


KIND = Kind(
    name="persona", model=Persona, folder="roster", format="yaml", layout="named", name_field="identity",
    writers=frozenset({"person"}),
    facets={"title": "title", "owner": "role"},
    protected=True,
    listing=("role",),
)  # fmt: skip

"""The roster: what is proposed of it (R-000-75, R-000-84).

No command makes or ends a bridge. A proposal is a branch with one commit, and a row that says who asked for it; it
takes effect when an operator takes it, and the router reads the protected copy only.
"""

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.persona import Persona
from prismfs.records.api import ENGINE, Nothing, Record
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft

VERBS = ("add", "elevate", "demote")


def propose(draft: Draft) -> Nothing | None:
    """Record the proposal of a change of the roster; the engine has put it on a branch of its own.

    Raises:
        RefusedError: as `changes` does.
    """
    found = changes(draft)
    if isinstance(found, Nothing):
        return found
    document = draft.event.document
    verb, name = str(document["verb"]), str(document["name"])
    draft.because("propose", f"{draft.event.actor} proposes to {verb} {name}")
    draft.row_about(
        "roster.proposed", "persona", name, level="warn",
        meta={
            "verb": verb, "branch": document.get("branch"), "commit": document.get("commit"),
            "paths": [kind_of(record).place_of(record) for record in found],
        },
    )  # fmt: skip
    return None


def changes(draft: Draft) -> tuple[Record, ...] | Nothing:
    """Return the files that the proposal in the event comes to: `verb`, `name`, and for `add` `role` and `title`.

    Raises:
        RefusedError: `unknown_verb`; `known_identity`, `bridge_name` and `reserved_identity` for one to be added;
            `not_home` and `unknown_identity` for a bridge.
        RecordError: name, role or title is not what a persona may have.
    """
    document = draft.event.document
    name = str(document["name"])
    match document["verb"]:
        case "add":
            return (_added(draft, name),)
        case "elevate":
            return _elevated(draft, name)
        case "demote":
            return _demoted(draft, name)
    raise RefusedError("unknown_verb", "no such change of the roster", field="/verb", hint=f"one of {', '.join(VERBS)}")


def _added(draft: Draft, name: str) -> Persona:
    document, tenant = draft.event.document, authority.tenancy_of(draft)
    added = Persona.from_document(
        {
            "kind": "persona", "version": 1, "identity": name, "role": document.get("role"),
            "title": document.get("title"),
        }
    )  # fmt: skip
    if name.casefold() == ENGINE:
        raise RefusedError("reserved_identity", f"{ENGINE} is the engine's own name", field="/name")
    if draft.view.get(Persona, name) is not None:
        raise RefusedError("known_identity", "the roster has this name already", field="/name", hint="prismfs whois")
    if tenant.is_bridge(name) and draft.project.pid != tenant.home and not document.get("qualified"):
        raise RefusedError(
            "bridge_name", "the tenant has a bridge of this name, which a persona here would hide", field="/name",
            hint=f"take another name, or --qualified: the bridge is then addressed as {name}@{tenant.home}",
        )  # fmt: skip
    return added


def _elevated(draft: Draft, name: str) -> tuple[Record, ...] | Nothing:
    persona, others = _of_home(draft, name)
    if authority.is_own_bridge(draft, name):
        return Nothing(f"{persona.identity} is a bridge already", persona.identity)
    bridges = (*others, persona.identity)
    return persona.changed(persona_class="bridge"), draft.project.changed(bridges=bridges)


def _demoted(draft: Draft, name: str) -> tuple[Record, ...] | Nothing:
    persona, others = _of_home(draft, name)
    if persona.persona_class == "project" and others == draft.project.bridges:
        return Nothing(f"{persona.identity} is no bridge", persona.identity)
    return persona.changed(persona_class="project"), draft.project.changed(bridges=others)


def _of_home(draft: Draft, name: str) -> tuple[Persona, tuple[str, ...]]:
    """Return the persona, and the bridges of this home project beside it."""
    if not draft.project.is_home:
        raise RefusedError(
            "not_home", "only the tenant's home project has bridges", field="/name",
            hint="prismfs -C HOME roster …; prismfs whois names the home project",
        )  # fmt: skip
    persona = draft.view.get(Persona, name)
    if persona is None or persona.persona_class == "engine":
        raise RefusedError(
            "unknown_identity", "nobody in the roster has this name", field="/name", hint="prismfs whois"
        )
    return persona, tuple(bridge for bridge in draft.project.bridges if bridge.casefold() != name.casefold())

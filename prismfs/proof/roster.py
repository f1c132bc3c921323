"""The key ring that a roster and a project's own file give."""

from collections.abc import Iterable, Iterator, Mapping

from prismfs.kinds.core.settings import persona
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.key_ring import Holder, KeyRing


def ring_of(
    roster: Iterable[Persona], project: Project | None, *, accepted: Mapping[str, str] | None = None
) -> KeyRing:
    """Return the keys of `roster`; those whom `project` names as operators may change protected files.

    Without a project, which is one whose file cannot be read, there are keys and no operators. `accepted` is as in
    `KeyRing`.
    """
    operators = frozenset() if project is None else frozenset(name.casefold() for name in project.operators)
    vouches = project is not None and project.trust == "local"
    return KeyRing.of(_entries(roster, operators), engine_vouches=vouches, accepted=accepted)


def _entries(roster: Iterable[Persona], operators: frozenset[str]) -> Iterator[tuple[str, Holder]]:
    for entry in roster:
        engine = entry.persona_class == "engine"
        holder = Holder(
            kind="engine" if engine else "person",
            name=entry.identity,
            place=persona.KIND.place_of(entry),
            operator=not engine and entry.identity.casefold() in operators,
            compromised_since=entry.compromised_since,
        )
        for key in entry.keys:
            yield key, holder

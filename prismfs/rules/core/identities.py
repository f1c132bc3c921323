"""Who is who: the bridges of the tenant, and the identities that this project knows.

Who is a bridge stands in the event's `tenant`, which the engine takes from the home project's protected roster: no
word of a payload, a persona file or a prompt makes one (R-000-76).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.persona import Persona
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What the engine knows of the tenant at the time of an event: its home, its bridges, the projects in question.

    `targets` maps the project ids that the signal may go to, so far as they exist, to the tenant that each claims.
    """

    home: str | None
    bridges: frozenset[str]
    targets: Mapping[str, str]

    def is_bridge(self, name: str) -> bool:
        """Tell whether `name` is a bridge of the home project, in whatever case."""
        return name.casefold() in self.bridges


def tenancy_of(draft: Draft) -> Tenancy:
    """Return the tenant as the event shows it; one without projects where the engine named none."""
    found = draft.event.document.get("tenant")
    found = found if isinstance(found, dict) else {}
    home, bridges, targets = found.get("home"), found.get("bridges"), found.get("targets")
    return Tenancy(
        home=home if isinstance(home, str) else None,
        bridges=frozenset(str(name).casefold() for name in bridges) if isinstance(bridges, list) else frozenset(),
        targets={pid: str(tenant) for pid, tenant in targets.items()} if isinstance(targets, dict) else {},
    )


def check_addressee(draft: Draft, to: str) -> None:
    """Accept a persona of the roster or an operator as the addressee of a signal or a mail (R-000-66).

    Raises:
        RefusedError: `unknown_identity`.
    """
    if not authority.is_identity(draft.view, to):
        raise unknown_addressee()


def is_own_bridge(draft: Draft, name: str) -> bool:
    """Tell whether `name` is a bridge of this project: by its roster and by the allow-list of its own file."""
    project, persona = draft.project, draft.view.get(Persona, name)
    listed = name.casefold() in (bridge.casefold() for bridge in project.bridges)
    return project.home and listed and persona is not None and persona.persona_class == "bridge"


def unknown_addressee() -> RefusedError:
    """Return the refusal of an addressee that the roster does not know."""
    return RefusedError(
        "unknown_identity", "is addressed to nobody in this project's roster", field="/to",
        hint="prismfs whois names them",
    )  # fmt: skip

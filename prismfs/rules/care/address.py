"""Where a signal goes: to a persona of this project, or over a bridge to another one (R-000-58 to R-000-66).

Who is a bridge stands in the event's `tenant`, which the engine takes from the home project's protected roster: no
word of a payload, a persona file or a prompt makes one (R-000-76).
"""

from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import Signal, SignalDrop
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.identities import Tenancy, tenancy_of, unknown_addressee


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom a signal is for; `pid` is None for this project. `shadows` is the bridge that a local name hides."""

    to: str
    pid: str | None = None
    shadows: str | None = None


def destination_of(draft: Draft, form: SignalDrop, parent: Signal | None) -> Destination:
    """Return whom `form` is for; names of this project come first (R-000-61).

    Raises:
        RefusedError: `unknown_identity`, `ambiguous_target`, `not_addressed`, `unknown_pid`, `cross_tenant`,
            `project_isolation`, `bridge_off`, `bridge_inbound_only`.
    """
    own = draft.project.pid
    name, pid = _named(form)
    if parent is not None:
        name, pid = _recovered(form, parent, name, pid or parent.from_pid)
    if name is None:
        raise RefusedError("ambiguous_target", "names nobody", field="/to", hint="to: NAME")
    tenant = tenancy_of(draft)
    here = authority.is_identity(draft.view, name)
    if pid is None and not here and parent is not None and name.casefold() == parent.sender.casefold():
        here = True  # who asked hears the answer, whether or not the roster lists it
    if pid == own or (pid is None and here):
        if not here:
            raise unknown_addressee()
        shadows = f"{name}@{tenant.home}" if own != tenant.home and tenant.is_bridge(name) else None
        return Destination(name, shadows=shadows if pid is None else None)
    if pid is None and tenant.home not in (None, own) and tenant.is_bridge(name):
        pid = tenant.home
    if pid is None:
        if own == tenant.home and tenant.is_bridge(form.sender):
            raise RefusedError(
                "ambiguous_target", "a bridge that answers no signal names project and identity", field="/to_pid",
                hint="to_pid: PID-…, or in_reply_to: the signal that it answers",
            )  # fmt: skip
        raise unknown_addressee()
    _check_may_cross(draft, tenant, form.sender, name, pid)
    return Destination(name, pid)


def _named(form: SignalDrop) -> tuple[str | None, str | None]:
    name, _, at = (form.to or "").partition("@")
    if at and form.to_pid is not None and at != form.to_pid:
        raise RefusedError(
            "ambiguous_target", "to and to_pid name two projects", field="/to_pid", hint="leave one of them out"
        )
    return name or None, at or form.to_pid


def _recovered(form: SignalDrop, parent: Signal, name: str | None, pid: str | None) -> tuple[str, str | None]:
    """Return whom an answer to `parent` is for: its sender, in the project that it came from (R-000-62)."""
    if parent.from_pid is None:
        return name or parent.sender, pid
    if parent.to.casefold() != form.sender.casefold():
        raise RefusedError(
            "not_addressed", "answers a signal that was for somebody else", field="/in_reply_to",
            hint=f"it was for {parent.to}",
        )  # fmt: skip
    if pid != parent.from_pid or (name is not None and name.casefold() != parent.sender.casefold()):
        raise RefusedError(
            "ambiguous_target", "goes to another than the one that it answers", field="/to",
            hint="leave to and to_pid out, or in_reply_to",
        )  # fmt: skip
    return parent.sender, pid


def _check_may_cross(draft: Draft, tenant: Tenancy, sender: str, name: str, pid: str) -> None:
    project, mode = draft.project, draft.policy.bridge
    if pid not in tenant.targets:
        raise RefusedError(
            "unknown_pid", "no such project in this tenant", field="/to_pid", hint="tenant.yaml lists the projects"
        )
    if tenant.targets[pid] != project.tenant:
        raise RefusedError("cross_tenant", "the project is another tenant's", field="/to_pid", hint="not possible")
    to_bridge = pid == tenant.home and tenant.is_bridge(name)
    from_bridge = project.pid == tenant.home and tenant.is_bridge(sender)
    if not (to_bridge or from_bridge):
        raise RefusedError(
            "project_isolation", "a signal reaches another project only from or to one of the tenant's bridges",
            field="/to", hint="prismfs whois names the bridges",
        )  # fmt: skip
    if mode == "off" or (to_bridge and mode != "allow"):
        code = "bridge_off" if mode == "off" else "bridge_inbound_only"
        raise RefusedError(
            code, f"this project's policy says bridge: {mode}", field="/to", hint="settings/policy.yaml: bridge"
        )

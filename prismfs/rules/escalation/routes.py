"""The route tree: which routes an escalation takes, and why (R-004-02, R-004-05, R-004-06)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prismfs.errors import ConfigError
from prismfs.kinds.core.actions import BEAD, ROUTABLE, form_of_channel, nearest_to
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy, Routes
from prismfs.kinds.escalation.settings.routing import BY_SEVERITY, Route, Routing
from prismfs.records.api import ChannelForm, Value, first_mismatch, parse_duration

_LEVELS = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class LookedAt:
    """One route looked at: `mismatch` is the matcher that kept it from matching, `taken` that it is notified by."""

    route: Route
    depth: int
    mismatch: str | None
    taken: bool


def matched(routing: Routing, labels: Mapping[str, str]) -> tuple[Route, ...]:
    """Return the routes that `labels` take, in the order of the file, each with what it inherits."""
    return tuple(step.route for step in explain(routing, labels) if step.taken)


def explain(routing: Routing, labels: Mapping[str, str]) -> tuple[LookedAt, ...]:
    """Return every route that was looked at, in order, and how it went."""
    return tuple(_visit(routing.route, labels, 0))


def chosen(routing: Routing, policy: EscalationPolicy, bead: Escalation, *, named: bool = False) -> dict[str, Route]:
    """Return the actions that tell of `bead` now, in order, each with the route that it is taken for.

    An action that several routes have is taken once (C-68). The tier that has it is told in any case where it was
    `named`, or is another than the first: that this one is told is for the routes to say (FD-12).

    Raises:
        ConfigError: `invalid_setting`; an action names a channel that is not registered.
    """
    check_actions(policy, routing)
    found: dict[str, Route] = {}
    for route in matched(routing, bead.match_labels):
        for action in actions_of(route, policy.routes, bead.severity.rank):
            found.setdefault(action, route)
    if named or bead.tier != routing.tiers[0]:
        found.setdefault(f"mail:{bead.tier}", next(iter(found.values()), routing.route))
    return found


def by_name(routing: Routing, name: str | None) -> Route:
    """Return the route of this name with what it inherits; the root where there is none of that name any more."""
    return next((route for route in routing.route.walk() if route.name == name), routing.route)


def actions_of(route: Route, routes: Routes, rank: int) -> tuple[str, ...]:
    """Return the actions that `route` takes at `rank`, each once, `bead` left out: the record itself is the bead."""
    actions: list[str] = []
    for action in route.actions or ():
        actions += severity_actions(routes, rank) if action == BY_SEVERITY else [action]
    return tuple(action for action in dict.fromkeys(actions) if action != BEAD)


def severity_actions(routes: Routes, rank: int) -> tuple[str, ...]:
    """Return the actions of `rank`; an empty route means that of the next more urgent one that has one (FD-18).

    Where none of these has any, the most urgent one that has: an emergency is told as loud as there is a way to.
    """
    by_rank: list[tuple[str, ...]] = [of_rank(routes, each) for each in range(len(_LEVELS))]
    return next((actions for actions in (*by_rank[rank::-1], *by_rank[rank:]) if actions), ())


def of_rank(by_severity: Value, rank: int) -> Any:
    """Return the member of settings that are given by severity, such as routes, for `rank`."""
    return getattr(by_severity, _LEVELS[rank])


def parse_limit(text: str) -> tuple[int, timedelta]:
    """Return what `3/15m` means: the count and the time."""
    count, _, window = text.partition("/")
    return int(count), parse_duration(window)


def missing(action: str, policy: EscalationPolicy, routing: Routing) -> str | None:
    """Return what the settings lack for `action`, None where it can be carried out as far as they tell."""
    channel, _, name = action.partition(":")
    form = form_of_channel(channel)
    for contact in form.contacts:
        if not getattr(policy.contacts, contact):
            return f"contacts.{contact} is empty"
    if form.reaches == "target" and name not in routing.targets:
        return f"targets.{name} is missing"
    return None


def target_of(action: str, policy: EscalationPolicy) -> str:
    """Return where an action's message goes by the present settings; never anything that a record says."""
    channel, _, name = action.partition(":")
    form = form_of_channel(channel)
    address = address_of(form, policy)
    return name or form.place if address is None else address


def address_of(form: ChannelForm, policy: EscalationPolicy) -> str | None:
    """Return the contact that a channel's messages go to, empty where it is not filled in; None where it has none."""
    return None if form.address is None else str(getattr(policy.contacts, form.address))


def check_actions(policy: EscalationPolicy, routing: Routing) -> None:
    """Accept the actions of each severity: each is of a channel of prismfs, or of one that a target names.

    Raises:
        ConfigError: `invalid_setting`; no channel of that word is registered.
    """
    for level in _LEVELS:
        for number, action in enumerate(getattr(policy.routes, level)):
            word, _, name = action.partition(":")
            target = routing.targets.get(name)
            if action == BEAD or word in ROUTABLE or (target is not None and target.channel == word):
                continue
            raise ConfigError(
                "invalid_setting", f"there is no channel {word}{nearest_to(word)}", path="settings/escalation.json",
                field=f"/routes/{level}/{number}",
                hint=f"one of another package needs targets.{name} with channel: {word} in settings/routing.yaml",
            )  # fmt: skip


def _visit(route: Route, labels: Mapping[str, str], depth: int) -> Iterator[LookedAt]:
    """Yield the steps through a route that matches and what is below it."""
    below: list[LookedAt] = []
    for child in route.routes:
        child = child.inherit(route)
        mismatch = first_mismatch(child.matchers, labels)
        if mismatch is not None:
            below.append(LookedAt(child, depth + 1, mismatch, taken=False))
            continue
        below += _visit(child, labels, depth + 1)
        if not child.continue_:
            break
    yield LookedAt(route, depth, None, taken=not any(step.taken for step in below))
    yield from below

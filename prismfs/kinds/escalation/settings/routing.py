"""Routing: who is notified of an escalation, the order of the tiers, and what holds a notice back.

One file, `settings/routing.yaml`. The terms are Alertmanager's: a tree of routes, matchers, group_by, inhibit
rules. `settings/escalation.json` gives the actions of each severity; a route names them as `severity`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from prismfs.kinds.core.actions import BEAD, check_action, form_of_channel
from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Duration, Matcher, Record, Value, Word

_LIMIT = re.compile(r"([1-9]\d{0,2})/(\d+[smhd])")
_MOST_NODES = 500

BY_SEVERITY = "severity"
"""The action that means those of the escalation's severity in `settings/escalation.json`."""


def _route_action(text: str) -> str:
    return text if text == BY_SEVERITY else check_action(text)


def _limit(text: str) -> str:
    if not _LIMIT.fullmatch(text):
        raise ValueError("a limit is written as 3/15m: so many in so long")
    return text


LabelKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
RouteAction = Annotated[str, AfterValidator(_route_action)]
Limit = Annotated[str, AfterValidator(_limit)]
"""So many in so long, such as `3/15m`."""


class Route(Value):
    """One node of the tree. What it leaves out it inherits from its parent (C-21 to C-31).

    `group_wait` is how long a new group waits for more before its first notice, `group_interval` how long
    between notices of one group when something was added, `repeat_interval` after how long the same is said
    again (rounded up to a multiple of `group_interval`; 0s: never). Without `group_by` each escalation is
    notified by itself and at once. With `more_than`, such as `3/10m`, the first notice waits until the same was
    reported more than so many times in so long (C-71).
    """

    name: Word
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = Field(default=False, alias="continue")
    actions: tuple[RouteAction, ...] | None = None
    group_by: tuple[LabelKey, ...] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    send_resolved: bool | None = None
    more_than: Limit | None = None
    routes: tuple["Route", ...] = ()

    def inherit(self, parent: "Route") -> "Route":
        """Return this route with what it leaves out taken from `parent`."""
        given = {name: getattr(self, name) for name in _INHERITED if getattr(self, name) is not None}
        taken = {name: getattr(parent, name) for name in _INHERITED}
        return self.model_copy(update=taken | given)

    def walk(self) -> Iterator["Route"]:
        """Yield this route and all below it, parents first, each with what it inherits."""
        yield self
        for child in self.routes:
            yield from child.inherit(self).walk()


_INHERITED = ("actions", "group_by", "group_wait", "group_interval", "repeat_interval", "send_resolved", "more_than")


class InhibitRule(Value):
    """While an escalation that fulfils `source_matchers` is open, those that fulfil `target_matchers` are muted.

    Only where both have the same values of the labels in `equal` (C-40).
    """

    name: Word
    source_matchers: Annotated[tuple[Matcher, ...], Field(min_length=1)]
    target_matchers: Annotated[tuple[Matcher, ...], Field(min_length=1)]
    equal: tuple[LabelKey, ...] = ()


class Hop(Value):
    """A condition on which an open escalation goes from tier `tier` to the next by itself.

    All of `matchers` must hold and, where `after` is given, strictly more than that must have passed since it
    was opened. `reason` is what the remark and the audit row say.
    """

    name: Word
    tier: Word
    matchers: tuple[Matcher, ...] = ()
    after: Duration | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Target(Value):
    """Where an action such as `webhook:pager` leads. Secrets are given as `env:NAME` or `file:/path`, never as text."""

    channel: Word
    url: str = ""
    run: tuple[str, ...] = ()
    timeout: Duration = timedelta(seconds=10)
    options: dict[Word, str] = Field(default_factory=dict)


class Throttle(Value):
    """At most so many notices of one action in so long, such as `1/1m` and `3/15m`; the rest leave later (C-80)."""

    action: str
    limits: Annotated[tuple[Limit, ...], Field(min_length=1, max_length=4)]


class NeedsAcks(Value):
    """What fulfils the matchers needs the acknowledgements of so many different people (C-70)."""

    name: Word
    matchers: Annotated[tuple[Matcher, ...], Field(min_length=1)]
    acks: Annotated[int, Field(ge=2, le=10)]


class Routing(Record):
    """Tiers, categories, the route tree, and what mutes, groups and slows notices.

    `tiers` are the steps of the escalation chain, first to last; `categories` the tiers that a category goes
    through before those that follow its last one. After the last tier the first has it again, `cycles` times or, with
    `endless`, always (C-61).
    """

    kind: Literal["routing"] = "routing"
    tiers: Annotated[tuple[Word, ...], Field(min_length=1)]
    categories: dict[Word, Annotated[tuple[Word, ...], Field(min_length=1)]] = Field(default_factory=dict)
    hops: tuple[Hop, ...] = ()
    needs_acks: tuple[NeedsAcks, ...] = ()
    cycles: Annotated[int, Field(ge=0)] | Literal["endless"] = 0
    route: Route
    inhibit_rules: tuple[InhibitRule, ...] = ()
    throttle: tuple[Throttle, ...] = ()
    targets: dict[Word, Target] = Field(default_factory=dict)

    @property
    def known_tiers(self) -> tuple[str, ...]:
        """Every tier there is: those of the chain, then those that only categories name."""
        return tuple(dict.fromkeys((*self.tiers, *(tier for tiers in self.categories.values() for tier in tiers))))

    def chain_of(self, category: str | None) -> tuple[str, ...]:
        """Return the tiers that an escalation of `category` goes through, first to last (R-004-13)."""
        own = self.categories.get(category or "", ())
        place = self.tiers.index(own[-1]) + 1 if own and own[-1] in self.tiers else 0
        return (*own, *(tier for tier in self.tiers[place:] if tier not in own))

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        routes = [route.name for route in self.route.walk()]
        if len(routes) > _MOST_NODES:
            raise ValueError(f"route: more than {_MOST_NODES} routes")
        named: dict[str, Sequence[str]] = {
            "tiers": self.tiers,
            "routes": routes,
            "hops": [hop.name for hop in self.hops],
            "needs_acks": [entry.name for entry in self.needs_acks],
            "inhibit_rules": [rule.name for rule in self.inhibit_rules],
            "throttle": [throttle.action for throttle in self.throttle],
        }
        for what, names in named.items():
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{what}: {twice} is given twice")
        return self

    @model_validator(mode="after")
    def _leads_to_tiers_and_targets(self) -> Self:
        if self.route.matchers:
            raise ValueError("route: the root takes every escalation and has no matchers")
        for hop in self.hops:
            if hop.tier not in self.known_tiers:
                raise ValueError(f"hops: {hop.name}: no tier {hop.tier}; one of {', '.join(self.known_tiers)}")
        for route in self.route.walk():
            for action in route.actions or ():
                self._check_target(route.name, action)
        return self

    def _check_target(self, route: str, action: str) -> None:
        channel, _, name = action.partition(":")
        if action in (BEAD, BY_SEVERITY) or form_of_channel(channel).reaches != "target":
            return
        target = self.targets.get(name)
        if target is None:
            known = ", ".join(self.targets) or "none yet"
            raise ValueError(f"route {route}: action {action} names no target; targets are {known}")
        if target.channel != channel:
            raise ValueError(f"route {route}: target {name} is of channel {target.channel}, not {channel}")


KIND = settings_kind("routing", Routing, listing=("tiers",))

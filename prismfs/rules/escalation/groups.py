"""Groups: notices of one route that leave together, and what a group has said already (C-21 to C-31)."""

from datetime import datetime, timedelta

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group, Member, Told
from prismfs.kinds.escalation.settings.routing import Route
from prismfs.records.codec import canonical_json
from prismfs.rules.core.api import Draft, withdrawn
from prismfs.rules.escalation import hold, messages

_NO_TIME = timedelta()
INTERVAL = timedelta(minutes=5)
"""Between two notices of a group whose route does not say."""


def join(draft: Draft, bead: Escalation, message: Outbox, route: Route) -> Outbox | None:
    """Add the message to its group and return it held; None where its route has no groups."""
    if route.group_by is None:
        return None
    group = _open_group(draft, bead, route)
    member = Member(bead=bead.id, level=message.level)
    if member.name not in [known.name for known in group.members]:
        group = group.changed(members=(*group.members, member))
    actions = group.actions if message.action in group.actions else (*group.actions, message.action)
    due = group.due_at or _next_tick(group, draft.now)
    group = draft.put(group.changed(actions=actions, due_at=min(due, _next_tick(group, draft.now))))
    belongs = draft.get(Escalation, bead.id) or bead
    if group.id not in belongs.groups:
        draft.put(belongs.changed(groups=(*belongs.groups, group.id)))
    return message.changed(status="held", held_by=group.id, detail=f"waits for the group {group.id}", due_at=None)


def wake(draft: Draft, bead: Escalation) -> None:
    """Set the groups of an escalation that was acknowledged, closed or handed on to flush at their next tick.

    What still waits to tell of a group is withdrawn when all of it is acknowledged or closed (C-74).
    """
    for identifier in bead.groups:
        group = draft.get(Group, identifier)
        if group is not None and group.status == "open":
            if group.told is not None and group.told.open and not _has_open(draft, group):
                _withdraw(draft, group)
            tick = _next_tick(group, draft.now)
            draft.put(group.changed(due_at=tick if group.due_at is None else min(group.due_at, tick)))


def flush(draft: Draft) -> None:
    """Send what is new of a group: one notice for each action, or none where nothing is."""
    group = draft.need(Group, str(draft.event.document["id"]))
    tick = _last_tick(group, draft.now)
    members, waiting = _look(draft, group)
    opened = tuple(member.name for member in members if member.open)
    resolved = tuple(member.name for member in members if member.resolved)
    reason = reason_to_notify(
        group.told, opened, resolved, now=tick, repeat=group.repeat, send_resolved=group.send_resolved
    )
    told = group.told
    if reason is not None:
        told = Told(at=tick, open=opened, resolved=resolved)
        _notify(draft, group, members, waiting, reason)
    changed = _after_tick(group, members, tick, told, notices=group.notices + (reason is not None))
    draft.subject = draft.put(changed)
    said = reason or ("ended" if changed.status == "closed" else "nothing new")
    draft.because("flush", f"{said}: {len(opened)} open, {len(resolved)} resolved")
    draft.row(
        "group.notified" if reason else "group.flushed", changed, level="warn" if reason else "info",
        meta={"reason": reason, "open": list(opened), "resolved": list(resolved), "route": group.route},
    )  # fmt: skip


def _after_tick(group: Group, members: tuple[Member, ...], tick: datetime, told: Told | None, *, notices: int) -> Group:
    """Return the group as its flush at `tick` leaves it; what comes after its end is the first again."""
    ended = all(member.resolved for member in members)
    changed = group.changed(
        members=tuple(member for member in members if not member.resolved), told=None if ended else told,
        notices=notices, flushed_at=tick, status="closed" if ended else "open", due_at=None,
    )  # fmt: skip
    lasts = any(member.open or member.muted for member in members)
    if changed.told is None or group.repeat <= _NO_TIME or not lasts:
        return changed
    return changed.changed(due_at=_tick_from(changed, changed.told.at + group.repeat))


def reason_to_notify(
    told: Told | None, opened: tuple[str, ...], resolved: tuple[str, ...], *, now: datetime, repeat: timedelta,
    send_resolved: bool,
) -> str | None:  # fmt: skip
    """Return why notices of the members `opened` and `resolved` are sent now, None where there is nothing new.

    `first`, `new member`, `resolved` (only where that is wanted) or `repeat`, after `repeat` since it was last told.
    """
    before_open = set() if told is None else set(told.open)
    if not opened:
        return "resolved" if before_open and send_resolved and resolved else None
    if not before_open:
        return "first"
    if set(opened) - before_open:
        return "new member"
    if told is None:
        return None
    if send_resolved and set(resolved) - set(told.resolved):
        return "resolved"
    return "repeat" if repeat > _NO_TIME and now - told.at >= repeat else None


def _has_open(draft: Draft, group: Group) -> bool:
    return any(draft.need(Escalation, member.bead).status == "open" for member in group.members)


def _withdraw(draft: Draft, group: Group) -> None:
    for message in draft.view.with_ref(Outbox, group.id):
        message = draft.get(Outbox, message.id) or message
        if message.status in ("pending", "unknown"):
            draft.put(withdrawn(message, "somebody has all of the group"))


def _open_group(draft: Draft, bead: Escalation, route: Route) -> Group:
    labels = {name: bead.match_labels.get(name, "") for name in route.group_by or ()}
    key = f"{route.name}:{canonical_json(dict(labels)).decode()}"
    mine = next((group for group in draft.own(Group) if group.key == key and group.status == "open"), None)
    known = mine or draft.view.open_with_key(Group, key)
    if known is not None:
        return known
    return Group(
        id=draft.new_id("grp", key), route=route.name, key=key, labels=labels, actions=(),
        interval=route.group_interval or INTERVAL, repeat=route.repeat_interval or _NO_TIME,
        send_resolved=bool(route.send_resolved), created_at=draft.now, status="open",
        due_at=draft.now + (route.group_wait or _NO_TIME),
    )  # fmt: skip


def _look(draft: Draft, group: Group) -> tuple[tuple[Member, ...], list[Outbox]]:
    """Return the members as their escalations are now, and the messages that may leave.

    The messages of a member that somebody has are withdrawn, those of a muted one wait for what mutes it.
    """
    waiting = draft.view.all_with_key(Outbox, group.id)
    members, leave = [], []
    for member in group.members:
        bead = draft.need(Escalation, member.bead)
        holder = hold.silenced(draft, bead) or hold.inhibited(draft, bead) if bead.status == "open" else None
        for message in waiting:
            if (message.about, message.level) != (bead.id, member.level):
                continue
            if bead.status != "open":
                draft.put(withdrawn(message, f"the escalation is {bead.status}"))
            elif holder is not None:
                draft.put(message.changed(held_by=holder[0], detail=holder[1]))
            else:
                leave.append(message)
        members.append(
            member.changed(
                open=bead.status == "open" and holder is None,
                muted=holder is not None,
                resolved=bead.status == "closed",
            )
        )
    return tuple(members), leave


def _notify(draft: Draft, group: Group, members: tuple[Member, ...], waiting: list[Outbox], reason: str) -> None:
    beads = {member.bead: draft.need(Escalation, member.bead) for member in members}
    shown = list({member.bead: beads[member.bead] for member in members if member.open}.values())
    gone = list({member.bead: beads[member.bead] for member in members if member.resolved}.values())
    for action in group.actions:
        message = messages.group_message(draft, group, action, shown, gone, reason)
        for part in waiting:
            if part.action == action:
                draft.put(
                    part.changed(status="grouped", held_by=None, sent_with=message.id, detail=f"said by {message.id}")
                )


def _next_tick(group: Group, at: datetime) -> datetime:
    """Return when the group may say something next: its wait while it is new, else a multiple of its interval."""
    if group.flushed_at is None:
        return group.due_at or at
    return _tick_from(group, at)


def _last_tick(group: Group, now: datetime) -> datetime:
    """Return the tick that a flush at `now` stands for; those missed meanwhile are one (R-004-24)."""
    due = group.due_at or now
    return due if group.interval <= _NO_TIME else due + max(0, (now - due) // group.interval) * group.interval


def _tick_from(group: Group, at: datetime) -> datetime:
    """Return the first tick from `at` on; ticks are one interval apart (C-26)."""
    start = group.flushed_at or group.created_at
    if group.interval <= _NO_TIME:
        return max(at, start)
    passed = -((start - at) // group.interval)
    return start + max(1, passed) * group.interval

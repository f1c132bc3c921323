"""What keeps a notice back while it lasts: a silence, or another escalation that an inhibit rule names.

Nothing muted is lost: its message is kept as `held` with the id of what holds it, and goes on when that ends
(C-40, C-43, C-52).
"""

from dataclasses import dataclass

from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.inhibition import Inhibition
from prismfs.kinds.escalation.settings.routing import InhibitRule
from prismfs.kinds.escalation.silence import Silence
from prismfs.records.api import Id, canonical_json, first_mismatch
from prismfs.rules.core.api import Draft, withdrawn
from prismfs.rules.escalation import routes

Holder = tuple[Id, str]
"""The id of what holds a notice back, and the sentence that says so."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep back those of `messages` that something mutes; let the others go on.

    `level_of` is the escalation whose present level they tell of, None where they were kept back before.
    """

    messages: tuple[Outbox, ...]
    level_of: Id | None = None


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put `messages` into their groups or send them; `level_of` as in `Hold`, None where some are held."""

    messages: tuple[Outbox, ...]
    level_of: Id | None = None


def hold(draft: Draft, asked: Hold) -> None:
    """The step that answers `Hold`: what is muted now is kept as `held`, the others go on to be enqueued."""
    left = []
    for message in asked.messages:
        bead = draft.need(Escalation, message.about)
        if bead.status != "open":
            draft.put(withdrawn(message, f"the escalation is {bead.status}"))
        elif (held := held_back(draft, bead, message) or _too_few(draft, bead, message)) is not None:
            draft.put(held)
        else:
            left.append(message)
    draft.follow(Enqueue(tuple(left), asked.level_of if len(left) == len(asked.messages) else None))


def held_back(draft: Draft, bead: Escalation, message: Outbox) -> Outbox | None:
    """Return the message as held by what mutes `bead` now, None where nothing does."""
    holder = silenced(draft, bead) or inhibited(draft, bead)
    if holder is None:
        return None
    return message.changed(status="held", held_by=holder[0], detail=holder[1], due_at=None)


def _too_few(draft: Draft, bead: Escalation, message: Outbox) -> Outbox | None:
    """Return the message as held by its own escalation, where that was not reported often enough for its route.

    A raise is said in any case: nobody has answered.
    """
    limit = routes.by_name(draft.routing, message.route).more_than
    if limit is None or bead.reescalation_count:
        return None
    most, window = routes.parse_limit(limit)
    lately = [at for at in bead.arrivals if draft.now - at <= window]
    if len(lately) > most:
        return None
    said = f"waits for more than {limit}: {len(lately)}"
    return message.changed(status="held", held_by=bead.id, detail=said, due_at=None)


def silenced(draft: Draft, bead: Escalation) -> Holder | None:
    """Return the silence that mutes `bead` now, the one that lasts longest, None where none does."""
    # One that this decision makes is not in the view yet, and one that it ends is there as it was.
    known = {silence.id: silence for silence in (*draft.view.open_of(Silence), *draft.own(Silence))}
    active = [
        silence
        for silence in known.values()
        if silence.starts_at <= draft.now < silence.ends_at
        and first_mismatch(silence.matchers, bead.match_labels) is None
    ]
    if not active:
        return None
    longest = max(active, key=lambda silence: (silence.ends_at, silence.id))
    return longest.id, f"silenced by {longest.id}"


def inhibited(draft: Draft, bead: Escalation) -> Holder | None:
    """Return the open escalation that mutes `bead`, and the rule that says so, None where none does.

    One that fulfils both sides of a rule is muted by what fulfils the source's side alone, not by another that fulfils
    both: of two such neither mutes the other, and none mutes itself (C-42).
    """
    labels = bead.match_labels
    for rule in draft.routing.inhibit_rules:
        if first_mismatch(rule.target_matchers, labels):
            continue
        is_source = not first_mismatch(rule.source_matchers, labels)
        for seen in draft.view.all_with_key(Inhibition, _key(rule, labels)):
            if (draft.get(Inhibition, seen.id) or seen).status != "active":
                continue
            source = draft.need(Escalation, seen.source)
            if is_source and not first_mismatch(rule.target_matchers, source.match_labels):
                continue
            return seen.source, f"inhibited by {seen.source}, rule {rule.name}"
    return None


def begin_inhibiting(draft: Draft, bead: Escalation) -> None:
    """Write down which rules `bead` is a source of from now on."""
    labels = bead.match_labels
    for rule in draft.routing.inhibit_rules:
        if first_mismatch(rule.source_matchers, labels):
            continue
        key = _key(rule, labels)
        known = draft.view.with_ref(Inhibition, bead.id)
        if not any(inhibition.key == key and inhibition.status == "active" for inhibition in known):
            draft.put(
                Inhibition(
                    id=draft.new_id("inh", rule.name), rule=rule.name, source=bead.id, key=key, created_at=draft.now,
                    status="active",
                )
            )  # fmt: skip


def end_inhibiting(draft: Draft, bead: Escalation) -> bool:
    """End what `bead` inhibits; tell whether it inhibited anything."""
    active = [entry for entry in draft.view.with_ref(Inhibition, bead.id) if entry.status == "active"]
    for inhibition in active:
        draft.put(inhibition.changed(status="ended"))
    return bool(active)


def _key(rule: InhibitRule, labels: dict[str, str]) -> str:
    return f"{rule.name}:{canonical_json([labels.get(name, '') for name in rule.equal]).decode()}"

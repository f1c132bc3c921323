"""Whatever is sent, claimed, done and waited for: the queue of nudges does as a simple model does (R-004-34)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.delivery.nudges.folder import ORPHANED_AFTER
from prismfs.delivery.nudges.forms import Nudge
from prismfs.delivery.nudges.queue import NudgeQueue
from prismfs.errors import ConflictError, RefusedError
from prismfs.records.api import derive_id

MODEST = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
NAMES = tuple("abcde")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(NAMES), st.sampled_from((1, 6, 60))),
        st.tuples(st.just("claim"), st.sampled_from((None, 1, 2)), st.none()),
        st.tuples(st.just("done"), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("wait"), st.sampled_from((1, 4, 5, 20)), st.none()),
    ),
    min_size=5,
    max_size=40,
)


def identifier(name: str) -> str:
    return derive_id("nud", START, cause=name)


class Model:
    """What each nudge that was sent is: waiting, claimed since when, or done; and when it expires."""

    def __init__(self) -> None:
        self.expires: dict[str, datetime] = {}
        self.claimed: dict[str, datetime] = {}
        self.done: set[str] = set()

    def send(self, name: str, expires: datetime) -> None:
        if name not in self.done:
            self.expires.setdefault(name, expires)

    def claim(self, now: datetime, limit: int | None) -> set[str]:
        """Return what may be claimed, oldest first as far as `limit`."""
        self.claimed = {name: at for name, at in self.claimed.items() if now - at < ORPHANED_AFTER}
        handed: list[str] = []
        for name in sorted(self.expires.keys() - self.claimed.keys(), key=identifier):
            if limit is not None and len(handed) == limit:
                break
            if self.expires[name] <= now:
                del self.expires[name]
            else:
                handed.append(name)
        self.claimed |= dict.fromkeys(handed, now)
        return set(handed)

    def finish(self, name: str) -> bool:
        if name not in self.claimed:
            return False
        self.done.add(name)
        del self.claimed[name], self.expires[name]
        return True


def test_queue_any_steps_hands_out_what_the_model_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    handed_out = 0

    @MODEST
    @given(steps=STEPS)
    def holds(steps: list[tuple[str, object, object]]) -> None:
        nonlocal handed_out
        handed_out += play(tmp_path_factory.mktemp("queue"), steps)

    holds()
    assert handed_out > 50, "the steps came to nothing"


def play(root: Path, steps: list[tuple[str, object, object]]) -> int:
    """Take the steps on the queue and on the model, and return how many nudges were handed out."""
    queue, model, now, number = NudgeQueue(root), Model(), START, 0
    for word, first, second in steps:
        match word:
            case "send":
                assert isinstance(second, int)
                expires = now + timedelta(minutes=second)
                nudge = Nudge.from_document(
                    {
                        "id": identifier(str(first)),
                        "from": "jade",
                        "to": "mayor",
                        "text": "x",
                        "at": START.isoformat().replace("+00:00", "Z"),
                        "expires_at": expires.isoformat().replace("+00:00", "Z"),
                    }
                )
                queue.send(nudge, now)
                model.send(str(first), expires)
            case "claim":
                assert first is None or isinstance(first, int)
                found = queue.claim("mayor", now, limit=first)
                assert {nudge.id for nudge in found.nudges} == {identifier(name) for name in model.claim(now, first)}
                assert found.problems == ()
                number += len(found.nudges)
            case "done":
                assert finish(queue, str(first), now) == model.finish(str(first))
            case _:
                assert isinstance(first, int)
                now += timedelta(minutes=first)
    return number


def finish(queue: NudgeQueue, name: str, now: datetime) -> bool:
    """Tell whether a nudge is done now that was not before."""
    try:
        return queue.done("mayor", identifier(name), now)[1]
    except (ConflictError, RefusedError):
        return False

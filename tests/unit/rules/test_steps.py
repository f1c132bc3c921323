"""What one stage asks for another answers: the steps and the rows of all families, as they are in the tree."""

from __future__ import annotations

import ast
from pathlib import Path

import prismfs.rules
from prismfs.rules import STEPS, TABLE
from prismfs.rules.core.follow_ups import Attention
from prismfs.rules.core.road import ORDER
from prismfs.rules.escalation.hold import Enqueue, Hold
from prismfs.rules.escalation.notices import Notify
from prismfs.rules.escalation.tiers import Climb

RULES = Path(prismfs.rules.__file__).parent

MESSAGES = (("delivery", "outbox"), ("due", "outbox"), ("command", "outbox.retry"))
"""What happens to a message: an attempt begins or ends, nothing is heard, somebody asks for another attempt."""


ALL = [step for steps in STEPS.values() for step in steps]


def asked_for() -> set[str]:
    """Return the names of all values that any rule gives `draft.follow` where they are made."""
    found = set()
    for path in RULES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "follow":
                made = node.args[0]
                choices = (made.body, made.orelse) if isinstance(made, ast.IfExp) else (made,)
                found |= {
                    choice.func.id if isinstance(choice.func, ast.Name) else choice.func.attr
                    for choice in choices
                    if isinstance(choice, ast.Call) and isinstance(choice.func, ast.Name | ast.Attribute)
                }
    return found


def test_every_value_that_is_asked_for_has_a_step() -> None:
    answered = {step.answers.__name__ for step in ALL}
    assert len(asked_for()) > 10
    assert asked_for() <= answered


def test_every_step_answers_what_some_rule_asks_for() -> None:
    assert {step.answers.__name__ for step in ALL} <= asked_for()


def test_every_place_of_the_road_has_a_step() -> None:
    """A place at which nothing stands would tell of an order that nothing keeps."""
    assert set(ORDER) - {step.at for step in ALL} == set()


def test_a_notice_takes_its_steps_in_the_order_of_the_road() -> None:
    place = {step.answers: ORDER.index(step.at) for step in ALL}
    way = [place[step] for step in (Attention, Notify, Hold, Enqueue, Climb)]
    assert way == sorted(set(way))


def test_a_channel_with_a_row_of_its_own_has_every_row_of_a_message() -> None:
    """Else what one family begins another would end."""
    own = {key[1].partition(":")[2] for key in TABLE if (key[0], key[1].partition(":")[0]) in MESSAGES}
    channels = own - {""}
    assert channels >= {"bridge", "job", "tracker"}
    missing = [(of, f"{kind}:{channel}") for of, kind in MESSAGES for channel in channels]
    assert [key for key in missing if key not in TABLE] == []

"""The route tree: which routes labels take, what they inherit, and what a matcher is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from prismfs.errors import RecordError
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy, Routes
from prismfs.kinds.escalation.settings.routing import Routing
from prismfs.records.matcher import first_mismatch, parse_matcher
from prismfs.rules.escalation.routes import actions_of, by_name, explain, matched, missing, severity_actions
from tests.support.memory import MakeRules


def routing(route: dict[str, Any], **more: Any) -> Routing:
    head: dict[str, JsonValue] = {"kind": "routing", "version": 1, "tiers": ["deacon", "mayor"]}
    return Routing.from_document(head | {"route": {"name": "root", "actions": ["log"]} | route} | more)


def taken(tree: Routing, **labels: str) -> list[str]:
    return [route.name for route in matched(tree, labels)]


TREE = routing(
    {
        "group_wait": "30s",
        "routes": [
            {"name": "first", "matchers": ["service=web"], "continue": True},
            {"name": "second", "matchers": ["service=web", "zone=aa"]},
            {
                "name": "third",
                "matchers": ["service=~web|db"],
                "actions": ["slack"],
                "group_by": ["zone"],
                "routes": [{"name": "below", "matchers": ["zone=ab"], "group_wait": "5s"}],
            },
        ],
    }
)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ({}, ["root"]),
        ({"service": "mail"}, ["root"]),
        ({"service": "web"}, ["first", "third"]),
        ({"service": "web", "zone": "aa"}, ["first", "second"]),
        ({"service": "db"}, ["third"]),
        ({"service": "db", "zone": "ab"}, ["below"]),
        ({"service": "web", "zone": "ab"}, ["first", "below"]),
    ],
)
def test_routes_first_match_wins_and_continue_goes_on(labels: dict[str, str], names: list[str]) -> None:
    assert taken(TREE, **labels) == names


def test_routes_child_inherits_what_it_leaves_out_through_every_level() -> None:
    (below,) = matched(TREE, {"service": "db", "zone": "ab"})
    assert (below.actions, below.group_by, str(below.group_wait)) == (("slack",), ("zone",), "0:00:05")
    (first, _) = matched(TREE, {"service": "web"})
    assert (first.actions, first.group_by, str(first.group_wait)) == (("log",), None, "0:00:30")
    assert by_name(TREE, "below") == below
    assert by_name(TREE, "gone").name == "root"


def test_explain_names_the_matcher_that_did_not_hold() -> None:
    steps = {step.route.name: step for step in explain(TREE, {"service": "db", "zone": "aa"})}
    assert (steps["first"].mismatch, steps["second"].mismatch) == ("service=web", "service=web")
    assert (steps["third"].taken, steps["third"].depth) == (True, 1)
    assert (steps["below"].mismatch, steps["below"].depth, steps["below"].taken) == ("zone=ab", 2, False)
    assert (steps["root"].mismatch, steps["root"].taken) == (None, False)


@given(
    st.dictionaries(st.sampled_from(("service", "zone")), st.sampled_from(("web", "db", "aa", "ab", "")), max_size=2)
)
def test_routes_something_is_always_taken(labels: dict[str, str]) -> None:
    assert matched(TREE, labels)
    assert [step.route.name for step in explain(TREE, labels) if step.taken] == taken(TREE, **labels)


@pytest.mark.parametrize(
    ("matcher", "fulfilled"),
    [
        ("service=web", True),
        ("service=WEB", True),
        ("service=we", False),
        ("service!=db", True),
        ("service!=web", False),
        ('service=~"w.b"', True),
        ("service=~w", False),
        ("service=~W.+", True),
        ('service!~"d.*"', True),
        ("service!~w.*", False),
        ("host.name=a-1", True),
        (' note = "two words" ', True),
        (r'quote="a\"b"', True),
        ("empty=", None),
        ('empty=""', True),
        ("missing=x", False),
        ("missing!=x", False),
        ("missing=~.*", False),
        ("missing!~x", False),
    ],
)
def test_matcher_every_operator(matcher: str, fulfilled: bool | None) -> None:
    """C-55: whatever the operator, a label that is missing is no match and no failure."""
    labels = {"service": "web", "host.name": "a-1", "note": "two words", "quote": 'a"b', "empty": ""}
    if fulfilled is None:
        with pytest.raises(ValueError, match="a matcher is written"):
            parse_matcher(matcher)
        return
    assert (first_mismatch([matcher], labels) is None) is fulfilled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "service",
        "service=",
        "=web",
        "service==web",
        "1=2",
        "a b=c",
        'service="web',
        "service=two words",
        "a=b,c=d e",
        "a=b,c=d",
        "a=!b",
    ],
)
def test_matcher_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='a matcher is written as name="value"'):
        parse_matcher(text)


@pytest.mark.parametrize("text", ["a=~(", "a!~[z", r"a=~(?=x)", r'a=~"(.)\\1"'])
def test_matcher_pattern_that_is_no_re2_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an RE2 expression"):
        parse_matcher(text)


@given(st.text(max_size=40))
def test_matcher_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        name, operator, _ = parse_matcher(text)
    except ValueError:
        return
    assert name in text
    assert operator in ("=", "!=", "=~", "!~")


@pytest.mark.parametrize(
    ("route", "more", "field"),
    [
        ({"matchers": ["a=b"]}, {}, "the root takes every escalation"),
        ({"routes": [{"name": "root"}]}, {}, "root is given twice"),
        ({"actions": ["webhook:gone"]}, {}, "names no target"),
        ({"actions": ["webhook:pager"]}, {"targets": {"pager": {"channel": "command"}}}, "is of channel command"),
        ({"actions": ["pigeon"]}, {}, "an action is"),
        ({"routes": [{"name": "x", "matchers": ["service"]}]}, {}, "a matcher is written"),
        ({}, {"hops": [{"name": "old", "tier": "king", "after": "2h", "reason": "old"}]}, "no tier king"),
        ({}, {"throttle": [{"action": "log", "limits": ["3 per hour"]}]}, "a limit is written"),
        ({}, {"tiers": ["deacon", "deacon"]}, "deacon is given twice"),
        ({}, {"inhibit_rules": [{"name": "x", "source_matchers": [], "target_matchers": ["a=b"]}]}, "at least 1 item"),
        ({"group_wait": "4x"}, {}, "a duration is written"),
    ],
)
def test_routing_that_cannot_work_is_refused_with_what_is_wrong(
    route: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    """C-43: an empty rule is refused where it is written and can trip nothing later."""
    with pytest.raises(RecordError, match=field):
        routing(route, **more)


def test_severity_action_stands_for_the_settings_routes_each_action_once() -> None:
    """R-004-02, R-004-06."""
    tree = routing({"actions": ["bead", "log", "severity", "log"]})
    settings = EscalationPolicy()
    assert actions_of(tree.route, settings.routes, 0) == ("log", "mail:mayor", "email:human", "sms:human")
    assert actions_of(tree.route, settings.routes, 2) == ("log", "mail:mayor")
    assert actions_of(tree.route, settings.routes, 3) == ("log",)


@given(
    st.tuples(*[st.lists(st.sampled_from(("bead", "log", "slack")), max_size=2).map(tuple)] * 4),
    st.integers(min_value=0, max_value=3),
)
def test_severity_without_a_route_takes_the_next_more_urgent_that_has_one(
    given_routes: tuple[tuple[str, ...], ...], rank: int
) -> None:
    """R-004-05; where none of these has any, the most urgent that has."""
    routes = Routes(**dict(zip(("critical", "high", "medium", "low"), given_routes, strict=True)))
    expected = next((actions for actions in (*given_routes[rank::-1], *given_routes) if actions), ())
    assert severity_actions(routes, rank) == expected


@pytest.mark.parametrize(
    ("category", "chain"),
    [
        ("decision", ("deacon", "mayor", "overseer")),
        ("help", ("deacon", "mayor", "overseer")),
        ("blocked", ("mayor", "overseer")),
        ("failed", ("deacon", "mayor", "overseer")),
        ("emergency", ("overseer",)),
        ("gate_timeout", ("deacon", "mayor", "overseer")),
        ("lifecycle", ("witness", "deacon", "mayor", "overseer")),
        (None, ("deacon", "mayor", "overseer")),
        ("unheard-of", ("deacon", "mayor", "overseer")),
    ],
)
def test_chain_of_every_category_as_shipped(
    category: str | None, chain: tuple[str, ...], make_rules: MakeRules
) -> None:
    """R-004-13: a category begins at its own tiers and goes on with those that follow its last one."""
    shipped = make_rules().view.single(Routing)
    assert shipped.chain_of(category) == chain
    assert set(chain) <= set(shipped.known_tiers)


def test_missing_says_which_contact_or_target_an_action_lacks() -> None:
    settings, tree = EscalationPolicy(), routing({})
    assert missing("email:human", settings, tree) == "contacts.human_email is empty"
    assert missing("sms:human", settings, tree) == "contacts.human_sms is empty"
    assert missing("slack", settings, tree) == "contacts.slack_webhook is empty"
    assert missing("webhook:pager", settings, tree) == "targets.pager is missing"
    assert [missing(action, settings, tree) for action in ("log", "mail:mayor", "nudge:jade", "file:x")] == [None] * 4

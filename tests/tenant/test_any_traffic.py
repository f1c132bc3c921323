"""Whatever three projects drop, forge and claim: nothing reaches where it may not, and both views are whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from prismfs.clock import FakeClock
from tests.support.project import START
from tests.support.town import MakeTown, Town

HOME, ACME, BETA = "PID-HOME01", "PID-ACME01", "PID-BETA01"
BRIDGES = {"sage", "clara"}

PIDS = st.sampled_from([HOME, ACME, BETA])
NAMES = st.sampled_from(["jade", "Sage", "clara", "mayor", "prismfs", "mallory"])
ADDRESSES = st.sampled_from(
    ["Sage", "Clara", "mayor", "jade", "nobody", "Sage@PID-HOME01", "mayor@PID-BETA01", "Sage@PID-ACME01", "all", None]
)
TARGETS = st.sampled_from([None, None, HOME, ACME, BETA, "PID-GONE01", "", "../x"])
DROPS = st.fixed_dictionaries(
    {
        "do": st.just("drop"), "pid": PIDS, "from": NAMES, "to": ADDRESSES, "to_pid": TARGETS,
        "answers": st.none() | st.integers(0, 30), "key": st.sampled_from([None, "same"]),
    }
)  # fmt: skip
FORGED = st.fixed_dictionaries(
    {
        "do": st.just("forge"), "pid": PIDS, "target": PIDS, "sender": NAMES.filter(lambda name: name != "prismfs"),
        "to": st.sampled_from(["Sage", "mayor", "jade"]), "to_pid": PIDS, "claimed": st.none() | PIDS,
        "answers": st.none() | st.integers(0, 30), "taken": st.none() | st.integers(0, 30),
    }
)  # fmt: skip
CLAIMS = st.fixed_dictionaries(
    {"do": st.sampled_from(["claim home", "claim bridge", "claim pid", "policy"]), "pid": PIDS,
     "mode": st.sampled_from(["allow", "inbound-only", "off"])}
)  # fmt: skip
STEPS = st.lists(DROPS | DROPS | FORGED | CLAIMS, min_size=1, max_size=12)


def known_ids(town: Town) -> list[str]:
    return [signal.id for bench in town.benches.values() for signal in bench.records("signal")]


def pick(ids: list[str], number: int | None) -> str | None:
    return None if number is None or not ids else ids[number % len(ids)]


def play(town: Town, step: dict[str, Any]) -> None:
    pid = step["pid"]
    root = town[pid].root
    match step["do"]:
        case "drop":
            town.drop(
                pid, **{"from": step["from"]}, to=step["to"], to_pid=step["to_pid"], dedup_key=step["key"],
                in_reply_to=pick(known_ids(town), step["answers"]), subject=f"of {pid}: it crashes {town.count}",
            )  # fmt: skip
        case "forge":
            ids = known_ids(town)
            more = {"id": pick(ids, step["taken"])} if step["taken"] is not None and ids else {}
            if more and any(signal.id == more["id"] for signal in town[pid].records("signal")):
                more = {}  # one's own record is one's own to spoil
            town.forge(
                pid, step["target"], sender=step["sender"], to=step["to"], to_pid=step["to_pid"],
                from_pid=step["claimed"], in_reply_to=pick(ids, step["answers"]), subject=f"of {pid}: forged", **more,
            )  # fmt: skip
            return
        case "claim home" if pid != HOME:
            text = (root / "prismfs.yaml").read_text()
            if "home:" not in text:
                town[pid].settle_by_hand({"prismfs.yaml": f"{text}home: true\nbridges: [Sage, mallory]\n".encode()})
        case "claim bridge" if not (root / "roster/mallory.yaml").exists():
            town.persona(pid, "mallory", **{"class": "bridge"})
        case "claim pid" if pid == ACME:
            text = (root / "prismfs.yaml").read_text()
            other = text.replace(ACME, BETA) if ACME in text else text.replace(BETA, ACME)
            town[pid].settle_by_hand({"prismfs.yaml": other.encode()})
        case "policy":
            path = root / "settings/policy.yaml"
            lines = [line for line in path.read_text().splitlines() if not line.startswith("bridge:")]
            text = "\n".join([*lines, f'bridge: "{step["mode"]}"', ""])
            if text != path.read_text():
                town[pid].settle_by_hand({"settings/policy.yaml": text.encode()})
    town.turn()


def check_isolation(town: Town) -> None:
    town.clock.move(town.later)
    town.turn()
    town.check()
    arrived: Counter[str] = Counter()
    for pid, bench in town.benches.items():
        signals = {signal.id: signal for signal in bench.records("signal")}
        rows = town.rows(pid, "bridge.routed")
        assert Counter(row.entity_id for row in rows) == {row.entity_id: 1 for row in rows}
        came = {row.entity_id for row in rows if row.meta["to_pid"] == pid}
        for signal in signals.values():
            if signal.id in came:
                arrived[signal.id] += 1
                to_bridge = pid == HOME and signal.to.casefold() in BRIDGES
                assert to_bridge or (signal.from_pid == HOME and signal.sender.casefold() in BRIDGES)
            elif signal.status == "routed":
                assert signal.id in {row.entity_id for row in rows}
        if pid != HOME:
            for other in {ACME, BETA} - {pid}:
                holding = [path for path, data in bench.files().items() if f"of {other}:".encode() in data]
                assert holding == []
    assert set(arrived.values()) <= {1}


def run(make_town: MakeTown, steps: list[dict[str, Any]]) -> None:
    town = make_town(clock=FakeClock(START))
    try:
        for step in steps:
            play(town, step)
        check_isolation(town)
    finally:
        town.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(steps=STEPS)
def test_any_traffic_keeps_projects_apart_and_both_views_whole(
    make_town: MakeTown, steps: list[dict[str, Any]]
) -> None:
    run(make_town, steps)


def test_one_hostile_day_keeps_projects_apart_and_both_views_whole(make_town: MakeTown) -> None:
    drop = {"do": "drop", "pid": ACME, "from": "Sage", "to": "Sage", "to_pid": None, "answers": None, "key": "same"}
    forge = {
        "do": "forge", "pid": ACME, "target": BETA, "sender": "Sage", "to": "mayor", "to_pid": BETA, "claimed": HOME,
        "answers": None, "taken": None,
    }  # fmt: skip
    run(
        make_town,
        [
            drop,
            drop | {"pid": BETA},
            {"do": "claim home", "pid": ACME},
            forge,
            forge | {"target": HOME, "to": "Sage", "to_pid": HOME, "taken": 1, "answers": 1},
            {"do": "policy", "pid": BETA, "mode": "off"},
            drop | {"pid": HOME, "to": "jade", "to_pid": BETA},
            {"do": "claim pid", "pid": ACME},
            drop,
            forge | {"target": HOME, "to": "Sage", "to_pid": HOME},
        ],
    )

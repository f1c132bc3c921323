"""A command answers the same, byte for byte, whether a watcher decides it or the process itself.

The commands are those that a walk over the command line finds, each as `test_every_command.py` calls it, on two copies
of its project. What differs by nature is made alike: ids, times and digests.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.cli.test_every_command import ARGUMENTS, AS, NOT_RUN, Scene
from tests.support.command_line import Answer, CommandLine
from tests.support.command_tree import COMMANDS, writes
from tests.support.founded import copy_in_place_of
from tests.support.serving import Served, serving

HERE = {
    "archive": "goes through the whole history, and changes nothing in the records",
    "bead claim": "publishes the claim where the branch is shared: git over the network, as this user",
    "bead import": "reads a file of any size",
    "emit": "drops a file; the watcher takes it as any other",
    "escalate stale": "does what the watcher does by itself",
    "heartbeat": "stands outside of git",
    "hooks install": "writes into this user's repository",
    "hooks run": "is started by git, whose lock it must not wait for",
    "incident phase template": "writes a file that its user names",
    "init": "makes a project",
    "keys accept": "writes beside the keys of this user",
    "keys new": "makes a key of this user",
    "keys rotate": "makes a key of this user",
    "metrics": "writes a file that its user names",
    "nudge claim": "stands outside of git",
    "nudge done": "stands outside of git",
    "nudge send": "stands outside of git",
    "phone-home sync": "asks a tracker over the network",
    "push": "git over the network, as this user",
    "react": "is a turn",
    "recover": "puts the records back that a watcher would go on from",
    "review new": "writes a file that its user names",
    "roster add": "makes a branch with a commit of this user",
    "roster demote": "makes a branch with a commit of this user",
    "roster elevate": "makes a branch with a commit of this user",
    "run": "runs a program in the foreground",
    "schema": "writes files that its user names",
    "witness export": "writes a file that its user names",
}
"""Writing commands that the process does itself, and why."""

SERVED = [name for name, command in COMMANDS.items() if writes(command) and name not in {*HERE, *NOT_RUN}]

QUICK = ("bead create", "escalate create", "incident resolve", "mail read", "kb add")
"""Commands that are really given in every run; all of them are in a slow one."""

IMPORTED = """
import json, os, sys
from prismfs.cli import run
for line in json.load(sys.stdin):
    if not os.fork():
        run(line)
        print(json.dumps(sorted(sys.modules.keys() & set(sys.argv[1:]))), file=sys.stderr, flush=True)
        os._exit(0)
    os.wait()
"""
"""Gives each command in a process of its own, and says which of the named modules that has imported."""

HEAVY = ("pydantic", "yaml", "git", "prismfs.kinds", "prismfs.rules", "markdown_it", "re2")

LOOKS_FIRST = {
    *("gate approve", "gate revise", "phone-home approve", "phone-home reject", "phone-home request-changes"),
    *("keys enrol", "keys revoke", "tenant add", "tenant remove", "upgrade"),
}
"""Commands that read a record as its model, or the settings, before they ask the watcher."""

REFUSED = (
    ("escalate ack bea-zzzz", "olga"),
    ("escalate ack {escalation}", "nobody at all"),
    ("classify {question} --lane incident --reason because", "jade"),
    ("incident triage {incident} --severity P0 --reason worse", "jade"),
    ("todo done {incident}", "olga"),
    ("kb add rotate-key --title T --source S --body -----BEGIN", "jade"),
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def steady(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, Served]]:
    """A copy of the project whose commands are served through all tests of this file; nothing changes it."""
    copy_in_place_of(scene.place.root.parent, folder := tmp_path_factory.mktemp("steady") / "all")
    with serving(folder / "desk") as served:
        assert served.complaints == []
        yield CommandLine(folder / "desk"), served


def alike(answer: Answer) -> tuple[int, str, str]:
    """Return an answer with ids and digests by the order in which they come, and without times and what is of them."""
    number = count()
    names: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        return names.setdefault(match[0], f"<{next(number)}>")

    time = r"[0-9]{4}-[0-9]{2}/[0-9]{2}/[0-9]{2}/[0-9a-f]/[0-9a-f]/|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+Z"
    texts = (re.sub(time, "<time>", text) for text in (answer.out, answer.err))
    out, err = (re.sub(r"[a-z]{3}-[0-9a-z]{26}|\b[0-9a-f]{9,64}\b", named, text) for text in texts)
    return answer.code, out, err


def give(scene: Scene, place: CommandLine, name: str, *more: str) -> Answer:
    """Give a command as the scene calls it, on another copy of the project."""
    return place.call(*name.split(), *scene.words(ARGUMENTS[name]), *more, actor=AS.get(name, "olga"))


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if writes(command)])
def test_rehearsal_is_served_or_known_to_be_done_here(
    scene: Scene, steady: tuple[CommandLine, Served], name: str
) -> None:
    if name in NOT_RUN:
        pytest.skip(NOT_RUN[name])
    place, served = steady
    before = served.groups
    answers = [give(scene, place, name, "--dry-run", *more) for more in ((), ("--json",))]
    found = served.since(before, at_least=0 if name in HERE else 2)
    assert (found == 2) == (name not in HERE), f"{name}: served {found} of 2"
    if name not in HERE:
        assert [alike(one) for one in answers] == [
            alike(give(scene, scene.place, name, "--dry-run", *more)) for more in ((), ("--json",))
        ]


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in SERVED])
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_command_answers_the_same_both_ways(scene: Scene, tmp_path: Path, name: str, form: tuple[str, ...]) -> None:
    answers = []
    for way in ("here", "served"):
        copy_in_place_of(scene.place.root.parent, tmp_path / way)
        place = CommandLine(tmp_path / way / "desk")
        if way == "here":
            answers.append(give(scene, place, name, *form))
            continue
        with serving(place.root) as served:
            answers.append(give(scene, place, name, *form))
            assert served.since(0, at_least=1) == 1
    here, there = (alike(answer) for answer in answers)
    assert here == there
    assert here[0] in (0, 6), here


def test_command_that_is_served_imports_no_models_and_no_rules(
    scene: Scene, steady: tuple[CommandLine, Served]
) -> None:
    """An agent waits for it at every call; each command is given by a process that has imported nothing."""
    place, _ = steady
    lines = [
        ["-C", str(place.root), "--as", AS.get(name, "olga"), *name.split(), *scene.words(ARGUMENTS[name]), "--dry-run"]
        for name in SERVED
    ]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *HEAVY], input=json.dumps(lines), capture_output=True, text=True, check=True
    )
    found = dict(zip(SERVED, map(json.loads, done.stderr.splitlines()), strict=True))
    heavy = {name for name, modules in found.items() if modules}
    assert (sorted(heavy - LOOKS_FIRST), sorted(LOOKS_FIRST - heavy)) == ([], [])


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(("line", "actor"), REFUSED)
def test_refusal_is_the_same_both_ways(
    scene: Scene, steady: tuple[CommandLine, Served], line: str, actor: str, form: tuple[str, ...]
) -> None:
    place, served = steady
    before, words = served.groups, scene.words(line)
    there = place.call(*words, *form, actor=actor)
    assert served.since(before, at_least=1) == 1
    assert alike(scene.place.call(*words, *form, actor=actor)) == alike(there)
    assert there.code in (3, 4, 5, 7)

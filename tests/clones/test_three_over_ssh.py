"""Three clones with engines of their own share over ssh while the network comes and goes and people use git at will.

Ten minutes of their time a seed: one history in the end, every drop in it once, every notice carried by one clone.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from prismfs.engine.admin.engine_keys import own_key
from prismfs.errors import ConflictError, StoreError
from tests.support.clone import Clone, MakeClone
from tests.support.git_servers import SshServer
from tests.support.project import named, run_git

NAMES = ("amber", "basalt", "coral")
STEP, LASTS = timedelta(seconds=20), timedelta(minutes=10)
SECONDS = 20.0
"""The longest that a push or fetch is waited for: that is a failure of the network as any other."""

GESTURES = (
    "reset -q --hard HEAD~1",
    "commit -q --amend --no-edit --allow-empty",
    "revert --no-edit HEAD",
    "stash -q -u",
    "gc -q --prune=now",
    "pull -q --no-rebase --no-edit",
    "pull -q --rebase",
    "fetch -q",
    "push -q",
    "checkout -q -b side",
    "checkout -q main",
    "clean -q -f -d",
)


class Trio:
    """Three clones of one bare repository behind an sshd, and whom of them it lets in."""

    def __init__(self, server: SshServer, folder: Path, make_clone: MakeClone, seed: int) -> None:
        self.server, self.chance = server, random.Random(seed)
        self.known = {name: server.folder / f"{name}.known" for name in NAMES}
        commands = {name: server.client(name) for name in NAMES}
        self.lines = {name: path.read_text() for name, path in self.known.items()}
        for name in NAMES:  # each person's own configuration, chosen by the folder that git works in
            (folder / f"{name}.gitconfig").write_text(f"[core]\n\tsshCommand = {commands[name]}\n")
        (folder / "gitconfig").write_text(
            "".join(f'[includeIf "gitdir:{folder}/{n}/"]\n\tpath = {folder}/{n}.gitconfig\n' for n in NAMES)
        )
        self.clones = tuple(make_clone(name) for name in NAMES)
        self.person = named("Pat") | {"GIT_CONFIG_GLOBAL": str(folder / "gitconfig"), "GIT_EDITOR": "true"}
        self.dropped: list[str] = []
        self.failed: set[str] = set()
        for clone in self.clones:
            clone.git("remote", "set-url", "origin", f"desk:{folder}/shared.git")
        self._begin()

    def _begin(self) -> None:
        """Let the first clone write every escalation to its log, and enrol the engines of the others."""
        first, *others = self.clones
        settings = json.loads((first.root / "settings" / "escalation.json").read_text())
        settings["routes"] = {level: ["log"] for level in settings["routes"]}
        first.commit_by_hand({"settings/escalation.json": json.dumps(settings, indent=2).encode() + b"\n"})
        for clone in others:
            (clone.desk.repo.state / "engine").unlink()  # that of the first, which the maker of clones shares
            own = own_key(clone.desk, agent=None, dry_run=False)
            first.give("keys.enrol", {"name": own.name, "key": own.key})
        first.publish(seconds=SECONDS)
        for clone in others:
            clone.publish(seconds=SECONDS)

    def step(self) -> None:
        """Let something happen somewhere, and time pass."""
        clone = self.chance.choice(self.clones)
        often, seldom = (self.drop, self.gesture, self.share), (self.repeat, self.answer, self.note, self.cut)
        self.chance.choice((*often, *often, *seldom))(clone)
        for each in self.clones:
            each.clock.move(STEP)

    def drop(self, clone: Clone) -> None:
        title = f"drop {len(self.dropped)}"
        self.dropped.append(title)
        kind = self.chance.choice(("kind: todo", f"kind: escalation\nseverity: LOW\nsignature: {title}"))
        clone.drop(f"{kind}\nfrom: jade\ntitle: {title}\n")
        clone.turn()

    def repeat(self, clone: Clone) -> None:
        clone.escalate("the same fault", signature="disk")

    def answer(self, clone: Clone) -> None:
        beads = [one for one in clone.records("bead") if one.status == "open"]
        if beads:
            clone.give("escalate.ack", {"id": self.chance.choice(beads).id})

    def note(self, clone: Clone) -> None:
        with (clone.root / f"NOTES-{clone.root.name}").open("a") as notes:
            notes.write(f"line {self.chance.random()}\n")
        self.git(clone, "add", "-A", ".")
        self.git(clone, "commit", "-q", "-m", "a note")

    def gesture(self, clone: Clone) -> None:
        self.git(clone, *self.chance.choice(GESTURES).split())
        for half_done in ("merge", "rebase", "revert"):  # as the person does when told
            self.git(clone, half_done, "--abort")
        clone.turn()

    def git(self, clone: Clone, *arguments: str) -> None:
        """Do as a person does; what git refuses is refused."""
        clone.git(*arguments, check=False, environment=self.person)

    def share(self, clone: Clone) -> None:
        try:
            clone.publish(seconds=SECONDS)
        except (StoreError, ConflictError) as error:
            self.failed.add(error.code)

    def cut(self, clone: Clone) -> None:
        """Take the network from all or from one, or give it back to everybody."""
        match self.chance.randrange(3):
            case 0:
                self.server.stop()
            case 1:
                self.known[clone.root.name].write_text("")
            case _:
                self.mend()

    def mend(self) -> None:
        self.server.stop()
        self.server.start()
        for name, path in self.known.items():
            path.write_text(self.lines[name])


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, 2])
def test_three_clones_over_ssh_come_to_one_history(
    seed: int, ssh_server: SshServer, tmp_path: Path, make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-004-35, FG-02: partitions, hand commits and git gestures lose nothing and double nothing."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    trio = Trio(ssh_server, tmp_path, make_clone, seed)
    for _ in range(LASTS // STEP):
        trio.step()
    trio.mend()
    for clone in trio.clones:
        trio.git(clone, "checkout", "-q", "-f", "main")
        clone.turn()
    for _ in range(6):
        for clone in trio.clones:
            clone.publish(seconds=SECONDS)
            clone.turn()
        if len({clone.truth() for clone in trio.clones}) == 1:
            break
    assert {clone.truth() for clone in trio.clones} == {run_git(tmp_path / "shared.git", "rev-parse", "main")}
    for clone in trio.clones:
        assert [str(one) for one in clone.problems()] == []
        clone.check()
    assert trio.failed <= {"remote_unreachable", "push_lost"}
    first = trio.clones[0]
    taken = [one.title for kind in ("todo", "bead") for one in first.records(kind) if one.title.startswith("drop ")]
    assert sorted(taken) == sorted(trio.dropped)
    carried = Counter(line.split()[1] for clone in trio.clones for line in clone.log())
    assert {name: count for name, count in carried.items() if count > 1} == {}
    assert set(carried) >= {one.id for one in first.records("outbox") if one.status == "sent" and one.channel == "log"}

"""Every recorded history is decided again as it was, whichever rules decided it; together they show every rule."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prismfs.engine.trust.verify import verify
from prismfs.rules import RULES_VERSION
from prismfs.store.git.repository import Git
from tests.replay.rule_names import RULES, names_in_code
from tests.support.rows import audit_rows

HERE = Path(__file__).parent
RELEASED = HERE / "released"
OpenGit = Callable[[Path], Git]
BUNDLES = sorted(HERE.glob("*released/*.bundle"))
CHANGED = (
    "a decision changed: raise RULES_VERSION (rules/core/draft.py) and keep the older way behind draft.since(N); "
    "where this version is not released yet, python tests/replay/make_history.py makes its history anew"
)
NOT_SHOWN = {
    ("rule", "upgrade"): "no kind of record has changed its form yet; cli/test_two_programs.py shows a made-up one",
    ("action", r"project\.upgraded"): "as the rule that gives it",
}
"""What no history shows, with the reason; a row that is shown after all, or that no code gives, is a fault."""
FORCED = {
    ("rules-1", "attempt-given-up"): 1,
    ("rules-1", "bridge-customer"): 1,
    ("rules-1", "issues"): 1,
    ("rules-1", "times-by-hand"): 6,
}
"""How many commits stand in a history that no decision made, put there to show how what they break is mended."""


def branches(bundle: Path) -> list[str]:
    listed = subprocess.run(["git", "bundle", "list-heads", str(bundle)], capture_output=True, text=True, check=True)
    return [line.partition(" refs/heads/")[2] for line in listed.stdout.splitlines()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Give a function that returns a clone of a bundle, made when it is first asked for."""
    made: dict[Path, Path] = {}

    def clone_of(bundle: Path) -> Path:
        if bundle not in made:
            made[bundle] = tmp_path_factory.mktemp("histories") / "all.git"
            subprocess.run(["git", "clone", "--quiet", "--mirror", str(bundle), str(made[bundle])], check=True)
        return made[bundle]

    return clone_of


@pytest.fixture
def read(clone: Callable[[Path], Path]) -> Iterator[OpenGit]:
    """Give a function that opens the clone of a bundle."""
    opened: list[Git] = []

    def git_of(bundle: Path) -> Git:
        opened.append(Git(clone(bundle), clone(bundle)))
        return opened[-1]

    yield git_of
    for git in opened:
        git.close()


@pytest.mark.parametrize(
    ("bundle", "branch"),
    [
        pytest.param(bundle, branch, id=f"{bundle.parent.name}-{bundle.stem}-{branch}")
        for bundle in BUNDLES
        for branch in branches(bundle)
    ],
)
def test_history_is_decided_again_as_it_was(bundle: Path, branch: str, read: OpenGit) -> None:
    git = read(bundle)
    found = verify(git, until=str(git.resolve(f"refs/heads/{branch}")))
    forced = FORCED.get((bundle.stem, branch), 0)
    assert [problem.code for problem in found.problems] == ["not_the_engines"] * forced, CHANGED
    assert found.decided == found.commits - found.foreign > 0


def test_history_of_these_rules_is_recorded() -> None:
    names = [bundle.stem for bundle in BUNDLES]
    assert f"rules-{RULES_VERSION}" in names, "python tests/replay/make_history.py"
    assert len(names) == len(set(names)), "one history for each version of the rules"


def shown_by(git: Git, branch: str) -> Iterator[tuple[str, str]]:
    """Yield the rules and actions that the audit rows of a branch name."""
    listed = git.run("ls-tree", "-r", "-z", "--name-only", branch, "audit").decode().split("\0")
    for data in git.read_many(f"{branch}:{path}" for path in listed if path):
        yield from ((name, row[name]) for row in audit_rows(data or b"") for name in ("rule", "action"))


def test_histories_show_every_rule_and_action_of_every_family(read: OpenGit) -> None:
    """What no history shows, no history guards."""
    shown = {each for bundle in BUNDLES for branch in branches(bundle) for each in shown_by(read(bundle), branch)}
    known, hidden = set(), set()
    for kind in ("rule", "action"):
        names = names_in_code(kind)
        assert names.untold == set(), f"the {kind} of these calls cannot be told: give it as a text"
        assert names.found.keys() == {path.parent.name for path in RULES.glob("*/table.py")}, "a family without any"
        patterns = {pattern for found in names.found.values() for pattern in found}
        known |= {(kind, pattern) for pattern in patterns}
        texts = [text for of, text in shown if of == kind]
        hidden |= {(kind, each) for each in patterns if not any(re.fullmatch(each, text) for text in texts)}
    assert hidden - NOT_SHOWN.keys() == set(), "let a story of make_history.py show it"
    assert NOT_SHOWN.keys() - known == set(), "no code gives this name any more"
    assert NOT_SHOWN.keys() - hidden == set(), "a history shows it now"


def sums(folder: Path) -> dict[str, str]:
    """Return the digests that the list in `folder` names, by file."""
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def faults(folder: Path) -> set[str]:
    """Return the released histories in `folder` that are gone, not in the list, or not as they were."""
    listed = sums(folder)
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.bundle")}
    return {name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name)}


def test_released_histories_are_as_they_were() -> None:
    assert faults(RELEASED) == set(), "a released history is never changed: git checkout it"


@pytest.mark.parametrize("harm", ["made anew", "removed", "not listed"])
def test_released_history_that_is_touched_is_noticed(harm: str, tmp_path: Path) -> None:
    bundle = tmp_path / "rules-1.bundle"
    bundle.write_bytes(b"a history")
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'a history').hexdigest()}  rules-1.bundle\n")
    assert faults(tmp_path) == set()
    match harm:
        case "made anew":
            bundle.write_bytes(b"another history")
        case "removed":
            bundle.unlink()
        case "not listed":
            (tmp_path / "SHA256SUMS").write_text("")
    assert faults(tmp_path) == {"rules-1.bundle"}


def test_released_history_is_not_made_anew(tmp_path: Path) -> None:
    """The program that makes histories stops before it does anything."""
    copied = tmp_path / "tests" / "replay"
    (copied / "released").mkdir(parents=True)
    shutil.copy(HERE / "make_history.py", copied)
    released = copied / "released" / f"rules-{RULES_VERSION}.bundle"
    released.write_bytes(b"a history")
    done = subprocess.run(
        [sys.executable, str(copied / "make_history.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is released" in done.stderr
    assert released.read_bytes() == b"a history"

"""Each engine's checkpoint stands at the remote: what is taken out there is seen, by a fresh clone, too (FT-07)."""

from __future__ import annotations

from pathlib import Path

import pytest

from prismfs.errors import StoreError
from prismfs.proof.checkpoint import Claim, checkpoint_of, read_checkpoint
from prismfs.proof.sshsig import signed_bytes
from tests.support.clone import Clone, MakeClone
from tests.support.project import run_git
from tests.support.signed_desk import key_of

WITNESS = "refs/prismfs/PID-TEST01/witness/"


def kept(shared: Path) -> dict[str, str]:
    """What the remote keeps: engine to the commit that its checkpoint is over."""
    lines = run_git(shared, "for-each-ref", "--format=%(refname) %(object)", WITNESS).splitlines()
    return {name.removeprefix(WITNESS): commit for name, commit in (line.split() for line in lines)}


def test_publish_puts_a_checkpoint_of_the_head_at_the_remote(pair: tuple[Clone, Clone], shared: Path) -> None:
    amber, _ = pair
    amber.escalate("disk is full")
    done = amber.publish()
    ((engine, commit),) = kept(shared).items()
    assert (commit, done.unwitnessed) == (done.head, None)
    tag = run_git(shared, "cat-file", "tag", WITNESS + engine) + "\n"
    found = read_checkpoint(tag.encode())
    assert found is not None
    assert (found.claim.engine, found.claim.commit) == (engine, done.head)
    amber.escalate("fans are loud")
    head = amber.publish().head
    assert kept(shared) == {engine: head}
    assert amber.publish().sent == 0


def test_a_fresh_clone_of_a_branch_that_was_set_back_goes_no_further(
    pair: tuple[Clone, Clone], make_clone: MakeClone, shared: Path
) -> None:
    """Nothing in the clone itself shows it; what an engine has signed at the remote does."""
    amber, _ = pair
    old = amber.publish().head
    for number in range(10):
        amber.escalate(f"disk {number} is full")
    amber.publish()
    run_git(shared, "update-ref", "refs/heads/main", old)
    fresh = make_clone("fresh")
    fresh.escalate("fans are loud")
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            fresh.publish()
        assert (refused.value.code, refused.value.exit_code) == ("records_rolled_back", 69)
        assert run_git(shared, "rev-parse", "main") == old
    # Where it is meant, two commands that the error names end it.
    hint = refused.value.problem.hint or ""
    push, drop = hint.partition(": ")[2].split("; ")
    for command in (push, drop):
        fresh.git(*command.split()[1:])
    assert fresh.publish().sent == 2


def test_records_that_were_set_back_here_come_again_from_the_remote(pair: tuple[Clone, Clone]) -> None:
    amber, _ = pair
    old = amber.publish().head
    amber.escalate("disk is full")
    head = amber.publish().head
    path = amber.desk.repo.witness.path
    assert path is not None
    amber.close()
    path.unlink()
    for name in run_git(amber.root, "for-each-ref", "--format=%(refname)").split():
        run_git(amber.root, "update-ref", name, old)
    run_git(amber.root, "reset", "--quiet", "--hard")
    amber.restart()
    assert amber.truth() == old
    assert amber.publish().head == head
    amber.check()


def test_a_strangers_checkpoint_holds_nobody_up(pair: tuple[Clone, Clone], shared: Path) -> None:
    """Whoever may push could put one there: over a commit of their own, with a key of nobody's."""
    amber, basalt = pair
    amber.publish()
    tree = run_git(shared, "rev-parse", "main^{tree}")
    strange = run_git(shared, "commit-tree", "-p", "main", "-m", "strange", tree)
    claim, key = Claim(strange, "PID-TEST01", "engine-x", 1), key_of("stranger")
    path = shared / "checkpoint"
    path.write_bytes(checkpoint_of(claim, key.public, key.sign(signed_bytes(claim.payload))))
    tag = run_git(shared, "hash-object", "-t", "tag", "-w", str(path))
    run_git(shared, "update-ref", f"{WITNESS}engine-x", tag)
    run_git(shared, "update-ref", f"{WITNESS}engine-y", strange)
    amber.escalate("disk is full")
    basalt.escalate("fans are loud")
    amber.publish()
    assert basalt.publish().tries == 2
    assert len(run_git(shared, "for-each-ref", WITNESS).splitlines()) == 3


def test_a_remote_that_takes_no_checkpoint_is_told_and_takes_the_branch(
    pair: tuple[Clone, Clone], shared: Path
) -> None:
    amber, _ = pair
    hook = shared / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/*) exit 0;; esac\necho branches only >&2\nexit 1\n')
    hook.chmod(0o755)
    amber.escalate("disk is full")
    done = amber.publish()
    assert (done.sent, done.unwitnessed and done.unwitnessed.code) == (2, "push_refused")
    assert "branches only" in str(done.unwitnessed)
    assert kept(shared) == {}
    hook.unlink()
    assert amber.publish().unwitnessed is None
    assert list(kept(shared).values()) == [done.head]

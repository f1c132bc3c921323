"""What people do with git in a project's folder, what becomes of it, and the one command that ends it where one does.

`docs/gestures.md` shows this table; `tests/contract/test_gestures.py` makes each gesture with a real git.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

RECORDS = "refs/prismfs/PID-TEST01/records"

TAKEN = "what is legal in the commits is taken, the rest refused with its code; branch and files follow"
BACK = "branch, index and files go back to the records with the next turn"
UNHURT = "nothing: the records, and the way to them, do not hang on it"
WAITS = "the desk goes on deciding, and the branch waits"
ELSEWHERE = "the desk goes on, and the branch follows; the files here are those of what is checked out"
BYTES = "the desk's bytes stay as they are; git's own `status` there may call them changed"
STOPPED = "nothing is decided, and nothing lost; drops stay in the inbox"


class Gesture(NamedTuple):
    """Shell in the work tree; what happens; the command that ends it, none where it ends by itself; its code."""

    script: str
    happens: str
    command: str = ""
    code: str = ""


_SIDE = "git switch -qc side HEAD~1; echo mine >NOTES; git add NOTES; git commit -qm mine; git switch -q main; "
_APART = "echo a >NOTES; git add NOTES; git commit -qm a; git switch -qc side HEAD~1; echo b >NOTES; git add NOTES; "
_APART += "git commit -qm b; git switch -q main; "
_MINE = "echo mine >NOTES; git add NOTES; "
_OLD = "touch -d '2 minutes ago' .git/"

GESTURES: Mapping[str, Gesture] = {
    # what becomes history on the branch
    "commit": Gesture(_MINE + "git commit -qm mine", TAKEN),
    "commit all": Gesture(
        "echo mine >NOTES; git add -A; git commit -qm mine; echo more >>NOTES; git commit -qam more", TAKEN
    ),
    "commit --amend": Gesture(_MINE + "git commit -q --amend -m mine", TAKEN),
    "commit --amend twice": Gesture(_MINE + "git commit -qm a; echo b >NOTES; git commit -qa --amend -m b", TAKEN),
    "reset --soft, commit": Gesture("git reset -q --soft HEAD~1; git commit -qm mine", TAKEN),
    "reset, add, commit": Gesture("git reset -q HEAD~1; git add -A; git commit -qm mine", TAKEN),
    "revert": Gesture("git revert --no-edit HEAD >/dev/null", TAKEN),
    "cherry-pick": Gesture(_SIDE + "git cherry-pick side >/dev/null; git branch -qD side", TAKEN),
    "merge": Gesture(_SIDE + "git merge -q --no-edit side; git branch -qd side", TAKEN),
    "squash merge": Gesture(
        _SIDE + "git merge -q --squash side >/dev/null; git commit -qm squashed; git branch -qD side", TAKEN
    ),
    "rebase": Gesture(
        _SIDE + "git switch -q side; git rebase -q main; git switch -q main; git merge -q side; git branch -qd side",
        TAKEN,
    ),
    "rebase of the branch itself": Gesture("git rebase -q --force-rebase HEAD~2", TAKEN),
    "rebase -i that drops": Gesture("GIT_SEQUENCE_EDITOR='sed -i 1d' git rebase -qi HEAD~2", TAKEN),
    "stash, pop, commit": Gesture(
        "echo mine >NOTES; git stash -qu; git stash pop -q; git add NOTES; git commit -qm mine", TAKEN
    ),
    "checkout of old files, commit": Gesture("git checkout -q HEAD~2 -- .; git commit -qm mine --allow-empty", TAKEN),
    "rm, commit": Gesture("git rm -qr todos; git commit -qm gone", TAKEN),
    "rm on disk, commit": Gesture("rm -rf todos; git commit -qam gone", TAKEN),
    "rm, a file in place of the folder, commit": Gesture(
        "git rm -qr todos; echo mine >todos; git add todos; git commit -qm file", TAKEN
    ),
    "rm, a folder in place of the files, commit": Gesture(
        "for f in prismfs.yaml $(git ls-files audit todos); do rm $f; mkdir $f; echo mine >$f/mine; done;"
        " git add -A; git commit -qm folders", TAKEN,
    ),
    "mv, commit": Gesture("git mv todos elsewhere; git commit -qm moved", TAKEN),
    "commit on a detached HEAD, merged": Gesture(
        "git switch -q --detach HEAD; " + _MINE + "git commit -qm mine; git branch keep; git switch -q main;"
        " git merge -q keep; git branch -qd keep", TAKEN,
    ),
    "filter-branch": Gesture(
        "FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --msg-filter 'cat; echo more' HEAD~2..HEAD"
        " >/dev/null 2>&1", TAKEN,
    ),
    "write-tree, update-ref": Gesture("git update-ref HEAD $(git commit-tree -p HEAD -m x $(git write-tree))", TAKEN),
    "commit of a stale index": Gesture(
        "cp .git/index saved; git reset -q --hard HEAD~1; git reset -q --hard ORIG_HEAD; cp saved .git/index; rm saved;"
        " git commit -qm stale --allow-empty", TAKEN,
    ),
    "submodule add in the desk": Gesture(
        "git init -q ../lib; git -C ../lib commit -q --allow-empty -m l;"
        " git -c protocol.file.allow=always submodule --quiet add ../lib lib; git commit -qm sub", TAKEN,
    ),
    "line endings by .gitattributes": Gesture(
        "printf '* text=auto eol=crlf\\n' >.gitattributes; git add --renormalize .; git commit -qm eol", TAKEN
    ),
    # what only moves branch, index or files
    "reset --hard back": Gesture("git reset -q --hard HEAD~2", BACK),
    "reset --hard back and forth": Gesture("git reset -q --hard HEAD~2; git reset -q --hard ORIG_HEAD", BACK),
    "branch moved under the work tree": Gesture(
        "git branch -f keep HEAD~1; git update-ref refs/heads/main keep; git branch -qD keep; git reset -q --hard", BACK
    ),
    "clean -fd": Gesture("git clean -qfd", BACK),
    "clean -fdx": Gesture("git clean -qfdx; mkdir -p inbox", "what waits in the inbox is gone; the records are not"),
    "branch -m there and back": Gesture("git branch -m main trunk; git branch -m trunk main", BACK),
    "another branch and back": Gesture(
        "git switch -qc side; " + _MINE + "git commit -qm mine; git switch -q main; git branch -qD side", BACK
    ),
    "detached HEAD and back": Gesture("git switch -q --detach HEAD~1; git switch -q main", BACK),
    "bisect": Gesture(
        "git bisect start HEAD HEAD~2 >/dev/null; git bisect run true >/dev/null 2>&1 || true;"
        " git bisect reset >/dev/null 2>&1", BACK,
    ),
    "sparse checkout and back": Gesture(
        "git sparse-checkout set --no-cone '/*' '!/todos/'; git sparse-checkout disable", BACK
    ),
    # what does not reach the engine
    "gc --prune=now": Gesture("git gc -q --prune=now", UNHURT),
    "repack -ad, prune": Gesture("git repack -qad; git prune --expire=now; git pack-refs --all", UNHURT),
    "reflog expire, gc": Gesture("git reflog expire --expire=now --all; git gc -q --prune=now", UNHURT),
    "maintenance run": Gesture(
        "for task in gc commit-graph loose-objects incremental-repack; do git maintenance run --quiet --task=$task"
        " 2>/dev/null; done", UNHURT,
    ),
    "fsck": Gesture("git fsck --strict --full >/dev/null", UNHURT),
    "orphan branch": Gesture(
        "git switch -q --orphan other; echo x >x; git add x; git commit -qm root; git switch -q main", UNHURT
    ),
    "worktree add, move, remove": Gesture(
        "git worktree add -q --detach ../side; git -C ../side commit -qm x --allow-empty; git worktree move ../side"
        " ../moved; git worktree remove --force ../moved", UNHURT,
    ),
    "replace": Gesture(f"git replace HEAD HEAD~1; git replace {RECORDS} HEAD~1 || true; git replace -d HEAD", UNHURT),
    "grafts": Gesture("git rev-parse HEAD >.git/info/grafts; git log -1 --format=%H >/dev/null 2>&1", UNHURT),
    "filters and attributes of info/attributes": Gesture(
        "git config filter.x.clean 'tr a-z A-Z'; git config filter.x.smudge 'tr a-z A-Z'; printf"
        " '*.yaml filter=x ident eol=crlf working-tree-encoding=UTF-16\\n' >.git/info/attributes", BYTES,
    ),
    "git lfs track": Gesture(
        "git config filter.lfs.clean 'git-lfs clean -- %f'; git config filter.lfs.process 'git-lfs filter-process';"
        " git config filter.lfs.required true; printf '*.png filter=lfs diff=lfs merge=lfs -text\\n' >>.gitattributes;"
        " git add .gitattributes; git commit -qm lfs", TAKEN,
    ),
    "husky (core.hooksPath)": Gesture(
        "mkdir -p ../husky; printf '#!/bin/sh\\nexit 1\\n' | tee ../husky/pre-commit >../husky/reference-transaction;"
        " chmod +x ../husky/*; git config core.hooksPath ../husky", UNHURT,
    ),
    "keys of editors, gh and checkout actions": Gesture(
        "git config core.fsmonitor false; git config commit.gpgSign false; git config core.autocrlf input;"
        " git config commit.template /none; git config branch.main.vscode-merge-base origin/main; git config"
        " branch.main.gh-merge-base main; git config http.https://github.com/.extraheader 'AUTHORIZATION: basic x';"
        " git config gc.auto 0; git config core.commentChar ';'", UNHURT,
    ),
    "packed-refs.lock left behind": Gesture(_OLD + "packed-refs.lock", UNHURT),
    "config.lock left behind": Gesture(_OLD + "config.lock", UNHURT),
    # what a command ends
    "merge left in the middle": Gesture(
        _APART + "! git merge side >/dev/null", WAITS, "git merge --abort", "window_busy"
    ),
    "rebase left in the middle": Gesture(
        _APART + "! git rebase side >/dev/null 2>&1", WAITS, "git rebase --abort", "window_busy"
    ),
    "cherry-pick left in the middle": Gesture(
        _APART + "! git cherry-pick side >/dev/null 2>&1", WAITS, "git cherry-pick --abort", "window_busy"
    ),
    "revert left in the middle": Gesture(
        "echo a >NOTES; git add NOTES; git commit -qm a; echo b >NOTES; git commit -qam b;"
        " ! git revert --no-edit HEAD~1 >/dev/null 2>&1", WAITS, "git revert --abort", "window_busy",
    ),
    "branch set to another history": Gesture(
        "git switch -q --orphan other; echo x >x; git add x; git commit -qm x;"
        " git branch -qf main other; git switch -q main",
        WAITS, f"git reset --hard {RECORDS}", "foreign_history",
    ),
    "index.lock left behind": Gesture(_OLD + "index.lock", WAITS, "prismfs recover", "window_busy"),
    "file of the branch left empty": Gesture(": >.git/refs/heads/main", WAITS, "prismfs recover", "window_busy"),
    "file of the branch full of zeros": Gesture(
        "head -c 41 /dev/zero >.git/refs/heads/main", WAITS, "prismfs recover", "window_busy"
    ),
    "branch that names no commit": Gesture(
        "echo 0123456789012345678901234567890123456789 >.git/refs/heads/main", WAITS, "prismfs recover", "window_busy"
    ),
    "index that git cannot read": Gesture(
        ": >.git/index", WAITS, 'rm "$(git rev-parse --git-path index)" && git reset', "window_busy"
    ),
    "lock of the branch left behind": Gesture(_OLD + "refs/heads/main.lock", WAITS, "prismfs recover", "lock_left"),
    "records.lock left behind": Gesture(_OLD + f"{RECORDS}.lock", STOPPED, "prismfs recover", "lock_left"),
    "bisect left in the middle": Gesture(
        "git bisect start HEAD HEAD~2 >/dev/null", ELSEWHERE, "git bisect reset", "window_elsewhere"
    ),
    "detached HEAD": Gesture("git switch -q --detach HEAD", ELSEWHERE, "git switch main", "window_elsewhere"),
    "another branch": Gesture("git switch -qc side", ELSEWHERE, "git switch main", "window_elsewhere"),
    "branch in another work tree": Gesture(
        "git switch -qc side; git worktree add -q ../other main", ELSEWHERE, "git switch --ignore-other-worktrees main",
        "window_elsewhere",
    ),
}  # fmt: skip


_GONE = "folder and inbox are gone, the records and the branch are not"
_ATTACH = "prismfs attach"

BESIDE: Mapping[str, tuple[str, str]] = {
    "stash --all": (UNHURT, ""),
    "clean -fdx": (UNHURT, ""),
    "add -A": (UNHURT, ""),
    "worktree prune": (UNHURT, ""),
    "gc --prune=now": (UNHURT, ""),
    "branch -D of the project's branch": ("git refuses it: a work tree stands on it", ""),
    "switch to another branch": (UNHURT, ""),
    "mv of the repository": (UNHURT, ""),
    "clean -ffdx": (_GONE, _ATTACH),
    "worktree remove --force": (_GONE, _ATTACH),
    "rm -rf of the folder": (_GONE, _ATTACH),
    "the folder's .git gone": ("git does not find the project", _ATTACH),
    "cp -r of the repository": ("the copy stands alone, and has no engine yet", "prismfs keys new"),
    "clone --single-branch": ("the project is not in the clone yet", _ATTACH),
    "clone --depth": ("the project is not in the clone yet", _ATTACH),
    "clone --filter=blob:none, tree:0": ("files of the history are not here", _ATTACH),
    "clone --shallow-since": ("a part of the history is not here", _ATTACH),
    "fetch --depth in a full clone, gc": ("a part of the history is not here", _ATTACH),
    "checkout of CI at depth 1": ("the project is not in the clone yet", _ATTACH),
    "sparse checkout of the code": ("the project is not in the clone yet", _ATTACH),
}


def table(gestures: Iterable[tuple[str, str, str]]) -> str:
    """Return the rows of a Markdown table from (name, what happens, command), those alike in one row."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, happens, command in gestures:
        rows.setdefault((happens, command), []).append(name)
    lines = ["| gesture | what happens | what ends it |", "|---|---|---|"]
    for (happens, command), names in rows.items():
        lines.append(f"| {'; '.join(names)} | {happens} | {f'`{command}`' if command else 'nothing is to be done'} |")
    return "\n".join(lines) + "\n"

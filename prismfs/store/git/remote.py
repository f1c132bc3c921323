"""The other repository that a branch is shared through: finding it, pushing to it, fetching from it.

A push moves the branch there only if that is a step forward, which makes it the compare-and-swap between clones.
No writer's lock is held meanwhile, so that a place that does not answer keeps nobody from working. No hook runs
here, the person's `pre-push` not either; hooks of the other repository do, and what they say is passed on.
Source: git-push(1), sections "output" and "note about fast-forwards"; git-fetch(1), of git 2.39.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from prismfs.errors import RefusedError, StoreError
from prismfs.store.git.history import check_whole
from prismfs.store.git.place import Place
from prismfs.store.git.repository import Git, run_plain

SECONDS = 60.0
"""The longest that one push or fetch may take."""

_PROGRAM = re.compile(r"^[A-Za-z0-9+.-]*::|^!|^-")
_PERSONAL = re.compile(r"(credential|http)\..+|core\.sshcommand|ssh\.variant|url\..+\.(push)?insteadof", re.DOTALL)
_ADDRESSES = re.compile(r"(?<=://)[^/@\s]*@")
_MOVED = re.compile(
    r"\((fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref"
    r"|incorrect old value|failed to lock|reference already exists)"
)


@dataclass(frozen=True, slots=True)
class Remote:
    """One place to push a branch to.

    `name` is what git calls it, or its address; `address` where both pushing and fetching go; `branch` the
    reference there; `ours` the reference of our own that names the last commit known to stand there, `fetched` one for
    what is being brought from there. `witness` begins the references of the engines' checkpoints there, `kept` ours
    for what was brought of them.
    """

    name: str
    address: str
    branch: str
    ours: str
    fetched: str
    witness: str
    kept: str

    @property
    def witnesses(self) -> str:
        """What to fetch of the engines' checkpoints, as a refspec."""
        return f"+{self.witness}*:{self.kept}*"

    @property
    def shown(self) -> str:
        """The name for people: an address without credentials."""
        return said(self.name)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push: `accepted`, or not because the branch there has moved; `old` is its commit before."""

    accepted: bool
    old: str | None = None


def find_remote(git: Git, place: Place, named: str | None = None) -> Remote | None:
    """Return where the project is pushed to: the upstream of its window, or the remote or address `named`.

    None where no remote is named and the window has no upstream.

    Raises:
        RefusedError: `remote_refused`; the place is this repository, several, or an address that names a program.
    """
    branch = place.window
    settings = _read(git.run("config", "--file", str(place.common / "config"), "--no-includes", "--null", "--list"))
    own = f"branch.{branch.removeprefix('refs/heads/')}"
    (upstream, *_), (merge, *_) = (settings.get(f"{own}.{key}", [""]) for key in ("remote", "merge"))
    if named is None and not (upstream and merge):
        return None
    name = named or upstream
    there = merge if name == upstream and merge else branch
    urls = settings.get(f"remote.{name}.pushurl") or settings.get(f"remote.{name}.url") or [name]
    if name == ".":
        raise RefusedError("remote_refused", "the upstream is a branch of this repository", hint="prismfs push REMOTE")
    if len(urls) > 1:
        raise RefusedError(
            "remote_refused", f"{said(name)} has several addresses, and they cannot be moved as one",
            hint="prismfs push ADDRESS",
        )  # fmt: skip
    word = re.sub(r"[^A-Za-z0-9-]+", "-", said(name)).strip("-") or "remote"
    found = remote_of(place.own, name, urls[0], there, word)
    check_address_of(found)
    return found


def check_address_of(remote: Remote) -> None:
    """Accept a remote whose address names no program, and a branch there.

    Raises:
        RefusedError: `remote_refused`.
    """
    if _PROGRAM.search(remote.address) or not remote.branch.startswith("refs/heads/"):
        raise RefusedError("remote_refused", f"{remote.shown} is no place that a branch can be pushed to")


def remote_of(own: str, name: str, address: str, branch: str, word: str) -> Remote:
    """Return a remote whose state is kept under the engine's references `own`, in those called `word`."""
    ours = f"{own}remote/{word}/{branch.removeprefix('refs/heads/')}"
    return Remote(name, address, branch, ours, f"{own}fetched", f"{own}witness/", f"{own}witnessed/{word}/")


def push(git: Git, remote: Remote, commit: str, *, to: str | None = None, seconds: float = SECONDS) -> Pushed:
    """Move the remote's branch forward to `commit`; or the reference `to` there, wherever it stands, to that object.

    Raises:
        StoreError: `remote_unreachable`, with what git says of it.
        RefusedError: `push_refused`; the other repository does not take it, such as by a hook of its own.
    """
    refspec = f"{commit}:{remote.branch}" if to is None else f"+{commit}:{to}"
    code, output, errors = git.reach(
        "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--",
        remote.address, refspec, seconds=seconds, personal=personal(git.root),
    )  # fmt: skip
    line = next((line for line in output.splitlines() if line.count("\t") >= 2), "")
    flag, _, summary = line.split("\t", 2) if line else ("", "", "")
    if code == 0 and flag in (" ", "*", "=", "+"):
        old = commit if flag == "=" else summary.partition("..")[0] if flag == " " else None
        return Pushed(True, None if old is None else git.resolve(old))
    if flag == "!" and _MOVED.search(summary):
        return Pushed(False)
    if flag == "!":
        raise RefusedError(
            "push_refused", f"{remote.shown} does not take it: {_words(errors, 'remote: ') or said(summary)}",
            path=to or remote.branch, hint="what was decided here is kept; prismfs push tries again",
        )  # fmt: skip
    raise unreachable(remote, errors)


def fetch(git: Git, remote: Remote, *, seconds: float = SECONDS) -> str | None:
    """Bring the remote's branch here, into a reference of our own; return its commit, None if there is none.

    The engines' checkpoints come along. No tag, no submodule and no other reference is touched. What a person's fetch
    in a partial clone has left out of it is brought by a second one.

    Raises:
        StoreError: `remote_unreachable`, or `history_rewritten` when what stood there before is no part of it.
    """
    wanted = (f"+{remote.branch}:{remote.fetched}", remote.witnesses)
    errors = bring(git, remote, wanted, seconds=seconds)
    if errors is not None:
        if _has_no_branch(git, remote, seconds):
            return None
        raise unreachable(remote, errors)
    found, known = git.resolve(remote.fetched), git.resolve(remote.ours)
    if found is not None and _lacks_objects(git, found, known):
        errors = bring(git, remote, wanted, "--refetch", seconds=seconds)
        if errors is not None:
            raise unreachable(remote, errors)
    if found is not None and known is not None and git.status("merge-base", "--is-ancestor", known, found):
        text = f"the branch of {remote.shown} no longer holds {known[:12]}, which stood there before"
        hint = f"look at what was taken out there; if that is meant: git update-ref -d {remote.ours}"
        raise StoreError("history_rewritten", text, path=remote.branch, hint=hint)
    if found is not None:
        remember(git, remote, found)
    return found


def bring(git: Git, remote: Remote, refspecs: Sequence[str], *options: str, seconds: float = SECONDS) -> str | None:
    """Fetch what `refspecs` say and nothing else; return what git says of a failure, None where there is none."""
    code, _, errors = git.reach(
        "fetch", *options, "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-write-fetch-head",
        "--no-auto-maintenance", "--refmap=", "--", remote.address, *refspecs,
        seconds=seconds, personal=personal(git.root),
    )  # fmt: skip
    return errors if code else None


def _lacks_objects(git: Git, found: str, known: str | None) -> bool:
    try:
        check_whole(git, found, since=known)
    except StoreError as error:
        if error.code not in ("history_shallow", "objects_lost"):
            raise
        return True
    return False


def _has_no_branch(git: Git, remote: Remote, seconds: float) -> bool:
    # git-ls-remote(1): 2 where the remote was reached and nothing matches; git fetch ends with 128 whatever was wrong.
    code, _, _ = git.reach(
        "ls-remote", "--exit-code", "--", remote.address, remote.branch, seconds=seconds, personal=personal(git.root)
    )
    return code == 2


def remember(git: Git, remote: Remote, commit: str) -> None:
    """Remember `commit` as that of the remote's branch."""
    git.run("update-ref", remote.ours, commit)


def tell_people(git: Git, remote: Remote, commit: str) -> None:
    """Let people who follow the remote's branch by its name see that it is at `commit`, as after a push of theirs."""
    theirs = f"refs/remotes/{remote.name}/{remote.branch.removeprefix('refs/heads/')}"
    if git.resolve(theirs) is not None:
        git.run("update-ref", theirs, commit)


def clear_dead_locks(git: Git, remote: Remote) -> None:
    """Remove the locks on our own references that an interrupted publishing left behind."""
    for name in (remote.fetched, remote.ours):
        (git.git_dir / f"{name}.lock").unlink(missing_ok=True)
    for lock in (git.git_dir / remote.kept).glob("*.lock"):
        lock.unlink(missing_ok=True)


def said(text: str) -> str:
    """Return output of git, or of another repository, as one line without credentials."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return _ADDRESSES.sub("", " ".join(line.split()))[:300]


def _words(errors: str, *marks: str) -> str:
    lines = [line.strip() for line in errors.splitlines()]
    found = [line.removeprefix(mark) for line in lines for mark in marks if line.startswith(mark)]
    return said(" ".join(found))


def unreachable(remote: Remote, errors: str) -> StoreError:
    """Return the error that `remote` cannot be reached, with what git said in `errors`."""
    by_ssh, failed, _ = errors.partition("fatal: Could not read from remote repository")
    text = said(" ".join(by_ssh.strip().splitlines()[-2:])) if failed else ""  # without the banner above
    text = text or _words(errors, "fatal: ", "remote: ", "error: ") or said(errors) or "git gives no reason"
    return StoreError(
        "remote_unreachable", f"{remote.shown}: {text}", hint="try again, or git push by hand to see what is wrong"
    )


def personal(root: Path) -> list[tuple[str, str]]:
    """Return what the person's own configuration says about reaching servers and signing in, in the order it is read.

    The repository's, which others may write, is not asked: several of these keys name programs. It decides only which
    files the person includes for it (`includeIf`).
    """
    pairs = []
    for scope in ("--system", "--global"):
        with suppress(StoreError):  # there is no such file
            settings = _read(run_plain(["config", scope, "--includes", "--null", "--list"], cwd=root))
            pairs += [(key, value) for key, values in settings.items() for value in values if _PERSONAL.fullmatch(key)]
    return pairs


def _read(raw: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in raw.decode(errors="replace").split("\0"):
        key, separator, value = entry.partition("\n")
        if key:
            found.setdefault(key, []).append(value if separator else "true")  # git-config(1): a key alone is true
    return found

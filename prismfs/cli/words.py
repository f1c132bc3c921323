"""What is wrong with a word that was given: the nearest ones that are known, and the check that a list makes."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from prismfs.cli import output
from prismfs.errors import UsageError

if TYPE_CHECKING:
    from prismfs.records.view import View


def meant(word: str, known: Iterable[str]) -> str:
    """Return `did you mean …?` with the nearest of `known`; empty where none is near."""
    from difflib import get_close_matches

    by_case = {each.casefold(): each for each in known}
    near = [by_case[each] for each in get_close_matches(word.casefold(), by_case, n=3)]
    return f"did you mean {' or '.join(near)}?" if near else ""


def check_words(call: output.Call, kind: str, given: Mapping[str, str | None], seen: Collection[str]) -> None:
    """Accept words that a list of `kind` was narrowed by, where they are known; asked only where the list is empty.

    `seen` are the statuses that records of the kind have. The settings are read as of now.

    Raises:
        UsageError: `unknown_word`, naming the option and the words that are known.
    """
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        view = repo.view(repo.snapshot())
        for option, word in given.items():
            if word is None:
                continue
            known = {*seen, *_statuses(kind)} if option == "status" else _KNOWN[option](view)
            if known and word not in known:
                near = meant(word, known)
                there = f"there are {', '.join(sorted(known) if option == 'status' else known)}"
                raise UsageError(
                    "unknown_word", f"{word[:60]!r} is no {option} of {kind.replace('_', ' ')}s",
                    field=f"--{option}", hint=f"{near} {there}".strip(),
                )  # fmt: skip


def _statuses(kind: str) -> Collection[str]:
    from prismfs.kinds import KINDS

    lifecycle = KINDS[kind].lifecycle
    return () if lifecycle is None else lifecycle.edges


def _tiers(view: "View") -> Collection[str]:
    from prismfs.kinds.escalation.settings.routing import Routing

    return view.single(Routing).known_tiers


def _categories(view: "View") -> Collection[str]:
    from prismfs.kinds.escalation.settings.routing import Routing

    return view.single(Routing).categories


def _levels(view: "View") -> Collection[str]:
    from prismfs.kinds.response.incident import AGENT
    from prismfs.kinds.response.settings.response import Response

    return (AGENT, *(step.level for step in view.single(Response).chain))


_KNOWN: Mapping[str, Callable[["View"], Collection[str]]] = {
    "tier": _tiers,
    "category": _categories,
    "level": _levels,
}

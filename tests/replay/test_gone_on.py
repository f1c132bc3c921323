"""A walk that is gone on from where an earlier one stood finds what one walk over all of it finds."""

from __future__ import annotations

from collections import Counter

import pytest

from prismfs.engine.trust.verify import verify
from prismfs.records.plan import VERSION
from prismfs.store.git.history import first_parents
from tests.replay.test_histories import BUNDLES, OpenGit, branches, clone, read
from tests.support.history import History

__all__ = ["clone", "read"]

CUTS = (0.3, 0.7, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bundle", "branch"), [(bundle, branch) for bundle in BUNDLES for branch in branches(bundle)],
    ids=lambda value: str(getattr(value, "stem", value)),
)  # fmt: skip
def test_history_gone_on_from_anywhere_is_found_as_the_whole_of_it(bundle: object, branch: str, read: OpenGit) -> None:
    git = read(bundle)  # type: ignore[arg-type]
    head = str(git.resolve(f"refs/heads/{branch}"))
    whole = verify(git, until=head)
    line = first_parents(git, head)
    for cut in CUTS:
        commit = line[round(cut * (len(line) - 1))]
        before = verify(git, until=commit)
        after = verify(git, until=head, start=before.end)
        assert (*before.problems, *after.problems) == whole.problems
        assert after.end == whole.end
        assert after.taken == before.end


def test_history_gone_on_from_keeps_the_version_of_the_rules(history: History) -> None:
    """Rules that went back after what was verified are seen from its newest version on."""
    _, ids = history.verify()
    begin = verify(history.git, until=ids[len(ids) // 2])
    number = len(ids) // 2 + 1
    history.steps[number] = history.steps[number].with_(
        message=history.steps[number].message.replace(f"{VERSION}: 1", f"{VERSION}: 0")
    )
    _, ids = history.verify()
    found = verify(history.git, until=ids[-1], start=begin.end)
    assert Counter(problem.code for problem in found.problems)["rules_went_back"] == 1

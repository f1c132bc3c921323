"""What must be right so that an issue can leave at all: who reviews it, and what files it."""

from __future__ import annotations

import shutil

from prismfs.errors import Problem
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project
from prismfs.rules.care.outbound_issue.api import MANAGER
from prismfs.store.repo import ProjectRepo

_TRACKER = "settings/tracker.yaml"


def check_phone_home(repo: ProjectRepo) -> Problem | None:
    """Name what would keep an issue of this project from being reviewed or filed; no network is asked."""
    view = repo.view(repo.snapshot())
    policy, tracker = view.single(Policy), view.single(Tracker)
    manager = view.get(Persona, policy.lanes.incident)
    if manager is None or manager.role != MANAGER or policy.phone_home == "never":
        return None  # nothing is staged here
    operators = view.single(Project).operators
    if all(name.casefold() == manager.identity.casefold() for name in operators):
        return Problem(
            "nobody_may_approve", f"{manager.identity} stages issues and is the only operator", path="prismfs.yaml",
            field="operators", hint="name another operator: nobody approves what they staged",
        )  # fmt: skip
    if tracker.transport == "gh" and shutil.which(tracker.gh[0]) is None:
        return Problem(
            "gh_missing", f"{tracker.gh[0]} is not there", path=_TRACKER, field="gh", hint="install the GitHub CLI"
        )
    if tracker.timeout >= policy.delivery_lease:
        said = "its timeout is not shorter than delivery_lease, so that two attempts may be under way at once"
        return Problem("timeout_too_long", said, path=_TRACKER, field="timeout", hint="shorten it")
    return None

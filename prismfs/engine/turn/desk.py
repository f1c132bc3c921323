"""A desk: one project as it is served, with everything that a turn over it needs."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Self

from prismfs.kinds import KINDS
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.api import Receipt
from prismfs.store.projection import Projection
from prismfs.store.repo import ProjectRepo, nothing

if TYPE_CHECKING:
    from prismfs.delivery import Channel
    from prismfs.engine.tenant.tenancy import Tenancy
    from prismfs.intake.inbox import Inbox
    from prismfs.intake.quarantine import Quarantine

_NOT_NEEDED = frozenset({"tenant", "consent"})
"""Settings that a project may be without."""


class Desk:
    """The repository, the inbox and the channels of one project.

    Raises on opening:
        StoreError: not a project, a repository of a form that is not read here, no git, no right to write.
    """

    def __init__(self, root: Path, *, crash_point: Callable[[str], None] = nothing) -> None:
        self.root = root
        self.crash_point = crash_point
        self.finished_jobs: list[tuple[Outbox, Receipt]] = []  # by turns without a courier; the next one notes them
        self.stopping = Event()  # set, it ends the jobs that this process runs
        with ExitStack() as stack:
            self.repo = stack.enter_context(ProjectRepo(root, crash_point=crash_point))
            (root / "inbox").mkdir(exist_ok=True)
            stack.pop_all()

    @cached_property
    def inbox(self) -> "Inbox":
        """The files that were dropped."""
        from prismfs.intake.inbox import Inbox

        return Inbox(self.root)

    @cached_property
    def quarantine(self) -> "Quarantine":
        """The files that were refused."""
        from prismfs.intake.quarantine import Quarantine

        return Quarantine(self.root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.repo.close()

    def view(self) -> Projection:
        """Return the project as the branch holds it now.

        Raises:
            StoreError: `branch_changed`; another branch was checked out.
        """
        return self.repo.view(self.repo.snapshot())

    def channels(self) -> "Mapping[str, Channel]":
        """Return the channels by the settings that the branch holds now.

        Raises:
            ConfigError: `invalid_setting`.
        """
        from prismfs.delivery import channels
        from prismfs.kinds.care.settings.tracker import Tracker
        from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
        from prismfs.kinds.escalation.settings.routing import Routing

        view = self.view()
        settings, routing, tracker = view.single(EscalationPolicy), view.single(Routing), view.single(Tracker)
        return channels(self.root, settings, routing, tracker, stopping=self.stopping)

    @cached_property
    def tenancy(self) -> "Tenancy | None":
        """The tenant that the project belongs to; None without one."""
        from prismfs.engine.tenant.tenancy import find_tenancy

        return find_tenancy(self.root, lambda: self.view().single(Project))

    def redaction(self) -> RedactionRules:
        """Return what the scanner is to look for, by the settings that the branch holds now.

        Raises:
            ConfigError: `invalid_setting`.
        """
        return self.view().single(RedactionRules)

    def check_settings(self) -> None:
        """Accept the settings that the branch holds now.

        Raises:
            ConfigError: `invalid_setting`, of the first one that no rule can work with.
        """
        from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
        from prismfs.kinds.escalation.settings.routing import Routing
        from prismfs.rules.escalation.api import check_actions

        view = self.view()
        for kind in KINDS.values():
            if kind.layout == "single" and kind.name not in _NOT_NEEDED:
                view.single(kind.model)
        check_actions(view.single(EscalationPolicy), view.single(Routing))

"""The tracker: where issues about the product go, how, and what may leave at all (`settings/tracker.yaml`).

The default transport is `dry-run`: nothing leaves before a transport is configured.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from prismfs.records.api import Duration, Kind, Line, Record, Value

Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")]
"""`owner/name` of a repository on the tracker."""

Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")]
SecretReference = Annotated[str, StringConstraints(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\x00-\x1f\x7f]+)$")]
"""Where a secret is to be found, `env:NAME` or `file:/PATH`; never the secret itself."""

Leaving = Literal["title", "body", "severity", "nature", "environment", "attachments"]
"""A part of a report that an issue may contain."""


class ReviewTimes(Value):
    """How long a review may take: reminded, escalated at half of `due` and at `due`, over at `expire` (R-000-79)."""

    remind: Duration = timedelta(hours=4)
    due: Duration = timedelta(hours=24)
    expire: Duration = timedelta(hours=72)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.remind <= self.due <= self.expire:
            raise ValueError("remind, due and expire follow one another")
        return self


class Tracker(Record):
    """How issues are filed and looked after.

    `may_leave` lists the parts of a report that an issue may contain, even if the scanner passes more (R-000-41).
    `public: allowed` lets issues go to a place that everybody can read, each with an approval that says so; otherwise
    they are refused there. `environment` names the entries of a report's environment that may. `gh` is the argument
    list that starts the GitHub CLI, `gh_config` its configuration folder.
    """

    kind: Literal["tracker"] = "tracker"
    transport: Literal["dry-run", "gh", "file"] = "dry-run"
    repository: Repository | None = None
    host: Host = "github.com"
    public: Literal["refused", "allowed"] = "refused"
    gh: tuple[str, ...] = Field(default=("gh",), min_length=1)
    gh_config: str | None = None
    token: SecretReference | None = None
    timeout: Duration = timedelta(seconds=30)
    sync_every: Duration = timedelta(minutes=15)
    labels: tuple[Line, ...] = ()
    review: ReviewTimes = ReviewTimes()
    may_leave: tuple[Leaving, ...] = ("title", "body", "severity", "nature", "environment")
    environment: tuple[str, ...] = ("prismfs", "python", "platform", "install_type", "revision")

    @model_validator(mode="after")
    def _destination_is_named(self) -> Self:
        if self.transport == "gh" and self.repository is None:
            raise ValueError("transport is gh, but no repository is given")
        return self

    @property
    def destination(self) -> str:
        """Where issues go: `github.com/owner/name`, or the transport's name where nothing leaves the machine."""
        return f"{self.host}/{self.repository}" if self.repository is not None else self.transport


KIND = Kind(
    name="tracker",
    model=Tracker,
    folder="settings/tracker.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    protected=True,
    listing=("transport", "repository"),
)

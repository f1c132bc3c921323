"""The escalation policy: which channels each severity reaches, and when an unanswered escalation is raised.

The file, its type and its keys are the escalation protocol's own (`settings/escalation.json`, R-004-03); a missing
file means the defaults given here.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from prismfs.kinds.core.actions import check_action
from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Duration, Record, Value

RouteAction = Annotated[str, AfterValidator(check_action)]
Route = tuple[RouteAction, ...]


class Routes(Value):
    """The actions of each severity; one that is left out uses the next more urgent that is there (R-004-05, FD-18)."""

    low: Route = ()
    medium: Route = ()
    high: Route = ()
    critical: Route = ()


_ROUTES = Routes(
    low=("bead",),
    medium=("bead", "mail:mayor"),
    high=("bead", "mail:mayor", "email:human"),
    critical=("bead", "mail:mayor", "email:human", "sms:human"),
)
"""The routes of a project whose file says nothing of them."""


class AckTimeouts(Value):
    """For how long an acknowledgement holds without a remark or an end, by severity; 0s is for ever (C-69)."""

    low: Duration = timedelta()
    medium: Duration = timedelta(hours=72)
    high: Duration = timedelta(hours=24)
    critical: Duration = timedelta(hours=12)


class LoudAfter(Value):
    """How many of the same make an open escalation one rank worse, by severity; 0 is never (C-14)."""

    low: Annotated[int, Field(ge=0)] = 10
    medium: Annotated[int, Field(ge=0)] = 0
    high: Annotated[int, Field(ge=0)] = 0


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


Contact = Annotated[str, StringConstraints(max_length=500), AfterValidator(_one_line)]
"""An address, a host or a URL: one line without control characters, so that none is taken for a header."""


class Contacts(Value):
    """Where people are reached; an empty contact is not configured."""

    human_email: Contact = ""
    human_sms: Contact = ""
    slack_webhook: Contact = ""
    smtp_host: Contact = ""
    smtp_port: Contact = "587"
    smtp_from: Contact = ""
    smtp_user: Contact = ""
    smtp_pass: Contact = ""
    sms_webhook: Contact = ""

    @model_validator(mode="after")
    def _no_literal_password(self) -> Self:
        if self.smtp_pass and not self.smtp_pass.startswith(("env:", "file:/")):
            raise ValueError(
                "smtp_pass must be given as env:NAME or file:/path; a literal password may not be committed"
            )
        return self


class EscalationPolicy(Record):
    """The escalation protocol's configuration."""

    kind: Literal["escalation"] = Field(default="escalation", alias="type")
    routes: Routes = _ROUTES
    contacts: Contacts = Contacts()
    stale_threshold: Duration = timedelta(hours=4)
    max_reescalations: int = Field(default=2, ge=0)
    ack_timeouts: AckTimeouts = AckTimeouts()
    loud_after: LoudAfter = LoudAfter()


KIND = settings_kind(
    "escalation_policy",
    EscalationPolicy,
    path="settings/escalation.json",
    listing=("stale_threshold", "max_reescalations"),
)

"""Escalation settings: which channels each severity reaches, and when an unanswered one is raised.

The file and its keys are the escalation protocol's own (`settings/escalation.json`, R-004-03); a missing
file means the defaults that stand here.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from prismfs.records.base import Duration, Record, Value
from prismfs.records.kind import Kind

_NAME = r"[a-z][a-z0-9_-]{0,63}"
_ACTION = re.compile(
    r"bead|slack|log|(?:mail|nudge):[A-Za-z0-9][A-Za-z0-9._-]{0,63}|email:human|sms:human|file:[a-z0-9-]{1,32}"
    rf"|(?:webhook|command|apprise):{_NAME}"
)
_OTHER = re.compile(rf"{_NAME}:{_NAME}")


def check_action(text: str, *, others: bool = False) -> str:
    """Return `text` if it is an action; with `others` also one of a channel that another package adds (R-004-06).

    Raises:
        ValueError: it is none, naming those that there are.
    """
    if not _ACTION.fullmatch(text) and not (others and _OTHER.fullmatch(text)):
        raise ValueError(
            "an action is bead, mail:<identity>, nudge:<identity>, email:human, sms:human, slack, log, file:<name>, "
            "webhook:<name>, command:<name> or apprise:<name>"
        )
    return text


RouteAction = Annotated[str, AfterValidator(check_action)]
Route = tuple[RouteAction, ...]


class Routes(Value):
    """The actions of each severity; one without a route uses the next more urgent (R-004-05)."""

    low: Route = ("bead",)
    medium: Route = ("bead", "mail:mayor")
    high: Route = ("bead", "mail:mayor", "email:human")
    critical: Route = ("bead", "mail:mayor", "email:human", "sms:human")


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


Contact = Annotated[str, StringConstraints(max_length=500), AfterValidator(_one_line)]
"""An address, a host or a URL: one line without control characters, so that none is taken for a header."""


class Contacts(Value):
    """Where people are reached; empty means not configured."""

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
                "smtp_pass must be given as env:NAME or file:/path; a literal password may not stand in a commit"
            )
        return self


class EscalationSettings(Record):
    """The escalation protocol's configuration."""

    kind: Literal["escalation"] = Field(default="escalation", alias="type")
    routes: Routes = Routes()
    contacts: Contacts = Contacts()
    stale_threshold: Duration = timedelta(hours=4)
    max_reescalations: int = Field(default=2, ge=0)


KIND = Kind(
    name="escalation",
    model=EscalationSettings,
    folder="settings/escalation.json",
    format="json",
    layout="single",
    writers=frozenset({"person"}),
    protected=True,
)

"""Escalation settings: which channels each severity reaches, and when an unanswered one is raised.

The file and its keys are the escalation protocol's own (`settings/escalation.json`, R-004-03); a missing
file means the defaults that stand here.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from prismfs.records.base import Duration, Record, Value
from prismfs.records.kind import Kind

_ACTION = re.compile(r"bead|slack|log|mail:[A-Za-z0-9][A-Za-z0-9._-]{0,63}|email:human|sms:human|file:[a-z0-9-]{1,32}")


def _known_action(text: str) -> str:
    if not _ACTION.fullmatch(text):
        raise ValueError("an action is bead, mail:<identity>, email:human, sms:human, slack, log or file:<name>")
    return text


RouteAction = Annotated[str, AfterValidator(_known_action)]
Route = tuple[RouteAction, ...]


class Routes(Value):
    """The actions of each severity; one without a route uses the next more urgent (R-004-05)."""

    low: Route = ("bead",)
    medium: Route = ("bead", "mail:mayor")
    high: Route = ("bead", "mail:mayor", "email:human")
    critical: Route = ("bead", "mail:mayor", "email:human", "sms:human")


class Contacts(Value):
    """Where people are reached; empty means not configured."""

    human_email: str = ""
    human_sms: str = ""
    slack_webhook: str = ""
    smtp_host: str = ""
    smtp_port: str = "587"
    smtp_from: str = ""
    smtp_user: str = ""
    smtp_pass: str = ""
    sms_webhook: str = ""

    @model_validator(mode="after")
    def _no_literal_password(self) -> Self:
        if self.smtp_pass and not self.smtp_pass.startswith("env:"):
            raise ValueError("smtp_pass must be given as env:NAME; a literal password may not stand in a commit")
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

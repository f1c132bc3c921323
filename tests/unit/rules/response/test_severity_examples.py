"""What the four severities mean, by example: the words of a report give the rank that people would give it."""

from __future__ import annotations

import pytest

from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Plan
from tests.support.memory import MakeRules

EXAMPLES = (
    ("P0", "Database is down", "Every query fails with connection refused; no agent can work."),
    ("P0", "The engine loop has stopped", "No turn since 10:02; nothing is processed any more."),
    ("P0", "Authentication fails for everybody", "Every login is refused since the deployment; nobody can sign in."),
    ("P1", "An action was executed without approval", "The refund was carried out; nobody had approved it."),
    ("P1", "Wrong amount was charged", "The invoice says 100.00, the customer was charged 1000.00."),
    ("P1", "Audit entries are missing", "Between 10:00 and 11:00 no audit rows were written for three runs."),
    ("P2", "The workflow of one agent failed", "The nightly report ended with an error; the others run."),
    ("P2", "An email job is stuck", "The job that sends the newsletter has been in state sending for an hour."),
    ("P2", "The OAuth token has expired", "The calendar sync fails: token expired, 401 from the provider."),
    ("P3", "The dashboard is stale", "The dashboard shows yesterday's numbers."),
    ("P3", "UI glitch in the sidebar", "The icons overlap in the sidebar when the window is narrow."),
    ("P3", "Responses are slow", "Pages take four seconds instead of one."),
)


@pytest.mark.parametrize(("severity", "subject", "body"), EXAMPLES, ids=[subject for _, subject, _ in EXAMPLES])
def test_example_of_a_severity_is_judged_as_that(make_rules: MakeRules, severity: str, subject: str, body: str) -> None:
    """R-002-02 to R-002-05, R-002-07: by the rules that come with a project, as an incident that somebody opens."""
    decision = make_rules().give("incident.open", {"subject": subject, "body": body})
    assert isinstance(decision, Plan)
    incident = next(put for put in reversed(decision.puts) if isinstance(put, Incident))
    assert incident.severity.label == severity, incident.severity_reason

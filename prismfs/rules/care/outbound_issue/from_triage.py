"""What triage asks for of outbound issues: one is staged, or what was staged is withdrawn (R-000-27, R-000-31)."""

from prismfs.errors import ForbiddenError, RecordError, RefusedError
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.response.incident import Incident
from prismfs.rules.care.follow_ups import StageIssue, WithdrawIssue
from prismfs.rules.care.outbound_issue import staging
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.api import meta_of


def stage_issue(draft: Draft, asked: StageIssue) -> None:
    """The step that answers `StageIssue`, in the incident manager's name (R-000-31).

    What keeps the issue here is said in an audit row and in a task for the incident manager, and changes nothing else.
    """
    incident = draft.need(Incident, asked.incident)
    record = draft.need(TriageRecord, str(incident.triage))
    manager = draft.policy.lanes.incident
    try:
        staging.check_role(draft, manager)
        staging.put_draft(draft, incident, record, manager=manager, authors=_hands(draft), words={}, again=False)
    except (RefusedError, RecordError, ForbiddenError) as error:
        problem = error.problem
        meta = meta_of(incident) | {"code": problem.code}
        draft.row("phone_home.blocked", incident, level="warn", reason=f"not staged: {problem.code}", meta=meta)
        hint = f"\n{problem.hint}" if problem.hint else ""
        draft.mail(
            manager, role="not-staged", type="task", subject=f"Not staged: {incident.title}",
            body=f"{problem.message} ({problem.code}).{hint}\n", about=incident,
        )  # fmt: skip


def withdraw_issue(draft: Draft, asked: WithdrawIssue) -> None:
    """The step that answers `WithdrawIssue`; what is on its way or was filed stays as it is."""
    incident = draft.need(Incident, asked.incident)
    for found in draft.view.with_ref(PhoneHome, incident.id):
        staged = draft.need(PhoneHome, found.id)
        if staged.status in staging.WITHDRAWABLE:
            back = draft.put(staged.changed(status="withdrawn", detail=asked.reason, due_at=None))
            draft.row("phone_home.withdrawn", back, level="warn", reason=asked.reason)
    if asked.stage_anew:
        draft.mail(
            incident.owner,
            role="restage",
            type="task",
            subject=f"Stage it anew: {incident.title}",
            body=f"The scope of {incident.id} is {incident.scope} now.\n\nprismfs phone-home stage {incident.id}\n",
            about=incident,
        )


def _hands(draft: Draft) -> tuple[str, ...]:
    """Return who brought it about, such as by triaging by hand: they may not approve it, either.

    A command does, and so does the result of a task that is dropped in its place.
    """
    by_hand = draft.event.type == "command" or (draft.event.type, draft.event.kind) == ("drop", "task_result")
    return (draft.event.actor,) if by_hand else ()

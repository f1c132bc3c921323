"""Where each kind of record and each form is declared. Written by `make index`: do not edit."""

from typing import NamedTuple


class Place(NamedTuple):
    """The module of a kind, and what of it is looked up before the module is imported."""

    module: str
    folder: str
    prefix: str | None
    protected: bool


KINDS: dict[str, Place] = {
    "approval": Place("care.approval", "approvals", "apr", False),
    "kb": Place("care.kb", "kb", None, False),
    "phone_home": Place("care.phone_home", "phone_home", "pho", False),
    "consent": Place("care.settings.consent", "settings/consent.yaml", None, True),
    "tracker": Place("care.settings.tracker", "settings/tracker.yaml", None, True),
    "triage": Place("care.settings.triage", "settings/triage.yaml", None, True),
    "signal": Place("care.signal", "signals", "sig", False),
    "triage_record": Place("care.triage_record", "triages", "tri", False),
    "audit": Place("core.audit", "audit", "aud", False),
    "mail": Place("core.mail", "mail", "mai", False),
    "outbox": Place("core.outbox", "outbox", "out", False),
    "fingerprint": Place("core.settings.fingerprint", "settings/fingerprint.yaml", None, True),
    "members": Place("core.settings.members", "settings/members.yaml", None, True),
    "persona": Place("core.settings.persona", "roster", None, True),
    "policy": Place("core.settings.policy", "settings/policy.yaml", None, True),
    "project": Place("core.settings.project", "prismfs.yaml", None, True),
    "redaction": Place("core.settings.redaction", "settings/redaction.yaml", None, True),
    "tenant": Place("core.settings.tenant", "tenant.yaml", None, True),
    "group": Place("escalation.group", "groups", "grp", False),
    "inhibition": Place("escalation.inhibition", "inhibitions", "inh", False),
    "escalation_policy": Place("escalation.settings.escalation_policy", "settings/escalation.json", None, True),
    "notices": Place("escalation.settings.notices", "settings/notices.yaml", None, True),
    "routing": Place("escalation.settings.routing", "settings/routing.yaml", None, True),
    "silence": Place("escalation.silence", "silences", "sil", False),
    "artifact": Place("gates.artifact", "artifacts", "art", False),
    "decision": Place("gates.decision", "decisions", "dec", False),
    "workflow": Place("gates.settings.workflow", "workflows", None, True),
    "incident": Place("response.incident", "incidents", "inc", False),
    "job": Place("response.job", "jobs", "job", False),
    "pause": Place("response.pause", "pauses", None, False),
    "response": Place("response.settings.response", "settings/response.yaml", None, True),
    "retry": Place("response.settings.retry", "settings/retry.yaml", None, True),
    "bead": Place("work.bead", "beads", "bea", False),
    "journal": Place("work.journal", "journal", "jou", False),
    "todo": Place("work.todo", "todos", "tod", False),
}

MODELS = {
    "prismfs.kinds.care.approval:Approval": "approval",
    "prismfs.kinds.care.kb:Article": "kb",
    "prismfs.kinds.care.phone_home:PhoneHome": "phone_home",
    "prismfs.kinds.care.settings.consent:Consent": "consent",
    "prismfs.kinds.care.settings.tracker:Tracker": "tracker",
    "prismfs.kinds.care.settings.triage:Triage": "triage",
    "prismfs.kinds.care.signal:Signal": "signal",
    "prismfs.kinds.care.triage_record:TriageRecord": "triage_record",
    "prismfs.kinds.core.audit:AuditFile": "audit",
    "prismfs.kinds.core.audit:Audit": "audit",
    "prismfs.kinds.core.mail:Mail": "mail",
    "prismfs.kinds.core.outbox:Outbox": "outbox",
    "prismfs.kinds.core.settings.fingerprint:Fingerprint": "fingerprint",
    "prismfs.kinds.core.settings.members:Members": "members",
    "prismfs.kinds.core.settings.persona:Persona": "persona",
    "prismfs.kinds.core.settings.policy:Policy": "policy",
    "prismfs.kinds.core.settings.project:Project": "project",
    "prismfs.kinds.core.settings.redaction:RedactionRules": "redaction",
    "prismfs.kinds.core.settings.tenant:Tenant": "tenant",
    "prismfs.kinds.escalation.group:Group": "group",
    "prismfs.kinds.escalation.inhibition:Inhibition": "inhibition",
    "prismfs.kinds.escalation.settings.escalation_policy:EscalationPolicy": "escalation_policy",
    "prismfs.kinds.escalation.settings.notices:Notices": "notices",
    "prismfs.kinds.escalation.settings.routing:Routing": "routing",
    "prismfs.kinds.escalation.silence:Silence": "silence",
    "prismfs.kinds.gates.artifact:Artifact": "artifact",
    "prismfs.kinds.gates.decision:GateDecision": "decision",
    "prismfs.kinds.gates.settings.workflow:Workflow": "workflow",
    "prismfs.kinds.response.incident:Incident": "incident",
    "prismfs.kinds.response.job:Job": "job",
    "prismfs.kinds.response.pause:Pause": "pause",
    "prismfs.kinds.response.settings.response:Response": "response",
    "prismfs.kinds.response.settings.retry:Retry": "retry",
    "prismfs.kinds.core.bead:Bead": "bead",
    "prismfs.kinds.escalation.escalation:Escalation": "bead",
    "prismfs.kinds.work.bead:WorkItem": "bead",
    "prismfs.kinds.work.journal:Journal": "journal",
    "prismfs.kinds.work.todo:Todo": "todo",
}
"""Kinds by the models of their records."""

DROPS = {
    "signal": "prismfs.kinds.care.signal:SignalDrop",
    "task_result": "prismfs.kinds.care.triage_record:TaskResultDrop",
    "mail": "prismfs.kinds.core.mail:MailDrop",
    "ack": "prismfs.kinds.core.values:AckDrop",
    "comment": "prismfs.kinds.core.values:CommentDrop",
    "escalation": "prismfs.kinds.escalation.escalation:EscalationDrop",
    "artifact": "prismfs.kinds.gates.artifact:ArtifactDrop",
    "job_failure": "prismfs.kinds.response.job:JobFailureDrop",
    "task": "prismfs.kinds.work.bead:WorkDrop",
    "journal": "prismfs.kinds.work.journal:JournalDrop",
    "todo": "prismfs.kinds.work.todo:TodoDrop",
}

"""The names that the families need of core: what a decision is drafted with, and what it may ask for."""

# As many names a line as fit.
# isort: off
from prismfs.records.api import ENGINE
from prismfs.rules.core import authority, engines, mailbox, members, outbox, proposal, roster, signoff
from prismfs.rules.core.authority import Tenancy, automation_of, owner_of, tenancy_of
from prismfs.rules.core.draft import RULES_VERSION, Draft, Refusal, form_of, one_line, redactions_of, taken_out
from prismfs.rules.core.fingerprint import essence, fingerprint
from prismfs.rules.core.follow_ups import (
    AskForTriage, Assess, Attend, Attention, IncidentAnswered, IncidentOver, MakeLouder, Moved, PhaseEffect, Reply,
    ReplyToReporters, ReportFault,
)  # fmt: skip
from prismfs.rules.core.outbox import JITTER, withdrawn
from prismfs.rules.core.signoff import Signoff

"""The names of records that most modules need; one that must start fast imports the defining module."""

# As many names a line as fit.
# isort: off
from prismfs.records import codec
from prismfs.records.act import Act, commands_for, edit_of, find_act
from prismfs.records.answer import REVIEW_TAG, Answer
from prismfs.records.base import (
    MAX_TEXT, Digest, Duration, Identity, Instant, JsonObject, Line, Pid, Record, Text, Value, Word,
)  # fmt: skip
from prismfs.records.codec import canonical_json, same
from prismfs.records.document import Document, JsonValue, member, replace_impossible
from prismfs.records.ids import IDENTITY_TARGET, LAYOUT, Id, derive_id, is_id_prefix, parse_id, prefix_of
from prismfs.records.instants import cut_to_milliseconds, format_duration, format_instant, parse_duration, parse_instant
from prismfs.records.issue import MOST_TITLE, IssueComment, IssueDraft, IssueState, marked, marker_of, neutralised
from prismfs.records.kind import NEWER_LAYOUT, NEWER_VERSION, UPGRADE_HINT, Kind, Lifecycle
from prismfs.records.matcher import Matcher, first_mismatch, parse_matcher
from prismfs.records.message import LONGEST_RETRY_AFTER, NAME_TARGET, ChannelForm, Message, Outcome, Receipt
from prismfs.records.plan import (
    CAUSE, ENGINE, REFUSED, Assurance, CommitProof, Decision, Event, Known, Nothing, OwnerProof, Plan, Refused,
    SignatureProof, Take, quote_statements,
)  # fmt: skip
from prismfs.records.recurrence import check_rule, next_begin
from prismfs.records.severity import (
    LEAST_URGENT, MOST_URGENT, Label, Rank, Scale, Scales, Severity, raised, read_label, with_rank,
)  # fmt: skip
from prismfs.records.stage import stage_order
from prismfs.records.view import GENESIS, ChainHead, Facets, View

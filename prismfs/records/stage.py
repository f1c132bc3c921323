"""How far the desk has come with a matter, as its reporter is told (R-000-85). Imports nothing heavy.

Several answers may be of one instant; the order below says which of them is the latest news.
"""

STAGES = (
    "received",
    "asked",
    "answered",
    "handed_off",
    "classified",
    "triaged",
    "pending_review",
    "rejected",
    "expired",
    "shipped",
    "duplicate",
    "updated",
    "overdue",
    "resolved",
    "closed",
)
"""Every stage, earlier ones first."""


def stage_order(stage: str) -> int:
    """Return where `stage` stands among the others; a word that is not here counts as before them."""
    return STAGES.index(stage) if stage in STAGES else -1

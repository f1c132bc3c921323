"""The consent: what was shown at installation about issues that may leave the project (`settings/consent.yaml`).

R-000-40; the text as it was shown, by whom it was read, and when.
"""

from typing import Literal

from prismfs.records.api import Identity, Instant, Kind, Record, Text

TEXT_VERSION = 2
TEXT = (
    "Reports about prismfs itself may be filed as issues in the repository that settings/tracker.yaml names, after "
    "secrets and personal data are taken out and an operator has approved the exact text. Who can read them there is "
    "looked at before and shown to the operator; a public repository is refused unless the settings and the approval "
    "both say that it may be. It may be made public later. Nothing leaves before settings/tracker.yaml names a "
    "transport; `phone_home: never` in settings/policy.yaml keeps everything here.\n"
)


class Consent(Record):
    """Who was shown which text, and when."""

    kind: Literal["consent"] = "consent"
    text_version: int
    text: Text
    shown_to: Identity
    at: Instant


KIND = Kind(
    name="consent",
    model=Consent,
    folder="settings/consent.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    facets={"owner": "shown_to"},
    protected=True,
    listing=("shown_to", "at"),
)

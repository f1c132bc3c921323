"""What a member of a review panel found: how bad, shown by what, and what would mend it (R-003-29)."""

from typing import Annotated

from pydantic import AfterValidator

from prismfs.records.api import Identity, Line, Text, Value


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("it must say something")
    return text


Said = Annotated[Text, AfterValidator(_says_something)]
"""A text of more than blanks."""


class Finding(Value):
    """One finding of one member; `severity` is a label of the policy's scale `finding`.

    Evidence and remediation must be there: a finding without them can be neither checked nor worked on.
    """

    member: Identity
    finding: Line
    severity: Line
    evidence: Said
    remediation: Said

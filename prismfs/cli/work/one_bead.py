"""One bead as a command names it, and who has it. Imports nothing heavy."""

from typing import Any

from prismfs.cli import output


def find(call: output.Call, identifier: str) -> dict[str, Any]:
    """Return the bead that `identifier` names.

    Raises:
        RefusedError: `not_found`, `ambiguous`.
    """
    from prismfs.store.beads import find_bead
    from prismfs.store.reading import reading

    with reading(call.project()) as connection:
        return find_bead(connection, identifier)


def holder_of(bead: dict[str, Any]) -> str:
    """Return who has the bead, empty if unassigned."""
    return str(bead.get("assignee") or bead.get("acknowledged_by") or "")

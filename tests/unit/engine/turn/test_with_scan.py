"""The scanner is only imported for what may leave: nothing that it looks at is left out by that."""

from __future__ import annotations

from prismfs.engine.turn import commit_group, outbound_scan


def test_every_event_that_the_scanner_looks_at_is_handed_to_it() -> None:
    looked_at = {kind.partition(".")[0] for _, kind in outbound_scan._LOOKED_AT}
    assert looked_at <= set(commit_group._LEAVING)

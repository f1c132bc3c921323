"""Times of facts at the command line: told with the act, and corrected afterwards (FD-32)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.command_line import CommandLine


def test_acts_told_afterwards_have_the_times_of_the_facts(place: CommandLine) -> None:
    now = datetime.now(UTC)
    ago = {
        name: f"{now - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}" for name, minutes in (("ack", 50), ("end", 20))
    }
    place.call("incident", "open", "Payments answer with errors", "--severity", "P2", "--at", "1h", "--started", "65m")
    incident = place.newest("incident")
    place.call("incident", "ack", incident, "--at", ago["ack"])
    place.call("incident", "note", incident, "the disk is full", "--at", "40m")
    place.call("incident", "mitigate", incident, "--at", "30m")
    place.call("incident", "resolve", incident, "--note", "bigger disk", "--at", ago["end"])
    shown = place.call("incident", "show", incident, "--json").data
    assert [shown[f"{name}_at"][:19] for name in ("responded", "resolved")] == [ago["ack"][:19], ago["end"][:19]]
    figures = place.call("metrics", "--json").data
    assert (figures["corrected"], round(figures["mttd"]["mean"] / 60)) == (1, 5)
    assert "times of 1 told afterwards" in place.call("metrics").out


def test_correct_says_every_pair_that_is_out_of_order(place: CommandLine) -> None:
    place.call("incident", "open", "Payments answer with errors", "--severity", "P2")
    incident = place.newest("incident")
    place.call("incident", "ack", incident)
    words = ("incident", "correct", incident, "--reason", "x")
    refused = place.call(*words, "--acknowledged", "2h", "--detected", "1h", "--started", "30m", "--json").error
    assert refused["code"] == "times_out_of_order"
    assert "started_at is later than detected_at" in refused["message"]
    assert "responded_at is later than acknowledged_at" in refused["message"]
    assert place.call(*words).code == 2
    assert place.call(*words, "--detected", "soon").code == 2
    done = place.call(*words, "--detected", "1h", "--started", "2h", "--json").data
    assert done["decided"] == "correct"
    assert place.call("metrics", "--json").data["mttd"]["mean"] == pytest.approx(3600, abs=5)

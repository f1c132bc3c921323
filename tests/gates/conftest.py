from __future__ import annotations

import pytest

from tests.support.gates import Response
from tests.support.project import Project


@pytest.fixture
def response(bench: Project, signals: dict[str, str]) -> Response:
    """An open incident, and the people who work at it."""
    bench.drop(signals["incident"])
    bench.turn()
    (incident,) = bench.records("incident")
    return Response(bench, incident.id)

"""What members of a panel find is made one, with the worst severity (R-003-29)."""

from __future__ import annotations

import pytest

from prismfs.errors import RecordError
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.gates.artifact import Finding
from prismfs.records.api import Scale
from prismfs.rules.gates.findings import read_findings
from prismfs.store.defaults import default_record


@pytest.fixture
def scales() -> dict[str, Scale]:
    policy = default_record("policy")
    assert isinstance(policy, Policy)
    return policy.scales


def finding(member: str = "jade", what: str = "No alert on disk space", severity: str = "Low", **said: str) -> Finding:
    form = {"member": member, "finding": what, "severity": severity, "evidence": "no rule", "remediation": "add one"}
    return Finding.from_document({**form, **said})


def test_same_finding_of_two_members_stands_once_with_the_worst_severity(scales: dict[str, Scale]) -> None:
    found = read_findings(
        [
            finding("onyx", "no alert on  disk space.", "Medium", evidence="graph 4"),
            finding("jade", severity="Critical"),
            finding("agate", "Runbook is out of date", "High"),
        ],
        scales,
    )
    assert [(point.severity.label, point.members) for point in found] == [
        ("Critical", ("jade", "onyx")),
        ("High", ("agate",)),
    ]
    assert found[0].evidence == ("graph 4", "no rule")
    assert found[0].remediation == ("add one",)


def test_different_findings_of_equal_severity_stay_two(scales: dict[str, Scale]) -> None:
    assert len(read_findings([finding(what="no alert on disk space"), finding(what="no alert on memory")], scales)) == 2


def test_unknown_severity_is_refused_by_its_place_naming_the_labels(scales: dict[str, Scale]) -> None:
    with pytest.raises(RecordError) as caught:
        read_findings([finding(), finding(severity="P0")], scales)
    assert caught.value.code == "unknown_severity"
    assert caught.value.problem.field == "/findings/1/severity"
    assert caught.value.problem.hint == "one of Critical, High, Medium, Low"


@pytest.mark.parametrize("missing", ["severity", "evidence", "remediation"])
def test_finding_without_a_part_is_refused(missing: str) -> None:
    form = finding().to_document()
    del form[missing]
    with pytest.raises(RecordError) as caught:
        Finding.from_document(form)
    assert (caught.value.code, caught.value.problem.field) == ("missing_field", f"/{missing}")


@pytest.mark.parametrize("blank", ["evidence", "remediation"])
def test_finding_with_a_blank_part_is_refused(blank: str) -> None:
    with pytest.raises(RecordError) as caught:
        finding(**{blank: " \n"})
    assert caught.value.problem.field == f"/{blank}"

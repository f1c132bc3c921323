"""A decision at a gate as a file for a pull request: written to the work tree, for a signed commit (R-003-28)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from prismfs.engine.trust.approval_file import write_new
from prismfs.kinds.gates import decision
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.decision import GateDecision
from prismfs.records.ids import derive_id
from prismfs.records.view import View
from prismfs.rules.gates import gate_rules


def write_decision(
    root: Path,
    view: View,
    artifact: Artifact,
    *,
    verdict: Literal["approve", "revise"],
    by: str,
    said: Mapping[str, str],
    reason: str,
    token: str,
    now: datetime,
    dry_run: bool = False,
) -> tuple[GateDecision, str]:
    """Write the decision on what `artifact` says now; return it and its path in the project. Nothing is committed.

    `said` is as for `gate_rules.decision_of`; `token` tells this decision from every other.

    Raises:
        PrismfsError: it would not count, with the code of what is against it.
        StoreError: `write_failed`.
    """
    phase, gate = gate_rules.gate_of(view, artifact)
    made = gate_rules.decision_of(
        gate,
        verdict,
        identifier=derive_id("dec", now, cause=f"decision:{token}"),
        about=artifact.id,
        content_hash=artifact.content_hash,
        by=by,
        at=now,
        surface="pull_request",
        said=said,
        reason=reason,
    )
    gate_rules.check(view, artifact, made, phase, gate)
    path = decision.KIND.place_of(made)
    if not dry_run:
        write_new(root / path, decision.KIND.write(made), name=path)
    return made, path

"""The projects that a command serves: the one at the directory, or all of a tenant."""

from __future__ import annotations

from prismfs.cli import output
from prismfs.engine.tenant.clones import Found, bring


def brought(call: output.Call) -> list[Found]:
    """Return the project of the call, or those of its tenant, with remote ones cloned; what is wrong stands in each.

    Raises:
        StoreError: `no_project`.
        ConfigError: `tenant.yaml` is invalid.
    """
    start = call.directory.resolve()
    if (start / "tenant.yaml").is_file():
        return bring(start)
    return [Found("", call.project(), remote=False)]

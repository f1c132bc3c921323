"""The projects that a command serves: the one at the directory, or all of a tenant."""

from prismfs.cli import output
from prismfs.engine.tenant.clones import TenantProject, find_projects


def served_projects(call: output.Call) -> list[TenantProject]:
    """Return the project of the call, or those of its tenant, with remote ones cloned; each holds its own error.

    Raises:
        StoreError: `no_project`.
        ConfigError: `tenant.yaml` is invalid.
    """
    start = call.directory.resolve()
    if (start / "tenant.yaml").is_file():
        return find_projects(start)
    return [TenantProject("", call.project(), remote=False)]

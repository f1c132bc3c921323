"""A watcher that shares over ssh, and a second clone whose engine is enrolled over it (FG-07)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.git_servers import SshServer
from tests.support.project import run_git
from tests.support.waiting import until
from tests.support.watched import Watched


@pytest.mark.slow
def test_watch_shares_over_ssh_with_a_clone_that_is_enrolled_over_it(
    watched: Watched, ssh_server: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher signs in as the person has set it up; while the server is down it says so and goes on."""
    far = tmp_path / "far.git"
    run_git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(far))
    (tmp_path / "gitconfig").write_text(f"[core]\n\tsshCommand = {ssh_server.client('olga')}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    path = watched.root / "prismfs.yaml"
    path.write_text(path.read_text() + f"sharing: {{remote: 'desk:{far}', every: 1s}}\n")
    watched.commit("share it")
    child = watched.start()
    until((far / "refs" / "heads" / "main").exists, "the first push")

    run_git(tmp_path, "clone", "--quiet", str(far), str(tmp_path / "other"))
    other, place = CommandLine(tmp_path / "other"), CommandLine(watched.root)
    run_git(other.root, "remote", "set-url", "origin", f"desk:{far}")
    made = other.call("keys", "new", "--json").data
    assert place.call("keys", "enrol", made["name"], made["key"]).code == 0
    enrolled = f"main:{made['path']}"
    until(lambda: run_git(far, "cat-file", "-t", enrolled, check=False) == "blob", "the enrolment to be shared")
    assert other.call("push", "--json").data["taken"] > 0
    assert other.call("journal", "add", "from the other").code == 0
    assert other.call("push", "--json").data["sent"] > 0

    ssh_server.stop()
    until(lambda: (watched.health().get("sharing") or {}).get("code") == "remote_unreachable", "the failure to be told")
    watched.drop(watched.journal("goes on"), "a.json")
    until(lambda: watched.taken("goes on"), "the next file")
    ssh_server.start()
    until(lambda: watched.health()["sharing"] is None, "sharing to work again")
    until(lambda: run_git(far, "rev-parse", "main") == watched.git("rev-parse", watched.truth).strip(), "the remote")
    assert watched.stop(child) == 0
    assert other.call("push").code == 0
    assert {other.call("verify").code, place.call("verify").code} == {0}

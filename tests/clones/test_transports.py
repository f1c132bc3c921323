"""Clones that share over real servers, with what the person has set to reach them: nobody is asked anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prismfs.errors import StoreError
from prismfs.store.git.clone import clone
from tests.support.clone import Clone
from tests.support.git_servers import PASSWORD, GitHttpServer, SshServer
from tests.support.project import run_git

HELPER = f'[credential]\n\thelper = "!f() {{ echo username=jade; echo password={PASSWORD}; }}; f"\n'


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give what writes the person's own git configuration; there is none before."""
    path = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    for name in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT"):
        monkeypatch.delenv(name, raising=False)

    def write(text: str) -> None:
        path.write_text(text)

    return write


@pytest.fixture
def address_of(
    pair: tuple[Clone, Clone], tmp_path: Path, set_up: Callable[[str], None], request: pytest.FixtureRequest
) -> Callable[[str], str]:
    """Give the address of the pair's shared repository over a transport, which is ready to be used."""

    def address(transport: str) -> str:
        if transport == "file":
            return (tmp_path / "shared.git").as_uri()
        if transport == "ssh":
            server: SshServer = request.getfixturevalue("ssh_server")
            set_up(f"[core]\n\tsshCommand = {server.client('pat')}\n")
            return f"desk:{tmp_path}/shared.git"
        served: GitHttpServer = request.getfixturevalue("git_http_server")
        run_git(tmp_path / "shared.git", "config", "http.receivepack", "true")
        set_up(HELPER)
        return f"{served.url}/shared.git"

    return address


@pytest.mark.parametrize("transport", ["file", "ssh", "http"])
def test_publish_over_a_transport_the_loser_decides_again(
    pair: tuple[Clone, Clone], shared: Path, tmp_path: Path, address_of: Callable[[str], str], transport: str
) -> None:
    amber, basalt = pair
    address = address_of(transport)
    for each in pair:
        each.git("remote", "set-url", "origin", address)
        each.escalate("disk is full", signature="disk")
    assert amber.publish().tries == 1
    assert basalt.publish().tries == 2
    assert amber.publish().taken > 0
    assert {each.head() for each in pair} == {run_git(shared, "rev-parse", "main")}
    assert [len(each.records("bead")) for each in pair] == [1, 1]
    for each in pair:
        each.check()
    if transport != "ssh":  # `desk` is a name of the person's ssh, which tenant.yaml does not take
        clone(address, tmp_path / "third")
        assert run_git(tmp_path / "third", "rev-parse", "main") == amber.head()


@pytest.mark.parametrize("way", ["core.sshCommand", "GIT_SSH_COMMAND", "GIT_SSH"])
def test_publish_over_ssh_by_what_the_person_has_named(
    pair: tuple[Clone, Clone],
    ssh_server: SshServer,
    tmp_path: Path,
    set_up: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    amber, _ = pair
    command = ssh_server.client("pat")
    if way == "core.sshCommand":
        set_up(f"[core]\n\tsshCommand = {command}\n")
    elif way == "GIT_SSH_COMMAND":
        set_up("[core]\n\tsshCommand = false\n")  # the environment comes first
        monkeypatch.setenv("GIT_SSH_COMMAND", command)
    else:
        program = tmp_path / "my ssh"
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("GIT_SSH", str(program))
    amber.escalate("disk is full")
    assert amber.publish(f"desk:{tmp_path}/shared.git").sent > 0


def test_publish_to_an_address_that_the_person_writes_otherwise(
    pair: tuple[Clone, Clone], ssh_server: SshServer, tmp_path: Path, set_up: Callable[[str], None]
) -> None:
    """`url.*.insteadOf` of the person holds, in a file that is included for this folder, too."""
    amber, _ = pair
    (tmp_path / "included").write_text(
        f'[core]\n\tsshCommand = {ssh_server.client("pat")}\n[url "desk:{tmp_path}/"]\n\tinsteadOf = https://forge.example/\n'
    )
    set_up(f'[includeIf "gitdir:{amber.root}/"]\n\tpath = {tmp_path}/included\n')
    amber.escalate("disk is full")
    assert amber.publish("https://forge.example/shared.git").sent > 0


def test_publish_address_that_is_rewritten_to_a_program_runs_none(
    pair: tuple[Clone, Clone], tmp_path: Path, set_up: Callable[[str], None]
) -> None:
    amber, _ = pair
    set_up(f'[url "ext::touch {tmp_path}/ran "]\n\tinsteadOf = https://forge.example/\n')
    with pytest.raises(StoreError) as refused:
        amber.publish("https://forge.example/shared.git")
    assert "transport 'ext' not allowed" in str(refused.value)
    assert not (tmp_path / "ran").exists()


def test_publish_what_the_repository_says_of_programs_and_objects_is_not_asked(
    pair: tuple[Clone, Clone], ssh_server: SshServer, tmp_path: Path, set_up: Callable[[str], None]
) -> None:
    """FG-04: whoever can write .git/config runs nothing by it; of the person's, what changes objects is out."""
    amber, basalt = pair
    touch = f"touch {tmp_path}/ran; false"
    for key, value in {
        "core.sshCommand": touch,
        "credential.helper": f"!{touch}",
        "core.askPass": touch,
        f"url.ext::{touch}.insteadOf": "desk:",
        "core.gitProxy": touch,
        "remote.origin.uploadpack": touch,
        "remote.origin.receivepack": touch,
        "remote.origin.vcs": "touch",
    }.items():
        amber.git("config", key, value)
    set_up(
        f"[core]\n\tsshCommand = {ssh_server.client('pat')}\n\thooksPath = {tmp_path}\n[push]\n\tgpgSign = true\n"
        f"[transfer]\n\tfsckObjects = false\n[fetch]\n\tprune = true\n[commit]\n\tgpgSign = true\n"
    )
    amber.git("remote", "set-url", "origin", f"desk:{tmp_path}/shared.git")
    basalt.escalate("fans are loud")
    basalt.publish()
    amber.escalate("disk is full")
    assert amber.publish().tries == 2
    assert not (tmp_path / "ran").exists()
    amber.check()


@pytest.mark.parametrize(
    ("client", "said"),
    [({"authorized": False}, "Permission denied (publickey)"), ({"knows_host": False}, "Host key verification failed")],
)
def test_publish_over_ssh_that_would_have_to_ask_is_refused_with_its_words(
    pair: tuple[Clone, Clone],
    ssh_server: SshServer,
    tmp_path: Path,
    set_up: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    client: dict[str, Any],
    said: str,
) -> None:
    amber, _ = pair
    head = amber.head()
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    ask.chmod(0o755)
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("DISPLAY", ":7")
    set_up(f"[core]\n\tsshCommand = {ssh_server.client('pat', **client)}\n")
    with pytest.raises(StoreError) as refused:
        amber.publish(f"desk:{tmp_path}/shared.git")
    assert refused.value.code == "remote_unreachable"
    assert said in str(refused.value)
    assert not (tmp_path / "asked").exists()
    assert amber.head() == head


def test_publish_over_ssh_that_was_down_goes_when_it_is_up_again(
    pair: tuple[Clone, Clone], ssh_server: SshServer, tmp_path: Path, set_up: Callable[[str], None]
) -> None:
    amber, _ = pair
    set_up(f"[core]\n\tsshCommand = {ssh_server.client('pat')}\n")
    amber.git("remote", "set-url", "origin", f"desk:{tmp_path}/shared.git")
    amber.escalate("disk is full")
    ssh_server.stop()
    with pytest.raises(StoreError) as down:
        amber.publish()
    assert "Connection refused" in str(down.value)
    ssh_server.start()
    assert amber.publish().sent > 0


@pytest.mark.parametrize(("status", "said"), [(401, "could not read Username"), (403, "403"), (500, "500")])
def test_publish_over_http_without_a_right_says_so(
    pair: tuple[Clone, Clone],
    shared: Path,
    git_http_server: GitHttpServer,
    set_up: Callable[[str], None],
    status: int,
    said: str,
) -> None:
    amber, _ = pair
    if status != 401:  # of 401 nobody is there to ask
        git_http_server.says = status
    with pytest.raises(StoreError) as refused:
        amber.publish(f"{git_http_server.url}/{shared.name}")
    assert refused.value.code == "remote_unreachable"
    assert said in str(refused.value)

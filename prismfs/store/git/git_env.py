"""Settings and environment of every git that the engine runs.

Hooks, fsmonitor, attribute filters, replace refs, mailmap and every configuration outside the repository
are switched off: the repository is shared with agents, and nothing in it may run a program. Only a command that
reaches another repository is given the rest that it needs (`network`).
Source: git(1), git-config(1), of git 2.39.
"""

import os
import shlex
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from pathlib import PurePath

SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.autocrlf": "false",
    "core.quotePath": "true",
    "core.fsync": "committed,reference",
    "core.commitGraph": "true",
    "commit.gpgSign": "false",
    "diff.external": "",
    "fastimport.unpackLimit": "1",  # one pack a group: a group is one flush, not a flush an object
    "gc.auto": "0",
    "log.mailmap": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
}

NETWORK_SETTINGS = {
    **{f"protocol.{name}.allow": "always" for name in ("file", "git", "http", "https", "ssh")},
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "30",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "transfer.fsckObjects": "true",  # the work tree is written from them: no path may lead out of it
}
"""Besides: which transports may be used, none of which runs a program that an address names."""

# A commit of some paths has an index of its own, and pushed objects are kept apart until the push is accepted.
HOOK_VARIABLES = frozenset(
    {"GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"}
)

_ENVIRONMENT = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "MALLOC_TOP_PAD_": "1048576",  # zlib takes and frees 256 KiB an object: the pages would come anew each time
    "TZ": "UTC",
}

_NO_PROMPTS = {"GIT_ASKPASS": "", "SSH_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never"}

_BOUNDED = "-o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=2"
"""What ssh is told behind its own options: ask nobody, and give up by itself where the engine that waits is gone."""

_SIGNING_IN = ("GIT_SSH_VARIANT", "GIT_SSL_", "GIT_PROXY_SSL_")


def environment(kept: Set[str] = frozenset()) -> dict[str, str]:
    """Return the environment of a git that stays in its repository; `kept` are variables of git's own to leave."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in kept}
    return clean | _ENVIRONMENT


def network_environment(personal: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the environment of a git that reaches another repository: it never prompts for a password.

    `personal` are keys of the person's own configuration that say how a server is reached and signed in to. What the
    person's environment says of that holds, too.
    """
    variables = {key: value for key, value in os.environ.items() if key.startswith(_SIGNING_IN)}
    settings = list(personal)
    for at, (key, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
    variables |= {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_SSH_COMMAND": _ssh_command(dict(settings))}
    return environment() | _NO_PROMPTS | variables


def _ssh_command(personal: Mapping[str, str]) -> str:
    """Return what git runs for ssh: what the person has named, in git's order, and bounded where it is OpenSSH."""
    program = os.environ.get("GIT_SSH")
    named = os.environ.get("GIT_SSH_COMMAND") or personal.get("core.sshcommand") or shlex.quote(program or "ssh")
    with suppress(ValueError, IndexError):
        if PurePath(shlex.split(named)[0]).name == "ssh":
            return f"{named} {_BOUNDED}"
    return named

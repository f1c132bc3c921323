"""One conversation with GitHub by its own program, `gh`: a clean environment, one time-out for all of it.

The exit code of `gh` is 1 for nearly everything that goes wrong (4: not logged in). So questions go through
`gh api --include`, which prints the server's status line and headers; of other commands the status is in the
message. `gh auth status` is of no use here: it calls a token invalid whatever kept it from asking (seen with 2.23).
"""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from prismfs.delivery.issues import ACCESS_DENIED, AUTH_REQUIRED, Code, refused
from prismfs.delivery.programs.run import Ended, run
from prismfs.delivery.secrets import one_line, resolve
from prismfs.errors import ConfigError, RecordError, RefusedError
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import LONGEST_RETRY_AFTER, Document, Outcome, Receipt, codec

_MOST_OUTPUT = 16 * 1024 * 1024
_NOT_LOGGED_IN = 4
_SETTINGS = "settings/tracker.yaml"
_LOG_IN = f"run gh auth login, or set token in {_SETTINGS}"
# https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
_TOKEN = re.compile(r"\b(?:gh[a-z]_|github_pat_)\w+", re.ASCII)
_QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0"}


class GhError(Exception):
    """What kept a command from doing what it was for; `receipt` says it to the outside."""

    def __init__(
        self, code: Code, detail: str, *, outcome: Outcome = "permanent", retry_after: timedelta | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = one_line(_TOKEN.sub("(token)", detail))
        self.outcome: Outcome = outcome
        self.retry_after = retry_after

    @property
    def receipt(self) -> Receipt:
        """The receipt of the issue that was not filed."""
        return replace(refused(self.code, self.detail, outcome=self.outcome), retry_after=self.retry_after)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the GraphQL API says: its data, and the types of its errors (NOT_FOUND, FORBIDDEN, RATE_LIMITED)."""

    data: Document
    errors: tuple[str, ...] = ()


class Gh:
    """Runs `gh` for the tracker in the settings, within the tracker's time-out from when this is made.

    Raises:
        GhError: the token or the configuration folder of the settings cannot be used.
    """

    def __init__(self, root: Path, tracker: Tracker) -> None:
        if tracker.repository is None:
            raise GhError(ACCESS_DENIED, f"repository is not set in {_SETTINGS}")
        self._root = root
        self._tracker = tracker
        self._until = time.monotonic() + tracker.timeout.total_seconds()
        self._environment = _environment(root, tracker)
        self.repository = f"{tracker.host}/{tracker.repository}"

    def run(self, *arguments: str, data: bytes = b"") -> Ended:
        """Run `gh` with `arguments`.

        Raises:
            GhError: it cannot be started, or is not logged in.
            RefusedError: `command_timeout`.
        """
        left = max(0.0, self._until - time.monotonic())
        try:
            ended = run(
                (*self._tracker.gh, *arguments),
                data,
                timeout=timedelta(seconds=left),
                cwd=self._root,
                environment=self._environment,
                keep=_MOST_OUTPUT,
            )
        except RefusedError as error:
            if error.code == "command_timeout":
                raise
            detail = f"{self._tracker.gh[0]} {error.problem.message}: install gh, or set gh in {_SETTINGS}"
            raise GhError(AUTH_REQUIRED, detail) from error
        if ended.code == _NOT_LOGGED_IN:
            raise GhError(AUTH_REQUIRED, f"gh is not logged in to {self._tracker.host}: {_LOG_IN}")
        return ended

    def ask(self, query: str, variables: Mapping[str, str]) -> Answer:
        """Return what the GraphQL API says to `query`, which must not change anything.

        Raises:
            GhError: `temporary` where it could not be asked now.
        """
        fields = [f"--raw-field={name}={value}" for name, value in {"query": query, **variables}.items()]
        try:
            ended = self.run("api", "graphql", "--hostname", self._tracker.host, "--include", *fields)
        except RefusedError:
            raise self.late() from None
        head, _, body = ended.output.replace(b"\r\n", b"\n").partition(b"\n\n")
        said = re.match(rb"HTTP/\S+ (\d{3})\b", head)
        if said is None:
            raise GhError(ACCESS_DENIED, f"no answer from {self._tracker.host}", outcome="temporary")
        headers = _headers(head)
        if int(said[1]) != 200:
            raise self.status_error(int(said[1]), headers=headers)
        try:
            return _answer(codec.parse(body, format="json"))
        except (RecordError, TypeError):
            detail = f"{self._tracker.host} did not answer as GitHub does"
            raise GhError(ACCESS_DENIED, detail, outcome="temporary") from None

    def late(self) -> GhError:
        """Return the error of a question that got no answer in time."""
        limit = f"{self._tracker.timeout.total_seconds():g}s"
        return GhError(ACCESS_DENIED, f"no answer from {self._tracker.host} within {limit}", outcome="temporary")

    def limited(self, retry_after: timedelta | None = None) -> GhError:
        """Return the error of a request too many."""
        detail = f"too many requests to {self._tracker.host} from this account"
        return GhError(ACCESS_DENIED, detail, outcome="temporary", retry_after=retry_after)

    def status_error(self, status: int, *, headers: Mapping[str, str] | None = None, text: str = "") -> GhError:
        """Return what HTTP `status`, 0 where there was none, says of a question; `text` is what came with it."""
        given = headers or {}
        where = f"{self.repository} (HTTP {status})" if status else self.repository
        limited = given.get("x-ratelimit-remaining") == "0" or "retry-after" in given or "rate limit" in text.lower()
        if status == 401:
            return GhError(AUTH_REQUIRED, f"{self._tracker.host} does not take the token (HTTP 401): {_LOG_IN}")
        if status == 429 or (status in (0, 403) and limited):
            return self.limited(_wait(given.get("retry-after", "")))
        if 400 <= status < 500:
            return GhError(ACCESS_DENIED, f"no access to {where}: invite the account, or mend {_SETTINGS}")
        return GhError(ACCESS_DENIED, f"no answer about {where}", outcome="temporary")


def status_in(message: str) -> int | None:
    """Return the HTTP status that a message of `gh` names, such as `HTTP 502: Bad Gateway (https://…)`."""
    found = re.search(r"\bHTTP (\d{3})\b", message)
    return None if found is None else int(found[1])


def _environment(root: Path, tracker: Tracker) -> dict[str, str]:
    own = {name: os.environ[name] for name in ("LC_ALL",) if name in os.environ}
    environment = own | _QUIET | {"GH_HOST": tracker.host}
    try:
        if tracker.token is not None:
            # gh help environment: the variable that it takes a token for a host from.
            public = tracker.host == "github.com" or tracker.host.endswith(".ghe.com")
            name = "GH_TOKEN" if public else "GH_ENTERPRISE_TOKEN"
            environment[name] = resolve(tracker.token, field="token", root=root)
        if tracker.gh_config is not None:
            environment["GH_CONFIG_DIR"] = _config_folder(root, tracker.gh_config)
    except ConfigError as error:
        raise GhError(AUTH_REQUIRED, f"{_SETTINGS}: {error}") from error
    return environment


def _config_folder(root: Path, folder: str) -> str:
    place = os.path.realpath(folder)
    if not folder.startswith("/"):
        raise ConfigError("bad_setting", "must be an absolute path", field="gh_config")
    if Path(place).is_relative_to(os.path.realpath(root)):
        # The configuration there says where the token is sent.
        raise ConfigError("bad_setting", "lies in the project; it must lie outside of it", field="gh_config")
    return place


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode(errors="replace").splitlines()[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _answer(document: Document) -> Answer:
    data, errors = document.get("data") or {}, document.get("errors") or []
    if not (isinstance(data, dict) and isinstance(errors, list)):
        raise TypeError
    return Answer(data, tuple(str(error.get("type") or "") for error in errors if isinstance(error, dict)))


def _wait(text: str) -> timedelta | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)

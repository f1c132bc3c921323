"""GitHub as a tracker, by its own program: preflight, the marker, then the issue (R-000-04, R-000-43)."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prismfs.delivery.issues import ACCESS_DENIED, AUTH_REQUIRED, CREATE_FAILED, DESTINATION_CHANGED, refused
from prismfs.delivery.issues.gh import Answer, Gh, GhError, status_in
from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import Document, IssueDraft, IssueState, JsonValue, Receipt, codec, marker_of

_ACCESS = """
query PhoneHomeAccess($owner: String!, $name: String!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    nameWithOwner visibility viewerPermission hasIssuesEnabled isArchived
  }
}
"""

_STATE = """
fragment state on Issue {
  number url state stateReason title updatedAt
  comments(last: 100) { nodes { id author { login } body createdAt } }
}
"""

_PAGE = 100  # issues that one question of the list covers; the newest, where a retry looks first
_AT_ONCE = 10  # issues that one question about their state covers: at most 1000 comments
_URL = re.compile(r"https://\S+/issues/([1-9][0-9]*)", re.ASCII)


class GhTransport:
    """Files issues with `gh issue create`, as the user that `gh` is logged in as, or by the token in the settings.

    One time-out covers all that `file` does. `look` gives the last 100 comments of an issue.
    """

    def __init__(self, root: Path, tracker: Tracker) -> None:
        self._root = root
        self._tracker = tracker

    def preflight(self) -> Receipt:
        """Ask who we are and for the repository, in one question (R-000-47, R-000-48)."""
        try:
            seen = self._preflight(Gh(self._root, self._tracker))
        except GhError as error:
            return error.receipt
        public = "; it is public: all that is filed there can be read by everybody"
        detail = f"{seen['repository']} as {seen['login']}{public if seen['visibility'] == 'public' else ''}"
        return Receipt(outcome="sent", detail=detail, document=seen)

    def file(self, draft: IssueDraft) -> Receipt:
        """Look whether it may be done and is not done yet, then do it."""
        if draft.fault is not None:
            return refused(CREATE_FAILED, draft.fault)
        try:
            gh = Gh(self._root, self._tracker)
            seen = self._preflight(gh)
            found = self._find(gh, draft.key)
            changed = None if found is not None else _why_changed(draft, seen)
            if changed is not None:
                return changed
            url, number = self._create(gh, draft) if found is None else found
        except GhError as error:
            return error.receipt
        filed: Document = {"issue_url": url, "issue_number": number, "existed": found is not None}
        return Receipt(outcome="sent", detail=url, document=filed | {"visibility": seen["visibility"]})

    def look(self, numbers: Sequence[int]) -> list[IssueState]:
        """Ask for all of them, ten at a time; the time-out is that of each question."""
        try:
            return [
                _state(issue, self._tracker.host)
                for at in range(0, len(numbers), _AT_ONCE)
                for issue in self._look(numbers[at : at + _AT_ONCE])
            ]
        except GhError as error:
            raise RefusedError(error.code, error.detail, path="settings/tracker.yaml") from error

    def _preflight(self, gh: Gh) -> Document:
        answer = gh.ask(_ACCESS, self._place())
        viewer, repository = answer.data.get("viewer"), answer.data.get("repository")
        if not isinstance(repository, dict):
            raise _no_repository(gh, answer)
        if not isinstance(viewer, dict):
            raise GhError(AUTH_REQUIRED, f"{self._tracker.host} does not say who we are: run gh auth login")
        if repository.get("isArchived"):
            raise GhError(ACCESS_DENIED, f"{gh.repository} is archived and takes no issues")
        if not repository.get("hasIssuesEnabled"):
            raise GhError(ACCESS_DENIED, f"{gh.repository} has no issues: turn them on in its settings")
        return {
            "repository": str(repository.get("nameWithOwner")),
            "visibility": str(repository.get("visibility")).lower(),
            "login": str(viewer.get("login")),
            "permission": repository.get("viewerPermission"),
        }

    def _find(self, gh: Gh, key: str) -> tuple[str, int] | None:
        """Return the issue that holds the marker of `key`, among the newest ones and then among all."""
        known, found = self._list(gh, key)
        if found is None and known >= _PAGE:
            _, found = self._list(gh, key, "--search", f'"{key}" in:body')
        return found

    def _list(self, gh: Gh, key: str, *more: str) -> tuple[int, tuple[str, int] | None]:
        # gh itself looks into the bodies (jq), so that they are not carried here.
        wanted = f'[.[] | select(.body | contains("{marker_of(key)}")) | {{number, url}}] | min_by(.number)'
        try:
            ended = gh.run(
                *("issue", "list", "-R", gh.repository, "--state", "all", "--limit", str(_PAGE), *more),
                *("--json", "number,url,body", "--jq", f"{{known: length, found: ({wanted})}}"),
            )
        except RefusedError:
            raise gh.late() from None
        message = ended.errors.decode(errors="replace")
        if ended.code:
            raise gh.status_error(status_in(message) or 0, text=message)
        try:
            answer = codec.parse(ended.output, format="json")
            return int(str(answer["known"])), _found(answer["found"])
        except (RecordError, LookupError, ValueError):
            detail = f"the issues of {gh.repository} cannot be read"
            raise GhError(ACCESS_DENIED, detail, outcome="temporary") from None

    def _create(self, gh: Gh, draft: IssueDraft) -> tuple[str, int]:
        labels = [f"--label={_one_of_a_list(label)}" for label in self._tracker.labels]
        try:
            ended = gh.run(
                *("issue", "create", "-R", gh.repository, f"--title={draft.title}", "--body-file", "-", *labels),
                data=draft.marked_body.encode(),
            )
        except RefusedError:
            raise GhError(CREATE_FAILED, f"{gh.late().detail}, after the create began", outcome="unknown") from None
        if ended.code:
            raise _not_created(gh, ended.errors.decode(errors="replace"))
        url = _URL.search(ended.output.decode(errors="replace"))
        if url is None:
            raise GhError(CREATE_FAILED, "gh did not say which issue it filed", outcome="unknown")
        return url[0], int(url[1])

    def _look(self, numbers: Sequence[int]) -> Iterator[Document]:
        gh = Gh(self._root, self._tracker)
        asked = "\n".join(f"issue{number}: issue(number: {number}) {{ ...state }}" for number in numbers)
        query = (
            "query PhoneHomeStates($owner: String!, $name: String!) {"
            f" repository(owner: $owner, name: $name) {{\n{asked}\n}} }}{_STATE}"
        )
        answer = gh.ask(query, self._place())
        repository = answer.data.get("repository")
        if not isinstance(repository, dict):
            raise _no_repository(gh, answer)
        for number in numbers:
            issue = repository.get(f"issue{number}")
            if isinstance(issue, dict):
                yield issue

    def _place(self) -> Mapping[str, str]:
        owner, _, name = (self._tracker.repository or "").partition("/")
        return {"owner": owner, "name": name}


def _why_changed(draft: IssueDraft, seen: Document) -> Receipt | None:
    """Return the receipt of an issue whose destination is not what was approved; None where it is."""
    now: Document = {"state": "seen", "visibility": seen["visibility"], "permission": seen["permission"]}
    if draft.expected is None or draft.expected == now:
        return None
    detail = f"{seen['repository']} is {seen['visibility']} ({seen['permission']}), which is not what was approved"
    return Receipt(outcome="permanent", detail=detail, document={"code": DESTINATION_CHANGED, "seen": now})


def _no_repository(gh: Gh, answer: Answer) -> GhError:
    if "RATE_LIMITED" in answer.errors:
        return gh.limited()
    if "NOT_FOUND" in answer.errors or "FORBIDDEN" in answer.errors:
        why = "does not exist or may not be seen" if "NOT_FOUND" in answer.errors else "is forbidden"
        return GhError(ACCESS_DENIED, f"{gh.repository} {why}: invite the account, or mend settings/tracker.yaml")
    return GhError(ACCESS_DENIED, f"no answer about {gh.repository}", outcome="temporary")


def _not_created(gh: Gh, message: str) -> GhError:
    """Return why `gh issue create` failed, by its message; what is not known may have been created."""
    status = status_in(message)
    if status is not None and 400 <= status < 500:
        error = gh.status_error(status, text=message)
        if error.code == AUTH_REQUIRED or error.outcome == "temporary":
            return error
        return GhError(CREATE_FAILED, f"{gh.repository} refused the issue (HTTP {status})")
    if status is not None:
        return GhError(CREATE_FAILED, f"HTTP {status} to the create", outcome="unknown")
    if "rate limit" in message.lower() or "submitted too quickly" in message:
        return gh.limited()
    if message.startswith("GraphQL: ") and "Something went wrong" not in message:
        # What it says may repeat the text of the issue, which belongs in no reason.
        return GhError(CREATE_FAILED, f"{gh.repository} refused the issue: the account may not file it as it is")
    if message.startswith("could not add label"):
        return GhError(CREATE_FAILED, f"{gh.repository}: {message}")
    return GhError(CREATE_FAILED, "the connection was lost after the create began", outcome="unknown")


def _found(issue: JsonValue) -> tuple[str, int] | None:
    return (str(issue["url"]), int(str(issue["number"]))) if isinstance(issue, dict) else None


def _state(issue: Document, host: str) -> IssueState:
    comments = issue.get("comments")
    nodes = comments.get("nodes") if isinstance(comments, dict) else None
    reason = issue.get("stateReason")
    document: Document = {
        "number": issue.get("number"),
        "url": issue.get("url"),
        "state": str(issue.get("state")).lower(),
        "reason": str(reason).lower() if reason else None,
        "title": issue.get("title"),
        "updated_at": issue.get("updatedAt"),
        "comments": [_comment(node) for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else [],
    }
    return IssueState.from_document(document, path=host)


def _comment(node: Document) -> Document:
    author = node.get("author")
    return {
        "id": node.get("id"),
        "author": author.get("login") if isinstance(author, dict) else "ghost",
        "body": node.get("body"),
        "created_at": node.get("createdAt"),
    }


def _one_of_a_list(text: str) -> str:
    """Return `text` as `gh` reads one item of a list: comma-separated values."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="").writerow([text])
    return line.getvalue()

"""A GitHub of our own on a unix socket, for the real `gh`: its GraphQL API as far as issues need it, and its faults.

`gh` is led here by `http_unix_socket` in its configuration. What it asks is validated and answered by graphql-core
against the part of GitHub's public schema that stands below: a question for anything else fails, as it would there.
"""

from __future__ import annotations

import json
import re
import shutil
import socketserver
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError, build_schema, graphql_sync

TOKEN = "ghp_" + "right7horse" * 3

SCHEMA = build_schema("""
type Query {
  viewer: User!
  repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
  search(query: String!, type: SearchType!, first: Int, last: Int, after: String): SearchConnection!
}
type Mutation { createIssue(input: CreateIssueInput!): CreateIssuePayload }
input CreateIssueInput {
  repositoryId: ID!, title: String!, body: String, labelIds: [ID!], assigneeIds: [ID!], milestoneId: ID
  projectIds: [ID!]
}
type CreateIssuePayload { issue: Issue }
enum SearchType { ISSUE REPOSITORY USER }
enum IssueState { OPEN CLOSED }
enum IssueStateReason { COMPLETED NOT_PLANNED REOPENED }
enum RepositoryVisibility { INTERNAL PRIVATE PUBLIC }
enum RepositoryPermission { ADMIN MAINTAIN READ TRIAGE WRITE }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
enum OrderDirection { ASC DESC }
input IssueOrder { field: IssueOrderField!, direction: OrderDirection! }
input IssueFilters { assignee: String, createdBy: String, mentioned: String }
interface Actor { login: String! }
type User implements Actor { login: String! }
type Ref { name: String! }
type Label { id: ID!, name: String! }
type Repository {
  id: ID!, name: String!, nameWithOwner: String!, owner: Actor!, description: String, parent: Repository
  visibility: RepositoryVisibility!, isPrivate: Boolean!, viewerPermission: RepositoryPermission
  hasIssuesEnabled: Boolean!, hasWikiEnabled: Boolean!, isArchived: Boolean!, defaultBranchRef: Ref
  mergeCommitAllowed: Boolean!, rebaseMergeAllowed: Boolean!, squashMergeAllowed: Boolean!
  label(name: String!): Label
  issue(number: Int!): Issue
  issues(
    first: Int, after: String, orderBy: IssueOrder, states: [IssueState!], filterBy: IssueFilters
  ): IssueConnection!
}
type PageInfo { hasNextPage: Boolean!, endCursor: String }
type IssueConnection { totalCount: Int!, nodes: [Issue], pageInfo: PageInfo! }
union SearchResultItem = Issue | Repository
type SearchConnection { issueCount: Int!, nodes: [SearchResultItem], pageInfo: PageInfo! }
type Issue {
  id: ID!, number: Int!, url: String!, title: String!, body: String!, state: IssueState!, stateReason: IssueStateReason
  updatedAt: String!, comments(first: Int, last: Int, after: String): CommentConnection!
}
type CommentConnection { totalCount: Int!, nodes: [Comment], pageInfo: PageInfo! }
type Comment { id: ID!, author: Actor, body: String!, createdAt: String! }
""")

# Which step of filing an issue a request belongs to, by words of the question.
_STEPS = {
    "access": "PhoneHomeAccess",
    "states": "PhoneHomeStates",
    "list": "query IssueList",
    "search": "query IssueSearch",
    "repository": "query RepositoryInfo",
    "labels": "RepositoryResolveMetadataIDs",
    "create": "mutation IssueCreate",
}

# What GitHub says with an error type.
_MESSAGES = {
    "FORBIDDEN": "Resource not accessible by personal access token",
    "INTERNAL": "Something went wrong while executing your query. This may be the result of a timeout.",
    "RATE_LIMITED": "API rate limit exceeded for user ID 1.",
}

_END = {"hasNextPage": False, "endCursor": None}


@dataclass(frozen=True)
class Asked:
    """One request: the step it belongs to, and what it held."""

    step: str
    host: str
    authorization: str
    variables: dict[str, Any]


@dataclass
class Forge:
    """What this GitHub holds: one repository, its issues, and what is to go wrong at which step.

    A fault is an HTTP status, a GraphQL error type, or a word: `drop` closes the connection before anything is
    done, `drop_after` when it is done, `hang` says nothing. Each happens once, in order.
    """

    repository: dict[str, Any] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    labels: tuple[str, ...] = ("bug",)
    faults: dict[str, list[int | str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.repository = {
            "__typename": "Repository",
            "id": "R_1",
            "name": "product",
            "nameWithOwner": "acme/product",
            "owner": {"__typename": "User", "login": "acme"},
            "visibility": "PRIVATE",
            "isPrivate": True,
            "viewerPermission": "WRITE",
            "hasIssuesEnabled": True,
            "hasWikiEnabled": False,
            "isArchived": False,
            "defaultBranchRef": {"name": "main"},
            "mergeCommitAllowed": True,
            "rebaseMergeAllowed": True,
            "squashMergeAllowed": True,
            "label": self._label,
            "issue": self._issue,
            "issues": self._issues,
        }

    @property
    def steps(self) -> list[str]:
        """The steps that were asked, in order."""
        return [asked.step for asked in self.asked]

    def add_issue(self, title: str, body: str = "", **more: Any) -> dict[str, Any]:
        """File an issue, as a person would."""
        number = len(self.issues) + 1
        issue: dict[str, Any] = {
            "__typename": "Issue",
            "id": f"I_{number}",
            "number": number,
            "url": f"https://github.com/acme/product/issues/{number}",
            "title": title,
            "body": body,
            "state": "OPEN",
            "stateReason": None,
            "updatedAt": "2026-03-01T10:00:00Z",
            "labelIds": [],
            "written": [],
        } | more
        written: list[dict[str, Any]] = issue["written"]
        issue["comments"] = lambda info, last=None, **_: {
            "totalCount": len(written),
            "nodes": written[-last:],
            "pageInfo": _END,
        }
        self.issues.append(issue)
        return issue

    def comment(self, issue: dict[str, Any], author: str | None, body: str) -> None:
        """Write a comment below `issue`; without an author it is by an account that is gone."""
        issue["written"].append(
            {
                "id": f"IC_{len(issue['written']) + 1}",
                "author": author and {"__typename": "User", "login": author},
                "body": body,
                "createdAt": "2026-03-02T11:00:00Z",
            }
        )

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return what the API says to one question."""
        root = {
            "viewer": {"login": "op-olga"},
            "repository": self._repository,
            "search": self._search,
            "createIssue": self._create,
        }
        result = graphql_sync(SCHEMA, query, root_value=root, variable_values=variables)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [
                error.formatted | ({"type": error.extensions["type"]} if error.extensions else {})
                for error in result.errors
            ]
        return answer

    def _repository(self, info: Any, owner: str, name: str, **_: Any) -> dict[str, Any]:
        if f"{owner}/{name}" != self.repository["nameWithOwner"]:
            raise _error("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return self.repository

    def _label(self, info: Any, name: str) -> dict[str, Any] | None:
        return {"id": f"LA_{name}", "name": name} if name in self.labels else None

    def _issue(self, info: Any, number: int) -> dict[str, Any]:
        if not 0 < number <= len(self.issues):
            raise _error("NOT_FOUND", f"Could not resolve to an Issue with the number of {number}.")
        return self.issues[number - 1]

    def _issues(self, info: Any, first: int, states: list[str], **_: Any) -> dict[str, Any]:
        found = [issue for issue in reversed(self.issues) if issue["state"] in states]
        return {"totalCount": len(found), "nodes": found[:first], "pageInfo": _END}

    def _search(self, info: Any, query: str, **_: Any) -> dict[str, Any]:
        words = re.fullmatch(r'"([^"]*)" in:body repo:acme/product(?: state:\w+)? type:issue', query)
        assert words is not None, query
        found = [issue for issue in self.issues if words[1] in issue["body"]]
        return {"issueCount": len(found), "nodes": found, "pageInfo": _END}

    def _create(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        assert input["repositoryId"] == self.repository["id"]
        return {"issue": self.add_issue(input["title"], input["body"], labelIds=input.get("labelIds") or [])}


class GitHub(socketserver.ThreadingUnixStreamServer):
    """Serves a `Forge` on a unix socket; `config` is a GH_CONFIG_DIR that leads there, logged in with `TOKEN`."""

    daemon_threads = False

    def __init__(self) -> None:
        # The path of a socket has at most 107 bytes, which pytest's own folders may exceed.
        self.folder = Path(tempfile.mkdtemp(prefix="gh-"))
        self.forge = Forge()
        self.stopping = threading.Event()
        self.errors: list[BaseException | None] = []
        self.config = self.folder / "config"
        self.config.mkdir()
        place = self.folder / "socket"
        (self.config / "config.yml").write_text(f"http_unix_socket: {place}\n")
        self.log_in(TOKEN)
        super().__init__(str(place), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def log_in(self, token: str | None) -> None:
        """Write the login that `gh auth login` would; None is nobody's."""
        login = f"github.com:\n    oauth_token: {token}\n    user: op-olga\n    git_protocol: https\n"
        (self.config / "hosts.yml").write_text("" if token is None else login)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
        shutil.rmtree(self.folder)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what went wrong here for the end; a client that is killed at its time-out is no error."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            self.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_POST(self) -> None:
        forge = self.server.forge
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        query, variables = document["query"], document.get("variables") or {}
        step = next((name for name, words in _STEPS.items() if words in query), "other")
        authorization = self.headers.get("Authorization", "")
        forge.asked.append(Asked(step, self.headers["Host"], authorization, variables))
        faults = forge.faults.get(step)
        fault = faults.pop(0) if faults else None
        if fault == "hang":
            self.server.stopping.wait(30)
        elif isinstance(fault, int):
            self._say(fault, {"message": f"As told: {fault}"})
        elif authorization not in (f"token {TOKEN}", f"Bearer {TOKEN}"):
            self._say(401, {"message": "Bad credentials"})
        elif fault not in (None, "drop", "drop_after"):
            self._say(200, {"data": None, "errors": [{"type": fault, "message": _MESSAGES[fault]}]})
        elif fault != "drop":
            answer = forge.answer(query, variables)
            if fault is None:
                self._say(200, answer)

    def _say(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **self.server.forge.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def _error(kind: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind})


@pytest.fixture
def github() -> Iterator[GitHub]:
    """A GitHub with the repository acme/product; skips where the program `gh` is missing."""
    if shutil.which("gh") is None:
        pytest.skip("the GitHub CLI is missing: apt-get install gh")
    server = GitHub()
    yield server
    server.stop()
    assert server.errors == []

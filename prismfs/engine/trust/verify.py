"""Deciding every commit again: the same parent, event, time and version of the rules must give the same bytes.

Verifying reads the commits alone; the projection has no part in it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from prismfs.engine.trust.drop_proof import contradicts_roster
from prismfs.engine.trust.proposals import contradicted
from prismfs.errors import PrismfsError, Problem, RecordError
from prismfs.kinds import kind_of, kind_of_path
from prismfs.kinds.core.audit import AuditFile
from prismfs.proof.statements import without_covers
from prismfs.records import plan as trailers
from prismfs.records.api import GENESIS, Document, Event, Plan, Record, codec, parse_instant
from prismfs.rules import RULES_VERSION, TABLE, decide
from prismfs.rules.core.road import Table
from prismfs.store.git.history import Commit, check_whole, read_commits
from prismfs.store.git.plumbing import NO_OBJECT, Change
from prismfs.store.git.repository import Git
from prismfs.store.memory import MemoryView

_SKEW = timedelta(seconds=1)
_UPGRADE = "upgrade prismfs to a version that knows these rules, then verify again"


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying a history found.

    `decided` commits were decided again and came out the same, `older` of them by rules of an older version;
    `foreign` were made by people; `repaired` answer one of people's, of which they refused something. `problems` are
    the faults, the first one first, each with the commit (`path`) and the record (`field`) that differs.
    """

    commits: int
    decided: int
    foreign: int
    older: int
    rows: int
    repaired: int
    head: str
    problems: tuple[Problem, ...]

    def to_document(self) -> Document:
        """Return the finding as a JSON object."""
        return asdict(self) | {"problems": [dict(problem.as_document()) for problem in self.problems]}


class _Verifier:
    """The state that one walk over the history carries along: the view, the bytes, the counts."""

    def __init__(self, git: Git, rules: int, table: Table) -> None:
        self.git = git
        self.rules = rules
        self.table = table
        self.newest = 0
        self.view = MemoryView()
        self.blobs: dict[str, str] = {}
        self.founded = False
        self.bases: dict[str, str] = {}  # a commit of people's that was taken over, and what stood before
        self.counts = {"commits": 0, "decided": 0, "foreign": 0, "older": 0, "rows": 0, "repaired": 0}
        self.problems: list[Problem] = []

    def take(self, commit: Commit, *, check: bool) -> None:
        """Check one commit against the state before it, then move the state over it."""
        if len(commit.parents) == 2:
            self.bases[commit.parents[1]] = commit.parents[0]
        if check:
            self.counts["commits"] += 1
            if commit.cause is None or not commit.parents:
                self.counts["foreign"] += 1
                self._check_foreign(commit)
            else:
                self._check_engine(commit)
        elif commit.rules <= self.rules:
            self.newest = max(self.newest, commit.rules)  # those that are judged may claim no older ones
        self.founded = self.founded or commit.by_engine
        self._advance(commit, check=check)

    def _check_engine(self, commit: Commit) -> None:
        found = event_of(self.git, commit)
        if found is None:
            self._problem(commit, "no_event", "claims to be the engine's but carries no event in an audit row")
            return
        event, path = found
        contradiction = contradicted(self.git, event, commit.parents, self.bases)
        if contradiction is None and contradicts_roster(self.git, event, commit.parents[0]):
            contradiction = "keeps a proof of its sender that the roster does not bear out"
        if contradiction is not None:
            self._problem(commit, "endorsement_differs", contradiction, path)
            return
        try:
            now = parse_instant(commit.trailers[trailers.TIME])
            version = int(commit.trailers[trailers.VERSION])
        except (KeyError, ValueError):
            self._problem(commit, "bad_trailer", "its trailers do not say when and by which rules it was decided")
            return
        if version > self.rules:
            said = f"was decided by rules {version}, these are {self.rules}"
            self._problem(commit, "newer_rules", said, hint=_UPGRADE)
            return
        if version < max(self.newest, 1):
            # A claim of older rules would bring back what a newer version has mended.
            self._problem(commit, "rules_went_back", f"claims rules {version} after a commit of {self.newest}")
            return
        self.newest = version
        try:
            decision = decide(self.view, event, now, rules=version, table=self.table)
        except Exception as error:  # settings or an event that somebody forged may be anything
            said = str(error) if isinstance(error, PrismfsError) else type(error).__name__
            self._problem(commit, "not_decidable", f"cannot be decided again: {said}", path)
            return
        if not isinstance(decision, Plan):
            self._problem(commit, "not_decided", "its event decides nothing on top of its parent", path)
            return
        if self._compare(commit, decision, now):
            self.counts["decided"] += 1
            self.counts["older"] += version < self.rules

    def _compare(self, commit: Commit, decision: Plan, now: datetime) -> bool:
        wanted = {kind_of(record).place_of(record): record for record in decision.puts}
        found = {change.path: change for change in commit.changes}
        for take in decision.takes:
            change = found.pop(take.path, None)
            if change is None or (change.new, change.mode) != (take.new or NO_OBJECT, take.mode):
                self._problem(commit, "differs", "is not what was taken over", take.path)
                return False
        if commit.parents[1:] != (() if decision.merges is None else (decision.merges,)):
            self._problem(commit, "differs", "merges another commit than it took over")
            return False
        for path in sorted(wanted.keys() | found.keys()):
            if path not in wanted:
                self._problem(commit, "not_planned", "holds a change that the decision does not make", path)
                return False
            data = self.git.read(found[path].new) if path in found else self._old(path)
            if not self._says(path, data, wanted[path]):
                self._problem(commit, "differs", "is not what the decision makes of it", path)
                return False
        if without_covers(commit.message) != decision.message:
            self._problem(commit, "message_differs", "its message is not the decision's")
            return False
        if commit.author != decision.actor:
            self._problem(commit, "author_differs", "its author is not who acted")
            return False
        if abs(datetime.fromtimestamp(commit.seconds, UTC) - now) > _SKEW:
            self._problem(commit, "time_differs", "its author date is not the time that it was decided at")
            return False
        return True

    def _says(self, path: str, data: bytes | None, record: Record) -> bool:
        """Tell whether `data` is `record` as this version writes it, or as an older version of its kind wrote it."""
        kind, old = kind_of(record), self._old(path)
        if data is None or data == kind.write(record, old=old):
            return data is not None
        try:
            document = codec.parse(data, format=kind.format)
            if document.get("version") == kind.version or kind.record(document, path=path) != record:
                return False
        except RecordError:
            return False
        return data == kind.encode(document, old=old)

    def _check_foreign(self, commit: Commit) -> None:
        """People's commits lie below the project's first, and beside the truth: on its own line there are none."""
        if self.founded:
            self._problem(commit, "not_the_engines", "stands in the records, and the engine did not make it")

    def _advance(self, commit: Commit, *, check: bool) -> None:
        files: list[tuple[AuditFile, Change]] = []
        for change in commit.changes:
            if change.new == NO_OBJECT:
                self.blobs.pop(change.path, None)
                self.view.remove_file(change.path)
                continue
            self.blobs[change.path] = change.new
            kind = kind_of_path(change.path)
            if kind is None:
                continue
            data = self.git.read(change.new) or b""
            if kind.model is AuditFile:
                try:
                    file = kind.read(data, path=change.path)
                except RecordError as error:
                    self._problem(commit, "bad_row", str(error), change.path)
                else:
                    assert isinstance(file, AuditFile)
                    files.append((file, change))
            elif not self.view.put_file(change.path, data) and check and commit.cause is not None:
                self._problem(commit, "bad_record", "is no valid record", change.path)
        self._chain(commit, files, check=check)

    def _chain(self, commit: Commit, files: list[tuple[AuditFile, Change]], *, check: bool) -> None:
        """Take the rows of a commit, whose file names the one before it."""
        for file, change in sorted(files, key=lambda entry: entry[0].number):
            head = self.view.last_audit()
            if check and (file.number, file.prev) != (head.number + 1, head.digest):
                self._problem(commit, "chain_broken", f"does not follow audit row {head.number}", change.path)
            if check:
                self.counts["rows"] += len(file.rows)
                self.counts["repaired"] += sum(
                    row.action == "commit.observed" and bool(row.meta.get("refused")) for row in file.rows
                )
            self.view.put_file(change.path, self.git.read(change.new) or b"")

    def _old(self, path: str) -> bytes | None:
        blob = self.blobs.get(path)
        return None if blob is None else self.git.read(blob)

    def _problem(
        self, commit: Commit, code: str, message: str, record: str | None = None, hint: str | None = None
    ) -> None:
        said, hint = f"{commit.subject[:80]}: {message}", hint or f"git show {commit.id[:12]}"
        self.problems.append(Problem(code, said, path=commit.id, field=record, hint=hint))


def verify(
    git: Git,
    *,
    until: str,
    since: str | None = None,
    rules: int = RULES_VERSION,
    table: Table = TABLE,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Decide every commit up to `until` again and compare; with `since`, judge only those after it.

    `rules` is the newest version of the rules in `table`; a commit of an older one is decided by that. Commits of
    newer ones, and of older ones after newer, are faults. `progress` is told the number of commits read so far.

    Raises:
        StoreError: `history_shallow`; the repository holds the end of the history only.
    """
    check_whole(git, until)
    verifier = _Verifier(git, rules, table)
    judged = since is None
    for number, commit in enumerate(read_commits(git, since=None, until=until), start=1):
        verifier.take(commit, check=judged)
        judged = judged or commit.id == since
        progress(number)
    if not judged:
        verifier.problems.append(
            Problem("unknown_commit", "is not on the branch", path=since, hint="git log --first-parent names them")
        )
    if since is None and verifier.counts["rows"] and verifier.view.last_audit() == GENESIS:
        verifier.problems.append(Problem("chain_broken", "the audit chain has no head"))
    return Verified(head=until, problems=tuple(verifier.problems), **verifier.counts)


def event_of(git: Git, commit: Commit) -> tuple[Event, str] | None:
    """Return the event that an engine's commit answers, and the path of the audit file that holds it; None if none."""
    for change in commit.changes:
        kind = kind_of_path(change.path)
        if kind is None or kind.model is not AuditFile or change.new == NO_OBJECT:
            continue
        try:
            file = kind.read(git.read(change.new) or b"", path=change.path)
        except RecordError:
            continue
        if isinstance(file, AuditFile) and file.event is not None and file.cause == commit.cause:
            return file.event, change.path
    return None

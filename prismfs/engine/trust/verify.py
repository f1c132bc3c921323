"""Deciding every commit again: the same parent, event, time and version of the rules must give the same bytes.

Verifying reads the commits alone; the projection has no part in it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from prismfs.engine.trust.drop_proof import contradicts_roster
from prismfs.engine.trust.proposals import contradicted
from prismfs.engine.trust.verified import COUNTS, Stand, Verified
from prismfs.errors import PrismfsError, Problem, RecordError
from prismfs.kinds import kind_of, kind_of_path
from prismfs.kinds.core.audit import AuditFile
from prismfs.proof.statements import without_covers
from prismfs.records import plan as trailers
from prismfs.records.api import GENESIS, Event, Plan, Record, codec, parse_instant
from prismfs.rules import RULES_VERSION, TABLE, decide
from prismfs.rules.core.road import Table
from prismfs.store.git import history
from prismfs.store.git.history import Commit, first_parents
from prismfs.store.git.plumbing import NO_OBJECT, Change
from prismfs.store.git.repository import Git
from prismfs.store.memory import MemoryView

_SKEW = timedelta(seconds=1)
_UPGRADE = "upgrade prismfs to a version that knows these rules, then verify again"


class _Verifier:
    """The state that one walk over the history carries along: the view, the bytes, the counts."""

    def __init__(self, git: Git, rules: int, table: Table) -> None:
        self.git = git
        self.rules = rules
        self.table = table
        self.newest = 0
        self.view = MemoryView()
        self.founded = False
        self.bases: dict[str, str] = {}  # a commit of people's that was taken over, and what stood before
        self.counts = dict.fromkeys(COUNTS, 0)
        self.problems: list[Problem] = []
        self.unread: set[str] = set()  # files that are no valid record
        self.read: dict[str, bytes] = {}  # blobs before and after the commit that is looked at
        self.equal: dict[str, Record] = {}  # what was decided of it, where the file at that path says the same

    def stand_at(self, stand: Stand, *, goes_on: bool) -> None:
        """Stand where another walk has led; what its commit holds is read where this one `goes_on`."""
        self.newest, self.founded = stand.newest, stand.founded
        self.bases = {taken: before for before, taken in history.merges_below(self.git, stand.commit)}
        for path, data in history.files_at(self.git, stand.commit) if goes_on else ():
            if not self.view.put_file(path, data):
                self.unread.add(path)

    def stand(self, commit: str, before: Stand | None) -> Stand:
        """Return where the walk stands after `commit`, with what was counted `before`."""
        earlier = {} if before is None else before.counts
        counts = {name: count + earlier.get(name, 0) for name, count in self.counts.items()}
        whole = before.whole if before is not None and before.commit == commit else not self.unread
        return Stand(commit, self.newest, self.founded, whole, counts)

    def take(self, commit: Commit) -> None:
        """Check one commit against the state before it, then move the state over it."""
        if len(commit.parents) == 2:
            self.bases[commit.parents[1]] = commit.parents[0]
        self.counts["commits"] += 1
        records = [change for change in commit.changes if kind_of_path(change.path) is not None]  # and no code beside
        blobs = [*{blob for change in records for blob in (change.old, change.new) if blob != NO_OBJECT}]
        found = zip(blobs, self.git.read_many(blobs), strict=True)
        self.read, self.equal = {blob: data for blob, data in found if data is not None}, {}
        if commit.cause is None or not commit.parents:
            self.counts["foreign"] += 1
            self._check_foreign(commit)
        else:
            self._check_engine(commit)
        self.founded = self.founded or commit.by_engine
        self._advance(commit)

    def _check_engine(self, commit: Commit) -> None:
        found = event_in(commit, self.read.get)
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
            old = self._old(commit, found[path].old if path in found else None, path)
            data = self.read.get(found[path].new) if path in found else old
            if not _says(data, wanted[path], old=old):
                self._problem(commit, "differs", "is not what the decision makes of it", path)
                return False
            if data == kind_of(wanted[path]).write(wanted[path]):
                self.equal[path] = wanted[path]
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

    def _check_foreign(self, commit: Commit) -> None:
        """People's commits lie below the project's first, and beside the truth: on its own line there are none."""
        if self.founded:
            self._problem(commit, "not_the_engines", "stands in the records, and the engine did not make it")

    def _advance(self, commit: Commit) -> None:
        files: list[tuple[AuditFile, Change]] = []
        for change in commit.changes:
            self.unread.discard(change.path)
            if change.new == NO_OBJECT:
                self.view.remove_file(change.path)
                continue
            kind = kind_of_path(change.path)
            if kind is None:
                continue
            data = self.read.get(change.new, b"")
            known = self.equal.get(change.path)
            if kind.model is AuditFile:
                try:
                    file = known or kind.read(data, path=change.path)
                except RecordError as error:
                    self.unread.add(change.path)
                    self._problem(commit, "bad_row", str(error), change.path)
                else:
                    assert isinstance(file, AuditFile)
                    files.append((file, change))
            elif known is not None:
                self.view.put_record(change.path, kind, known, data)
            elif not self.view.put_file(change.path, data):
                self.unread.add(change.path)
                if commit.cause is not None:
                    self._problem(commit, "bad_record", "is no valid record", change.path)
        self._chain(commit, files)

    def _chain(self, commit: Commit, files: list[tuple[AuditFile, Change]]) -> None:
        """Take the rows of a commit, whose file names the one before it."""
        for file, change in sorted(files, key=lambda entry: entry[0].number):
            head = self.view.last_audit()
            if (file.number, file.prev) != (head.number + 1, head.digest):
                self._problem(commit, "chain_broken", f"does not follow audit row {head.number}", change.path)
            self.counts["rows"] += len(file.rows)
            self.counts["repaired"] += sum(
                row.action == "commit.observed" and bool(row.meta.get("refused")) for row in file.rows
            )
            self.view.put_record(change.path, kind_of(file), file, self.read.get(change.new, b""))

    def _old(self, commit: Commit, blob: str | None, path: str) -> bytes | None:
        """Return what stood at `path` before a commit, as the `blob` that it changed there, if it did."""
        if blob == NO_OBJECT:
            return None
        return self.git.read(f"{commit.parents[0]}:{path}") if blob is None else self.read.get(blob)

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
    start: Stand | None = None,
    rules: int = RULES_VERSION,
    table: Table = TABLE,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Decide every commit up to `until` again and compare; with `since`, judge only those after it.

    `start` is where an earlier walk has led, a commit on the way there. `rules` is the newest version of the rules in
    `table`; a commit of an older one is decided by that. Commits of newer ones, and of older ones after newer, are
    faults. `progress` is told the number of commits read so far.

    Raises:
        StoreError: `history_shallow`; the repository holds the end of the history only.
    """
    verifier = _Verifier(git, rules, table)
    if since is not None and not history.follows(git, since, until):
        hint = "git log --first-parent names them"
        verifier.problems.append(Problem("unknown_commit", "is not on the branch", path=since, hint=hint))
        since = until
    if since is not None:
        start = _unjudged(git, since, rules)
    history.check_whole(git, until, since=None if start is None else start.commit)
    if start is not None:
        verifier.stand_at(start, goes_on=start.commit != until)
    first = None if start is None else start.commit
    for number, commit in enumerate(history.read_commits(git, since=first, until=until), start=1):
        verifier.take(commit)
        progress(number)
    if start is None and verifier.counts["rows"] and verifier.view.last_audit() == GENESIS:
        verifier.problems.append(Problem("chain_broken", "the audit chain has no head"))
    end, taken = verifier.stand(until, start), None if since is not None else start
    return Verified(head=until, problems=tuple(verifier.problems), end=end, taken=taken, **verifier.counts)


def _unjudged(git: Git, commit: str, rules: int) -> Stand:
    """Return where a walk stands that has believed all commits up to `commit`."""
    passed = [history.read_commit(git, oid) for oid in first_parents(git, commit)]
    newest = max((one.rules for one in passed if one.rules <= rules), default=0)  # who is judged may claim no older
    return Stand(commit, newest, any(one.by_engine for one in passed), whole=False, counts={})


def _says(data: bytes | None, record: Record, *, old: bytes | None) -> bool:
    """Tell whether `data` is `record` as this version writes it, or as an older version of its kind wrote it."""
    kind = kind_of(record)
    if data is None or data == kind.write(record, old=old):
        return data is not None
    try:
        document = codec.parse(data, format=kind.format)
        if document.get("version") == kind.version or kind.record(document, path=kind.place_of(record)) != record:
            return False
    except RecordError:
        return False
    return data == kind.encode(document, old=old)


def event_of(git: Git, commit: Commit) -> tuple[Event, str] | None:
    """Return the event that an engine's commit answers, and the path of the audit file that holds it; None if none."""
    return event_in(commit, git.read)


def event_in(commit: Commit, read: Callable[[str], bytes | None]) -> tuple[Event, str] | None:
    """As `event_of`; `read` gives the bytes of a blob."""
    for change in commit.changes:
        kind = kind_of_path(change.path)
        if kind is None or kind.model is not AuditFile or change.new == NO_OBJECT:
            continue
        try:
            file = kind.read(read(change.new) or b"", path=change.path)
        except RecordError:
            continue
        if isinstance(file, AuditFile) and file.event is not None and file.cause == commit.cause:
            return file.event, change.path
    return None

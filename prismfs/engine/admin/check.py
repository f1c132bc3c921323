"""Checking a file before it is committed or dropped, by the rules of intake."""

from pathlib import Path

from prismfs.errors import PrismfsError, Problem, RecordError
from prismfs.intake.drop import MAX_BYTES
from prismfs.intake.inbox import NAME
from prismfs.intake.scan import redact
from prismfs.kinds import form_of, kind_of_path
from prismfs.kinds.escalation.settings import escalation_policy, routing
from prismfs.records.api import Kind, Record, codec
from prismfs.rules.escalation.api import check_actions
from prismfs.store.defaults import default_record


def check_file(path: Path, root: Path | None) -> Problem | None:
    """Return what is wrong with `path`: a record by its place in the project at `root`, any other file as a drop."""
    if not path.is_file():
        return Problem("not_a_file", "is not a file", path=str(path))
    if root is None or not path.resolve().is_relative_to(root.resolve()):
        return check_drop(path, root)
    place = path.resolve().relative_to(root.resolve()).as_posix()
    kind = kind_of_path(place)
    if kind is None:
        return check_drop(path, root)
    try:
        kind.read(path.read_bytes(), path=place)
        if kind in (escalation_policy.KIND, routing.KIND):
            check_routes(root)
    except PrismfsError as error:
        return error.problem.at(place)
    return None


def check_routes(root: Path) -> None:
    """Accept the actions of the escalation policy in the work tree, as its routing settings name further channels.

    Raises:
        RecordError: one of the two is no valid record.
        ConfigError: `invalid_setting`, no channel of an action is registered.
    """
    policy, routes = (_setting(kind, root) for kind in (escalation_policy.KIND, routing.KIND))
    assert isinstance(policy, escalation_policy.EscalationPolicy)
    assert isinstance(routes, routing.Routing)
    check_actions(policy, routes)


def _setting(kind: Kind, root: Path) -> Record:
    path = root / kind.folder
    return kind.read(path.read_bytes(), path=kind.folder) if path.is_file() else default_record(kind.name)


def check_drop(path: Path, root: Path | None = None) -> Problem | None:
    """Return what is wrong with `path` as a file to be dropped, if anything. The roster is not asked."""
    name = str(path if root is None or not path.is_absolute() else path.name)
    if not NAME.fullmatch(path.name):
        return Problem("bad_name", "the inbox takes no file of this name", path=name, hint=NAME.pattern)
    if path.stat().st_size > MAX_BYTES:
        return Problem("too_large", f"is larger than {MAX_BYTES} bytes", path=name)
    try:
        data = codec.parse(path.read_bytes(), format="json" if path.suffix == ".json" else "yaml", path=name)
        form_of(redact(data).document)
    except RecordError as error:
        return error.problem.at(name)
    return None

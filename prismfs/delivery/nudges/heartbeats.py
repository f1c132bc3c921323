"""Heartbeats: when each agent was last seen, in `run/heartbeats/<identity>.json`, outside of git (R-004-34)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prismfs.delivery.folder import opened
from prismfs.delivery.nudges.forms import Heartbeat
from prismfs.delivery.nudges.queue import is_identity
from prismfs.errors import Problem, RecordError
from prismfs.records.formats.json_form import read_json, write_json

_MOST_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class Beat:
    """The last heartbeat of one identity (in lower case), how old it is, and whether that is too old."""

    identity: str
    heartbeat: Heartbeat
    age: timedelta
    stale: bool


def write_heartbeat(root: Path, identity: str, heartbeat: Heartbeat, *, dry_run: bool = False) -> str:
    """Write the heartbeat of `identity` in place of the last one; return the path below `root`.

    With `dry_run` nothing is written.

    Raises:
        RecordError: `bad_identity`.
        StoreError: the folder cannot be written, or is a link.
    """
    if not is_identity(identity):
        raise RecordError("bad_identity", f"not an identity: {identity[:60]!r}", field="/from")
    name = f"{identity.lower()}.json"
    data = write_json(heartbeat.to_document())
    if not dry_run:
        with opened(root, "run", "heartbeats", create=True) as folder:
            assert folder is not None
            folder.write(name, data)
    return f"run/heartbeats/{name}"


def read_heartbeats(root: Path, now: datetime, *, older: timedelta) -> tuple[tuple[Beat, ...], tuple[Problem, ...]]:
    """Return every heartbeat by name, and the files that are none.

    One is stale that is older than `older`, or as far ahead: its time cannot be known.
    """
    beats, problems = [], []
    with opened(root, "run", "heartbeats", create=False) as folder:
        for name in () if folder is None else folder.names():
            identity, path = name.removesuffix(".json"), f"run/heartbeats/{name}"
            if not (name.endswith(".json") and is_identity(identity) and identity == identity.lower()):
                problems.append(Problem("bad_name", "is not named as a heartbeat", path=path))
                continue
            try:
                data = None if folder is None else folder.read(name, most=_MOST_BYTES)
                if data is None:
                    continue
                heartbeat = Heartbeat.from_document(read_json(data, path), path=path)
            except RecordError as error:
                problems.append(error.problem)
                continue
            age = now - heartbeat.at
            beats.append(Beat(identity, heartbeat, age, abs(age) > older))
    return tuple(beats), tuple(problems)

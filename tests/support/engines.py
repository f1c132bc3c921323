"""The engines of a project and of its clones, as the command line and the signatures show them."""

from __future__ import annotations

from pathlib import Path

from prismfs.engine.trust.verify import verify
from prismfs.engine.turn.desk import Desk
from prismfs.proof.proofs import Classified
from prismfs.store.git.proofs import classify_branch
from tests.support.command_line import CommandLine
from tests.support.signed_desk import root_anchor


def cloned(place: CommandLine, root: Path) -> CommandLine:
    place.git("clone", "--quiet", str(place.root), str(root))
    (root / "inbox").mkdir()
    return CommandLine(root)


def listed(place: CommandLine) -> list[dict[str, object]]:
    found: list[dict[str, object]] = place.call("keys", "list", "--json").data["items"]
    return found


def classified(place: CommandLine) -> Classified:
    """What the signatures of the whole branch prove, from its first commit on."""
    with Desk(place.root) as desk:
        git, head = desk.repo.git, desk.repo.snapshot().commit
        root = git.run("rev-list", "--max-parents=0", head).decode().strip()
        assert verify(git, until=head).problems == ()
        return classify_branch(git, head, root_anchor(git, root))

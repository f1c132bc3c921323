"""Questions about the graph that beads make by their links: what keeps one from being started, and circles.

The rules ask them of records, listings of plain JSON, so neither is imported here.
"""

from collections.abc import Callable
from dataclasses import dataclass

BLOCKS, PARENT = "blocks", "parent-child"
ORDERING = (BLOCKS, PARENT)
"""The types of link that say what comes first; they must not go round in a circle."""


@dataclass(frozen=True, slots=True)
class Node:
    """A bead as far as links go: `held` is said to be blocked by hand; `on` are its links, (type, id)."""

    id: str
    open: bool
    held: bool
    on: tuple[tuple[str, str], ...]


Find = Callable[[str], Node | None]
"""Gives the bead that an id names, None where there is none."""


def blockers(node: Node, find: Find) -> tuple[str, ...]:
    """Return the ids of what keeps `node` from being started, the nearest first.

    Those are the open beads that block it or a parent of it, and parents that are held. What is closed, or not
    here, blocks nothing.
    """
    found: dict[str, None] = {}
    waiting, seen = [node], {node.id}
    for here in waiting:
        for kind, on in here.on:
            if kind not in ORDERING:
                continue
            other = find(on)
            if other is None or not other.open:
                continue
            if kind == BLOCKS:
                found[other.id] = None
            elif other.id not in seen:
                seen.add(other.id)
                waiting.append(other)
                if other.held:
                    found[other.id] = None
    return tuple(found)


def find_cycle(start: str, on: Node, find: Find) -> tuple[str, ...]:
    """Return the circle that a link from `start` to `on` would close, from `start` back to it; () for none."""
    came: dict[str, str] = {on.id: start}
    waiting = [on]
    for here in waiting:
        for kind, target in here.on:
            other = find(target) if kind in ORDERING else None
            if other is None:
                continue
            if other.id == start:
                way = [here.id]
                while came[way[-1]] != start:
                    way.append(came[way[-1]])
                return (start, *reversed(way), start)
            if other.id not in came:
                came[other.id] = here.id
                waiting.append(other)
    return ()

"""What is declared by modules and imported when it is asked for: a command needs few of the kinds and rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Registry(Mapping[K, V], Generic[K, V]):
    """Values by the keys that a generated index names; `load` imports the module of one, the first time."""

    def __init__(self, keys: Iterable[K], load: Callable[[K], V]) -> None:
        self._keys = tuple(keys)
        self._known = frozenset(self._keys)
        self._load = load
        self._loaded: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        try:
            return self._loaded[key]
        except KeyError:
            if key not in self._known:
                raise
        return self._loaded.setdefault(key, self._load(key))

    def __contains__(self, key: object) -> bool:
        return key in self._known

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def path_of(found: type) -> str:
    """Return where a class is defined, `module:name`, by which an index knows it."""
    return f"{found.__module__}:{found.__qualname__}"

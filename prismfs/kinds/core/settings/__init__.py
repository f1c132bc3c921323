"""Settings of the project itself, and what the kinds of all settings files have in common."""

from collections.abc import Mapping

from prismfs.records.api import Kind, Record


def settings_kind(
    name: str, model: type[Record], *, path: str | None = None, facets: Mapping[str, str] | None = None,
    listing: tuple[str, ...] = (),
) -> Kind:  # fmt: skip
    """Return the kind of one protected file that people write: `settings/<name>.yaml`, or the one at `path`."""
    path = path or f"settings/{name}.yaml"
    return Kind(
        name=name, model=model, folder=path, format="json" if path.endswith(".json") else "yaml", layout="single",
        writers=frozenset({"person"}), facets=facets or {}, protected=True, listing=listing,
    )  # fmt: skip

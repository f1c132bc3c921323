"""The few kinds of error, chosen by what the caller must do, and the problem each carries.

Expected bad input is a value (`Problem`); an exception carries one where a value cannot be returned.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to do about it.

    `code` is a stable snake_case word for machines; `path` a file or record; `field` a JSON pointer or a
    dotted field name; `hint` the next step for a person. A problem never holds the offending value when
    that value could be a secret.
    """

    code: str
    message: str
    path: str | None = None
    field: str | None = None
    hint: str | None = None

    def at(self, path: str) -> "Problem":
        """Return the same problem, said of `path`."""
        return replace(self, path=path)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Problem":
        """Return the problem that `as_document` wrote; other members are left aside."""
        return cls(**{name.name: str(document[name.name]) for name in fields(cls) if name.name in document})

    def as_document(self) -> dict[str, str]:
        """Return the problem as a JSON object without its empty members (the CLI's error shape)."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        where = " ".join(part for part in (self.path, self.field) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class PrismfsError(Exception):
    """Base of all errors of this package; `exit_code` is the command line's answer to it (docs/cli.md)."""

    exit_code = 70

    def __init__(
        self, code: str, message: str, *, path: str | None = None, field: str | None = None, hint: str | None = None
    ) -> None:
        self.problem = Problem(code, message, path=path, field=field, hint=hint)
        super().__init__(str(self.problem))

    @property
    def code(self) -> str:
        """The stable word that says which error this is."""
        return self.problem.code


class UsageError(PrismfsError):
    """The command was called wrongly: call it again, corrected."""

    exit_code = 2


class RecordError(PrismfsError):
    """A record or file is invalid: mend the file."""

    exit_code = 3


class ConfigError(PrismfsError):
    """A setting is invalid: mend the setting."""

    exit_code = 3


class RefusedError(PrismfsError):
    """A rule or a gate says no; the code says which."""

    exit_code = 4


class ConflictError(PrismfsError):
    """The branch moved or a claim was lost: try again."""

    exit_code = 5


class UndeliveredError(PrismfsError):
    """Done and kept, but not everything was delivered; it stays in the outbox. `data` is what the command answers."""

    exit_code = 6
    data: object = None


class ForbiddenError(PrismfsError):
    """The acting identity may not do this."""

    exit_code = 7


class StoreError(PrismfsError):
    """The repository is wrong or out of reach."""

    exit_code = 69


def error_of(name: str, problem: Problem) -> PrismfsError:
    """Return the error of the kind `name`, such as `RefusedError`, that carries `problem`."""
    kinds: tuple[type[PrismfsError], ...] = (PrismfsError, *PrismfsError.__subclasses__())
    (kind,) = (kind for kind in kinds if kind.__name__ == name)
    return kind(problem.code, problem.message, path=problem.path, field=problem.field, hint=problem.hint)

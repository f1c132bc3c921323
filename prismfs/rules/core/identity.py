"""When two reports are one: a key says so, or all their words do; those that are alike are others of a kind (FD-01).

A fingerprint leaves out numbers, addresses and names of hosts, so that it finds what is alike. Which of two hosts is
down is what it leaves out, so that it decides nothing here: it says what is told together.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from prismfs.kinds.core.settings.fingerprint import SEVERITY_FIELDS, Fingerprint
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import canonical_json
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.fingerprint import normalise

Reported = TypeVar("Reported", bound=Escalation | Incident)

_MOST_SHOWN = 5
_LONGEST = 60
_MOST_WORDS = 200
_LIKE = 0.5
"""Of two texts, how much must be the same that it is worth saying where they differ."""


def identity_of(draft: Draft, texts: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """Return the SHA-256 (hex) of all words of a report and of its labels.

    Nothing is told apart by white space, the case of letters, how bad it is said to be (C-08), what the rules `passing`
    of the fingerprint find, such as times, and labels that the policy ignores.
    """
    rules, ignored = draft.view.single(Fingerprint), {*SEVERITY_FIELDS, *draft.policy.alike.ignored_labels}
    said = {name: " ".join(_lasting(rules, text).split()).casefold() for name, text in texts.items()}
    said |= {f"label.{name}": value for name, value in labels.items() if name not in ignored}
    return hashlib.sha256(canonical_json(dict(said))).hexdigest()


def find_repeated(
    draft: Draft, model: type[Reported], key: str, identity: str | None
) -> tuple[Reported | None, Reported | None]:
    """Return the record of `model` that a report repeats, open or not, and the oldest open one that it is only like.

    A repeat has the same `key`, or, where its reporter gave none, the same `identity`; what is open goes before what is
    over. Once as many that are alike are open as the policy says, more repeat the first (FD-01).
    """
    latest = draft.view.latest_with_key(model, key)
    if identity is None:
        return latest, None
    alike = draft.view.all_with_key(model, key)
    same = next((one for one in (*reversed(alike), latest) if one is not None and one.identity == identity), None)
    if same is None and len(alike) >= draft.policy.alike.most:
        same = alike[0]
    return same, next(iter(alike), None)


def differences(
    texts: Mapping[str, str], labels: Mapping[str, str], before: Mapping[str, str], labels_before: Mapping[str, str]
) -> str:
    """Return in one line what a report says otherwise than the one `before`: "host: beta; db-2 for db-1".

    Of a text that has little in common with the one before it is said that it is another.
    """
    found = [f"{name}: {value}" for name, value in sorted(labels.items()) if labels_before.get(name) != value]
    found += [f"no {name}" for name in sorted(labels_before.keys() - labels.keys())]
    for name, text in texts.items():
        found += _other_words(name, text.split()[:_MOST_WORDS], before.get(name, "").split()[:_MOST_WORDS])
    shown = list(dict.fromkeys(found))
    more = f"; {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    return "; ".join(shown[:_MOST_SHOWN]) + more if shown else "its later words"


def _lasting(rules: Fingerprint, text: str) -> str:
    return normalise(rules, text, only=rules.passing) if rules.passing else text


def _other_words(name: str, now: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    """Yield what stands in one text in place of what stands in the other."""
    found = SequenceMatcher(None, before, now, autojunk=False)
    if now != before and found.ratio() < _LIKE:
        yield f"another {name}"
        return
    for what, old, old_end, new, new_end in found.get_opcodes():
        if what != "equal":
            yield _phrase(" ".join(now[new:new_end])[:_LONGEST], " ".join(before[old:old_end])[:_LONGEST])


def _phrase(new: str, old: str) -> str:
    return f"{new} for {old}" if new and old else new or f"no {old}"

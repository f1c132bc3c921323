"""A review that speaks of people where it should speak of systems is pointed out, never refused (R-003-23)."""

from __future__ import annotations

import pytest

from prismfs.kinds.response.settings.response import BLAME
from prismfs.rules.response.postmortem.storing import advice_on

NAMES = {"jade", "clara"}


def found(text: str, phrases: tuple[str, ...] = BLAME) -> list[tuple[int, str, str]]:
    advice = advice_on(text, phrases=phrases, is_name=lambda word: word.casefold() in NAMES)
    return [(each.line, each.name, each.words) for each in advice]


def test_name_beside_blame_is_pointed_out_with_its_line() -> None:
    text = "## What Went Poorly\n\n- The index filled up. Jade should have looked at the graph\n- paging worked\n"
    assert found(text) == [(3, "Jade", "should have")]


@pytest.mark.parametrize(
    "text",
    [
        "Jade looked at the graph and rolled back.",
        "The alert should have fired.",
        "Jade rolled back. The alert should have fired.",
        "Jaded reviewers should have help.",
        "Clara rolled back what a faultless deploy brought.",
    ],
)
def test_name_or_blame_alone_is_no_matter(text: str) -> None:
    assert found(text) == []


def test_words_are_found_across_blanks_and_case_but_not_inside_others() -> None:
    assert found("Because of HUMAN   error by clara.") == [(1, "clara", "human error")]
    assert found("Clara unblamed the commit.") == []


def test_words_are_the_projects_own() -> None:
    assert found("Jade dropped the ball.", ("dropped the ball",)) == [(1, "Jade", "dropped the ball")]
    assert found("Jade should have looked.", ("dropped the ball",)) == []


def test_advice_says_line_name_and_words_and_nothing_else_of_the_text() -> None:
    (advice,) = advice_on("secret-token: Jade forgot it", phrases=BLAME, is_name=lambda word: word == "Jade")
    assert advice.text == "line 1: 'Jade' beside 'forgot'; say what of the system let it happen"

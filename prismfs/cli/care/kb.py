"""`prismfs kb`: the articles that questions are answered from (R-000-18)."""

import json
from typing import Any

import click

from prismfs.cli import output
from prismfs.records.answer import REVIEW_TAG
from prismfs.store import answers, listing
from prismfs.store.reading import reading


@click.group("kb", epilog='\b\nExample:\n  prismfs kb search "how do I rotate a key"')
def command() -> None:
    """Search the knowledge base, and add to it. Files in kb/ may be committed by hand as well."""


@command.command("search", epilog='\b\nExample:\n  prismfs kb search "export writes an empty file" --limit 3')
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="At most so many articles.")
@output.verb()
def search(call: output.Call, words: tuple[str, ...], limit: int) -> None:
    """List the articles that hold the most of WORDS, best first, as the intake desk finds them.

    An article is given as the answer to a question when it covers enough of it: `answer_coverage` of
    settings/policy.yaml. A post-incident review never is.
    """
    with reading(call.project()) as connection:
        found = answers.find_answers(connection, " ".join(words), limit)
        given = {each.id for each in answers.find_answers(connection, " ".join(words), limit, without=REVIEW_TAG)}
        policy = json.loads(listing.read_document(connection, "policy") or "{}")
    enough = policy.get("answer_coverage")
    items: list[dict[str, Any]] = [
        {
            "name": answer.id,
            "title": answer.title,
            "source": answer.source,
            "coverage": round(answer.coverage, 3),
            "answers": enough is not None and answer.coverage >= enough and answer.id in given,
            "excerpt": answer.excerpt,
        }
        for answer in found
    ]
    columns = {"name": "NAME", "coverage": "COVERAGE", "answers": "ANSWERS", "title": "TITLE", "source": "SOURCE"}
    rows = [
        item | {"coverage": f"{item['coverage']:.0%}", "answers": "yes" if item["answers"] else ""} for item in items
    ]
    text = output.table(rows, columns) if rows else "no article holds any of these words"
    output.result(call, {"items": items, "total": len(items)}, text)


@command.command(
    "add",
    epilog='\b\nExample:\n  prismfs kb add rotate-key --title "Rotating a key" --source "handbook, chapter 3" --body -',
)
@click.argument("name")
@click.option("--title", required=True, help="One line; its words count most in a search.")
@click.option("--source", required=True, help="Where it is from; cited with every answer.")
@click.option("--body", required=True, help="The text; - reads standard input.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; may be given several times.")
@click.option("--replace", is_flag=True, help="Take the place of the article of this name.")
@output.verb(writes=True)
def add(
    call: output.Call, name: str, body: str, tags: tuple[str, ...], replace: bool, dry_run: bool, **fields: str
) -> None:
    """Add an article as kb/NAME.yaml, NAME being of a-z 0-9 . _ -

    An operator may, and whom the roster allows kb.add.
    """
    document: dict[str, Any] = {"name": name, **fields, "body": output.read_body(body)}
    if tags:
        document["tags"] = list(tags)
    call.submit("kb.add", {"document": document, "replace": replace}, dry_run=dry_run)

"""What stands in the documents, schemas and examples is what the program does."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from prismfs.cli import run
from prismfs.clock import SystemClock
from prismfs.engine.admin.init_project import init_project
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react
from prismfs.kinds import DROPS, KINDS
from prismfs.kinds.core.actions import ROUTABLE
from prismfs.kinds.core.settings.project import Project
from prismfs.records import codec
from prismfs.schema import schema_files
from tests.support.command_tree import ALL

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

REFUSED = {
    "anchor.yaml": "anchor",
    "duplicate-key.yaml": "duplicate_key",
    "implicit-date.yaml": "implicit_date",
    "job-failure-with-a-command.yaml": "command_in_drop",
    "name-like-an-option.yaml": "bad_field",
    "nested.json": "too_deep",
    "not-a-kind.yaml": "unknown_kind",
    "unknown-field.yaml": "unknown_field",
    "unknown-pid.yaml": "unknown_pid",
}
NEEDS_A_PROJECT = {"unknown-pid.yaml"}


@pytest.mark.parametrize(("name", "command"), ALL.items(), ids=list(ALL))
def test_command_has_help_with_an_example_that_calls_it(name: str, command: click.Command) -> None:
    assert command.help
    assert command.epilog is not None
    assert "Example" in command.epilog
    # What stands for another word (escalate "…" for escalate create) is shown as people type it.
    words = name.removesuffix(" create") if name.endswith(" create") else name
    shown = re.sub(r"(-C \S+|--as \S+|--json) ", "", command.epilog)
    assert f"prismfs {words}" in shown
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize("name", ALL)
def test_command_is_named_in_the_documents(name: str) -> None:
    assert f"`{name}" in (ROOT / "docs" / "cli.md").read_text()


def test_exit_codes_are_those_of_the_documents() -> None:
    from prismfs import errors

    text = (ROOT / "docs" / "cli.md").read_text()
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PrismfsError)
    ]
    assert {kind.exit_code for kind in classes} | {0, 1} == documented


def test_requirements_cited_are_listed_and_their_files_exist(files: list[Path]) -> None:
    path = ROOT / "docs" / "requirements.md"
    listed = path.read_text()
    number = re.compile(r"\bR-\d{3}-\d{2}\b|\bC-\d{2,3}\b|\bF[DGTV]-\d{2}\b")
    cited = set()
    for file in files:
        if file.suffix in (".py", ".yaml") and file.relative_to(ROOT).parts[0] in ("prismfs", "tests"):
            cited |= set(number.findall(file.read_text()))
    assert sorted(cited - set(number.findall(listed))) == []
    rows = re.findall(rf"^\| (?:{number.pattern}) \|[^|]*\|([^|]*)\|([^|]*)\|$", listed, re.MULTILINE)
    assert len(rows) == len(set(number.findall(listed)))
    for folder, column in (("prismfs", 0), ("tests", 1)):
        named = {name for row in rows for name in re.findall(r"`([^`]+)`", row[column])}
        assert [name for name in sorted(named) if not (ROOT / folder / name).exists()] == []


def test_texts_name_no_place_of_their_making(files: list[Path]) -> None:
    places = re.compile(r"(?<!\w)/wo" + r"rk/|\bsha" + r"red/|/tmp/t" + "p")
    found = []
    for path in files:
        text = path.read_bytes().decode(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in places.findall(text)]
    assert found == []


def test_schemas_checked_in_are_those_of_the_models() -> None:
    """Mended with: prismfs schema --write schemas."""
    checked_in = {path.name: path.read_bytes() for path in (ROOT / "schemas").glob("*.json")}
    assert sorted(checked_in) == sorted(schema_files())
    assert [name for name, data in schema_files().items() if checked_in[name] != data] == []


def examples(*folders: str) -> list[Path]:
    """Return the example files of some folders, without what stands in folders below them."""
    files = [path for name in folders for path in sorted((EXAMPLES / name).iterdir()) if path.is_file()]
    found = [path for path in files if path.suffix in (".yaml", ".json")]
    assert found
    return found


def parsed(path: Path) -> dict[str, Any]:
    """Return what an example says, read as the desk reads it."""
    return dict(codec.parse(path.read_bytes(), format="json" if path.suffix == ".json" else "yaml", path=path.name))


@pytest.mark.parametrize("path", examples("signals", "incidents", "other", "kb"), ids=lambda path: path.name)
def test_example_is_valid_by_its_schema_and_by_check(
    path: Path, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    document = parsed(path)
    kind = document["kind"]
    schema = json.loads(schema_files()[f"drop-{kind}.schema.json" if kind in DROPS else f"{kind}.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    if kind == "kb":
        path = Path(shutil.copy(path, project / "kb"))
    assert run(["-C", str(project), "check", str(path)]) == 0, capsys.readouterr()


@pytest.mark.parametrize("path", examples("refused"), ids=lambda path: path.name)
def test_refused_example_is_refused_with_its_code(
    path: Path, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    code = REFUSED[path.name]
    if path.name not in NEEDS_A_PROJECT:
        assert run(["-C", str(project), "check", str(path), "--json"]) == 1
        (problem,) = json.loads(capsys.readouterr().out)["data"]["problems"]
        assert problem["code"] == code
    (project / "inbox" / path.name).write_bytes(path.read_bytes())
    with Desk(project) as desk:
        clock = SystemClock()
        turn = react(desk, Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall() + 3600))
    assert turn.outcomes[-1].event.document["code"] == code


def test_refused_examples_are_all_in_the_table() -> None:
    assert {path.name for path in examples("refused")} == set(REFUSED)


def test_every_form_that_may_be_dropped_has_an_example() -> None:
    assert {parsed(path)["kind"] for path in examples("signals", "incidents", "other")} == set(DROPS)


def table(path: str, head: str) -> list[list[str]]:
    """Return the cells of the rows of the table in a document that begins with these words."""
    rows = (ROOT / path).read_text().partition(f"| {head}")[2].splitlines()[2:]
    ends = next(number for number, row in enumerate(rows) if not row.startswith("|"))
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[:ends]]


def words_of(text: str) -> list[str]:
    """Return what stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def test_kinds_of_the_documents_are_those_that_there_are() -> None:
    rows = {words_of(row[0])[0]: (words_of(row[1])[0], words_of(row[3])) for row in table("docs/cli.md", "kind | path")}
    for name, kind in KINDS.items():
        path, filters = rows.pop(name)
        if kind.layout == "single":
            assert path == kind.folder
        else:
            word = f"<{kind.name_field}>" if kind.layout == "named" else f"…/{kind.prefix}-…"
            assert path == f"{kind.folder}/{word}.{kind.format}"
        assert filters == [f"--{each}" for each in kind.filters]
    assert rows == {}


def test_folders_of_the_design_are_those_of_the_kinds() -> None:
    drawn = (ROOT / "docs" / "design.md").read_text()
    for kind in KINDS.values():
        if kind.name != "tenant":  # it stands beside projects
            shown = {"single": kind.folder, "named": f"{kind.folder}/<", "dated": f"{kind.folder}/ "}[kind.layout]
            assert re.search(rf"(?:^| ){re.escape(shown)}", drawn, re.MULTILINE), shown


def test_forms_of_the_documents_are_those_that_may_be_dropped() -> None:
    """Their fields, too: what must be there, and what may."""
    rows = {words_of(row[0])[0]: row[1:] for row in table("docs/cli.md", "kind | must have")}
    assert set(rows) == set(DROPS)
    for word, form in DROPS.items():
        fields = {field.alias or name: field for name, field in form.model_fields.items()}
        for name in ("kind", "from", "version"):
            del fields[name]
        must = {name for name, field in fields.items() if field.is_required()}
        told = [set(words_of(re.sub(r"\(each [^)]*\)", "", cell))) for cell in rows[word]]
        needed_in_words = {"signal": {"to"}}.get(word, set())  # `to`, unless it answers another
        refused = {"job_failure": {"command"}}.get(word, set())
        assert told[0] == must | needed_in_words, word
        assert told[1] == set(fields) - told[0] - refused, word


def test_guide_for_agents_names_every_form_that_may_be_dropped() -> None:
    rows = table("prismfs/defaults/core/AGENTS.md", "kind | what it does")
    assert {words_of(row[0])[0] for row in rows} == set(DROPS)


def test_channels_of_the_documents_are_those_that_there_are() -> None:
    rows = {words_of(row[0])[0]: row[2] for row in table("docs/channels.md", "action | what")}
    forms = {form.action: form for form in ROUTABLE.values()}
    assert set(rows) == {"bead", "<channel>:<name>", *forms}
    for action, form in forms.items():
        named = {word.removeprefix("contacts.") for word in words_of(rows[action])}
        assert set(form.contacts) <= named, action
        assert ("targets.<name>" in named) == (form.reaches == "target"), action


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project."""
    root = tmp_path / "desk"
    init_project(root, project=Project(pid="PID-DESK01", tenant="local", operators=("olga",)), now=SystemClock().now())
    (root / "kb").mkdir(exist_ok=True)
    return root

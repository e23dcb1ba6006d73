"""What the page for people with a spreadsheet says is what the code reads."""

from __future__ import annotations

from pathlib import Path

from simplane.workforce.file_read import HEADINGS, read

PAGE = Path(__file__).parents[2] / "docs" / "people-file.md"


def test_every_column_and_its_other_names_stand_on_the_page_and_are_read() -> None:
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    columns = [name.strip() for row in rows for name in row[1].split(",")]
    others = [name.strip() for row in rows for name in row[2].split(",") if name.strip()]

    assert sorted(columns) == sorted(HEADINGS.values())
    emails = {"e-mail", "mail", "work email"}
    for name in {*columns, *others} - emails:
        assert read(f"{name};E-Mail\n".encode()).ignored == ()
    for name in emails:
        assert read(f"{name}\n".encode()).fields == ("email",)

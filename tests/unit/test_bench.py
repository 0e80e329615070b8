"""The benchmarks' document: tables go to their places, and nothing else is touched. (Speed is never tested.)"""

from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHMARKS, DOCUMENT, main
from tests.bench.table import NoPlace, markdown, put, shown

TEXT = """# Numbers
<!-- one -->
old
<!-- /one -->
By hand.
<!-- two -->
<!-- /two -->
"""


def test_a_table_takes_the_place_between_its_markers() -> None:
    assert put(TEXT, "one", "new") == TEXT.replace("old", "new")


def test_it_can_be_written_again() -> None:
    once = put(TEXT, "two", r"| \1 |")
    assert put(once, "two", r"| \1 |") == once


@pytest.mark.parametrize("document", [TEXT, TEXT.replace("<!-- /one -->", ""), TEXT + TEXT])
def test_a_place_that_is_missing_or_twice_is_refused(document: str) -> None:
    name = "three" if document == TEXT else "one"
    with pytest.raises(NoPlace, match=name):
        put(document, name, "new")


def test_every_benchmark_has_a_place_in_the_document() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    for name in BENCHMARKS:
        assert "new" in put(document, name, "new")


def test_every_benchmark_has_a_program() -> None:
    for name in BENCHMARKS:
        assert (Path(__file__).parents[1] / "bench" / f"{name}.py").is_file()


def test_an_unknown_name_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["upload", "uplaod"])
    assert "there is no benchmark uplaod" in capsys.readouterr().err


def test_a_table_is_markdown() -> None:
    table = markdown(("what", "ratio"), [("a", "1.0"), ("b", "2.0")])
    assert table == "| what | ratio |\n| --- | ---: |\n| a | 1.0 |\n| b | 2.0 |"


def test_what_was_printed_is_shown_as_markdown() -> None:
    assert shown("A sentence.\n| a |\n| --- |\n") == "A sentence.\n\n| a |\n| --- |"
    assert shown("ratio 1.2\n  and more\n") == "```text\nratio 1.2\n  and more\n```"

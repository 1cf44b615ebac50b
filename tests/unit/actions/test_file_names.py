"""File names that every system takes, and content types guessed from them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freshbridge.actions.freshdesk.file_names import (
    checked_content_type,
    content_type_of,
    is_disarmed,
    is_runnable,
    safe_name,
)


@pytest.mark.parametrize(
    "name",
    [
        "invoice.pdf",
        "Rechnung März 2026 (final).pdf",
        "\u8acb\u6c42\u66f8.pdf",
        "\u0641\u0627\u062a\u0648\u0631\u0629.pdf",
        "party \U0001f468\u200d\U0001f469\u200d\U0001f467.png",
        ".gitignore",
        "README",
        "100%.txt",
        "setup.exe.pdf",
        "a" * 251 + ".pdf",
    ],
)
def test_a_safe_name_stays(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\mira\\a.pdf", "a.pdf"),
        ("..", "attachment"),
        ("/", "attachment"),
        ("\u200b\u202e", "attachment"),
        ("a\r\nContent-Type: text\x00.pdf", "a Content-Type_ text.pdf"),
        ('a"b<c>|d?*.txt', "a_b_c__d__.txt"),
        ("con", "_con"),
        ("Aux.txt", "_Aux.txt"),
        ("LPT\u00b9.log", "_LPT\u00b9.log"),
        ("nul .txt", "_nul .txt"),
        ("console.txt", "console.txt"),
        ("report.pdf. . .", "report.pdf"),
        ("a  \t b.pdf", "a b.pdf"),
        ("e\u0301t\u00e9.pdf", "\u00e9t\u00e9.pdf"),
        # What would run is kept, and disarmed.
        ("invoice.pdf.exe", "invoice.pdf.exe.txt"),
        ("INVOICE.PDF.EXE", "INVOICE.PDF.EXE.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.txt"),
        ("invoice.pdf                  .exe", "invoice.pdf .exe.txt"),
        ("run.js. ", "run.js.txt"),
        ("a.ex\u200be", "a.exe.txt"),
        (".bat", ".bat.txt"),
    ],
)
def test_a_name_that_deceives_is_made_safe(given_name: str, safe: str) -> None:
    assert safe_name(given_name) == safe


def test_a_long_name_keeps_its_extension() -> None:
    assert safe_name("\u00e4" * 300 + ".pdf") == "\u00e4" * 125 + ".pdf"
    assert safe_name("a" * 300 + ".exe") == "a" * 247 + ".exe.txt"
    # Cut off in the middle of what only looks like an extension, it must not end as a runnable one.
    assert safe_name("a" * 251 + ".exe" + "x" * 60) == "a" * 247 + ".exe.txt"


@given(st.text(max_size=400))
@example("a" * 250 + ".exe")
@example("a" * 300 + "." * 300 + ".pdf")
@example("." * 300 + "x")
def test_any_name_becomes_one_that_stays(name: str) -> None:
    safe = safe_name(name)

    assert safe_name(safe) == safe
    assert 1 <= len(safe.encode()) <= 255
    assert not is_runnable(safe)
    assert not set(safe) & set('/\\<>:"|?*\r\n\t\x00\u202e')
    assert safe.strip(". ") or safe == "attachment"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.pdf", "application/pdf"),
        ("A.PNG", "image/png"),
        ("a.tar.gz", "application/gzip"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.heic", "image/heic"),
        ("server.log", "text/plain"),
        ("a.unheard-of", "application/octet-stream"),
        ("README", "application/octet-stream"),
        (".pdf", "application/octet-stream"),
    ],
)
def test_a_type_is_guessed_from_the_extension_alone(name: str, content_type: str) -> None:
    assert content_type_of(name) == content_type


def test_a_disarmed_name_is_known() -> None:
    assert is_disarmed("a.exe.txt")
    assert not is_disarmed("a.pdf.txt")
    assert not is_disarmed("exe.txt")


def test_a_content_type_is_written_small() -> None:
    assert checked_content_type(" Text/Plain; charset=UTF-8 ") == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "text", ["", "pdf", "text/plain\r\nX-Evil: 1", "text/plain; a=b", "/", "a/b/c", "tëxt/plain"]
)
def test_what_is_no_content_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        checked_content_type(text)

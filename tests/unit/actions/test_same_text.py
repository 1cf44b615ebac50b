"""A text is recognised by its words, whatever Freshdesk made of its HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.freshdesk.same_text import holds, same_html, same_line, words_of
from freshbridge.actions.likeness import Likeness


@pytest.mark.parametrize(
    ("asked", "html", "text"),
    [
        ("<p onclick='x()'>It is <b>blank</b></p>", "<p>It is <b>blank</b></p>", None),
        ("Line one\nline two", '<div dir="ltr">Line one<br>line two</div>', None),
        ("Write to ada@acme.example", '<a href="mailto:x">Write to ada@acme.example</a>', None),
        ("<p>One</p><p>two</p>", None, "One two"),
        ("<style>p {color: red}</style>Red<script>alert(1)</script>", "<p>Red</p>", None),
        ("1 < 2 &amp; 3", "<div>1 &lt; 2 &amp; 3</div>", None),
        ("Mail <ada@acme.example> now", "Mail &lt;ada@acme.example&gt; now", None),
        ("שלום 😀", "<div>שלום</div>", None),
        ("👍", "<div>👍</div>", "👍"),
        ("", None, None),
        ("<div></div>", "", ""),
        ("<img src='data:abc'>", '<img src="https://s3.example/1">', ""),
    ],
)
def test_the_same_words_are_the_same_text(asked: str, html: str | None, text: str | None) -> None:
    assert same_html(asked, html, text) is Likeness.SAME


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("We looked into it", "<p>We looked into it</p><p>-- Acme Support, London</p>"),
        ("We looked <form>into the matter</form> today", "We looked today"),
        ("👍", "🎉"),
        ("It is here now", "Yesterday I saw: it is here now, as I said before you came along"),
    ],
)
def test_what_is_cut_or_added_to_is_doubtful(asked: str, found: str) -> None:
    assert same_html(asked, found) is Likeness.DOUBTFUL


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Order 17 has left", "Order 18 has left"),
        ("", "Something"),
        ("Something", None),
        ("Done", "We are done with all of what you asked for"),
        ("a b", "b a"),
    ],
)
def test_other_words_are_another_text(asked: str, found: str | None) -> None:
    assert same_html(asked, found) is Likeness.OTHER


def test_in_what_is_mailed_a_single_word_is_doubtful() -> None:
    quoted = "<p>Done</p><blockquote>What you wrote at such length before</blockquote>"

    assert same_html("Done", quoted, least=1) is Likeness.DOUBTFUL
    assert holds("<b>Done</b>", quoted)
    assert not holds("Don", quoted)


@given(st.text(max_size=200))
def test_any_text_is_the_same_as_itself(text: str) -> None:
    assert same_html(text, text) is Likeness.SAME
    assert same_line(text, f" {text} ")


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=20))
def test_markup_around_words_changes_nothing(words: list[str]) -> None:
    marked = "".join(f'<div class="x">{word}</div>' for word in words)

    assert words_of(marked) == words
    assert same_html(" ".join(words), marked) is Likeness.SAME


@pytest.mark.parametrize(
    ("asked", "found", "same"),
    [
        ("Blank  page", "Blank page", True),
        ("Blank page!", "blank page", True),
        ("A &amp; B", "A & B", True),
        ("???", "!!!", False),
        ("Blank page", "Blank pages", False),
        ("Blank page", None, False),
    ],
)
def test_a_subject_is_one_line(asked: str, found: str | None, same: bool) -> None:
    assert same_line(asked, found) is same

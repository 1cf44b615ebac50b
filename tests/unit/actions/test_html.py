"""HTML that is sanitised where a caller asks for it, and never otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.freshdesk.html import as_asked, sanitised
from freshbridge.errors import InvalidRequest

WRITTEN = (
    '<div dir="rtl" style="color:red;text-align:right"><p>שלום &amp; <b>hello</b> 😀</p>'
    '<table><tbody><tr><td colspan="2">1 &lt; 2</td></tr></tbody></table>'
    '<img src="https://cdn.example/a.png" alt="a"><img src="cid:1"></div>'
)


def test_what_a_person_writes_stays() -> None:
    assert sanitised(WRITTEN) == WRITTEN


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ('<img src="x" onerror="alert(1)">', '<img src="x">'),
        ("<p onclick=alert(1)>a</p>", "<p>a</p>"),
        ('<a href="javascript:alert(1)">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ('<a href="java\nscript:alert(1)">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ('<iframe src="https://evil.example"></iframe>b', "b"),
        ('<form action="https://evil.example"><input name="p">a</form>', "a"),
        ("<style>p{background:url(x)}</style>b", "b"),
        ('<p style="position:fixed;color:red">a</p>', '<p style="color:red">a</p>'),
        ("<!-- <script> -->b", "b"),
        ("<svg><script>alert(1)</script></svg>b", "b"),
        ("<math><mtext><table><mglyph><style><img src onerror=alert(1)>b", ""),
    ],
)
def test_what_could_run_or_deceive_goes(html: str, safe: str) -> None:
    assert sanitised(html) == safe


@given(
    st.text()
    | st.lists(st.sampled_from(["<", ">", "script", "p", '"', "on", "=", "a", " "])).map("".join)
)
def test_sanitising_twice_changes_nothing_more(html: str) -> None:
    once = sanitised(html)

    assert sanitised(once) == once
    assert "<script" not in once.lower()


@pytest.mark.parametrize("html", ["<script>1</script>", "a & b &amp; c &lt;", "line\nline"])
def test_without_asking_it_is_sent_as_it_is(html: str) -> None:
    assert as_asked(html, sanitise=False, field="body") == html


def test_nothing_left_is_an_error_that_names_the_field() -> None:
    with pytest.raises(InvalidRequest) as caught:
        as_asked("<script>alert(1)</script>", sanitise=True, field="description")

    assert [found.field for found in caught.value.fields] == ["description"]
    assert as_asked("", sanitise=True, field="description") == ""

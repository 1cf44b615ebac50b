"""JSON, XML and a form, in any charset, give the same event; what is none of them is refused."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.content import DEEPEST
from freshbridge.events.form_body import MOST_FIELDS
from freshbridge.events.freshdesk_webhook import normalise
from freshbridge.events.normalised import Event
from freshbridge.events.payload import (
    LARGEST_BODY,
    BodyTooLarge,
    Content,
    UnknownContentType,
    UnreadableBody,
    read_body,
)
from freshbridge.events.xml_body import MOST_ELEMENTS
from tests import builders

FORM = "application/x-www-form-urlencoded"
# What XML cannot hold at all (controls), or reads as something else (a carriage return), aside.
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60).filter(
    lambda text: not set(text) & {"\ufffe", "\uffff"}
)
NAMES = st.sampled_from(sorted(builders.simple_content()["freshdesk_webhook"])).filter(
    lambda name: name != "ticket_id"
)


def as_json(fields: dict[str, object]) -> bytes:
    return json.dumps({"freshdesk_webhook": fields}, ensure_ascii=False).encode()


def as_xml(fields: dict[str, object]) -> bytes:
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{declaration}\n<freshdesk_webhook>{inner}</freshdesk_webhook>".encode()


def as_form(fields: dict[str, object]) -> bytes:
    return urlencode({f"freshdesk_webhook[{name}]": v for name, v in fields.items()}).encode()


def event_of(content: Content) -> Event:
    event = normalise(
        content.value,
        event_id="evt_1",
        instance_id="1",
        received_at=builders.RECEIVED_AT,
        raw_text=content.text,
        recovered=content.recovered,
    )
    return replace(event, raw={})


@given(st.integers(1, 10**12), st.dictionaries(NAMES, WORDS))
def test_the_three_encodings_give_the_same_event(number: int, texts: dict[str, str]) -> None:
    fields: dict[str, object] = {"ticket_id": number, **texts}

    from_json = event_of(read_body(as_json(fields), "application/json"))

    assert not from_json.recovered
    assert event_of(read_body(as_xml(fields), "application/xml; charset=utf-8")) == from_json
    assert event_of(read_body(as_form(fields), FORM)) == from_json
    # And with nothing, or the wrong thing, said about it.
    assert event_of(read_body(as_json(fields), FORM)) == from_json
    assert event_of(read_body(as_xml(fields))) == from_json


@pytest.mark.parametrize(
    ("charset", "said"),
    [
        ("utf-8", "application/json"),
        ("utf-8-sig", "application/json; charset=utf-8"),
        ("utf-16", "application/json"),
        ("utf-32", "application/json"),
        ("utf-16-be", 'application/json; charset="UTF-16BE"'),
        ("iso-8859-1", "application/json;charset=ISO-8859-1"),
        ("windows-1252", "application/json; charset=windows-1252"),
    ],
)
def test_a_charset_is_taken_from_the_mark_or_the_header(charset: str, said: str) -> None:
    body = json.dumps({"ticket_id": 7, "subject": "café"}, ensure_ascii=False).encode(charset)

    content = read_body(body, said)

    assert content.value == {"ticket_id": 7, "subject": "café"}
    assert not content.recovered
    assert json.loads(content.text) == content.value


@pytest.mark.parametrize("declared", ["ISO-8859-1", "utf-8"])
def test_an_xml_declaration_names_its_charset(declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><t><ticket_id>7</ticket_id><s>é</s></t>'

    for body in (text.encode(declared), text.encode("utf-16")):
        assert read_body(body, "text/xml").value == {"t": {"ticket_id": "7", "s": "é"}}
    assert read_body(text.encode(), "text/xml; charset=utf-8").value["t"]["s"] == "é"


@pytest.mark.parametrize(
    "said", ["application/json", "text/json; charset=made-up", "x; charset=idna"]
)
def test_bytes_that_are_no_utf_8_are_read_and_marked(said: str) -> None:
    content = read_body(
        '{"ticket_id": 7, "subject": "café"}'.encode("cp1252"), said.replace("x;", ";")
    )

    assert content.value["subject"] == "café"
    assert content.recovered


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (gzip.compress, "gzip"),
        (gzip.compress, "X-GZIP"),
        (gzip.compress, ""),
        (gzip.compress, "identity, gzip"),
        (zlib.compress, "deflate"),
        (bytes, "gzip"),
        (bytes, "identity"),
    ],
)
def test_a_compressed_body_is_unpacked(packed: object, said: str) -> None:
    body = packed(b'{"ticket_id": 7}')  # type: ignore[operator]  # one of the functions above

    assert read_body(body, "application/json", said).value == {"ticket_id": 7}


def test_a_small_body_that_unpacks_to_a_large_one_is_refused_before_it_does() -> None:
    with pytest.raises(BodyTooLarge):
        read_body(gzip.compress(b" " * (LARGEST_BODY + 1)), "application/json", "gzip")


@pytest.mark.parametrize(
    ("body", "said", "refusal"),
    [
        (gzip.compress(b'{"a": 1}', mtime=0)[:-9], "gzip", UnreadableBody),
        (b"\x1f\x8bnothing", "gzip", UnreadableBody),
        (gzip.compress(b"{}", mtime=0).decode(errors="replace").encode(), "gzip", UnreadableBody),
        (b"nothing", "deflate", UnreadableBody),
        (b"nothing", "br", UnknownContentType),
        (b"nothing", "gzip, gzip", UnknownContentType),
    ],
)
def test_what_cannot_be_unpacked_is_refused(
    body: bytes, said: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        read_body(body, "application/json", said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1&b=&c=x+y%26", {"a": "1", "b": "", "c": "x y&"}),
        ("t[id]=7&t[agent][name]=R&t[tags][]=a&t[tags][]=b",
         {"t": {"id": "7", "agent": {"name": "R"}, "tags": ["a", "b"]}}),
        ('payload={"ticket_id":7}', {"ticket_id": 7}),
        ("a[=1&b]=2&c[d]e=3&[f]=4", {"a[": "1", "b]": "2", "c[d]e": "3", "[f]": "4"}),
        ("a=1&a[b]=2&a=3", {"a": {"b": "2"}}),
        ("a[b]=1&a[b][c]=2", {"a": {"b": {"c": "2"}}}),
        ("a" + "[b]" * 20 + "=1", {"a" + "[b]" * 20: "1"}),
        ("a[]=1&a=2&a[]=3", {"a": ["3"]}),
    ],
)  # fmt: skip
def test_a_form_s_names_nest(text: str, expected: object) -> None:
    assert read_body(text.encode(), FORM) == Content(expected, text)  # type: ignore[arg-type]  # an object


@pytest.mark.parametrize("text", ["nothing", "&&&", "a=1&" * (MOST_FIELDS + 1), 'payload={"a"'])
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(UnreadableBody):
        read_body(text.encode(), FORM)


def test_ruby_s_way_of_writing_xml_is_understood() -> None:
    body = b"""<hash><ticket-id type="integer">7</ticket-id><due nil="true"/>
        <tags type="array"><tag>a</tag><tag>b</tag></tags>
        <note>1</note><note>2</note><html><![CDATA[<b>&</b>]]></html></hash>"""

    assert read_body(body, "application/xml").value == {
        "ticket_id": "7",
        "due": None,
        "tags": ["a", "b"],
        "note": ["1", "2"],
        "html": "<b>&</b>",
    }


ENTITIES = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
BOMB = f"<!DOCTYPE x [{ENTITIES}]><x><ticket_id>7</ticket_id>&b;</x>"
FILE = '<!ENTITY a SYSTEM "file:///etc/passwd">'
EXTERNAL = f"<!DOCTYPE x [{FILE}]><x><ticket_id>7</ticket_id>&a;</x>"
REMOTE = '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x><ticket_id>7</ticket_id></x>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "document type"),
        (EXTERNAL, "document type"),
        (REMOTE, "document type"),
        ("<x><ticket_id>7</ticket_id>&a;</x><!DOCTYPE x>", "not XML"),
        ("<x>" * (DEEPEST + 1), "levels"),
        ("<x>" + "<y/>" * MOST_ELEMENTS + "</x>", "elements"),
        ("<x><y></x>", "mismatched tag at line 1, column 9"),
        ("<", "not XML"),
        ("<x>\x00</x>", "not XML"),
        ("plain", "does not begin with <"),
    ],
)  # fmt: skip
def test_xml_that_is_dangerous_or_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(UnreadableBody) as raised:
        read_body(text.encode(), "application/xml")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "said", ["image/png", "multipart/form-data; boundary=x", "text/csv", "text/html"]
)
def test_a_media_type_that_no_provider_sends_is_refused(said: str) -> None:
    with pytest.raises(UnknownContentType, match="application/json"):
        read_body(b"ticket_id=7", said)


@given(
    st.one_of(
        st.binary(),
        st.text('{}[]":,\\ \nabc1<>/&=%ticket_d').map(str.encode),
        st.text("<>/&;x!DOCTYPE[]ticket_id7 ").map(str.encode),
    ),
    st.one_of(
        st.sampled_from(["", "application/json", "text/xml", FORM, "text/plain; charset=utf-16"]),
        st.text(max_size=40),
    ),
    st.sampled_from(["", "gzip", "deflate", "br", "x"]),
)
def test_no_body_whatever_raises_anything_else(body: bytes, said: str, packed: str) -> None:
    try:
        content = read_body(body, said, packed)
    except (UnreadableBody, UnknownContentType, BodyTooLarge) as error:
        assert error.what
    else:
        assert isinstance(content.value, dict)
        assert content.text.encode() is not None
        json.dumps(content.value)

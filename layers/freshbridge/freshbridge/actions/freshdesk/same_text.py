"""Whether a text that Freshdesk shows is the one that it was sent.

Freshdesk takes HTML and keeps it sanitised: it drops what is unsafe, rewrites attributes, links
addresses, and shows the plain text beside it. So texts are compared by their words alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from freshbridge.actions.likeness import Likeness

_WORD = re.compile(r"\w+")


def words_of(html: str) -> list[str]:
    """The words that a reader of the HTML sees; those of scripts and styles are none."""
    import nh3  # noqa: PLC0415 - only where an outcome is in doubt, and it is native code

    parted = re.sub(r"(?i)<(/?(?:p|div|br|li|tr|td|th|h[1-6])\b)", r" <\1", html)
    return plain_words(unescape(nh3.clean(parted, tags=set())))


def plain_words(text: str) -> list[str]:
    """The words of a plain text."""
    return _WORD.findall(text.casefold())


def same_html(asked: str, *found: str | None, least: int = 3) -> Likeness:
    """How `asked` relates to what a record shows of it, as HTML and as plain text.

    `asked` inside a longer text is doubtful where it has `least` words or more, since Freshdesk
    may have added to it.
    """
    texts = [text for text in found if text]
    # As HTML, and as what it says where Freshdesk took its angle brackets for text.
    wanted = [words_of(asked), plain_words(unescape(asked))]
    read = [words_of(text) for text in texts]
    shown = [*read, *(plain_words(unescape(text)) for text in texts)]
    if not wanted[0] and not any(read):
        signs = {_signs(text) for text in texts} or {""}
        return Likeness.SAME if _signs(asked) in signs else Likeness.DOUBTFUL
    if any(words and words in wanted for words in shown):
        return Likeness.SAME
    if any(_cut(words, wanted[0]) or _within(wanted[0], words, least) for words in shown):
        return Likeness.DOUBTFUL
    return Likeness.OTHER


def holds(asked: str, found: str | None) -> bool:
    """Whether the words asked for stand in what was found, with others around them or not."""
    return _within(words_of(asked), words_of(found or ""), least=1)


def same_line(asked: str, found: str | None) -> bool:
    """Whether two subjects are one, whatever became of blanks, case and punctuation."""
    if " ".join(asked.split()) == " ".join((found or "").split()):
        return True
    words = plain_words(unescape(asked))
    return bool(words) and words == plain_words(unescape(found or ""))


def _cut(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the shorter one is what is left of the longer, by half of its words at least."""
    shorter, longer = sorted((one, other), key=len)
    if not shorter or 2 * len(shorter) < len(longer):
        return False
    rest = iter(longer)
    return all(word in rest for word in shorter)


def _within(part: Sequence[str], whole: Sequence[str], least: int) -> bool:
    return len(part) >= least and f" {' '.join(part)} " in f" {' '.join(whole)} "


def _signs(html: str) -> str:
    """What there is to see of a text without words, such as an emoji."""
    return "".join(unescape(re.sub(r"<[^<>]*>", "", html)).split())

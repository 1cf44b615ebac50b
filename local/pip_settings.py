"""What a user told pip about indexes and certificates, in uv's words.

uv does not read pip's configuration; a machine behind a company's package index usually has
nothing else. Keeps to the syntax of Python 3.6: see ``local.bootstrap``.
"""

import ast
import subprocess

# docs.astral.sh/uv/reference/environment; pip's names as `pip config list` prints them.
NAMES = {
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
SECTIONS = ("global.", "install.", ":env:.")  # the later one wins, as in pip


def for_uv(python: str) -> "dict[str, str]":
    """uv's variables for the settings that this interpreter's pip is under, files and variables."""
    listing = subprocess.Popen(  # noqa: S603 - the environment's own pip
        [python, "-m", "pip", "--disable-pip-version-check", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).communicate()[0]
    return translate(listing.decode(errors="replace"))


def translate(listing: str) -> "dict[str, str]":
    """Read the lines of ``pip config list``: ``section.name='value'``.

    Several values are separated by spaces or line ends for pip; uv wants spaces, and commas in
    UV_FIND_LINKS (facts: docs.astral.sh/uv/reference/environment).
    """
    settings = {}  # type: dict[str, str]
    for section in SECTIONS:
        for line in listing.splitlines():
            key, equals, quoted = line.partition("=")
            name = NAMES.get(key[len(section) :])
            if not (equals and name and key.startswith(section)):
                continue
            separator = "," if name == "UV_FIND_LINKS" else " "
            settings[name] = separator.join(unquote(quoted).split())
    return settings


def unquote(quoted: str) -> str:
    """pip prints the value as a Python string."""
    try:
        return str(ast.literal_eval(quoted))
    except (SyntaxError, ValueError):
        return quoted.strip("'\"")

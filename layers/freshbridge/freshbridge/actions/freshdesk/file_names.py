"""File names and content types that every mail program, browser and operating system can take.

A name that comes from outside may try to leave its folder, to look like another type, or to be run
by a click. What is done about each is in `safe_name`.
"""

import mimetypes
import re
import unicodedata
from pathlib import PurePosixPath

UNNAMED = "attachment"
UNKNOWN_TYPE = "application/octet-stream"
LONGEST_NAME_BYTES = 255
"""What common file systems take."""
DISARMED_SUFFIX = ".txt"

# What a double click runs or mounts on Windows, macOS or Linux; mail providers refuse most of them,
# and the whole reply with them. Sources: https://support.google.com/mail/answer/6590 and
# https://support.microsoft.com/office/blocked-attachments-in-outlook-434752e1-02d3-4e90-9124-8b81e49a8519
_RUNNABLE = """
    ade adp apk app appcontent-ms application appref-ms appx appxbundle asp aspx bash bat cab chm
    cmd com command cpl csh desktop diagcab diagcfg diagpkg dll dmg ex ex_ exe fxp gadget hlp hta
    htc inf ins iso isp jar jnlp js jse ksh library-ms lnk mde mjs msc msh msh1 msh1xml msh2 msh2xml
    mshxml msi msix msixbundle msp mst nsh osd pif pkg pl ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psm1
    py pyc pyo pyw pyz pyzw reg scf scpt scr sct settingcontent-ms sh shb shs sys terminal url vb
    vbe vbp vbs vhd vhdx vxd workflow ws wsb wsc wsf wsh xll xnk zsh
"""
RUNNABLE = frozenset(_RUNNABLE.split())
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_WORD = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
_CONTENT_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:; ?charset=[a-z0-9_-]{{1,40}})?")

# The system's own tables would make the answer depend on the machine.
_TYPES = mimetypes.MimeTypes(filenames=())
for _suffix, _type in {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
    ".gz": "application/gzip",
    ".heic": "image/heic",
    ".webp": "image/webp",
    ".log": "text/plain",
    ".msg": "application/vnd.ms-outlook",
}.items():
    _TYPES.add_type(_type, _suffix)
_TYPE_OF_ENCODING = {"gzip": "application/gzip", "bzip2": "application/x-bzip2"}


def safe_name(name: str) -> str:
    """The name that a file is sent under; a safe name stays as it is.

    - Folders go: only what follows the last slash or backslash stays.
    - Control characters go, and invisible ones that reorder or hide text (`invoice<U+202E>fdp.exe`
      reads as `invoiceexe.pdf`); runs of blanks become one.
    - What Windows forbids in names becomes `_`, names that it reserves (`con.txt`) get a `_` before
      them; trailing dots and blanks, which it drops, go.
    - A file that a double click would run (`invoice.pdf.exe`) keeps its name and gets `.txt` after
      it: it arrives, opens as text, and whoever expects it can rename it. A script in the middle of
      a name (`setup.exe.pdf`) is not run by anything and stays.
    - Longer than 255 bytes: shortened before the last extension.
    - Nothing left: `attachment`.
    """
    text = "".join(" " if c.isspace() else c for c in name if c.isspace() or _is_visible(c))
    text = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    text = _FORBIDDEN.sub("_", " ".join(text.split())).rstrip(". ")
    if not text:
        return UNNAMED
    if _RESERVED.fullmatch(text.partition(".")[0].rstrip().lower()):
        text = f"_{text}"
    text = _shortened(text, LONGEST_NAME_BYTES)
    if not is_runnable(text):
        return text
    return _shortened(text, LONGEST_NAME_BYTES - len(DISARMED_SUFFIX)) + DISARMED_SUFFIX


def is_runnable(name: str) -> bool:
    """Whether the last extension is one that a double click runs."""
    _stem, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in RUNNABLE


def is_disarmed(name: str) -> bool:
    """Whether `safe_name` put its suffix after the name."""
    return name.endswith(DISARMED_SUFFIX) and is_runnable(name.removesuffix(DISARMED_SUFFIX))


def content_type_of(name: str) -> str:
    """The type that the (safe) name's extension stands for, else application/octet-stream."""
    kind, encoding = _TYPES.guess_type(f"file{PurePosixPath(name).suffix}")
    return _TYPE_OF_ENCODING.get(encoding or "", "") or kind or UNKNOWN_TYPE


def checked_content_type(text: str) -> str:
    """`text` in lower case when it reads like a media type.

    Raises:
        ValueError: it does not; a line break in it would be a header of the request's own.
    """
    lowered = text.strip().lower()
    if not _CONTENT_TYPE.fullmatch(lowered):
        raise ValueError("write a media type such as application/pdf, or leave it out")
    return lowered


def _is_visible(character: str) -> bool:
    """False for controls, halves of surrogate pairs, and format characters: bidi, zero width."""
    # U+200D joins emoji, and letters of several scripts.
    return character == "\u200d" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}


def _shortened(name: str, most: int) -> str:
    if len(name.encode()) <= most:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 32:
        stem, dot, extension = name, "", ""
    tail = f"{dot}{extension}"
    kept = stem.encode()[: most - len(tail.encode())].decode(errors="ignore")
    return kept.rstrip(". ") + tail

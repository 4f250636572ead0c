"""Reading what people wrote with any editor, and saying in their words what is wrong with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

LARGEST = 1024 * 1024
"""Bytes; settings and secrets are far smaller."""
MOST_DOTS = 1000  # in one line

# What tomllib says (its own words, Python 3.11 to 3.14) -> what to do.
_SAYS = (
    (r"Cannot overwrite a value|Duplicate", "a key is there twice; keep one of them"),
    (
        r"Cannot declare|Cannot mutate|Cannot redefine",
        "a section is there twice; one that is a list has double brackets, such as [[okta]]",
    ),
    (
        r"Unterminated string|Illegal character '\\n'|Expected \"'",
        "a text has no closing quote",
    ),
    (
        r"[Ee]scape|Invalid hex value",
        "a backslash in a text is written twice, or the text in 'single quotes'",
    ),
    (r"Expected '='", "expected a key, an equals sign and a value"),
    (r"Expected '\]", "a section's name has no closing bracket"),
    (r"Unclosed array|Unclosed inline", "a list or table has no closing bracket"),
    (r"Expected newline or end of document", "something follows the value; put texts in quotes"),
    (r"Invalid date", "there is no such day or time"),
    (r"Invalid value", "expected a value: texts stand in quotes, true and false are small"),
)
_PACKED = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"\xfe\xed\xfe\xed",
)
"""How gzip, ZIP, bzip2, xz, zstd and Java's key stores begin."""
_TYPOGRAPHIC = frozenset("“”„‟‘’‚«»\u00a0\u200b\ufeff")


def read_text(path: Path) -> str:
    """The text of a file, with or without a byte order mark.

    Raises ValueError with words that go on from the file's name.
    """
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or 'this is no file'}") from None
    except (ValueError, RuntimeError):  # no such path, no such home
        raise ValueError("cannot be read: this is not a file name") from None
    if len(data) > LARGEST:
        raise ValueError("is larger than a megabyte, so it cannot be the expected file")
    if data.startswith(_PACKED):
        raise ValueError("is a compressed file or a key store; expected text")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or (b"\0" in data[:4] and data[:1] != b"0"):
        raise ValueError("is saved as UTF-16; save it as UTF-8")
    if data[:2] in (b"0\x80", b"0\x81", b"0\x82", b"0\x83"):
        raise ValueError(
            "is binary (DER or PKCS#12); expected PEM, text that begins with -----BEGIN. "
            "openssl pkey -inform DER (or openssl pkcs12 -nodes) converts it"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"is not UTF-8 text (line {line}); save it as UTF-8") from None


def read_toml(path: Path) -> dict[str, Any]:
    """The settings in a TOML file. Raises ValueError with words that go on from its name."""
    text = read_text(path)
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.count(".") > MOST_DOTS:  # a key of so many parts takes all the memory there is
            raise ValueError(f"line {number}: has more than {MOST_DOTS} dots; expected a key")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_in_words(str(error), lines)) from None
    except (ValueError, RecursionError):  # what stands for itself in no settings
        raise ValueError("holds a number that is too long, or is nested too deep") from None


def _in_words(said: str, lines: list[str]) -> str:
    """What the reader said, without its own words, and without any value."""
    found = re.search(r"at line (\d+)", said)
    number = int(found[1]) if found else len(lines)
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    where = f"line {number}: "
    if strange := _TYPOGRAPHIC & set(line):
        shown = f"U+{ord(min(strange)):04X}"
        return f"{where}contains a typographic quote or space ({shown}); use \" ' and plain spaces"
    for pattern, words in _SAYS:
        if re.search(pattern, said):
            return f"{where}{words}"
    return f'{where}expected TOML, lines such as key = "value"'

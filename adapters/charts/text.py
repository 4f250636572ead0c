"""Text in a picture, in the font that comes with Pillow, which has no letters beyond ASCII.

An umlaut is its letter with two dots above; of other letters the marks are left out.
"""

from __future__ import annotations

import unicodedata

from PIL import ImageDraw, ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
DOTS = "\N{COMBINING DIAERESIS}"


def write(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    colour: str,
    font: ImageFont.FreeTypeFont,
    anchor: str,
) -> None:
    """`anchor` as Pillow's: l, m or r, then t, m or b."""
    letters, dotted = _letters(text)
    ascent, descent = font.getmetrics()
    x, y = at
    x -= width(pen, text, font) * {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]]
    y += {"t": ascent, "m": (ascent - descent) / 2, "b": -descent}[anchor[1]]
    pen.text((x, y), letters, colour, font, anchor="ls")
    size = max(font.size / 14, 1.0)
    for place in dotted:
        letter = letters[place]
        left = x + pen.textlength(letters[:place], font)
        middle = left + pen.textlength(letter, font) / 2
        above = pen.textbbox((left, y), letter, font, anchor="ls")[1] - 2 * size
        for side in (-2.4 * size, 2.4 * size):
            dot = (middle + side - size, above - size, middle + side + size, above + size)
            pen.ellipse(dot, colour)


def width(pen: ImageDraw.ImageDraw, text: str, font: Font) -> float:
    """How wide it is, in pixels."""
    return pen.textlength(_letters(text)[0], font)


def _letters(text: str) -> tuple[str, list[int]]:
    """What the font has of it, and which of those letters have two dots."""
    letters, dotted = "", []
    for letter in unicodedata.normalize("NFD", text.replace("ß", "ss").replace("–", "-")):
        if letter == DOTS and letters:
            dotted.append(len(letters) - 1)
        elif letter.isascii():
            letters += letter
    return letters, dotted

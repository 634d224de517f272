"""Names in any script: the fonts of this machine that a picture falls back to, and what is written without them."""

from __future__ import annotations

from functools import cache

PLAIN = ("Helvetica", "Arial")
"""The first of them that is there; behind it comes the font of matplotlib, which is always there."""

ALWAYS = "DejaVu Sans"  # it brings Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian, and mathematics

OTHER_SCRIPTS = (
    (
        "Noto Sans CJK SC",
        "Noto Sans CJK JP",
        "Source Han Sans SC",
        "PingFang SC",
        "Microsoft YaHei",
        "WenQuanYi Zen Hei",
    ),
    ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "MS Gothic", "IPAexGothic"),
    ("Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic"),
    ("Noto Sans Devanagari", "Kohinoor Devanagari", "Nirmala UI", "Mangal"),
    ("Noto Sans Bengali", "Kohinoor Bangla", "Nirmala UI"),
    ("Noto Sans Tamil", "Tamil Sangam MN", "Nirmala UI"),
    ("Noto Sans Thai", "Thonburi", "Leelawadee UI", "Garuda"),
    ("Noto Sans Ethiopic", "Kefa", "Ebrima"),
    ("Arial Unicode MS", "Unifont"),
)
"""Of each line the first that is there: for Chinese, Japanese, Korean, Hindi, Bengali, Tamil, Thai, Amharic, more."""


@cache
def families() -> tuple[str, ...]:
    """The fonts of this machine to draw with, in the order in which a letter is looked for.

    Example:
        >>> "DejaVu Sans" in families()
        True
    """
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    firsts = (next((name for name in names if name in there), None) for names in (PLAIN, (ALWAYS,), *OTHER_SCRIPTS))
    return tuple(dict.fromkeys(name for name in firsts if name is not None))


@cache
def _letters() -> frozenset[int]:
    """All characters that these fonts have."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = (get_font(findfont(FontProperties(family=name))) for name in families())
    return frozenset(code for font in fonts for code in font.get_charmap())


def drawable(text: str) -> str:
    """The text as it can be drawn: a letter that no font here has becomes its number in Unicode, and no empty box.

    Example:
        >>> drawable("speed"), drawable(chr(0x10FFFD))
        ('speed', 'U+10FFFD')
    """
    if text.isascii():
        return text
    drawn = "".join(letter if ord(letter) in _letters() else f" U+{ord(letter):04X} " for letter in text)
    return " ".join(drawn.split()) if " U+" in drawn else drawn

"""The words of the pages: in every language, all used, and none in a template."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

from tests.contract.test_web_link import TEXTS


def page_words(language: str) -> dict[str, str]:
    table = tomllib.loads((TEXTS / language / "pages.toml").read_text(encoding="utf-8"))["page"]
    assert isinstance(table, dict)
    return table


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    """Every key is there in German too, in the same order, and inserts the same names."""
    english, german = page_words("en"), page_words("de")
    assert list(english) == list(german)

    def names(text: str) -> set[str | None]:
        return {field for _, _, field, _ in string.Formatter().parse(text) if field}

    for key, text in english.items():
        assert names(text) == names(german[key]), key


def test_every_word_of_the_catalogue_is_used_by_a_page() -> None:
    """No text is left behind in the catalogue that nobody shows any more."""
    web = Path(__file__).parents[2] / "adapters" / "web"
    sources = [*web.glob("templates/**/*.html"), *web.rglob("*.py")]
    used = "".join(source.read_text(encoding="utf-8") for source in sources)
    for key in page_words("en"):
        kind = re.fullmatch(r"([a-z]+)_(title|text|next)", key)
        asked = f'"{key}"' in used or f'"page.{key}"' in used
        assert asked or (kind and f'"{kind[1]}"' in used), key


def test_templates_have_no_words_of_their_own() -> None:
    """Between the tags there is nothing but values and words from the catalogue."""
    for template in (Path(__file__).parents[2] / "adapters" / "web" / "templates").glob("*.html"):
        bare = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>",
            " ",
            template.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        assert not re.search(r"[^\W\d_]", bare), (template.name, bare.split())

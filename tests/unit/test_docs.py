"""The docs: what is made from the code is up to date, nothing is left out, and links lead on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.chat.typed.verbs import VERBS
from bot.domain.consent.requests import TRANSITIONS
from bot.domain.evidence.rules import EvidenceKind
from bot.errors import O365BotError, SettingsInvalid
from bot.settings.settings import Settings, load
from tools.docs import DOCS, PAGES, PARTS, renew, sections

ROOT = DOCS.parent
EVERY = sorted(DOCS.glob("*.md"))


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def anchors(page: str) -> set[str]:
    """What a link into the page can name: explicit anchors, and headings as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    spelt = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
    return spelt | set(re.findall(r'<a id="([^"]+)">', page))


def setting_keys() -> Iterator[str]:
    models: dict[str, type[BaseModel]] = {"": Settings}
    models |= {f"{name}.": section for name, section in sections().items()}
    for prefix, model in models.items():
        yield from (prefix + name for name in model.model_fields)


def error_codes(of: type[O365BotError] = O365BotError) -> Iterator[str]:
    yield of.code
    for leaf in of.__subclasses__():
        if leaf.__module__ == of.__module__:  # what an adapter refines keeps the code of its kind
            yield from error_codes(leaf)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_made_from_the_code_is_up_to_date(name: str) -> None:
    """If this fails: `make docs`."""
    assert renew(text(name)) == text(name)


def test_a_part_that_is_out_of_date_is_noticed() -> None:
    """The check above can fail: whatever stands between the marks is replaced."""
    stale = "# Words\n\n<!-- made: commands -->\n\nstale words\n\n<!-- end -->\n\nby hand\n"
    fresh = renew(stale)
    assert "stale words" not in fresh
    assert fresh.startswith("# Words\n\n<!-- made: commands -->\n\n| Type |")
    assert fresh.endswith("<!-- end -->\n\nby hand\n")
    assert renew(fresh) == fresh


def test_a_mark_that_nobody_makes_is_a_mistake() -> None:
    """A misspelt mark would else stay empty for ever."""
    with pytest.raises(KeyError):
        renew("<!-- made: comands -->\n<!-- end -->")


def test_every_part_is_on_a_page() -> None:
    """Nothing is made for nobody."""
    marks = [mark for name in PAGES for mark in re.findall(r"<!-- made: ([a-z-]+) -->", text(name))]
    assert sorted(marks) == sorted(PARTS)


def test_every_setting_is_documented() -> None:
    """Under an anchor of its own name."""
    keys = set(setting_keys())
    assert len(keys) > 40
    assert keys - anchors(text("settings.md")) == set()


def test_every_secret_is_marked_and_none_is_shown() -> None:
    """A secret is named as one, and may come from a file."""
    page = text("settings.md")
    for key in ("slack.bot_token", "okta.private_key", "entra.client_secret", "redis.url"):
        (row,) = (line for line in page.splitlines() if f'id="{key}"' in line)
        assert "**secret**" in row
        assert f"`{key}_file`" in row


def test_a_wrong_setting_is_named_as_the_docs_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each problem line starts with its key, and the key is an anchor in docs/settings.md."""
    for name in ("O365BOT_CONFIG", "O365BOT_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "o365bot.toml"
    config.write_text(
        'listen = "nowhere"\n[[okta]]\nname = "Contoso!"\nurl = "http://example.com"\n'
        '[slack]\nsigning_secret = ""\nchannel = "#general"\n'
    )
    with pytest.raises(SettingsInvalid) as caught:
        load(config)
    known = anchors(text("settings.md"))
    named = [re.sub(r"\.\d+", "", line.partition(":")[0]) for line in caught.value.problems]
    assert {"public_url", "listen", "okta.name", "okta.url", "slack.bot_token"} <= set(named)
    assert set(named) - known == set()
    assert "docs/settings.md" in str(caught.value)


def test_every_command_is_documented() -> None:
    """What can be typed is on the page, as it is typed."""
    page = text("commands.md")
    assert [
        verb for verb in VERBS if not re.search(rf"\| `/o365 {verb}( [A-Z].*)?` \|", page)
    ] == []


def test_every_error_code_is_documented() -> None:
    """Under an anchor of its own name; and no two errors share a code."""
    codes = list(error_codes())
    assert len(codes) == len(set(codes))
    assert set(codes) - anchors(text("errors.md")) == set()


def test_every_kind_of_evidence_and_every_transition_is_documented() -> None:
    """What the bot decides by can be read without reading code."""
    assert [kind for kind in EvidenceKind if f"| `{kind.value}` |" not in text("evidence.md")] == []
    page = text("stages.md")
    for (start, step), end in TRANSITIONS.items():
        assert f"| `{start.value}` | `{step.value}` | `{end.value}` |" in page
        assert f"    {start.value} --> {end.value}: {step.value}\n" in page


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.name)
def test_links_within_the_docs_lead_somewhere(page: Path) -> None:
    """To a file that exists, and to an anchor that it has."""
    content = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", content):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.name)
def test_files_that_the_docs_name_exist(page: Path) -> None:
    """A module that was moved or renamed takes its mention along."""
    content = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:bot|adapters|sandbox|tests|tools|docs)/[\w./-]+)`", content)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_glossary_names_what_the_code_has() -> None:
    """A class or module that was renamed or moved takes its row along."""
    sources = [p for top in ("bot", "adapters") for p in (ROOT / top).rglob("*.py")]
    classes = set(
        re.findall(r"^class (\w+)", "\n".join(p.read_text("utf-8") for p in sources), re.M)
    )
    page = text("glossary.md")
    assert set(re.findall(r"`([A-Z][a-z]\w+)(?:\.\w+)?`", page)) - classes == set()
    modules = re.findall(r"`((?:bot|adapters)(?:\.\w+)+)`", page)
    there = [(ROOT / name.replace(".", "/")) for name in modules]
    assert [str(p) for p in there if not (p.is_dir() or p.with_suffix(".py").exists())] == []

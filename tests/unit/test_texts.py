"""The catalogues: complete and alike in every language, all of it used, and nothing said beside."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale
from jinja2 import Environment, nodes

import adapters.web
from adapters.teams.package import COMMANDS
from adapters.web.pages import KINDS
from bot.chat.answering.helping import IN_DETAIL
from bot.chat.typed.verbs import GROUPS, VERBS, WITH_ACCOUNT, WITH_APP
from bot.chat.words import FALLBACK, Words, languages
from bot.domain.campaign.channels.planned_posts import PostKind
from bot.domain.campaign.intents import Reason
from bot.domain.campaign.planned_messages import Wait
from bot.domain.campaign.windows import BUILT_IN, Audience, Tone, WindowName
from bot.domain.consent.requests import PASSED_ON, ProofKind, Stage
from bot.domain.consent.snooze import SnoozeMoved
from bot.domain.doctor.checks import CHECKS
from bot.domain.doctor.finding import Grade
from bot.domain.evidence.caveats import Caveat
from bot.domain.evidence.observations import Observation
from bot.domain.evidence.rules import EvidenceKind, Source
from bot.domain.evidence.verdict import Confidence, Lack, State
from bot.domain.inventory.gaps import Gap
from bot.domain.inventory.sign_on import SignOn
from bot.domain.people.admins import Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.news import NewsKind
from bot.domain.people.weighing import Point
from bot.domain.summaries import By, Part
from bot.errors import CloudError, O365BotError
from bot.services.campaign.statements import Topic
from bot.settings.errors import LISTS_OF_SECTIONS
from tests.sources import modules, tree

ENGLISH = Words()
KEYS = ENGLISH.keys()
SECTIONS = {key.partition(".")[0] for key in KEYS}
OTHERS = [language for language in languages() if language != FALLBACK]
WEB = Path(adapters.web.__file__).parent


@cache
def code() -> tuple[ast.AST, ...]:
    """All the code that may ask for a text."""
    return tuple(
        node
        for path in modules("bot", "adapters")
        if path.parent.name != "settings"  # a setting's name may look like a text's
        for node in ast.walk(tree(path))
    )


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def codes(of: type[O365BotError] = O365BotError) -> set[str]:
    return {of.code}.union(*(codes(each) for each in of.__subclasses__()))


# ------------------------------------------------------------------ every language alike


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_exactly_the_keys_of_english(language: str) -> None:
    """A key that is missing would break an answer, one too many is a leftover."""
    assert Words(language).keys() ^ KEYS == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_names_the_same_values_in_each_text(language: str) -> None:
    """What English says of a matter, every language says: no name, date or number is dropped."""
    words = Words(language)
    for key in KEYS:
        wanted = placeholders(ENGLISH.forms(key)["other"])
        assert placeholders(words.forms(key)["other"]) == wanted, key
        for text in words.forms(key).values():
            assert placeholders(text) | {"count"} >= wanted, key


@pytest.mark.parametrize("language", languages())
def test_a_text_with_plurals_has_the_forms_of_its_language(language: str) -> None:
    """The forms that CLDR knows for the language: none missing, none that is never picked."""
    words = Words(language)
    wanted = {"other", *Locale(language).plural_form.tags}
    for key in KEYS:
        forms = words.forms(key).keys()
        assert forms in ({"other"}, wanted), key
        assert (forms == {"other"}) == (ENGLISH.forms(key).keys() == {"other"}), key


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_typed_stays_as_it_is_typed(language: str) -> None:
    """Commands are English everywhere, so the help shows them as they work."""
    words = Words(language)
    for verb in VERBS:
        assert words(f"help.say_{verb}") == ENGLISH(f"help.say_{verb}")


@pytest.mark.parametrize("language", languages())
def test_no_label_of_a_button_is_cut_off(language: str) -> None:
    """Slack "may truncate with ~30 characters" (docs.slack.dev, "Button element"), and did."""
    words = Words(language)
    labels = [(key, *words.forms(key).values()) for key in KEYS if key.startswith("button.")]
    assert [one for one in labels if max(map(len, one[1:])) > 28] == []


def test_german_says_a_date_with_its_article_and_shows_it_with_dots() -> None:
    """ "Bis zum 3. März", and "31.01.2027" where something is to be typed."""
    words = Words("de")
    for key in KEYS:
        for text in words.forms(key).values():
            assert not re.search(r"\b[Bb]is \{(date|until|at)\}", text), key
            assert not re.search(r"\d{4}-\d{2}-\d{2}", text), key


@pytest.mark.parametrize("language", languages())
def test_the_last_call_is_true_on_the_date_itself(language: str) -> None:
    """It comes on the date when that is a working day: nothing then lies before or until it."""
    words = Words(language)
    for key in ("reason.last_call", "plan.why_last_call", "digest.today"):
        text = words.forms(key)["other"]
        assert not re.search(r"\b(before|until|vor|bis)\b", text, re.IGNORECASE), key


# ------------------------------------------------------------------ code and catalogue agree


def values(enum: type[Enum]) -> set[str]:
    return {member.value for member in enum}


def constants(of: Iterable[ast.AST]) -> list[str]:
    return [
        node.value for node in of if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def within(of: Iterable[ast.AST]) -> list[str]:
    return constants(node for each in of for node in ast.walk(each))


def columns() -> set[str]:
    """The column names that replies and letters ask for."""
    found: set[str] = set()
    for node in code():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "_columns":
            found |= set(within(node.args))
        if isinstance(node, ast.GeneratorExp) and "column." in within([node.elt]):
            found |= set(within([node.generators[0].iter]))
    return found


@cache
def problems() -> set[str]:
    """The kinds of problems that a page is shown for."""
    found = {"other", *KINDS.values()}
    for node in code():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "problem":
            found |= set(within(node.args[2:3]))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "problem":
            found |= set(within(node.args[1:2]))  # one whose request is given already
    return found


def template_calls() -> Iterator[tuple[nodes.Expr, set[str]]]:
    """What every template asks the catalogue for, and the values that it hands over."""
    for path in sorted((WEB / "templates").rglob("*.html")):
        template = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
        for call in template.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "text":
                yield call.args[0], {keyword.key for keyword in call.kwargs}


def page_names(asked: nodes.Expr) -> set[str]:
    match asked:
        case nodes.Const(value=str(name)):
            return {name}
        case nodes.CondExpr(expr1=nodes.Expr() as one, expr2=nodes.Expr() as other):
            return page_names(one) | page_names(other)
        case nodes.Concat(nodes=[nodes.Name(name="kind"), nodes.Const(value=str(end))]):
            return {kind + end for kind in problems()}
    raise AssertionError(f"a way to ask for a text that this test does not know: {asked}")


# The keys that the code puts together, such as f"state.{...}": what must be there, what may be.
FAMILIES: Mapping[str, tuple[set[str], set[str]]] = {
    "state": (values(State), set()),
    "doctor": (
        {
            *(f"title_{grade}" for grade in ("good", "attention", "broken")),
            *(f"grade_{grade}" for grade in values(Grade)),
            *(f"{one.name}_{outcome}" for one in CHECKS for outcome in one.outcomes),
            *(
                f"{one.name}_{outcome}_do"
                for one in CHECKS
                for outcome, grade in one.outcomes.items()
                if grade is not Grade.GOOD
            ),
        },
        {one.name for one in CHECKS},  # for the docs
    ),
    "next": (values(State) | values(Lack), set()),
    "confidence": (values(Confidence), set()),
    "stage": (values(Stage), set()),
    "group": ({*values(State), "waived"}, {"counted", "nobody", "not_asked", "with_nobody"}),
    "button": ({f"by_{by}" for by in By}, set()),
    "holder": (
        {"delivered", "acknowledged", "saved"},
        {"nobody", "nobody_to_ask", "nobody_because", "going", "requested", "waived"},
    ),
    "source": (values(Source), set()),
    "public": (
        {f"{verb}{what}" for verb in ("remind", "report") for what in ("", "_button", "_sent")},
        set(),
    ),
    "stuck": (
        {"ignored", "again", "away", "not_seen", *(stage.value for stage in PASSED_ON)},
        set(),
    ),
    "wait": (values(Wait), set()),
    "platform": (values(Platform), set()),
    "listing": ({verb for verbs in COMMANDS.values() for verb in verbs}, set()),
    "reached": (values(Platform), set()),
    "point": (values(Point), set()),
    "nobody": (values(Nobody), set()),
    "gap": (values(Gap), set()),
    "caveat": (values(Caveat), set()),
    "observation": (values(Observation) | {"yes", "no"}, {"ask", "text", "noted"}),
    "federation": (values(SignOn), {"federated", "managed"}),
    "evidence": (
        values(EvidenceKind) | {"unknown"},
        {f"{kind}_{more}" for kind in values(EvidenceKind) for more in ("of", "missing")},
    ),
    "error": (set(), codes()),
    "failure": (codes(CloudError), set()),
    "ended": (
        {
            f"{stage}{end}"
            for stage in ("done", "declined", "expired", "revoked")
            for end in ("", "_title")
        },
        set(),
    ),
    "proof": (values(ProofKind), set()),
    "note": (values(NewsKind), set()),
    "later": ({f"moved_{why}" for why in values(SnoozeMoved)}, set()),
    "window": (values(WindowName), set()),
    "deadline": ({deadline.key for deadline in BUILT_IN} | {"target"}, set()),
    "campaign": (
        {*values(Tone), *values(Audience)}
        | {"on", "what", "scope", "source", "window", "begins", "every", "tone", "audience"},
        set(),
    ),
    "reason": (values(Reason), set()),
    "round": ({f"title_{tone}" for tone in values(Tone)}, set()),
    "plan": (
        {f"window_{name}" for name in values(WindowName)}
        | {f"why_{reason}" for reason in values(Reason)}
        | {f"{column}_{kind}" for column in ("what", "why") for kind in values(PostKind)},
        set(),
    ),
    "form": (
        {
            f"{what}_{name}"
            for what in ("title", "send")
            for name in (
                *("later", "not_me", "away", "waive", "owner", "onboard"),
                *WITH_APP,
                *WITH_ACCOUNT,
            )
        }
        | {"app", "reason", "name", "owner", "account", "domain", "from"},
        {"cancel", "day", "latest"},
    ),
    "operators": (
        {"because", "beside", "past", *(f"part_{part.name.lower()}" for part in Part)},
        set(),
    ),
    "help": (
        {
            *VERBS,
            *(f"say_{verb}" for verb in VERBS),
            *(f"to_{g}" for g in GROUPS),
            *(f"more_{verb}" for verb in IN_DETAIL),
        },
        set(),
    ),
    "mine": (
        {
            "title",
            "hello",
            "done",
            "done_by_link",
            "later",
            "me",
            "not_me",
            "stop",
            "due",
            "unclear",
            "named",
            "later_then",
        },
        {"why", "account", "trouble", "real", "no"},
    ),
    "away": (
        {
            f"{what}_{days}"
            for what in ("done", "ended", "listed")
            for days in ("until", "day", "span")
        }
        | {"swapped", "over", "far"},
        set(),
    ),
    "courtesy": (set(), {"nothing_yes", "nothing_no", "nothing_trouble"}),
    "dates": ({f"for_{what}" for what in ("all", "org", "tenant", "app")}, set()),
    "statements": (
        {f"taken_{topic}" for topic in values(Topic)}
        | {"accounts", "waived", "later", "away", "week"},
        set(),
    ),
}


@cache
def families() -> Mapping[str, tuple[set[str], set[str]]]:
    """Those, and the ones that are put together of what stands in the code and the templates."""
    pages = set().union(*(page_names(asked) for asked, _ in template_calls()))
    return {**FAMILIES, "column": (columns(), set()), "page": (pages, set())}


def keys(section: str, names: Iterable[str]) -> set[str]:
    return {f"{section}.{name}" for name in names}


def families_in_code() -> set[str]:
    return {
        found[1]
        for node in code()
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and (found := re.match(r"([a-z]+)\.", str(node.values[0].value)))
        and found[1] in SECTIONS
    }


NAMED_SETTINGS = ("mail.ca_file",)  # in the words of an error


def keys_in_code() -> set[str]:
    """The keys that stand in the code as they are; a key of the settings may look like one."""
    return {
        text
        for text in constants(code())
        if re.fullmatch(r"[a-z]+\.[a-z_]*[a-z]", text) and text.partition(".")[0] in SECTIONS
    }.difference(LISTS_OF_SECTIONS, NAMED_SETTINGS)


def test_every_way_to_put_a_key_together_is_known_here() -> None:
    """Else a text that only such a key reaches would be checked by nobody."""
    assert families_in_code() == families().keys()


def test_every_key_that_is_asked_for_has_a_text() -> None:
    """In the code, in the templates, and for every value of the domain."""
    asked = keys_in_code().union(
        *(keys(section, needed) for section, (needed, _) in families().items())
    )
    assert len(asked) > 200
    assert asked - KEYS == set()


def test_every_text_is_asked_for() -> None:
    """A text that nothing reaches is a leftover that translators would keep alive."""
    reached = keys_in_code().union(
        *(keys(section, needed | more) for section, (needed, more) in families().items())
    )
    assert KEYS - reached == set()


def test_every_text_is_handed_the_values_that_it_names() -> None:
    """A value too few breaks the answer, one too many is a text that lost it."""
    asked: list[tuple[str, set[str]]] = [
        (f"page.{name}", given) for expr, given in template_calls() for name in page_names(expr)
    ]
    for node in code():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        key, given = node.args[0], {keyword.arg or "**" for keyword in node.keywords}
        if isinstance(key, ast.Constant) and key.value in KEYS and "**" not in given:
            asked.append((str(key.value), given))
    assert len(asked) > 150
    for name, given in asked:
        assert given | {"count"} == placeholders(ENGLISH.forms(name)["other"]) | {"count"}, name

"""App records in the store: small, and never lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.redis import codec
from adapters.redis.packing import MARK, pack, unpack
from bot.errors import StoreError
from tests.examples import RECORD

# A record as version 0.1 packed it. It must be readable for ever; never make it anew.
PACKED_BY_0_1 = (
    "z1:ePkGEQEGw16lAKOhBGgCWs1iiFy1OEOUKPgTrFKghmGtUmAWkVOimuoaGANRiIElxFNRSrjTM6xRhl8/lrSFT"
    "RG2lA6suh2QPYqafFINlTALcdS2EGHPYaZACFfXEFtok5EgsSRBbN5HSmu1AM+ntRQ="
)


@given(st.text())
def test_whatever_is_packed_comes_back(text: str) -> None:
    """Every text, and as text that the store's scripts can handle."""
    packed = pack(text)
    assert unpack(packed) == text
    assert packed.isascii()
    assert "|" not in packed


def test_a_record_of_a_former_version_is_read() -> None:
    """Packed with the same words: who changes them loses every app."""
    assert codec.APP.load(PACKED_BY_0_1) == RECORD


def test_a_record_that_was_never_packed_is_read() -> None:
    """As the first versions wrote it."""
    plain = unpack(codec.APP.dump(RECORD))
    assert json.loads(plain)["app"]["label"] == "Contoso O365"
    assert codec.APP.load(plain) == RECORD


@pytest.mark.parametrize("damaged", [MARK, MARK + "!", MARK + "AAAA", pack("{}")[:-8], "{", "7"])
def test_a_damaged_record_is_a_store_error(damaged: str) -> None:
    """Typed, with a hint; not a crash of a library."""
    with pytest.raises(StoreError, match="cannot read"):
        codec.APP.load(damaged)


def test_a_typical_record_shrinks_to_less_than_half() -> None:
    """That is what the words are for."""
    packed = codec.APP.dump(RECORD)
    assert len(packed) < len(unpack(packed)) / 2

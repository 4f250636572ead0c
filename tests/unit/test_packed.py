"""App records that the first releases packed: never lost."""

from __future__ import annotations

import pytest

from adapters.redis.records import codec
from adapters.redis.records.packed import MARK, unpack
from bot.errors import StoreError
from tests.examples import RECORD

# A record as version 0.1 packed it. It must be readable for ever; never make it anew.
PACKED_BY_0_1 = (
    "z1:ePkGEQEGw16lAKOhBGgCWs1iiFy1OEOUKPgTrFKghmGtUmAWkVOimuoaGANRiIElxFNRSrjTM6xRhl8/lrSFT"
    "RG2lA6suh2QPYqafFINlTALcdS2EGHPYaZACFfXEFtok5EgsSRBbN5HSmu1AM+ntRQ="
)


def test_a_record_of_a_former_release_is_read() -> None:
    """Packed with the same words: who changes them loses every app."""
    assert codec.APP.load(PACKED_BY_0_1) == RECORD


def test_what_is_written_is_plain_json() -> None:
    """As `redis-cli` shows it, and what was never packed is read as it is."""
    plain = codec.APP.dump(RECORD)
    assert plain.startswith('{"app":{"ref":{"org":"contoso"')
    assert unpack(plain, codec.LONGEST) == plain
    assert codec.APP.load(plain) == RECORD


@pytest.mark.parametrize("damaged", [MARK, MARK + "!", MARK + "AAAA", PACKED_BY_0_1[:-8], "{", "7"])
def test_a_damaged_record_is_a_store_error(damaged: str) -> None:
    """Typed, with a hint; not a crash of a library."""
    with pytest.raises(StoreError, match="cannot read"):
        codec.APP.load(damaged)


def test_no_record_unpacks_to_more_than_the_longest_of_ours() -> None:
    """A kilobyte may claim to be a gigabyte."""
    with pytest.raises(ValueError, match="breaks off"):
        unpack(PACKED_BY_0_1, 100)

"""What `make test` tries with a few random cases, with many."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MORE = {
    "O365BOT_LIVES": "14",
    "O365BOT_PROMISES": "4:24",
    "O365BOT_PLANS": "4:20",
    "O365BOT_WAYS": "20",
}


@pytest.mark.parametrize(
    "words",
    [
        ("tests/unit", "-m", "hypothesis", "--hypothesis-profile=thorough"),
        ("tests/unit/test_lives.py", "tests/unit/test_lives_with_many_apps.py"),
        ("tests/unit/test_promises.py",),
        ("tests/unit/test_plan_is_kept.py",),
        ("tests/unit/test_corpus.py",),
    ],
    ids=["properties", "lives", "promises", "plans", "typed"],
)
def test_many_random_cases(words: tuple[str, ...]) -> None:
    """Each run says itself which case was wrong."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        env={**os.environ, **MORE},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]

"""What is shipped is listed, by name, version and licence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"


def test_the_list_of_what_is_shipped_is_the_lock(tmp_path: Path) -> None:
    """CycloneDX, with each package that is installed to run the bot, and no other."""
    listed = tmp_path / "sbom.json"
    subprocess.run(
        [
            *(str(Path(sys.executable).with_name("cyclonedx-py")), "requirements", str(LOCK)),
            *("--pyproject", str(ROOT / "pyproject.toml")),
            *("--output-reproducible", "-o", str(listed)),
        ],
        check=True,
        capture_output=True,
    )
    bom = json.loads(listed.read_text())
    locked = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", LOCK.read_text(), re.MULTILINE)
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "o365bot"
    assert sorted((one["name"], one["version"]) for one in bom["components"]) == sorted(locked)

"""Write requirements.lock and requirements-dev.lock from pyproject.toml: `make lock`.

Exact versions with hashes, for every platform and every supported Python, and no word about
where they are fetched from: that is for the machine that installs them to know.
Needs `uv` on PATH (`pipx install uv`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Made by `make lock` from pyproject.toml; not edited by hand.\n"
INDEX_VARIABLES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_DEFAULT_INDEX")


def compile_lock(uv: str, target: str, *options: str) -> None:
    """Resolve into `target`; versions already there are kept unless `--upgrade` is among them."""
    path = ROOT / target
    environment = {k: v for k, v in os.environ.items() if k not in INDEX_VARIABLES}
    command = [uv, "pip", "compile", "pyproject.toml", "--output-file", target, "--quiet"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", *options]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    path.write_text(HEADER + path.read_text().removeprefix(HEADER))
    print(f"{target}: written")


def main() -> int:
    uv = shutil.which("uv")
    if uv is None:
        print("make lock needs uv on PATH, for example: pipx install uv", file=sys.stderr)
        return 1
    more = sys.argv[1:]
    compile_lock(uv, "requirements.lock", "--group", "build", *more)
    # the same versions in both, so that going from the demo to the tests only adds
    compile_lock(uv, "requirements-dev.lock", "--group", "dev", "-c", "requirements.lock", *more)
    return 0


if __name__ == "__main__":
    sys.exit(main())

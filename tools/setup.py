"""Make the local environment `.venv`, once, and say what is being done meanwhile.

    python3 tools/setup.py demo     what the bot and its sandbox need
    python3 tools/setup.py dev      that, and the tools of development
    python3 tools/setup.py test     that, and a browser

Standard library only, and readable by a Python (3.6) too old to run the bot: that is what it has
to complain about, and why some annotations are quoted here. A stamp keeps the hash of the lock
file, so a second call does nothing. Calls at the same time wait for one another.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable  # noqa: UP035 - this file is also read by old Pythons

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"demo": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# Chromium, and fonts: without them the letters and the emoji of a page are empty boxes.
BROWSER_PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-color-emoji")
NO_NETWORK = re.compile(
    "NewConnectionError|ConnectTimeout|NameResolutionError|name resolution|Network is unreachable"
    "|Connection refused|ProxyError|Read timed out"
)


class SetupError(Exception):
    """The environment cannot be made; the message says what a person can do about it."""


class Progress:
    """A bar on a terminal; elsewhere a line at every quarter."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, -1
        self.started = time.monotonic()
        self.live = sys.stdout.isatty()

    def show(self, done: int, total: "int | None" = None) -> None:
        """Show that `done` of `total` are through; never runs backwards."""
        self.total = total or self.total
        before, self.done = self.done, max(self.done, min(done, self.total))
        if self.done == before:
            return
        if self.live:
            filled = 30 * self.done // max(self.total, 1)
            bar = "█" * filled + "░" * (30 - filled)
            print(f"\r  {self.label} {bar} {self.done} of {self.total} ", end="", flush=True)
        elif before < 0 or 4 * self.done // self.total > 4 * before // self.total:
            print(f"  {self.label}: {self.done} of {self.total}", flush=True)

    def finish(self) -> None:
        """Leave the finished bar behind, with the seconds it took."""
        seconds = time.monotonic() - self.started
        if self.live:
            print(f"in {seconds:.0f} s")
        else:
            print(f"  {self.label}: done in {seconds:.0f} s", flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def usable(python: str) -> bool:
    """Whether this interpreter runs and is new enough (a version manager's shim may not run)."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        done = subprocess.run(
            [python, "-c", check], stderr=subprocess.DEVNULL, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def use_a_new_enough_python() -> None:
    """Go on under a Python that can run the bot, if this one cannot.

    Raises SetupError when there is none on PATH.
    """
    if sys.version_info >= OLDEST:
        return
    for name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        found = shutil.which(name)
        if found and usable(found):
            os.execv(found, [found, *sys.argv])
    raise SetupError(
        "o365bot needs Python %d.%d or newer; this is %d.%d, and no newer one is on PATH.\n"
        "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv), or name it: "
        "make PYTHON=/path/to/python3.12" % (OLDEST + sys.version_info[:2])
    )


def can_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages: "tuple[str, ...]", label: str) -> None:
    """Install Debian packages, with apt's own percentages as progress.

    Raises SetupError with apt's last lines when it fails.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    fetch = subprocess.run(
        ["apt-get", "update", "-qq"], env=environment, capture_output=True, text=True, check=False
    )
    if fetch.returncode:
        raise SetupError("apt-get update failed:\n" + tail(fetch.stdout + fetch.stderr))
    readable, writable = os.pipe()
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    command += ["-o", f"APT::Status-Fd={writable}", "-o", "Dpkg::Use-Pty=0", *packages]
    log = VENV.with_name(".venv-apt.log")
    bar = Progress(label + ", percent", 100)
    with log.open("w") as output:
        apt = subprocess.Popen(
            command,
            env=environment,
            pass_fds=[writable],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        os.close(writable)
        with os.fdopen(readable) as status:
            for line in status:
                # "dlstatus:1:12.5:text" while downloading, "pmstatus:name:40.0:text" afterwards
                kind, _, percent, *_ = [*line.split(":"), "", "", ""]
                if re.fullmatch(r"[\d.]+", percent):
                    bar.show(int(float(percent)) // 2 + (50 if kind == "pmstatus" else 0))
    text = log.read_text(errors="replace")
    log.unlink()
    if apt.wait():
        raise SetupError(f"apt-get install {' '.join(packages)} failed:\n" + tail(text))
    bar.show(100)
    bar.finish()


def tail(text: str) -> str:
    """What a failed command said last; of a talkative one only what it calls errors."""
    lines = text.strip().splitlines()
    errors = [line for line in lines if line.startswith(("ERROR", "E:", "Error"))]
    return "\n".join("    " + line for line in (errors or lines)[-12:])


def environment_works() -> bool:
    python = VENV / "bin" / "python"
    if not (python.exists() and usable(str(python))):
        return False
    pip = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    return pip.returncode == 0


def make_environment() -> None:
    """Create `.venv` where it is missing or broken.

    Raises SetupError naming the package to install when Python came without `venv`.
    """
    if environment_works():
        return
    version = "%d.%d" % sys.version_info[:2]
    say(f"Making .venv with Python {version}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    said = made.stdout + made.stderr
    if made.returncode and re.search("ensurepip|No module named venv", said):
        package = f"python{version}-venv"
        if not can_apt():
            raise SetupError(
                "This Python came without the module venv. Install it and call again "
                f"(Debian, Ubuntu: sudo apt-get install {package})."
            )
        say(f"Python came without venv: installing {package} with apt-get")
        apt_install((package,), package)
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        said = made.stdout + made.stderr
    if made.returncode:
        raise SetupError(f"python -m venv {VENV.name} failed:\n" + tail(said))


def count_installed() -> int:
    return sum(1 for _ in VENV.glob("lib/python3*/site-packages/*.dist-info"))


def pip_install(lock: Path) -> None:
    """Install exactly what the lock file names, every file checked against its hash.

    Raises SetupError with pip's last lines, and with what to look at, when it fails.
    """
    total = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.MULTILINE))
    say(f"Installing the packages of {lock.name}, each checked against its hash")
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--retries", "2"]
    command += ["--only-binary", ":all:", "--progress-bar", "off", "--no-input"]
    command += ["--disable-pip-version-check", "--no-python-version-warning"]
    pip = subprocess.Popen(
        [*command, "--require-hashes", "-r", str(lock)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert pip.stdout is not None
    said: list[str] = []
    fetched, already = 0, 0
    bar = Progress("fetched  ", total)
    for line in pip.stdout:
        said.append(line)
        if line.startswith("Ignoring "):  # of another platform
            total -= 1
        elif line.startswith(("Collecting ", "Processing ", "Requirement already satisfied")):
            fetched += 1
            already += line.startswith("Requirement")
            bar.show(fetched, total)
        elif line.startswith("Installing collected packages"):
            bar.finish()
            watch_installing(pip, total - already)
    if pip.wait():
        print()
        text = "".join(said)
        hint = ""
        if NO_NETWORK.search(text):
            hint = "\nThe package index cannot be reached: is there a network, or a proxy to set?"
        raise SetupError(f"pip could not install {lock.name}:\n{tail(text)}{hint}")


def watch_installing(pip: "subprocess.Popen[str]", total: int) -> None:
    """pip unpacks in silence: count what has arrived until it is through."""
    before = count_installed()
    bar = Progress("installed", total)
    while pip.poll() is None:
        bar.show(count_installed() - before)
        time.sleep(0.1)
    bar.show(total)
    bar.finish()


def install_project() -> None:
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--editable", str(ROOT)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError("o365bot itself could not be installed:\n" + tail(done.stderr))


def find_chromium() -> "str | None":
    """The path of a Chromium (or Chrome) to drive; the variable CHROMIUM goes first."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ([named] if named else BROWSERS))
    return next((path for path in found if path), None)


def find_nginx() -> "str | None":
    """The path of an nginx; the variable NGINX goes first. Debian keeps it in /usr/sbin."""
    named = os.environ.get("NGINX")
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    return shutil.which(named or "nginx", path=path)


def make_program(name: str, packages: "tuple[str, ...]", found: "Callable[[], str | None]") -> None:
    """Have a program that some tests need, or say that these will be left out.

    Raises SetupError when there is none and CI is true: there they are never left out.
    """
    if found():
        return
    if can_apt():
        say(f"Installing {name} for its tests with apt-get")
        try:
            apt_install(packages, name)
        except SetupError as error:
            if os.environ.get("CI") == "true":
                raise
            say(f"{error}")
    if found():
        return
    if os.environ.get("CI") == "true":
        raise SetupError(f"There is no {name}, and CI never leaves its tests out.")
    say(
        f"No {name} was found: its tests will be LEFT OUT.\n"
        f"  To run them: sudo apt-get install {' '.join(packages)}, "
        f"or set {name.upper()} to the path of one."
    )


def wanted_stamp(kind: str) -> str:
    content = LOCKS[kind].read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(content + str(ROOT).encode()).hexdigest()


def installed(kind: str) -> bool:
    stamp = VENV / f".installed-{kind}"
    return (
        stamp.exists()
        and stamp.read_text() == wanted_stamp(kind)
        and (VENV / "bin" / "python").exists()
    )


def make(kind: str) -> None:
    """Make the environment for `demo` or `dev`, where it is not there yet. Raises SetupError."""
    if installed(kind) or (kind == "demo" and installed("dev")):
        return
    use_a_new_enough_python()
    started = time.monotonic()
    make_environment()
    pip_install(LOCKS[kind])
    install_project()
    (VENV / f".installed-{kind}").write_text(wanted_stamp(kind))
    say(f"The environment is ready: .venv, {time.monotonic() - started:.0f} s")


def main() -> int:
    purpose = sys.argv[1] if len(sys.argv) == 2 else ""
    if purpose not in ("demo", "dev", "test"):
        print(__doc__)
        return 2
    with open(__file__) as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        try:
            make("demo" if purpose == "demo" else "dev")
            if purpose == "test":
                make_program("chromium", BROWSER_PACKAGES, find_chromium)
                make_program("nginx", ("nginx-light",), find_nginx)
        except SetupError as error:
            print(f"\nThe environment could not be made.\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

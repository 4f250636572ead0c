"""The files that run it: read strictly, and alike in where secrets are and what is let in."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.requests import Request
from starlette.responses import Response

from adapters.terminal.commands import starter
from adapters.web.app import build_app
from adapters.web.monitoring.health import Health
from adapters.web.monitoring.probes import Probes
from bot.chat.words import Words
from bot.domain.consent.requests import ProofKind
from bot.settings.variables import PREFIX
from tests.person import Asked as People
from tests.site import services_of
from tests.unit.test_container import keys

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
UNIT = ROOT / "deploy" / "systemd" / "o365bot.service"
BASE = ROOT / "deploy" / "kubernetes"
MANIFESTS = sorted(path for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml")
GUIDE = ROOT / "docs" / "deploy.md"
URL = "https://o365bot.example.com"

KINDS = {
    "Namespace": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}
# Every field that the manifests may use (Kubernetes API reference, 1.37).
FIELDS = """
    apiVersion kind metadata name labels spec replicas selector matchLabels
    matchExpressions key operator values strategy rollingUpdate maxUnavailable maxSurge
    template automountServiceAccountToken enableServiceLinks terminationGracePeriodSeconds
    securityContext runAsNonRoot runAsUser runAsGroup fsGroup seccompProfile type
    containers image args command ports containerPort startupProbe livenessProbe
    readinessProbe httpGet tcpSocket exec path port periodSeconds timeoutSeconds
    failureThreshold resources requests limits cpu memory storage allowPrivilegeEscalation
    readOnlyRootFilesystem capabilities drop volumeMounts mountPath readOnly volumes
    configMap secret secretName defaultMode emptyDir minAvailable targetPort clusterIP
    serviceName volumeClaimTemplates accessModes tls hosts rules host http paths pathType
    backend service podSelector policyTypes ingress from namespaceSelector protocol
"""
COMPOSE_FIELDS = """
    build image restart init deploy stop_grace_period depends_on networks environment
    configs secrets read_only tmpfs cap_drop security_opt user command ports volumes
    healthcheck
"""


class Strict(yaml.SafeLoader):
    """A key that stands twice is a mistake, which YAML takes in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice, f"{node.start_mark}: {twice} stands twice"
        return super().construct_mapping(node, deep)


def read(path: Path) -> list[Any]:
    """Every document of a file."""
    return list(yaml.load_all(path.read_text(), Strict))


def manifests() -> Iterator[dict[str, Any]]:
    for path in MANIFESTS:
        yield from read(path)


def named(kind: str) -> Iterator[dict[str, Any]]:
    return (one for one in manifests() if one["kind"] == kind)


def fields(value: object) -> Iterator[str]:
    """Every field name, apart from labels, which are anybody's."""
    if isinstance(value, dict):
        for name, within in value.items():
            yield name
            if name not in ("labels", "matchLabels") and not (
                name == "selector" and "app.kubernetes.io/name" in within
            ):
                yield from fields(within)
    elif isinstance(value, list):
        for one in value:
            yield from fields(one)


def test_every_manifest_is_of_a_known_kind_and_has_known_fields() -> None:
    """The API server drops or refuses what is misspelt."""
    for one in manifests():
        assert KINDS[one["kind"]] == one["apiVersion"]
        assert set(fields(one)) <= set(FIELDS.split()), one["metadata"]["name"]


def test_the_base_has_every_file() -> None:
    """What is not named there is not applied."""
    (base,) = read(BASE / "kustomization.yaml")
    assert sorted(base["resources"]) == [path.name for path in MANIFESTS]
    assert [(BASE / name).is_file() for name in base["configMapGenerator"][0]["files"]] == [True]


def test_selectors_find_their_pods() -> None:
    """A service, budget or policy that selects nobody does nothing, and says nothing."""
    pods = [
        one["spec"]["template"] for kind in ("Deployment", "StatefulSet") for one in named(kind)
    ]
    labels = [pod["metadata"]["labels"] for pod in pods]
    wanted = [one["spec"]["selector"] for one in named("Service")]
    wanted += [
        one["spec"]["selector"]["matchLabels"]
        for kind in ("Deployment", "StatefulSet", "PodDisruptionBudget")
        for one in named(kind)
    ]
    for selector in wanted:
        assert any(selector.items() <= one.items() for one in labels), selector


def test_pods_have_no_rights_and_probes_of_their_own() -> None:
    """As the restricted pod security standard asks; and being alive is not being ready."""
    for kind in ("Deployment", "StatefulSet"):
        for one in named(kind):
            pod = one["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            assert pod["securityContext"]["runAsNonRoot"]
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert not pod["automountServiceAccountToken"], "it would lie in /run/secrets"
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"]
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert not security["allowPrivilegeEscalation"]
    for one in named("Deployment"):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


async def test_the_ingress_lets_in_what_is_for_people_and_platforms_alone() -> None:
    """Every route of the web app, and no probe."""

    async def endpoint(request: Request) -> Response:
        return Response()

    async def health() -> Health:
        return Health(())

    async def ready() -> str:
        return ""

    app = build_app(
        services=services_of(People(ProofKind.SIGNED_IN, signs_in=True), signs_in=True),
        words=cache(Words),
        public_url="https://o365bot.example.com",
        slack=endpoint,
        teams=endpoint,
        okta=endpoint,
        probes=Probes(health, ready),
    )
    routes = {str(getattr(route, "path", "")) for route in app.routes}
    probes = {path for path in routes if path.startswith(("/health", "/metrics"))}
    (ingress,) = named("Ingress")
    (rule,) = ingress["spec"]["rules"]
    exact = {one["path"] for one in rule["http"]["paths"] if one["pathType"] == "Exact"}
    prefixes = [one["path"] for one in rule["http"]["paths"] if one["pathType"] == "Prefix"]

    def lets_in(path: str) -> bool:
        begins = (path == one or f"{path}/".startswith(f"{one.rstrip('/')}/") for one in prefixes)
        return path in exact or any(begins)

    assert len(probes) == 4
    assert {path for path in routes if not lets_in(path)} == probes
    assert {
        one
        for one in prefixes
        if not any(lets_in(r) and r.startswith(one.rstrip("/")) for r in routes)
    } == set()


def test_compose_names_only_what_it_has() -> None:
    """Networks, secrets, configs, volumes and other services; and fields that Compose knows."""
    (compose,) = read(COMPOSE)
    assert set(compose) <= {"services", "volumes", "networks", "configs", "secrets"}
    for name, service in compose["services"].items():
        assert set(service) <= set(COMPOSE_FIELDS.split()), name
        assert set(service.get("networks", ())) <= set(compose["networks"]) | {"default"}
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert {one["source"] for one in service.get("configs", ())} <= set(compose["configs"])
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        assert {one.partition(":")[0] for one in service.get("volumes", ())} <= set(
            compose["volumes"]
        )
    assert compose["services"]["bot"]["deploy"]["replicas"] == 2
    assert "ports" not in compose["services"]["bot"], "two replicas cannot share one"
    command = compose["services"]["store"]["command"]
    assert (
        command[command.index("--maxmemory-policy") + 1],
        command[command.index("--appendonly") + 1],
    ) == ("noeviction", "yes")


def paths_of_secrets() -> dict[str, dict[str, str]]:
    """File -> setting -> path of its secret."""
    (compose,) = read(COMPOSE)
    found = {
        "compose": compose["services"]["bot"]["environment"],
        "systemd": dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE)),
    }
    told = {
        name: {
            key.removeprefix(PREFIX).lower().replace("__", ".").removesuffix("_file"): path
            for key, path in environment.items()
            if key.endswith("_FILE")
        }
        for name, environment in found.items()
    }
    section = ""
    told["kubernetes"] = {}
    for line in (BASE / "o365bot.toml").read_text().splitlines():
        if heading := re.fullmatch(r"\[+(\w+)\]+", line):
            section = heading[1]
        elif file := re.match(r'(\w+)_file = "([^"]+)"', line):
            told["kubernetes"][f"{section}.{file[1]}"] = file[2]
    told["guide"] = {
        setting: path
        for path, setting in re.findall(
            r"\| `(/run/secrets/\w+)` \| `([\w.]+)_file`", GUIDE.read_text()
        )
    }
    return told


def test_a_secret_is_in_the_same_place_everywhere() -> None:
    """Whoever moves from one way of running it to another changes no path."""
    told = paths_of_secrets()
    assert all(len(paths) >= 4 for paths in told.values()), told
    for name, paths in told.items():
        assert paths.items() <= told["guide"].items(), name
        for setting in paths:
            variable = PREFIX + setting.replace(".", "__").upper()
            assert variable in keys() or setting.startswith("okta."), setting


def test_each_secret_is_brought_in_a_file_of_its_name() -> None:
    """What `o365bot init` asks for is what each way of running takes, from its folder."""
    answers = starter.Answers(URL, "en", "c", URL, slack=True, teams=True)
    asked = {*starter.wanted(answers), starter.ENTRA_PEM}
    (compose,) = read(COMPOSE)
    taken = {
        "compose": {name: one["file"] for name, one in compose["secrets"].items()},
        "systemd": dict(
            re.findall(r"^LoadCredential=(\w+):(\S+)$", UNIT.read_text(), re.MULTILINE)
        ),
        "kubernetes": {path: path for path in re.findall(r"--from-file=(\S+)", GUIDE.read_text())},
    }
    for way, files in taken.items():
        names = {Path(path).name for path in files.values()}
        assert asked - {starter.TEAMS_PASSWORD} <= names, way
        assert {Path(path).parent.name for path in files.values()} == {"secrets"}, way
        for name, path in files.items():
            assert Path(name).name == Path(path).name or name.startswith("tls_"), way


def test_settings_as_they_were_begun_are_moved_by_one_command(tmp_path: Path) -> None:
    """The guide's own: each secret is then where the guide says."""
    (command,) = re.findall(r"^ +(sed --in-place .+)$", GUIDE.read_text(), re.MULTILINE)
    answers = starter.Answers(URL, "en", "c", URL, slack=True, teams=True)
    file = tmp_path / "o365bot.toml"
    file.write_text(starter.settings(answers, tmp_path / "secrets"))
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True)
    text = file.read_text()
    assert str(tmp_path) not in text
    named = set(re.findall(r'_file = "(.+)"', text))
    assert len(named) >= 5
    assert named <= set(paths_of_secrets()["guide"].values())


@pytest.mark.parametrize(
    "path",
    [
        COMPOSE,
        UNIT,
        GUIDE,
        ROOT / "docs" / "store.md",
        *BASE.iterdir(),
        ROOT / "deploy" / "nginx.conf",
    ],
    ids=lambda path: path.name,
)
def test_no_other_secret_is_named(path: Path) -> None:
    """Every path of a secret is one that Compose declares."""
    (compose,) = read(COMPOSE)
    named_here = set(re.findall(r"/run/secrets/([\w.]+\w)", path.read_text()))
    assert named_here <= set(compose["secrets"])


def test_the_unit_closes_what_it_can_and_takes_each_secret_it_names() -> None:
    """Each is loaded as a credential, under the name that the settings look for."""
    unit = UNIT.read_text()
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "MemoryDenyWriteExecute=yes",
        "BindReadOnlyPaths=%d:/run/secrets",
    ):
        assert f"\n{line}\n" in unit
    loaded = set(re.findall(r"^LoadCredential=(\w+):", unit, re.MULTILINE))
    used = set(re.findall(r"=/run/secrets/(\w+)$", unit, re.MULTILINE))
    assert used <= loaded
    assert loaded - used == {"okta_private_key"}, "which stands in the settings file"


IMAGE = re.compile(r"^(?:FROM| +(?:- )?image:) +(\S+)", re.MULTILINE)
OUR_OWN = "o365bot"  # built by you, and named in kustomization.yaml


def test_images_are_pinned_and_alike_everywhere() -> None:
    """By tag, which says what it is, and digest, which is what runs: a tag can be moved."""
    files = (ROOT / "Dockerfile", COMPOSE, *BASE.glob("*.yaml"))
    named = [name for path in files for name in IMAGE.findall(path.read_text())]
    pinned: dict[str, str] = {}
    for name in named:
        if name == OUR_OWN:
            continue
        tag, _, digest = name.partition("@")
        assert re.fullmatch(r"[a-z0-9./-]+:[\w.-]+", tag), name
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest), name
        assert pinned.setdefault(tag, digest) == digest, f"{tag} is pinned to two digests"
    assert set(pinned) == {"python:3.13-slim", "nginx:1-alpine", "valkey/valkey:9"}

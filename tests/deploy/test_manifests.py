"""Image, compose file and cluster manifests, against the settings that exist and their schemas."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cfsync.config import load, runnable
from cfsync.config.model import known_keys
from cfsync.config.problems import variable
from cfsync.mirror.bookkeeping.webhook_secrets import path_of
from tests.deploy.conftest import DEPLOY

Tool = Callable[[str], str]
Manifest = dict[str, Any]

PYPROJECT = DEPLOY.parent / "pyproject.toml"
TEXTS = sorted(p for p in DEPLOY.rglob("*") if p.is_file() and p.name != "roles.sql")
VARIABLES = {variable(key) for key in known_keys()} | {"CFSYNC_CONFIG"}
SECTIONS = "api|database|pull|push|deletions|web|daemon|retention|log"


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_every_setting_that_is_named_exists(file: Path) -> None:
    text = file.read_text()

    variables = set(re.findall(r"\bCFSYNC_[A-Z_]+\b", text))
    keys = set(re.findall(rf"(?<![\w./-])(?:{SECTIONS})\.[a-z_]+\b", text))

    assert variables - VARIABLES == set()
    assert keys - set(known_keys()) == set()


def manifests() -> list[Manifest]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def compose() -> Manifest:
    found: Manifest = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def of_kind(kind: str) -> Iterator[Manifest]:
    return (m for m in manifests() if m["kind"] == kind)


def the(kind: str, name: str) -> Manifest:
    return next(m for m in of_kind(kind) if m["metadata"]["name"] == name)


def containers(deployment: Manifest) -> list[Manifest]:
    pod = deployment["spec"]["template"]["spec"]
    return [*pod.get("initContainers", []), *pod["containers"]]


def moved(text: str, tmp_path: Path) -> str:
    """The text with secrets below tmp_path, and one in each file that it names."""
    for path in re.findall(r"/run/secrets/[\w/-]+", text):
        file = tmp_path / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("postgresql://cfsync@db/cfsync" if "url" in path else "the-token")
    return text.replace("/run/secrets", f"{tmp_path}/run/secrets")


@pytest.mark.parametrize("name", ["cfsync", "cfsync-sqlite"])
def test_the_settings_of_a_cluster_are_valid(name: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(moved(the("ConfigMap", name)["data"]["config.toml"], tmp_path))

    settings = load(file, {"CFSYNC_WEB__ACCESS_TOKEN": "secret"})

    assert settings.for_api().token is not None
    assert settings.web.listen == "0.0.0.0:8787"
    assert (
        settings.database.url
        == {
            "cfsync": "postgresql://cfsync@db/cfsync",
            "cfsync-sqlite": "sqlite:////var/lib/cfsync/cfsync.db",
        }[name]
    )


def test_the_settings_of_the_composed_services_are_valid(tmp_path: Path) -> None:
    for service in ("migrate", "cfsync"):
        environ = compose()["services"][service]["environment"]
        given = {k: moved(v, tmp_path) for k, v in environ.items()}
        given["CFSYNC_API__BASE_URL"] = "https://shop.myclickfunnels.com/api/v2"
        given["CFSYNC_WEB__ACCESS_TOKEN"] = "secret"

        settings = load(None, given)

        assert settings.for_api().token is not None
        assert settings.database.url == "postgresql://cfsync@db/cfsync"
        assert runnable.problems(settings) == []


def test_the_console_of_a_composed_daemon_is_reachable_on_this_machine_alone() -> None:
    daemon, database = (compose()["services"][name] for name in ("cfsync", "db"))

    assert daemon["environment"]["CFSYNC_WEB__LISTEN"] == "0.0.0.0:8787"
    assert daemon["ports"] == ["127.0.0.1:${WEB_PORT:-}:8787"]
    assert database["ports"] == ["127.0.0.1:${DB_PORT:-}:5432"]


def test_only_webhooks_come_in_from_the_internet() -> None:
    ingress = yaml.safe_load((DEPLOY / "ingress.yaml").read_text())
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]

    assert path_of(7).startswith(f"{path['path']}/")
    assert [rule["host"]] == ingress["spec"]["tls"][0]["hosts"]
    service = the("Service", path["backend"]["service"]["name"])
    assert path["backend"]["service"]["port"] == {"name": service["spec"]["ports"][0]["name"]}


@pytest.mark.parametrize("name", ["cfsync", "cfsync-sqlite"])
def test_a_service_leads_to_the_daemons(name: str) -> None:
    pod = the("Deployment", name)["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    service = the("Service", name)["spec"]

    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["ports"][0]["targetPort"] == container["ports"][0]["name"]


def test_every_container_of_a_cluster_runs_with_next_to_no_rights() -> None:
    for deployment in of_kind("Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in containers(deployment):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_liveness_never_asks_about_clickfunnels_or_freshness() -> None:
    for deployment in of_kind("Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        asked = {p: container[p]["httpGet"]["path"] for p in container if p.endswith("Probe")}
        assert asked == {
            "startupProbe": "/livez",
            "livenessProbe": "/livez",
            "readinessProbe": "/readyz",
        }


def test_tokens_are_files_that_are_mounted() -> None:
    for deployment in of_kind("Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert "/run/secrets/cfsync" in {m["mountPath"] for m in container["volumeMounts"]}
        assert "CFSYNC_API__TOKEN" not in {e["name"] for e in container["env"]}


def test_postgresql_has_two_replicas_and_is_migrated_by_its_owner_before_they_start() -> None:
    deployment = the("Deployment", "cfsync")
    pod = deployment["spec"]["template"]["spec"]

    (first,) = pod["initContainers"]

    assert deployment["spec"]["replicas"] == 2
    assert first["args"] == ["migrate"]
    assert first["env"] == [
        {"name": "CFSYNC_DATABASE__URL_FILE", "value": "/run/secrets/cfsync/owner_url"}
    ]


def test_sqlite_has_one_replica_at_a_time_on_a_volume() -> None:
    deployment = the("Deployment", "cfsync-sqlite")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "mirror", "mountPath": "/var/lib/cfsync"} in container["volumeMounts"]
    assert {"name": "mirror", "persistentVolumeClaim": {"claimName": "cfsync-sqlite"}} in pod[
        "volumes"
    ]


def test_a_label_selects_all_of_one_way_and_nothing_of_the_other() -> None:
    for manifest in manifests():
        wanted = "sqlite" if manifest["metadata"]["name"] == "cfsync-sqlite" else "postgresql"
        assert manifest["metadata"]["labels"] == {"app": "cfsync", "database": wanted}


def test_stopping_is_given_more_time_than_the_daemon_takes() -> None:
    assert compose()["services"]["cfsync"]["stop_grace_period"] == "30s"
    for deployment in of_kind("Deployment"):
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    assert known_keys()["daemon.stop_timeout"] == "10s"


def test_the_schemas_of_the_cluster_have_nothing_to_say(tool: Tool) -> None:
    for version in ("1.29", "1.33"):
        command = [tool("kubernetes-validate"), "--strict", "-k", version]
        files = [DEPLOY / "kubernetes.yaml", DEPLOY / "ingress.yaml"]
        done = subprocess.run([*command, *files], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_compose_has_nothing_to_say(tool: Tool, tmp_path: Path) -> None:
    command = [tool("docker-compose"), "-f", DEPLOY / "compose.yaml", "config", "-q"]

    environ = {"CLICKFUNNELS_URL": "https://shop.myclickfunnels.com/api/v2", "HOME": str(tmp_path)}
    environ["WEB_ACCESS_TOKEN"] = "secret"
    done = subprocess.run(command, env=environ, capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_hadolint_has_nothing_to_say(tool: Tool) -> None:
    command = [tool("hadolint"), DEPLOY / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def pins() -> dict[str, str]:
    pairs = re.findall(r"(?m)^([\w.-]+)==([\w.]+)", (DEPLOY / "requirements.txt").read_text())
    return {canonicalize_name(name): version for name, version in pairs}


def needed() -> Iterator[Requirement]:
    """What the image needs: the project's requirements, and theirs, as they are installed here."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    first = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    waiting = [Requirement(text) for text in first]
    seen = set()
    while waiting:
        wanted = waiting.pop()
        yield wanted
        for extra in ["", *sorted(wanted.extras)]:
            if (wanted.name, extra) not in seen:
                seen.add((wanted.name, extra))
                waiting += required_by(wanted.name, extra)


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def required_by(name: str, extra: str) -> list[Requirement]:
    image = default_environment() | {
        "python_version": "3.13",
        "python_full_version": "3.13.5",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "extra": extra,
    }
    texts = importlib.metadata.requires(name) or []
    parsed = [Requirement(text) for text in texts]
    return [r for r in parsed if r.marker is None or r.marker.evaluate(image)]


def test_the_image_pins_all_that_it_needs_and_nothing_else() -> None:
    pinned = pins()
    other = {name: v for name in pinned if (v := installed(name)) != pinned[name]}
    if other:
        pytest.skip(f"installed without the pins, so theirs can't be seen: {other}")

    wanted = {canonicalize_name(r.name) for r in needed()}

    assert wanted == set(pinned)
    for requirement in needed():
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


@pytest.mark.parametrize("file", ["requirements.txt", "build-requirements.txt"])
def test_the_pins_have_hashes_and_name_no_place_to_take_them_from(file: str) -> None:
    _, _, pinned = (DEPLOY / file).read_text().partition("\n\n")

    pin = r"[\w.-]+==[\w.]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.sub(pin, "", pinned) == ""

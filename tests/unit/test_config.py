from __future__ import annotations

import itertools
import re
import stat
import tomllib
from pathlib import Path

import pytest

from cfsync import config
from cfsync.config import Source
from cfsync.config.model import known_keys
from cfsync.config.secrets import secrets_in, without_secrets
from cfsync.config.values import duration_text
from cfsync.errors import SettingsError, UnknownResource
from cfsync.logs import hider
from cfsync.resources import RESOURCES

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cfsync.config.sources.DEFAULT_FILES", (Path("cfsync.toml"),))


def problems(text: str = "", **environ: str) -> list[str]:
    path = Path("given.toml")
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        config.load(path, environ)
    return list(caught.value.problems)


def loaded(text: str = "", **environ: str) -> config.Settings:
    Path("given.toml").write_text(text)
    return config.load(Path("given.toml"), environ)


def test_no_file_and_no_environment_give_the_defaults():
    settings = config.load(None, {})

    assert settings.database.url == "sqlite:///cfsync.db"
    assert settings.pull.overlap == 120.0
    assert settings.api.max_concurrency == 16
    assert settings.retention.tombstones == 31_536_000.0


SHOWN = [
    key
    for key in known_keys()
    if not key.startswith("resources.") or RESOURCES[key.split(".")[1]].group == "core"
]
"""The keys that stand in the example: it only names the resources that are not of the core."""


def test_the_example_names_every_other_resource():
    text = EXAMPLE.read_text().split("# The other resources")[1]

    assert {r.name for r in RESOURCES.values() if r.group != "core"} <= set(
        re.findall(r"\w+", text)
    )


@pytest.mark.parametrize(
    ("mirror", "enabled"),
    [("core", set()), ("standard", {"discounts"}), ("all", {"discounts", "community_bans"})],
)
def test_a_group_of_resources_is_mirrored(mirror: str, enabled: set[str]):
    settings = loaded(f"api.mirror = '{mirror}'")

    assert {"contacts", *enabled} <= settings.wanted
    assert {"discounts", "community_bans"} - enabled == (
        {"discounts", "community_bans"} - settings.wanted
    )


def test_a_single_resource_is_switched_on_or_off_in_any_group():
    settings = loaded(
        "api.mirror = 'standard'\nresources.discounts.enabled = false",
        CFSYNC_RESOURCES__THEMES__ENABLED="true",
    )

    assert "discounts" not in settings.wanted
    assert {"themes", "funnels"} <= settings.wanted


def test_a_group_that_does_not_exist_is_named():
    (problem,) = problems("api.mirror = 'most'")

    assert problem.startswith("api.mirror")


def test_config_show_gives_the_defaults_of_the_group():
    Path("given.toml").write_text("api.mirror = 'standard'")

    shown = {s.key: s.value for s in config.explain_sources(Path("given.toml"), {})}

    assert shown["resources.discounts.enabled"] is True
    assert shown["resources.themes.enabled"] is False


def test_the_example_holds_every_key():
    text = EXAMPLE.read_text()
    given = {k.strip() for k in re.findall(r"^(?:# )?(\w+) = ", text, re.MULTILINE)}
    sections = set(re.findall(r"^\[([\w.]+)\]$", text, re.MULTILINE))

    assert {key.rpartition(".")[0] for key in SHOWN} == sections
    assert {key.rpartition(".")[2] for key in SHOWN} == given


def test_each_key_of_the_example_stands_in_its_own_section():
    section, found = "", set()
    for line in EXAMPLE.read_text().splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            section = header[1]
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            found.add(f"{section}.{key[1]}")

    assert found == set(SHOWN)


def test_the_example_loads_and_equals_the_defaults():
    assert config.load(EXAMPLE, {}) == config.load(None, {})


def test_every_uncommented_key_of_the_example_is_explained_above_it():
    lines = EXAMPLE.read_text().split("[resources.")[0].splitlines()
    for above, line in itertools.pairwise(lines):
        if re.match(r"\w+ = ", line) and not line.startswith(("outbox", "events", "conf", "tomb")):
            assert above.startswith("#"), line


def test_the_named_file_comes_before_the_variable_and_the_variable_before_the_usual_places():
    for name in ("named", "variable", "cfsync"):
        Path(f"{name}.toml").write_text(f'[database]\nurl = "sqlite:///{name}.db"')

    assert config.load(None, {}).database.url == "sqlite:///cfsync.db"
    assert config.load(None, {"CFSYNC_CONFIG": "variable.toml"}).database.url.endswith(
        "variable.db"
    )
    named = config.load(Path("named.toml"), {"CFSYNC_CONFIG": "variable.toml"})
    assert named.database.url == "sqlite:///named.db"


def test_the_environment_wins_over_the_file_key_by_key():
    settings = loaded("[api]\nmax_concurrency = 4\nreserve = 0.5", CFSYNC_API__MAX_CONCURRENCY="8")

    assert (settings.api.max_concurrency, settings.api.reserve) == (8, 0.5)


def test_an_empty_variable_counts_as_not_given():
    assert loaded("[api]\nmax_concurrency = 4", CFSYNC_API__MAX_CONCURRENCY="").api.token is None


def test_a_named_file_that_is_missing_is_an_error():
    with pytest.raises(SettingsError, match=r"absent\.toml: can't be read: No such file"):
        config.load(Path("absent.toml"), {})
    with pytest.raises(SettingsError, match=r"absent\.toml: can't be read: No such file"):
        config.load(None, {"CFSYNC_CONFIG": "absent.toml"})


def test_unreadable_toml_is_named_with_its_place():
    assert problems("[api\n") == [
        "given.toml: is not TOML: Expected ']' at the end of a table declaration"
        " (at line 1, column 5)"
    ]


def test_a_file_that_is_not_text_is_named():
    Path("given.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError, match=r"given\.toml: is not TOML: not UTF-8"):
        config.load(Path("given.toml"), {})


def test_all_problems_are_told_at_once_each_with_key_and_source():
    text = """
    [api]
    max_concurrency = "many"
    tokn = "hunter2"
    [pull]
    overlap = "soon"
    [resources.contcts]
    push = false
    [resources.orders]
    on_conflict = "mine"
    """

    found = problems(text, CFSYNC_API__RESERVE="1.5", CFSYNC_LOGS__LEVEL="info")

    assert [line for line in found if not line.startswith("resources.contcts")] == [
        "CFSYNC_LOGS__LEVEL is not a setting",
        "api.max_concurrency must be a whole number, such as 100 (it is 'many', from given.toml)",
        "api.reserve must be less than 1 (it is '1.5', from CFSYNC_API__RESERVE)",
        "api.tokn is not a setting; did you mean api.token? (from given.toml)",
        "resources.orders.on_conflict must be 'clickfunnels', 'local', 'newest' or 'hold'"
        " (it is 'mine', from given.toml)",
        'pull.overlap must be a duration such as "30s", "5m", "24h" or "30d"'
        " (it is 'soon', from given.toml)",
    ]
    unknown = next(line for line in found if line.startswith("resources.contcts"))
    assert "no such resource; there are teams, workspaces, contact_tags, contacts," in unknown


@pytest.mark.parametrize("text", ["nonsense = 1", "[nonsense]", "[nonsense]\na = 1"])
def test_an_unknown_section_is_named(text: str):
    assert problems(text) == ["nonsense is not a setting (from given.toml)"]


@pytest.mark.parametrize("text", ["api = 3", "resources = 3", "[resources]\norders = 3"])
def test_a_value_in_place_of_a_section_is_named(text: str):
    (problem,) = problems(text)

    assert "must be a section: [" in problem
    assert "from given.toml" in problem


def test_a_variable_with_one_underscore_too_few_is_not_ignored():
    assert problems(CFSYNC_TOKEN="x", CFSYNC_DATABASE_URL="y") == [
        "CFSYNC_DATABASE_URL is not a setting; did you mean CFSYNC_DATABASE__URL?",
        "CFSYNC_TOKEN is not a setting; did you mean CFSYNC_API__TOKEN?",
    ]


def test_what_a_container_platform_sets_is_no_setting():
    assert loaded(CFSYNC_PORT="tcp://10.0.0.1:8787", CFSYNC_SERVICE_HOST="10.0.0.1")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("24h", 86400), ("30d", 2_592_000), ("1h30m", 5400), ("90", 90)],
)
def test_durations_become_seconds(text: str, seconds: float):
    assert loaded(CFSYNC_RETENTION__RUNS=text).retention.runs == seconds


@pytest.mark.parametrize("text", ["5 minutes", "-3s", "5M", "1e9", "d", "nan", "inf"])
def test_what_is_no_duration_is_refused(text: str):
    assert 'must be a duration such as "30s"' in problems(CFSYNC_RETENTION__RUNS=text)[0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86400, "24h"), (2_592_000, "30d"), (90, "90s"), (60, "1m"), (0.5, "0.5s")],
)
def test_seconds_are_shown_as_durations(seconds: float, text: str):
    assert duration_text(seconds) == text


def test_a_resource_has_the_defaults_of_the_catalogue_below_what_is_given():
    settings = loaded(
        '[resources.contacts]\npush = false\nsweep_every = "6h"',
        CFSYNC_RESOURCES__CONTACT_TAGS__PULL_EVERY="10m",
    )

    contacts = settings.resource("contacts")
    assert (contacts.pull_every, contacts.push, contacts.sweep_every) == (60.0, False, 21600.0)
    assert settings.resource("contact_tags").pull_every == 600.0
    assert settings.resource("products").pull_every == 300.0
    assert settings.resource("workspaces").push is False
    with pytest.raises(UnknownResource):
        settings.resource("contact")


def test_workspaces_are_ids_or_public_ids_from_file_and_environment():
    assert loaded('[api]\nworkspaces = [1, "2", "AbC"]').api.workspaces == [1, 2, "AbC"]
    assert loaded(CFSYNC_API__WORKSPACES="1, AbC").api.workspaces == [1, "AbC"]


@pytest.mark.parametrize("text", ['["2003"]', "[1,2]", "1; 2", "1 2", '{"a":1}'])
def test_a_list_in_another_form_is_refused_with_an_example(text: str):
    (problem,) = problems(CFSYNC_API__EXCLUDE=text)

    assert problem.startswith("api.exclude must be a list of workspace ids, such as [2003, ")
    assert "in a variable 2003,AbC (it is " in problem
    assert problem.endswith("from CFSYNC_API__EXCLUDE)")


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("CFSYNC_API", '{"token": "hunter2"}', "such as CFSYNC_API__BASE_URL"),
        ("CFSYNC_LOG", "json", "such as CFSYNC_LOG__FORMAT"),
        ("CFSYNC_RESOURCES__CONTACTS", "off", "such as CFSYNC_RESOURCES__CONTACTS__ENABLED"),
        ("CFSYNC_RESOURCES__CONTACTS__PUSH", "maybe", "push must be true or false"),
        ("CFSYNC_API__RESERVE", "10%", "api.reserve must be a number, such as 0.25"),
        ("CFSYNC_PUSH__BATCH", "[1]", "push.batch must be a whole number, such as 100"),
        ("CFSYNC_API__WORKSPACES__0", "5", "in a variable 2003,AbC"),
    ],
)
def test_a_variable_in_another_form_is_named_with_the_form_expected(
    variable: str, text: str, expected: str
):
    (problem,) = problems(**{variable: text})

    assert expected in problem
    assert f"from {variable}" in problem
    assert "hunter2" not in problem


def test_what_keeps_the_daemon_from_running_is_found_beside_every_other_problem():
    def found(**given: str) -> list[str]:
        settings, problems = config.examine(None, {f"CFSYNC_{k}": v for k, v in given.items()})
        assert settings.pull.overlap == 120.0
        return [text.split(" ")[0] for text in problems]

    assert sorted(found(PULL__OVERLAP="soon", WEB__LISTEN="0.0.0.0:80", LOG="x")) == [
        "api.base_url",
        "api.token",
        "log",
        "pull.overlap",
        "web.listen",
    ]
    assert found(API__BASE_URL="x", API__TOKEN_FILE="/none", API__TOKN="y") == [
        "api.token_file",
        "api.base_url",
        "api.tokn",
    ]
    assert found(WEB__LISTEN="0.0.0.0:80", WEB__ACCESS_TOKEN=" ", WEB__TLS_CERT="absent") == [
        "web.access_token",
        "api.base_url",
        "api.token",
        "web.tls_cert",
        "web.tls_cert",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.myclickfunnels.com/api/v2/",
        "http://127.0.0.1:1/clickfunnels/api/v2",
        "HTTPS://[::1]:8443/api/v2",
    ],
)
def test_a_base_url_loses_its_trailing_slash(url: str):
    assert loaded(CFSYNC_API__BASE_URL=url).api.base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "likely"),
    [
        ("https://a.myclickfunnels.com", "https://a.myclickfunnels.com/api/v2"),
        ("a.myclickfunnels.com", "https://a.myclickfunnels.com/api/v2"),
        ("https://a.b/api/v1", "https://a.b/api/v2"),
        ("https://[::1]:8443/api", "https://[::1]:8443/api/v2"),
        ("https://a.b/clickfunnels/api", "https://a.b/clickfunnels/api/v2"),
        ("https://a.b/api/v2/contacts?page=1", "https://a.b/api/v2"),
        ("ftp://a.b/api/v2", "https://a.b/api/v2"),
    ],
)
def test_a_base_url_that_ends_elsewhere_is_refused_with_the_likely_right_one(url, likely):
    assert problems(CFSYNC_API__BASE_URL=url) == [
        "api.base_url must begin with https:// (or http://) and end in /api/v2;"
        f" did you mean {likely}? (from CFSYNC_API__BASE_URL)"
    ]


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("a.b:99999", "a.b:99999"),
        ("a.b:0", "a.b:0"),
        ("a.b:x", "a.b:***"),
        ("a b.c", "a b.c"),
        ("[::1", "[:***"),
        ("::1", ":***"),
        ("https://a.b", "https:"),
        (":80", ":80"),
        ("", ""),
    ],
)
def test_a_base_url_without_a_host_that_there_can_be_is_refused(place: str, shown: str):
    assert problems(CFSYNC_API__BASE_URL=f"https://{place}/api/v2") == [
        f"api.base_url names no host that there can be: {shown!r} (from CFSYNC_API__BASE_URL)"
    ]


def test_a_missing_token_and_url_are_told_when_a_call_needs_them():
    with pytest.raises(SettingsError) as caught:
        loaded().for_api()

    url, token = caught.value.problems
    assert url.startswith("api.base_url is not set: give the whole URL up to /api/v2")
    assert token == (
        "api.token is not set: give it as CFSYNC_API__TOKEN, as api.token_file or"
        " api.token_command, or as the systemd credential cfsync-token"
    )


def token_of(settings: config.Settings) -> str:
    assert settings.api.token
    return settings.api.token.get_secret_value()


def test_the_token_comes_from_a_file_a_program_or_the_systemd_credential(tmp_path):
    Path("file").write_text("from-file\n")
    Path("cfsync-token").write_text("from-systemd\n")

    assert token_of(loaded(CREDENTIALS_DIRECTORY=str(tmp_path))) == "from-systemd"
    assert token_of(loaded('[api]\ntoken_file = "file"')) == "from-file"
    assert token_of(loaded('[api]\ntoken_command = ["echo", "from-program"]')) == "from-program"
    for command in ("echo 'of a shell'", '["echo", "of a shell"]'):
        with pytest.raises(SettingsError, match="one word"):
            loaded(CFSYNC_API__TOKEN_COMMAND=command)
    for command in ("echo text", ' ["echo", "text"]'):
        assert token_of(loaded(CFSYNC_API__TOKEN_COMMAND=command)) == "text"


def test_a_token_file_of_the_environment_wins_over_a_token_of_the_file():
    Path("file").write_text("from-file\n")

    settings = loaded('[api]\ntoken = "given"', CFSYNC_API__TOKEN_FILE="file")

    assert token_of(settings) == "from-file"


def test_the_database_url_may_stand_in_a_file():
    Path("file").write_text("postgresql://u:pw@h/d\n")

    assert loaded('[database]\nurl_file = "file"').database.url == "postgresql://u:pw@h/d"


def test_an_absolute_path_of_a_secret_file_that_can_not_be_read_is_named(tmp_path):
    absent = str(tmp_path / "absent")

    assert problems(CFSYNC_API__TOKEN_FILE=absent) == [
        f"api.token_file {absent} can't be read: No such file or directory"
        " (from CFSYNC_API__TOKEN_FILE)"
    ]


@pytest.mark.parametrize("key", ["pull_every", "pull_max_every", "sweep_every"])
def test_an_interval_leaves_time_for_something_else(key):
    (problem,) = problems(f'[resources.contacts]\n{key} = "1ms"')

    assert f"resources.contacts.{key} must be at least 100ms" in problem


def test_a_token_file_that_can_not_be_read_is_told_without_its_name():
    assert problems(CFSYNC_API__TOKEN_FILE="hunter2") == [
        "api.token_file can't be read: No such file or directory (from CFSYNC_API__TOKEN_FILE)"
    ]


MISTYPED = [
    "postgresql:/u:hunter2@h/d",
    "postgresql//u:hunter2@h/d",
    "postgresql:u:hunter2@h/d",
    "postgresql:///u:hunter2@h/d",
    "postgresql://h/u:hunter2@h/d",
    "postgresql://u:hunter2/d",
    "jdbc:postgresql://u:hunter2@h/d",
    '"postgresql://u:hunter2@h/d"',
    "u:hunter2@h/d",
    "u:hun:ter:hunter2@h",
]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://cfsync:hunter2@db/cf", "postgresql://cfsync:***@db/cf"),
        ("postgresql://cfsync:hun?t/e@r2@db/cf", "postgresql://cfsync:***@db/cf"),
        (
            "postgresql://db/cf?user=me&password=hunter2&sslmode=require",
            "postgresql://db/cf?user=me&password=***&sslmode=require",
        ),
        ("postgresql://db/cf?PASSWORD=hunter%402", "postgresql://db/cf?PASSWORD=***"),
        ("postgresql://db/cf?sslpassword=hunter@2", "postgresql://db/cf?sslpassword=***"),
        ("postgresql://me@db/cf?sslkey=hunter2&x", "postgresql://me@db/cf?sslkey=***&x"),
        ("postgresql://me@db/cf?", "postgresql://me@db/cf?"),
        ("postgresql://me@/cf?host=/run/pg", "postgresql://me@/cf?host=/run/pg"),
        ("sqlite:///cf.db?vfs=unix&key=hunter2", "sqlite:///cf.db?vfs=unix&key=***"),
        ("postgresql:///cf?host=h;password=hunter2", "postgresql:///cf?host=h&password=***"),
        ("postgresql://me:hunter2@hunter2@db/cf", "postgresql://me:***@db/cf"),
        ("host=db password=hunter2", "***"),
        ("cf.db", "cf.db"),
        *((url, "***") for url in MISTYPED),
        ("postgresql://db:5432/cf?password=hun@hunter2", "***"),
        ("postgresql://db/cf&password=hunter2", "***"),
        ("postgresql://db/cf password=hunter2", "***"),
    ],
)
def test_secrets_are_in_no_repr_and_no_explanation(url: str, shown: str):
    secrets = {
        "CFSYNC_API__TOKEN": "hunter2",
        "CFSYNC_WEB__ACCESS_TOKEN": "hunter2",
        "CFSYNC_DATABASE__URL": url,
    }
    printed = {source.key: source.value for source in config.explain_sources(None, secrets)}

    assert without_secrets(url) == printed["database.url"] == shown
    assert "hunter2" not in repr(loaded(**secrets)) + str(loaded(**secrets))
    assert {printed["api.token"], printed["web.access_token"]} == {"***"}


def test_the_log_hides_the_secrets_of_a_url_as_written_and_as_sent():
    url = "postgresql://me:pass%40word@db/cf?sslpassword=hunter%242&sslmode=require"

    hide = hider(secrets_in(url))

    assert hide("pass%40word pass@word hunter$2 hunter%242 require") == "*** *** *** *** require"


def test_the_log_hides_the_values_of_what_is_no_url():
    hide = hider(secrets_in("host=db password = hunter$2 dbname=cf"))

    assert hide("db hunter$2 cf") == "db *** cf"


@pytest.mark.parametrize("url", [url for url in MISTYPED if "@" in url])
def test_the_log_hides_the_password_of_a_mistyped_url(url: str):
    assert hider(secrets_in(url))("log in with hunter2") == "log in with ***"


@pytest.mark.parametrize("url", ["proxy.example.com:3128", "http://proxy:3128", "localhost,db:80"])
def test_the_log_shows_hosts_and_ports(url: str):
    assert secrets_in(url) == []


@pytest.mark.parametrize("url", MISTYPED)
def test_the_password_of_a_mistyped_url_is_not_echoed(url: str):
    for base_url in (url, url.replace("postgresql", "https"), f"https://{url}/api/v2"):
        assert "hunter2" not in "".join(problems(CFSYNC_API__BASE_URL=base_url))


def test_an_empty_access_token_is_none():
    assert problems(CFSYNC_WEB__ACCESS_TOKEN="  ") == [
        "web.access_token must not be empty (from CFSYNC_WEB__ACCESS_TOKEN)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[api]\ntoken = "hunter2 x"',
        "[api]\ntoken = ['hunter2']",
        '[api]\ntokn = "hunter2"',
        '[api]\nbase_url = "https://u:hunter2@h/api/v2"',
        '[api]\nbase_url = "https://u:hunter2@h/"',
        '[api]\nbase_url = "https:/u:hunter2@h/api/v2"',
        '[api]\nbase_url = "https//u:hunter2@h/api/v2"',
        '[api]\nbase_url = "u:hunter2@h"',
        '[api]\nbase_url = "u:hunter2"',
        '[api]\nbase_url = "https://u:hunter2/api/v2"',
        '[web]\naccess_token = ["hunter2"]',
        '[database]\nurl = ["hunter2"]',
        '[api.token]\nhunter = "hunter2"',
        'api = "hunter2"',
    ],
)
def test_the_value_of_a_secret_is_not_echoed(text: str):
    assert "hunter2" not in "".join(problems(text))


def test_every_setting_is_explained_with_value_and_source():
    Path("cfsync.toml").write_text('[pull]\noverlap = "3m"')

    given = {
        "CFSYNC_API__TOKEN": "hunter2",
        "CFSYNC_DATABASE__URL": "postgresql://cfsync:hunter2@db/cf",
    }
    shown = {s.key: s for s in config.explain_sources(None, given)}

    assert shown.keys() == known_keys().keys()
    assert shown["pull.overlap"] == Source("pull.overlap", "3m", "cfsync.toml")
    assert shown["api.token"] == Source("api.token", "***", "CFSYNC_API__TOKEN")
    assert shown["push.settle"] == Source("push.settle", "30s", "default")
    assert shown["database.url"].value == "postgresql://cfsync:***@db/cf"


def test_a_file_that_strangers_can_read_is_seen():
    path = Path("file")
    path.touch()

    path.chmod(0o644)
    assert config.readable_by(path, stat.S_IROTH)
    path.chmod(0o640)
    assert not config.readable_by(path, stat.S_IROTH)
    assert config.readable_by(path, stat.S_IRGRP)


def test_the_example_is_valid_toml_without_a_file_of_ours():
    assert tomllib.loads(EXAMPLE.read_text())["api"]["base_url"] == ""

"""The engine's address: nothing outside the site's own networks is ever connected to."""

import socket
from pathlib import Path

import pytest

from inference.engines import engine_from_environment
from inference.engines.base import EngineError, EngineRequest
from inference.engines.site import SiteNetworks
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_settings import VllmSettings
from inference.prompts import load_prompt
from inference.text import read_note


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("10.20.0.1", True),
        ("::ffff:10.20.0.1", True),
        ("10.21.0.1", False),
        ("fd00:1::5", True),
        ("fd00:1::5%eth0", True),
        ("fd00:2::5", False),
        ("127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - refused, not bound
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("not-an-address", False),
    ],
)
def test_only_configured_networks_are_inside(address: str, is_inside: bool) -> None:
    assert SiteNetworks("10.20.0.0/16, fd00:1::/32").permits(address) is is_inside


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[fe80::1]", "192.168.1.1", "100.64.0.1"],
)
def test_an_address_outside_the_site_is_refused_and_nothing_is_sent(host: str) -> None:
    engine = VllmEngine(VllmSettings(url=f"http://{host}:9", networks=SiteNetworks(), model="tiny"))

    with pytest.raises(EngineError) as caught:
        list(engine.claims(EngineRequest(read_note("No fever."), load_prompt("problem_oriented"))))

    assert (caught.value.code, caught.value.is_temporary) == ("outside_site", False)


def test_a_name_is_refused_when_one_of_its_addresses_lies_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that answers with both is the site's own, hostile or misconfigured: not our code to fake."""
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("127.0.0.1", "10.9.9.9")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)

    with pytest.raises(EngineError) as caught:
        SiteNetworks().addresses("engine.site.invalid", 80)

    assert caught.value.code == "outside_site"


def test_proxy_variables_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    engine = VllmEngine(VllmSettings(url="http://10.0.0.1", networks=SiteNetworks()))

    with pytest.raises(EngineError) as caught:
        engine.version()

    assert caught.value.code == "outside_site"


@pytest.mark.parametrize(
    "environ",
    [
        {"EPITOME_ENGINE_URL": "ftp://127.0.0.1"},
        {"EPITOME_ENGINE_URL": "127.0.0.1:8000"},
        {"EPITOME_ENGINE_URL": "http://user:word@127.0.0.1"},
        {"EPITOME_ENGINE_URL": "http://127.0.0.1/?key=1"},
        {"EPITOME_ENGINE_URL": "http://127.0.0.1", "EPITOME_SITE_NETWORKS": "10.0.0.1/8"},
        {"EPITOME_ENGINE_URL": "http://127.0.0.1", "EPITOME_ENGINE_KEY": "two\nlines"},
        {"EPITOME_ENGINE_URL": "http://127.0.0.1", "EPITOME_ENGINE_KEY_FILE": "/does/not/exist"},
        {
            "EPITOME_ENGINE_URL": "http://127.0.0.1",
            "EPITOME_ENGINE_KEY": "a",
            "EPITOME_ENGINE_KEY_FILE": "/b",
        },
    ],
)
def test_settings_that_cannot_be_used_are_refused_at_once(environ: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        engine_from_environment(environ)

    assert caught.value.code == "misconfigured"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1/"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1/"),
        ("https://[::1]/models/a", "https://[::1]/models/a/v1/"),
    ],
)
def test_an_address_is_taken_with_or_without_its_version(url: str, base: str) -> None:
    assert str(VllmSettings(url=url, networks=SiteNetworks()).base_url) == base


def test_a_key_is_read_from_its_file_and_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("s3cret\n")

    settings = VllmSettings.from_environment(
        {"EPITOME_ENGINE_URL": "http://127.0.0.1", "EPITOME_ENGINE_KEY_FILE": str(file)}
    )

    assert settings.key == "s3cret"
    assert "s3cret" not in repr(settings)

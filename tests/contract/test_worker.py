"""The inference worker as it runs: the manifest of what it serves, and the real server that it becomes."""

import re
import subprocess
from pathlib import Path

import httpx
import pytest

from inference.worker.manifest import ManifestError, verify_manifest, write_manifest
from tests.contract.conftest import Served
from tests.contract.server import MODEL


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model folder with two files and their manifest."""
    folder = tmp_path / "site-model"
    (folder / "part").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "part" / "weights").write_bytes(b"\x00\x01")
    write_manifest(folder, {"seed": 1})
    return folder


def test_a_manifest_that_matches_gives_the_models_digest(model: Path) -> None:
    assert verify_manifest(model) == write_manifest(model, {"seed": 2})


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "part" / "weights").write_bytes(b"\x00\x02"),
        lambda folder: (folder / "part" / "weights").unlink(),
        lambda folder: (folder / "extra.py").write_text("print()"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("[]"),
    ],
    ids=["changed", "missing", "added", "no_manifest", "bad_manifest"],
)
def test_a_model_that_differs_from_its_manifest_is_not_verified(model: Path, harm: object) -> None:
    harm(model)  # type: ignore[operator]

    with pytest.raises(ManifestError):
        verify_manifest(model)


def test_the_tiny_test_model_matches_its_manifest() -> None:
    assert len(verify_manifest(MODEL)) == 64
    assert sum(path.stat().st_size for path in MODEL.rglob("*")) < 6_000_000


def command_lines(port: int) -> list[list[str]]:
    """The command lines of the process that listens on a port and of all its children."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(line.split()[0]): int(line.split()[1]) for line in listed.splitlines()}
    lines = {}
    for pid in parents:
        try:
            lines[pid] = (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")
        except OSError:
            continue
    family = {pid for pid, line in lines.items() if "--port" in line and str(port) in line}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return [lines[pid] for pid in family if pid in lines]


@pytest.mark.vllm
@pytest.mark.timeout(400)
def test_the_real_server_has_the_key_in_no_command_line_and_in_no_log(vllm_served: Served) -> None:
    if vllm_served.log is None:
        pytest.skip("somebody else's server")
    lines = command_lines(int(vllm_served.url.rpartition(":")[2]))

    assert len(lines) >= 2  # the server and its engine
    assert not any(vllm_served.key in word for line in lines for word in line)
    said = vllm_served.log.read_text(errors="replace")
    assert vllm_served.key not in said
    assert re.search(r"^command: .*VLLM_API_KEY=… .*--max-model-len 8192 ", said, re.MULTILINE)


@pytest.mark.vllm
@pytest.mark.timeout(400)
def test_the_real_server_has_no_route_that_changes_it(vllm_served: Served) -> None:
    headers = {"Authorization": f"Bearer {vllm_served.key}"}
    with httpx.Client(base_url=vllm_served.url, headers=headers, trust_env=False) as client:
        for route in ("/v1/load_lora_adapter", "/collective_rpc", "/sleep", "/start_profile", "/pause"):
            assert client.post(route, json={}).status_code == 404, route
        for route in ("/server_info", "/docs", "/openapi.json", "/tokenizer_info"):
            assert client.get(route).status_code == 404, route


@pytest.mark.vllm
@pytest.mark.timeout(400)
def test_the_real_server_guards_v1_and_counts_tokens_for_whoever_asks(vllm_served: Served) -> None:
    """Why a proxy stands in front: should this fail one day, the proxy may become simpler."""
    asked = {"model": MODEL.name, "messages": [{"role": "user", "content": "a b c"}]}
    with httpx.Client(base_url=vllm_served.url, trust_env=False) as client:
        assert client.get("/v1/models").status_code == 401
        counted = client.post("/tokenize", json=asked | {"add_generation_prompt": True})
        assert (counted.status_code, counted.json()["max_model_len"]) == (200, 8192)
        assert counted.json()["count"] > 3

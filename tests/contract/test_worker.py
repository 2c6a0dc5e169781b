"""The inference worker: what it refuses to start, and the command it starts otherwise."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inference.worker.command import RefusedOption, Served, server_arguments, server_environment
from inference.worker.manifest import ManifestError, verify_manifest, write_manifest
from tests.contract.server import MODEL, ROOT


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model folder with two files and their manifest."""
    folder = tmp_path / "site-model"
    (folder / "part").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "part" / "weights").write_bytes(b"\x00\x01")
    write_manifest(folder, {"seed": 1})
    return folder


def worker(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the worker without starting a server."""
    return subprocess.run(
        [sys.executable, "-m", "inference.worker", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


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
def test_a_model_that_differs_from_its_manifest_is_not_served(model: Path, harm: object) -> None:
    harm(model)  # type: ignore[operator]

    with pytest.raises(ManifestError):
        verify_manifest(model)
    ended = worker("--model", str(model), "--dry-run")
    assert ended.returncode == 1
    assert "not started" in ended.stderr


def test_the_worker_prints_the_exact_command_and_never_the_key(model: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret\n")

    ended = worker("--model", str(model), "--dry-run", "--port", "8123", EPITOME_ENGINE_KEY_FILE=str(key))

    assert ended.returncode == 0, ended.stderr
    assert "vllm.entrypoints.openai.api_server" in ended.stdout
    assert "--host 127.0.0.1 --port 8123" in ended.stdout
    assert verify_manifest(model) in ended.stdout
    assert "s3cret" not in ended.stdout + ended.stderr


def test_without_a_key_only_this_machine_is_served(model: Path) -> None:
    ended = worker("--model", str(model), "--dry-run", "--host", "192.0.2.1")

    assert ended.returncode == 1
    assert "key" in ended.stderr
    assert (
        worker("--model", str(model), "--dry-run", "--host", "192.0.2.1", EPITOME_ENGINE_KEY="k").returncode
        == 0
    )


def test_an_empty_or_doubled_key_is_refused(model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()

    for environment in (
        {"EPITOME_ENGINE_KEY_FILE": str(empty)},
        {"EPITOME_ENGINE_KEY_FILE": str(tmp_path / "absent")},
        {"EPITOME_ENGINE_KEY_FILE": str(empty), "EPITOME_ENGINE_KEY": "k"},
    ):
        assert worker("--model", str(model), "--dry-run", **environment).returncode == 1


@pytest.mark.parametrize(
    "option",
    [
        "--enable-log-requests",
        "--enable_log_requests",
        "--enable-log-req",
        "--enable-log-outputs",
        "--trust-remote-code",
        "--api-key=k",
        "--api-key",
        "--host=0.0.0.0",
        "--middleware=evil",
    ],
)
def test_an_option_that_undoes_a_protection_is_not_handed_on(model: Path, option: str) -> None:
    served = Served(model=model, model_digest="0" * 64, name="site", extra=(option,))

    with pytest.raises(RefusedOption):
        server_arguments(served)


def test_other_options_are_handed_on(model: Path) -> None:
    served = Served(
        model=model, model_digest="0" * 64, name="site", extra=("--enforce-eager", "--dtype", "float32")
    )

    assert server_arguments(served)[-3:] == ["--enforce-eager", "--dtype", "float32"]


def test_an_adapter_is_verified_named_and_announced(model: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "cardiology"
    shutil.copytree(model, adapter)

    ended = worker("--model", str(model), "--adapter", str(adapter), "--dry-run")

    assert f"--enable-lora --lora-modules cardiology={adapter}" in ended.stdout
    assert f"/adapter={verify_manifest(adapter)}" in ended.stdout


def test_the_server_inherits_no_proxy_no_development_mode_and_no_telemetry() -> None:
    environment = server_environment(
        {
            "PATH": "/bin",
            "CUDA_VISIBLE_DEVICES": "0",
            "HTTPS_PROXY": "http://192.0.2.1",
            "VLLM_SERVER_DEV_MODE": "1",
            "VLLM_LOGGING_LEVEL": "DEBUG",
            "DATABASE_URL": "postgresql://user:word@host/db",
            "EPITOME_MASTER_KEY": "m",
        },
        key="k",
    )

    assert environment["CUDA_VISIBLE_DEVICES"] == "0"
    assert environment["VLLM_NO_USAGE_STATS"] == environment["HF_HUB_OFFLINE"] == "1"
    assert environment["VLLM_LOGGING_LEVEL"] == "INFO"
    assert environment["VLLM_API_KEY"] == "k"
    assert (
        not {"HTTPS_PROXY", "VLLM_SERVER_DEV_MODE", "DATABASE_URL", "EPITOME_MASTER_KEY"} & environment.keys()
    )


def test_the_tiny_test_model_matches_its_manifest() -> None:
    assert len(verify_manifest(MODEL)) == 64
    assert sum(path.stat().st_size for path in MODEL.rglob("*")) < 6_000_000

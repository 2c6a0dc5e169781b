"""The GPU host's unit and proxy as a site copies them: which routes pass, with which key, and how it ends."""

import datetime
import json
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clinical.management.supervisor import free_port
from tests.unit.gpu_host import ROOT, model_folder

ENGINE = ROOT / "deploy" / "engine"
PROXY = (ENGINE / "nginx.conf").read_text()
UNIT = (ENGINE / "epitome-engine.service").read_text()
HOW_TO = (ROOT / "docs" / "how-to" / "engine.md").read_text()
ROUTES = {"/v1/chat/completions": "POST", "/v1/models": "GET", "/tokenize": "POST"}
OLD, NEW, INNER = "0ld" * 20, "9ew" * 20, "1nner" * 12
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def test_three_routes_pass_each_with_its_method_and_nothing_else() -> None:
    locations = dict(re.findall(r"location (.+?) \{\n(.+?)\n    \}", PROXY, re.DOTALL))

    assert locations.keys() == {f"= {route}" for route in ROUTES} | {"/"}
    assert locations.pop("/").strip() == "return 404;"
    for location, body in locations.items():
        assert f"limit_except {ROUTES[location.removeprefix('= ')]} {{ deny all; }}" in body
        assert "proxy_pass http://127.0.0.1:8000;" in body


def test_the_proxy_keeps_no_note_on_disk_and_no_log_of_requests() -> None:
    for line in ("proxy_request_buffering off;", "proxy_max_temp_file_size 0;", "access_log off;"):
        assert line in PROXY


def test_the_unit_leaves_more_time_to_end_than_answers_may_take() -> None:
    drain_s = int(re.search(r"^ExecStart=.*--shutdown-timeout (\d+)", UNIT, re.MULTILINE)[1])  # type: ignore[index]
    stop_s = int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[1])  # type: ignore[index]

    assert stop_s >= drain_s + 30
    assert "KillMode=mixed" in UNIT  # the signal goes to the server, not to its parts as well


def test_the_unit_reaches_nothing_but_this_machine_and_names_no_key() -> None:
    assert "IPAddressDeny=any\nIPAddressAllow=localhost\n" in UNIT
    assert "EPITOME_ENGINE_KEY=" not in UNIT
    assert "--host" not in UNIT


def test_paths_of_unit_proxy_and_how_to_are_the_same() -> None:
    paths = re.findall(r"EPITOME_ENGINE_KEY_FILE=(\S+)|EPITOME_MODELS=(\S+)", UNIT)
    included = re.findall(r"include (\S+);|ssl_certificate\w* (\S+);", PROXY)
    for path in filter(None, (part for pair in paths + included for part in pair)):
        assert path in HOW_TO, path


def test_the_how_tos_digest_without_python_is_the_manifests(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "README.md").write_text("not the model")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x").write_text("not the model")
    script = re.search(r"^ +(find \. .+)$", HOW_TO, re.MULTILINE)
    assert script

    by_hand = subprocess.run(
        ["sh", "-c", script[1]], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.split()[0]
    command = [shutil.which("python3") or "python3", str(ROOT / "inference" / "worker" / "manifest.py")]
    written = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True).stdout
    verified = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True).stdout

    assert written.split()[0] == verified.split()[0] == by_hand
    assert ("(written)" in written, "(verified)" in verified) == (True, True)
    (folder / "tokenizer.json").write_text("[]")
    changed = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert (changed.returncode, "tokenizer.json" in changed.stderr) == (1, True)
    assert subprocess.run([*command, "--renew", str(folder)], capture_output=True, check=True)


class Inner(BaseHTTPRequestHandler):
    """Stands where vLLM stands and answers with what reached it."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        said = {"path": self.path, "key": self.headers.get("Authorization"), "body": body}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    do_POST = do_GET  # noqa: N815 - the name that the library looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Write nothing."""


def certificate(folder: Path) -> Path:
    """Make a certificate for localhost that is its own authority; its key lies beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "tls.crt"


Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask the real nginx with the project's configuration; only ports, paths and hosts are the test's."""
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed")
    tmp_path = tmp_path_factory.mktemp("proxy")
    inner = ThreadingHTTPServer(("127.0.0.1", 0), Inner)
    threading.Thread(target=inner.serve_forever, daemon=True).start()
    port = free_port()
    (tmp_path / "clients.map").write_text(
        f'"~^Bearer {OLD}$" "Bearer {INNER}";\n"~^Bearer {NEW}$" "Bearer {INNER}";\n'
    )
    configuration = PROXY
    for old, new in (
        ("listen 8443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{inner.server_port}"),
        ("/etc/nginx/engine-clients.map", str(tmp_path / "clients.map")),
        ("/etc/nginx/engine-tls.crt", str(certificate(tmp_path))),
        ("/etc/nginx/engine-tls.key", str(tmp_path / "tls.key")),
        ("allow 10.20.0.11;", "allow 127.0.0.1;"),
    ):
        assert old in configuration
        configuration = configuration.replace(old, new)
    bodies = "".join(
        f"{kind}_temp_path {tmp_path / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{ {bodies}\n{configuration} }}\n"
    )
    process = subprocess.Popen(
        [NGINX, "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    )
    trust = ssl.create_default_context(cafile=str(tmp_path / "tls.crt"))
    with httpx.Client(base_url=f"https://localhost:{port}", verify=trust, trust_env=False) as client:

        def send(method: str, route: str, key: str = "", body: str = "") -> httpx.Response:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return client.request(method, route, headers=headers, content=body)

        for _ in range(100):
            try:
                send("GET", "/")
                break
            except httpx.TransportError:
                assert process.poll() is None, (tmp_path / "error.log").read_text()
                time.sleep(0.05)
        yield send
    process.terminate()
    process.wait(timeout=10)
    inner.shutdown()
    inner.server_close()


def test_real_nginx_lets_three_routes_through_for_a_known_key_and_hides_vllms_own(ask: Ask) -> None:
    for route, method in ROUTES.items():
        for key in (OLD, NEW):
            answer = ask(method, route, key, "words")
            assert (answer.status_code, answer.json()) == (
                200,
                {"path": route, "key": f"Bearer {INNER}", "body": "words"},
            )
        for key in ("", "x", OLD.upper(), OLD + "x", "x" + OLD, INNER):
            assert ask(method, route, key).status_code == 401, (route, key)
        other = "POST" if method == "GET" else "GET"
        assert ask(other, route, OLD).status_code == 403


@pytest.mark.parametrize(
    "route",
    [
        "/", "/health", "/metrics", "/version", "/load", "/detokenize", "/tokenizer_info", "/server_info",
        "/v1/completions", "/v1/responses", "/v1/load_lora_adapter", "/v1/chat/completions/batch",
        "/v1/chat/completions/render", "/v1/models/", "/v1/../metrics", "/v1/models/../../metrics",
        "/v1/models/%2e%2e/%2e%2e/metrics", "/tokenize/", "//tokenize/x", "/V1/models", "/docs",
    ],
)  # fmt: skip
def test_real_nginx_lets_nothing_else_through(ask: Ask, route: str) -> None:
    for method in ("GET", "POST"):
        assert ask(method, route, OLD).status_code == 404
        assert ask(method, route).status_code == 401

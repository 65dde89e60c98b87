"""Online or offline is known before W&B starts, within three seconds, whatever the network does."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from groundwork.track import wandb_mode
from groundwork.track.wandb_mode import decide_mode, find_key


class Server(BaseHTTPRequestHandler):
    """Answer as a W&B server does: 401 to a wrong key, nothing for a long time to a slow one."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        login = self.headers["Authorization"]
        if "c2xvdw" in login or login.endswith("OnNsb3c="):  # api:slow
            time.sleep(1.5)
        known = login == "Basic YXBpOmdvb2Q="  # api:good
        self.send_response(200 if known or login.endswith("OmVtcHR5") else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"data": {"viewer": {"id": "me"} if known else None}}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    listening = HTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_a_key_that_the_server_knows_means_online(server: str):
    assert decide_mode("auto", server, "good") == ("online", "")


@pytest.mark.parametrize(("key", "why"), [("wrong", "refuses the key"), ("empty", "does not know the key")])
def test_a_key_that_the_server_does_not_know_means_offline(server: str, key: str, why: str):
    mode, told = decide_mode("auto", server, key)
    assert mode == "offline"
    assert why in told


def test_no_key_means_offline_and_nobody_is_asked():
    assert decide_mode("auto", "http://nowhere.invalid", None)[0] == "offline"


def test_no_network_means_offline():
    mode, why = decide_mode("auto", "http://127.0.0.1:9", "key")
    assert (mode, why) == ("offline", "127.0.0.1 cannot be reached")


def test_a_server_that_does_not_answer_is_not_waited_for(server: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wandb_mode, "PATIENCE", 0.3)
    mode, why = decide_mode("auto", server, "slow")
    assert mode == "offline"
    assert "no answer" in why or "cannot be reached" in why


@pytest.mark.parametrize("wish", ["online", "offline", "disabled"])
def test_a_wish_is_followed_without_asking(wish: str):
    assert decide_mode(wish, "http://nowhere.invalid", None)[0] == wish


def test_the_key_comes_from_the_environment_or_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    (tmp_path / "netrc").write_text("machine api.example.org\n  login user\n  password from-file\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert find_key("https://api.example.org") == "from-file"
    assert find_key("https://api.other.org") is None
    monkeypatch.setenv("WANDB_API_KEY", "from-environment")
    assert find_key("https://api.example.org") == "from-environment"

"""Key, network and wish -> whether W&B starts online or offline, before it starts, in less than three seconds."""

import base64
import json
import os
from collections.abc import Callable
from netrc import NetrcParseError, netrc
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

PATIENCE = 2.5  # seconds for name lookup, connection and answer together


def decide_mode(wish: str, server: str, key: str | None) -> tuple[str, str]:
    """Choose the mode of a W&B run, which cannot change once it has started.

    Args:
        wish: auto, online, offline or disabled.
        server: Address of the W&B server.
        key: Of the user; None where there is none.

    Returns:
        online, offline or disabled, and why in a few words.
    """
    if wish != "auto":
        return wish, f"asked for mode={wish}"
    if key is None:
        return "offline", "no key was found (WANDB_API_KEY, or `wandb login`)"
    problem = _within(PATIENCE, lambda: _refusal(server, key))
    return ("online", "") if problem == "" else ("offline", problem or f"no answer within {PATIENCE:g} s")


def find_key(server: str) -> str | None:
    """Find the user's key for a server where W&B looks for it: the environment, then .netrc."""
    if key := os.environ.get("WANDB_API_KEY"):
        return key
    place = os.environ.get("NETRC")
    files = [Path(place)] if place else [Path.home() / ".netrc", Path.home() / "_netrc"]
    for file in files:
        try:
            found = netrc(str(file)).authenticators(urlsplit(server).hostname or "")
        except (OSError, NetrcParseError):
            continue
        if found is not None:
            return found[2]
    return None


def _refusal(server: str, key: str) -> str:
    """Ask the server who owns the key; empty where it answers with a user."""
    login = base64.b64encode(f"api:{key}".encode()).decode()
    request = Request(
        f"{server.rstrip('/')}/graphql",
        data=json.dumps({"query": "query Viewer { viewer { id } }"}).encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
    )
    host = urlsplit(server).hostname
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            content = json.load(answer)
    except HTTPError as error:
        return f"{host} refuses the key" if error.code in (401, 403) else f"{host} answers {error.code}"
    except (URLError, OSError, ValueError):
        return f"{host} cannot be reached"
    return "" if (content.get("data") or {}).get("viewer") else f"{host} does not know the key"


def _within(seconds: float, ask: Callable[[], str]) -> str | None:
    """Call a function in a thread of its own, since a name lookup heeds no timeout; None if it takes longer."""
    found: list[str] = []
    thread = Thread(target=lambda: found.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None

"""Secrets never reach what is written, and what is no secret stays as it is."""

import pytest

from groundwork.core.redact import HIDDEN, is_secret_name, redact, redact_text, without_places


@pytest.mark.parametrize(
    "name",
    ["WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "MYSQL_PWD", "GITHUB_TOKEN", "SECRET_KEY_BASE",
     "logger.wandb.api_key", "apiKey", "AccountKey", "CLIENT_SECRET", "TOKEN_PROD", "auth"],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["PATH", "SSH_AUTH_SOCK", "data.id_column", "tokenizer", "max_tokens", "key", "author", "data.target",
             "AWS_SHARED_CREDENTIALS_FILE", "monitor"],
)  # fmt: skip
def test_other_names_are_left_alone(name: str):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    ["postgresql://me:hunter2@host/db", "ghp_0123456789abcdef0123456789", "AKIAIOSFODNN7EXAMPLE",
     "Authorization: Bearer abcdef0123456789", "hf_abcdefghijklmnopqrstuvwx", "https://x.y/blob?sig=abc123&v=1",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghij", "+logger.wandb.api_key=abcdef"],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden(text: str):
    shown = redact_text(text)
    assert HIDDEN in shown
    assert not any(
        part in shown for part in ("hunter2", "0123456789", "FODNN", "abcdef", "abc123", "eyJhbGciOi")
    )


def test_the_value_of_a_secret_variable_is_hidden_wherever_it_turns_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "correct horse battery")
    monkeypatch.setenv("MY_SERVICE_NAME", "plain words")
    shown = redact({"a": ["see correct horse battery", {"b": "plain words"}], "n": 3, "none": None})
    assert shown == {"a": [f"see {HIDDEN}", {"b": "plain words"}], "n": 3, "none": None}


def test_names_of_columns_are_data_and_stay():
    content = {"missing": {"columns": {"token": "most_frequent"}}, "password": "abc"}
    assert redact(content) == {"missing": {"columns": {"token": "most_frequent"}}, "password": HIDDEN}


def test_ordinary_configuration_is_not_touched():
    content = {"optim": {"lr": 0.1}, "data": {"root": "/home/me/a=b", "table": "sqlite:///x.db?table=t"}}
    assert redact(content) == content


def test_places_keep_their_last_part_only():
    content = {"root": "/home/jane/patients", "disk": "C:\\Users\\jane\\birds", "table": "sqlite:////d/jane/x.db",
               "list": ["relative/path", 3]}  # fmt: skip
    found = without_places(content)
    assert found == {"root": "patients", "disk": "birds", "table": "x.db", "list": ["relative/path", 3]}

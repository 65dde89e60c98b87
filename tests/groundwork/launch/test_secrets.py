"""Fifty planted secrets: none is found in the run folder, W&B's files, checkpoints, logs or on the screen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.core.paths import ROOT
from groundwork.track.check import UPLOADS

NAMES = ["WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "GITHUB_TOKEN", "HF_TOKEN", "CLIENT_SECRET",
         "DJANGO_SECRET_KEY", "MYSQL_PWD", "SLACK_TOKEN", "ENCRYPTION_KEY"]  # fmt: skip


def plant(tmp_path: Path) -> tuple[dict[str, str], list[str], list[str]]:
    """Return environment, words of the command, and all fifty secrets."""
    secrets = [f"planted{number:02d}Zx{number * 7919 % 9973:04d}q" for number in range(50)]
    environment = dict(zip([*NAMES, *(f"SERVICE_{n}_TOKEN" for n in range(15))], secrets[:25], strict=True))
    environment |= {"STUDY_URL": f"postgresql://me:{secrets[25]}@host/db", "NETRC": str(tmp_path / "netrc")}
    (tmp_path / "netrc").write_text(f"machine api.example.org login me password {secrets[26]}\n")
    (tmp_path / ".env").write_text(f"API_KEY={secrets[27]}\n")
    (tmp_path / "conf" / "extra").mkdir(parents=True)  # a group of the user's own may hold any key
    (tmp_path / "conf" / "extra" / "mine.yaml").write_text("kind: mine\n")
    words = [f"hydra.searchpath=[{tmp_path / 'conf'}]", "+extra=mine"]
    words += [f"+extra.api_key={secrets[28]}", f"+extra.secret={secrets[29]}"]
    words += [f"+extra.{name}={secret}" for name, secret in zip(
        ["password", "db_password", "token", "access_key", "apiKey", "credentials", "private-key", "passphrase"],
        secrets[30:38], strict=True)]  # fmt: skip
    in_texts = [f"${{oc.env:{name}}}" for name in [*NAMES[1:5], "STUDY_URL"]]
    looks = [f"https://u:{secrets[38]}@host", f"hf_{secrets[39]}abcdefgh", f"ghp_{secrets[40]}abcdefgh",
             f"sk-{secrets[41]}", f"glpat-{secrets[42]}", f"xoxb-{secrets[43]}", f"Bearer {secrets[44]}",
             f"https://x/y?sig={secrets[45]}", f"github_pat_{secrets[46]}abcdefgh", f"AccountKey={secrets[47]}",
             f"wandb_v1_{secrets[48]}abcdefgh", f"password={secrets[49]}"]  # fmt: skip
    quoted = ",".join(f"'{text}'" for text in [*in_texts, *looks])
    return environment, [*words, f"+extra.notes=[{quoted}]"], secrets


@pytest.mark.slow
def test_no_planted_secret_is_found_anywhere(tmp_path: Path, table: Path):
    environment, words, secrets = plant(tmp_path)
    command = [
        *[sys.executable, str(ROOT / "scripts" / "train.py"), "data=table", f"data.table={table}"],
        *["data.target=dear", "data.drop=[price]", "task=classification", "model=mlp", "transfer=none"],
        *["trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=50", f"paths.cache={tmp_path / 'cache'}"],
        *[
            "logger=[tensorboard,wandb]",
            "logger.wandb.mode=offline",
            f"logger.wandb.upload=[{','.join(UPLOADS)}]",
        ],
        *[
            "+callbacks.gradients={_target_: groundwork.train.Gradients, every: 1}",
            f"paths.runs={tmp_path / 'runs'}",
            *words,
        ],
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    files = [file for file in (tmp_path / "runs").rglob("*") if file.is_file()]
    assert any(file.suffix == ".wandb" for file in files)
    assert any(file.suffix == ".ckpt" for file in files)
    contents = {str(file): file.read_bytes() for file in files}
    contents["screen"] = (done.stdout + done.stderr).encode()
    for secret in secrets:
        found = [name for name, content in contents.items() if secret.encode() in content]
        assert not found, (secret, found)

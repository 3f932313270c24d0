# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as AWX runs it: this repository as the project, AWX's own code for the credential, ansible-runner, a survey's answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from realm import Realm

from .conftest import BIN, LONGEST, MakeProvider, Provider

injection = pytest.importorskip(
    "awx_plugins.interfaces._temporary_private_inject_api", reason="awx_plugins.interfaces is not installed"
)
credentials = pytest.importorskip("awx_plugins.interfaces._temporary_private_credential_api")

ROOT = Path(__file__).resolve().parents[2]
IN_CONTAINER = "/runner"  # where AWX mounts the job's folder; here the job runs without a container
JOB = "4711"


def definition(name: str) -> Any:
    """A file of awx/."""
    return yaml.safe_load((ROOT / "awx" / name).read_text(encoding="utf-8"))


def defaults(survey: dict[str, Any]) -> dict[str, Any]:
    """The answers of someone who changes nothing, as AWX hands them on."""
    return {question["variable"]: question["default"] for question in survey["spec"]}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as AWX checks it out, with what its collections/requirements.yml names installed beside it."""
    folder = tmp_path_factory.mktemp("awx")
    unwanted = shutil.ignore_patterns(".git", "output", "build", "__pycache__")
    shutil.copytree(ROOT, folder / "project", ignore=unwanted)
    done = subprocess.run(
        [
            str(BIN / "ansible-galaxy"),
            *("collection", "install", "-r", "collections/requirements.yml"),
            *("-p", str(folder / "requirements_collections")),
        ],
        cwd=folder / "project",
        env=plain(folder),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "requirements_collections" / "ansible_collections" / "configmgr" / "content").is_dir()
    return folder


def plain(folder: Path) -> dict[str, str]:
    """An environment in which no path leads to the collection."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONFIGMGR_", "PYTHON"))
    }
    return {**kept, "ANSIBLE_HOME": str(folder / "home"), "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


@dataclass
class Outcome:
    """A job that ended."""

    rc: int
    stdout: str
    folder: Path
    safe_env: dict[str, str]

    def events(self) -> str:
        """All that AWX stores of the job's events."""
        files = sorted((self.folder / "artifacts" / JOB / "job_events").glob("*.json"))
        assert files
        return "".join(file.read_text(encoding="utf-8") for file in files)

    def shown(self) -> str:
        """Everything that anybody can see of the job in AWX."""
        return self.stdout + self.events() + json.dumps(self.safe_env)


class Job:
    """Runs one, in a private folder as AWX makes it."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.project, self.folder = project, folder

    def run(self, template: dict[str, Any], fields: dict[str, Any], answers: dict[str, Any], *options: str) -> Outcome:
        """The template's playbook with a credential of these fields, and with the answers as extra variables."""
        kind = definition("credential_type.yml")
        (self.folder / "env").mkdir(exist_ok=True)
        (self.folder / "inventory").mkdir(exist_ok=True)
        (self.folder / "inventory" / "hosts").write_text("localhost ansible_connection=local\n")
        (self.folder / "project").symlink_to(self.project / "project")
        env = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.project / "requirements_collections"),
            "AWX_HOST": "https://awx.contoso.test",
            "JOB_ID": JOB,
        }
        safe_env, arguments = dict(env), list(options)
        kind_of_awx = SimpleNamespace(inputs=kind["inputs"], injectors=kind["injectors"], managed=False)
        injection.inject_credential(
            kind_of_awx, credentials.Credential(fields), env, safe_env, arguments, str(self.folder)
        )
        env = {name: value.replace(f"{IN_CONTAINER}/", f"{self.folder}/") for name, value in env.items()}
        (self.folder / "env" / "envvars").write_text(json.dumps(env))
        (self.folder / "env" / "extravars").write_text(json.dumps(answers))
        (self.folder / "env" / "cmdline").write_text(" ".join(arguments))
        command = [str(BIN / "ansible-runner"), "run", str(self.folder), "--ident", JOB, "-p", template["playbook"]]
        done = subprocess.run(
            command, env=plain(self.folder), capture_output=True, text=True, timeout=LONGEST, check=False
        )
        return Outcome(done.returncode, done.stdout + done.stderr, self.folder, safe_env)


@pytest.fixture
def job(project: Path, tmp_path: Path) -> Job:
    """A job that has not been launched yet."""
    return Job(project, tmp_path)


def fields_for(site: Provider, **more: Any) -> dict[str, Any]:
    """What someone types into a credential for this provider; the rest stays empty."""
    env = site.env
    certificate = env.get("CONFIGMGR_CA_CERT")
    return {
        "provider": env["CONFIGMGR_PROVIDER"],
        "port": env["CONFIGMGR_PORT"],
        "scheme": env["CONFIGMGR_SCHEME"],
        "username": env["CONFIGMGR_USERNAME"],
        "password": env["CONFIGMGR_PASSWORD"],
        "ca_cert": Path(certificate).read_text(encoding="utf-8") if certificate else "",
        **more,
    }


def assert_no_secret(outcome: Outcome, *secrets: str) -> None:
    """Neither what the job prints nor what AWX stores holds one of them."""
    shown = outcome.shown()
    for secret in secrets:
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown


REFRESH = definition("job_template_refresh.yml")
SURVEY = definition("survey_refresh.yml")
REFRESHED = 30068  # the site's audit message of a refresh
SCHEMES = {"credssp": "credssp", "ntlm": "negotiate", "basic": "basic"}  # as the journal names what was seen


@pytest.mark.parametrize("auth", ["credssp", "ntlm", "basic"])
def test_the_job_refreshes_what_the_survey_names(make_provider: MakeProvider, job: Job, auth: str) -> None:
    provider = make_provider("--auth", "credssp,ntlm,basic")
    answers = {**defaults(SURVEY), "refresh_package_ids": "PS100001, PS100002\n"}
    outcome = job.run(REFRESH, fields_for(provider, auth=auth), {**answers, "refresh_wait_interval": 0.2})
    assert outcome.rc == 0, outcome.stdout
    calls = provider.journal("RefreshPkgSource")
    assert [(call["key"], call["outcome"]) for call in calls] == [("PS100001", "ok"), ("PS100002", "ok")]
    assert {provider.executions(name) for name in ("PS100001", "PS100002")} == {1}
    assert {(call["auth"], call["tls"]) for call in calls} == {(SCHEMES[auth], True)}
    assert re.search(
        r"PS100002 \(.*\): would be refreshed: asked for, version \d+ -> at least \d+, at most", outcome.stdout
    )
    assert re.search(r"PS100002 \(.*\): refreshed, version \d+ -> \d+", outcome.stdout)
    told = [(row["application"], row["machine"]) for row in provider.state()["audit"] if row["id"] == REFRESHED]
    assert [machine for _name, machine in told] == ["awx.contoso.test"] * 2
    assert all(name.startswith("configmgr.content/") and name.endswith(f" job {JOB}") for name, _machine in told)
    assert_no_secret(outcome, provider.password)


def test_kerberos_needs_a_user_of_the_realm_a_password_and_a_krb5_conf(
    make_provider: MakeProvider, job: Job, in_realm: Realm
) -> None:
    """No ticket, and no krb5.conf but the one in the credential: auto finds Kerberos, the module gets the ticket."""
    provider = make_provider("--no-tls", "--auth", "kerberos,ntlm", "--keytab", str(in_realm.keytab))
    user = provider.env["CONFIGMGR_USERNAME"].rpartition("\\")[2]
    kerberos = {"username": f"{user}@{in_realm.name}", "krb5_conf": in_realm.config.read_text(encoding="utf-8")}
    answers = {**defaults(SURVEY), "refresh_package_ids": "PS100001", "refresh_wait_interval": 0.2}
    before = len(in_realm.requests())
    outcome = job.run(REFRESH, fields_for(provider, provider="localhost", **kerberos), answers)
    assert outcome.rc == 0, outcome.stdout
    (call,) = provider.journal("RefreshPkgSource")
    assert (call["mechanism"], call["encrypted"], call["tls"]) == ("kerberos", True, False)
    assert "AS_REQ" in {request[0] for request in in_realm.requests()[before:]}
    assert_no_secret(outcome, provider.password)


def test_certificate_and_key_are_texts_of_the_credential(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--tls", "--auth", "certificate")
    texts = {
        name: Path(provider.env[f"CONFIGMGR_{name.upper()}"]).read_text() for name in ("client_cert", "client_key")
    }
    fields = fields_for(provider, auth="certificate", username="", password="", **texts)
    answers = {**defaults(SURVEY), "refresh_package_ids": "PS100001", "refresh_wait_interval": 0.2}
    outcome = job.run(REFRESH, fields, answers)
    assert outcome.rc == 0, outcome.stdout
    assert [call["auth"] for call in provider.journal("RefreshPkgSource")] == ["certificate"]
    assert_no_secret(outcome, texts["client_key"], texts["client_key"].splitlines()[1])


def test_the_job_as_a_check_sends_nothing(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--auth", "credssp,ntlm,basic")
    answers = {**defaults(SURVEY), "refresh_names": "7-Zip\n"}
    outcome = job.run(REFRESH, fields_for(provider), answers, "--check", "--diff")
    assert outcome.rc == 0, outcome.stdout
    assert "at least" in outcome.stdout
    assert provider.journal()
    assert not provider.journal("RefreshPkgSource")


def test_empty_answers_count_as_not_given(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--auth", "credssp,ntlm,basic")
    answers = dict.fromkeys(defaults(SURVEY), "") | {"refresh_package_ids": "PS100001", "refresh_wait_interval": 0.2}
    outcome = job.run(REFRESH, fields_for(provider), answers)
    assert outcome.rc == 0, outcome.stdout
    assert provider.executions("PS100001") == 1


BOOT_IMAGE_TOO_OLD, OS_IMAGE = "PS100006", "PS100009"  # of the scenario `images`
NEW_WIM = r"\\files01.contoso.test\images$\win11-22h2.wim"


def test_the_job_builds_the_boot_images_that_the_survey_names(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--auth", "credssp,ntlm,basic", scenario="images")
    survey = defaults(definition("survey_boot_image.yml"))
    answers = {**survey, "boot_package_ids": f"{BOOT_IMAGE_TOO_OLD},\nPS100004\n", "boot_exclude": "PS100007\n"}
    answers = {**answers, "boot_reload_winpe": "true", "boot_wait_interval": 0.2}
    # With a login that can be passed on, the provider can look into the WIM, which shows the end of the reload.
    outcome = job.run(definition("job_template_boot_image.yml"), fields_for(provider, auth="credssp"), answers)
    assert outcome.rc == 0, outcome.stdout
    assert provider.executions(BOOT_IMAGE_TOO_OLD) == 1
    assert len(provider.journal("ReloadWinPeFromAdk")) == 1
    assert f"{BOOT_IMAGE_TOO_OLD}: would be built" in outcome.stdout
    assert f"{BOOT_IMAGE_TOO_OLD}: refreshed" in outcome.stdout
    assert_no_secret(outcome, provider.password)


def test_the_job_rolls_out_the_image_of_the_survey(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--auth", "credssp,ntlm,basic", scenario="images")
    survey = defaults(definition("survey_image_rollout.yml"))
    answers = {**survey, "rollout_package_id": OS_IMAGE, "rollout_source_path": NEW_WIM, "rollout_version": "22H2"}
    answers = {**answers, "rollout_distribution_points": "dp01.contoso.test\ndp03.contoso.test\n"}
    outcome = job.run(
        definition("job_template_image_rollout.yml"),
        fields_for(provider, auth="credssp"),
        {**answers, "rollout_wait_interval": 0.2},
    )
    assert outcome.rc == 0, outcome.stdout
    assert provider.executions(OS_IMAGE) == 1
    state = provider.state()["packages"][OS_IMAGE]
    assert {point["version"] for point in state["distribution_points"].values()} == {state["source_version"]}
    assert len(state["distribution_points"]) == 3  # two it had, one of them named again; and a new one
    assert "1: Windows 11 Enterprise, 10.0.22621.525, x64" in outcome.stdout
    assert_no_secret(outcome, provider.password)


def test_the_first_job_says_what_works(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--auth", "credssp,ntlm,basic")
    template = definition("job_template_connection_check.yml")
    answers = defaults(definition("survey_connection_check.yml"))
    outcome = job.run(template, fields_for(provider), answers)
    assert outcome.rc == 0, outcome.stdout
    assert "ok: Login" in outcome.stdout
    assert "Everything that a connection needs is there." in outcome.stdout
    assert_no_secret(outcome, provider.password)


def test_a_wrong_password_is_told_without_it_and_tried_once(make_provider: MakeProvider, job: Job) -> None:
    provider = make_provider("--auth", "ntlm")
    wrong = "Wr0ng-but-s3cret"
    answers = {**defaults(SURVEY), "refresh_package_ids": "PS100001"}
    outcome = job.run(REFRESH, fields_for(provider, password=wrong, auth="ntlm"), answers)
    assert outcome.rc != 0
    assert "The host refused the login" in outcome.stdout
    assert not provider.journal("RefreshPkgSource")
    assert_no_secret(outcome, wrong, provider.password)


def injected(**fields: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The environment that a credential of these fields makes, and what AWX stores of it."""
    kind = definition("credential_type.yml")
    env: dict[str, str] = {}
    safe_env: dict[str, str] = {}
    kind_of_awx = SimpleNamespace(inputs=kind["inputs"], injectors=kind["injectors"], managed=False)
    folder = Path(fields.pop("folder"))
    (folder / "env").mkdir()
    injection.inject_credential(kind_of_awx, credentials.Credential(fields), env, safe_env, [], str(folder))
    return env, safe_env


def test_fields_left_empty_make_empty_variables(tmp_path: Path) -> None:
    env, _safe = injected(folder=tmp_path, provider="cm01.contoso.com")
    filled = {name: value for name, value in env.items() if value}
    assert filled == {
        "CONFIGMGR_PROVIDER": "cm01.contoso.com",
        "CONFIGMGR_AUTH": "auto",
        "CONFIGMGR_SKIP_CERTIFICATE_CHECK": "False",
        "CONFIGMGR_KERBEROS_DELEGATION": "False",
        "CONFIGMGR_CREDSSP_MECHANISM": "auto",
        "CONFIGMGR_URI_STYLE": "auto",
        "KRB5_CONFIG": "/etc/krb5.conf",
    }


def test_texts_become_files_and_secrets_stay_out_of_what_awx_stores(tmp_path: Path) -> None:
    texts = {name: f"text of {name}" for name in ("ca_cert", "client_cert", "client_key", "krb5_conf")}
    secrets = {
        "password": "Pa55-s3cret",
        "client_key_password": "K3y-s3cret",
        "proxy": "http://me:Pr0xy-s3cret@gate:3128",
    }
    env, safe_env = injected(folder=tmp_path, provider="cm01.contoso.com", **texts, **secrets)
    for name, text in texts.items():
        variable = "KRB5_CONFIG" if name == "krb5_conf" else f"CONFIGMGR_{name.upper()}"
        file = tmp_path / Path(env[variable]).relative_to(IN_CONTAINER)
        assert file.read_text(encoding="utf-8") == text
        assert file.stat().st_mode & 0o777 == 0o600
    for name, secret in secrets.items():
        assert env[f"CONFIGMGR_{name.upper()}"] == secret
    assert not [value for value in safe_env.values() if "s3cret" in value]


def test_the_job_runs_with_the_python_of_this_environment() -> None:
    """ansible-runner has to be the one beside this Python, or the tests above would test another installation."""
    assert (BIN / "ansible-runner").exists()
    assert Path(sys.executable).parent == BIN

# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m smsprovsim serve``: run the simulated SMS Provider in the foreground, and say where it is."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import shlex
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from . import switches
from .auth import SCHEMES
from .server import DEFAULT_AUTH, NTLM_ACCEPTORS, Server
from .tls import CERTIFICATES


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "switches":
        return _list_switches()
    return _serve(parser, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smsprovsim", description="A simulated SMS Provider: WS-Management with a small ConfigMgr site behind it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve",
        help="serve until SIGTERM, SIGINT or POST /shutdown",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = serve.add_argument
    add(
        "--scenario",
        required=True,
        metavar="NAME",
        help="the site to start with: small, hierarchy, images, large or troubled",
    )
    add("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    add(
        "--env-file",
        required=True,
        type=Path,
        metavar="FILE",
        help="written with mode 0600 once the provider is ready, removed at the end: "
        "export lines with address, account and control address",
    )
    tls = serve.add_mutually_exclusive_group()
    tls.add_argument(
        "--tls", dest="tls", action="store_true", default=True, help="HTTPS with a throwaway CA, written beside FILE"
    )
    tls.add_argument(
        "--no-tls", dest="tls", action="store_false", help="HTTP; NTLM or CredSSP must then encrypt every message"
    )
    add(
        "--auth",
        default=",".join(DEFAULT_AUTH),
        metavar="LIST",
        help=f"authentication schemes out of {', '.join(SCHEMES)}; the first goes into FILE",
    )
    add(
        "--certificate",
        choices=CERTIFICATES,
        default="good",
        help="what is wrong with the server's certificate",
    )
    add(
        "--keytab",
        metavar="FILE",
        help="accept Kerberos for the services of this keytab; KRB5_CONFIG says which krb5.conf counts",
    )
    add(
        "--ntlm-acceptor",
        choices=NTLM_ACCEPTORS,
        default="spnego",
        help="who checks NTLM: pyspnego, or gss-ntlmssp through GSSAPI",
    )
    add(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="logical seconds per second; 0 stops the clock, which then moves by POST /clock only",
    )
    add(
        "--switch",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="answer an open question otherwise (repeatable); the command `switches` lists them",
    )
    commands.add_parser("switches", help="list the open questions with their answers, the default first")
    return parser


def _list_switches() -> int:
    try:
        importlib.import_module(".scenario", __package__)  # registers the switches of the site
    except ImportError:
        pass
    for switch in sorted(switches.TABLE.values(), key=lambda each: (each.side, each.name)):
        answers = [switch.default, *(value for value in switch.values if value != switch.default)]
        print(f"{switch.name} = {' | '.join(answers)}   [{switch.side}; {switch.fact}]\n    {switch.why}")
    return 0


def _serve(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    try:
        server = Server(
            options.scenario,
            options.certificate if options.tls else False,
            options.auth.split(","),
            options.speed,
            switches.parse(options.switch),
            port=options.port,
            keytab=options.keytab,
            ntlm_acceptor=options.ntlm_acceptor,
        )
    except (ValueError, OSError) as error:
        parser.error(str(error))
    ca_file = options.env_file.with_name(options.env_file.name + ".ca.pem")
    written = [options.env_file] + ([ca_file] if server.tls else [])

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.request_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.getLogger("spnego").setLevel(logging.ERROR)  # refused logins are counted, not logged
    server.start()
    try:
        if server.tls:
            _write(ca_file, server.ca_pem.decode())
        _write(options.env_file, environment(server, str(ca_file.absolute()) if server.tls else ""))
        print(f"Simulated SMS Provider, scenario {server.scenario}: {server.url}, control {server.control_url}")
        print(f"In another shell: source {shlex.quote(str(options.env_file))}", flush=True)
        # A plain wait would be uninterruptible by signals on some platforms.
        while not server.stopped.wait(0.5):
            pass
    except OSError as error:
        print(f"smsprovsim: {error}", file=sys.stderr)
        return 1
    finally:
        for path in written:
            path.unlink(missing_ok=True)
        server.stop()
    return 0


def environment(server: Server, ca_file: str) -> str:
    """The export lines, quoted for the shell."""
    values = {**server.env, "CONFIGMGR_CA_CERT": ca_file, "SMSPROVSIM_CONTROL": server.control_url}
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def _write(path: Path, text: str) -> None:
    """Write at once or not at all, readable by the owner only."""
    handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise

#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the connection to an SMS Provider, step by step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_connection_check
short_description: Check the connection to an SMS Provider, step by step
version_added: 0.1.0
description:
  - Looks at each thing that a connection needs, in order, and says for each that is not well the one thing to do next.
    What is installed for each authentication method, name, port, TLS, WinRM, clocks, login, rights, site, role, what is visible,
    the second hop, and the limits of WinRM.
  - Sends a credential once. A refusal ends everything that needs a login, so that no account is locked out.
    Only O(try_all) tries more than one method.
  - Never changes anything at the site or at the host. Every request reads.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  share_path:
    description:
      - Path on a share (V(\\\\server\\share\\...)) that the provider host is to read. This tests the second hop.
      - The path of an image file (C(.wim), C(.vhd), C(.vhdx), C(.ffu)) is tested by the method C(GetImageProperties) of C(SMS_ImagePackage).
        Any other path is taken for a folder, and tested by C(CheckSourceFolder) of C(SMS_DriverPackage), which also wants to be able to write.
        Both methods only look. They make nothing and change nothing at the site.
    type: str
  try_all:
    description:
      - Also log in by every other method that the host offers and that is installed here, one after the other.
        The first refused credential ends this.
      - CredSSP and Basic hand the password to the host. They are tried, too.
    type: bool
    default: false
  fail:
    description: Whether the task fails when a step failed. Otherwise look at RV(ok).
    type: bool
    default: true
  report:
    description:
      - File for a fidelity report of the site, in JSON. It holds the schema of the classes that this collection uses, and for each assumption of the
        collection whether the site confirms it.
      - It is written if the site can be read. In check mode it is not written.
    type: path
  report_site_names:
    description: Whether the report may hold names of the site. Without it nothing in the report identifies the site.
    type: bool
    default: false
attributes:
  check_mode:
    description: Runs the same, since it never changes anything. Only O(report) is not written.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - O(operation_timeout) holds for each request. WinRM's own settings are read where the account may read them, which takes an administrator of the host.
seealso:
  - module: configmgr.content.cm_package_info
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Check everything that a connection needs
  configmgr.content.cm_connection_check:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"

- name: Look without failing
  configmgr.content.cm_connection_check:
    fail: false
  register: checked

- name: Can the provider read the share of the images?
  configmgr.content.cm_connection_check:
    auth: credssp
    share_path: \\files.contoso.com\images$\boot.wim

- name: Write a report about the site, to attach it to a bug report
  configmgr.content.cm_connection_check:
    report: "{{ report_folder }}/fidelity.json"
"""

RETURN = r"""
ok:
  description: Whether no step failed. Warnings do not count.
  returned: success
  type: bool
  sample: false
next_step:
  description: What to do first, empty when no step failed.
  returned: success
  type: str
  sample: Put CONTOSO\cmadmin into the local group Remote Management Users of cm01.contoso.com
steps:
  description: What was looked at, in order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description:
        - The step, one of V(libraries), V(name), V(port), V(tls), V(service), V(clock), V(offer), V(credssp), V(login), V(other_logins),
          V(winrm_right), V(namespace), V(site), V(sign_in), V(role), V(scope), V(second_hop), V(report), V(envelope), V(longest_call) and V(limits).
      type: str
    title:
      description: The same for people.
      type: str
    status:
      description:
        - V(ok), V(failed), V(warning) (it works, within limits), or V(skipped) (not looked at, or it could not be told).
      type: str
    seen:
      description: What was seen.
      type: str
    detail:
      description: Why it is not well, or why it was skipped.
      type: str
    next_step:
      description: What to do about it.
      type: str
  sample:
    - name: winrm_right
      title: Right to use WinRM
      status: failed
      seen: ''
      detail: CONTOSO\cmadmin can log in, but may not use WinRM on cm01.contoso.com
      next_step: Put CONTOSO\cmadmin into the local group Remote Management Users of cm01.contoso.com
methods:
  description:
    - Each authentication method with what it needs on this machine, and whether the host offers it.
  returned: success
  type: list
  elements: dict
  contains:
    auth:
      description: The method, as in O(auth).
      type: str
    ready:
      description: Whether everything that it needs is installed where the module runs.
      type: bool
    installed:
      description: What is there, with versions.
      type: list
      elements: str
    missing:
      description: What is missing or too old.
      type: list
      elements: str
    install:
      description: Commands that install what is missing, by C(pip), C(debian) and C(rhel).
      type: dict
    offered:
      description: Whether the host offers it. Null if that could not be told, as for certificates.
      type: bool
    login:
      description: What came of a login, V(ok), V(refused), V(failed) or V(not tried).
      type: str
auth:
  description: The method that was used, or would be.
  returned: success
  type: str
  sample: ntlm
scheme:
  description: V(https) or V(http).
  returned: success
  type: str
  sample: https
port:
  description: The port.
  returned: success
  type: int
  sample: 5986
address:
  description: The address that was connected to, empty if none was.
  returned: success
  type: str
  sample: 192.0.2.10
addresses:
  description: All addresses that the name stands for.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.10]
certificate:
  description:
    - The certificate of the host, trusted or not, with C(subject), C(names), C(issuer), C(self_signed), C(not_before), C(not_after), C(sha256)
      and C(trusted). Null over HTTP, behind a proxy, and where it could not be read.
  returned: success
  type: dict
site_code:
  description: The site, empty if it was not found out.
  returned: success
  type: str
  sample: PS1
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 7
error:
  description: What is wrong with the options.
  returned: on failure, unless a step failed
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._engine.check_module import run_connection_check


def main() -> None:
    """Run the module."""
    run_connection_check()


if __name__ == "__main__":
    main()

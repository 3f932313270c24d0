#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the images inside a WIM on a share."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_wim_info
short_description: Read the images inside a WIM on a share
version_added: 0.1.0
description:
  - Has the provider read a WIM file at any UNC path (C(GetImageProperties)), and tells its images by index.
  - No object is needed and none is made, so it checks a path and an index before an image is created. Never changes anything.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  path:
    description: UNC path of the WIM file.
    type: str
    required: true
  type:
    description: Whose method is called, C(SMS_ImagePackage)'s or C(SMS_BootImagePackage)'s. Both read any WIM.
    type: str
    choices: [image_package, boot_image]
    default: image_package
attributes:
  check_mode:
    description: Reads as always.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - The provider reads the file for the account. That takes a login that can be handed on, O(auth=credssp), or O(auth=kerberos) with
    O(kerberos_delegation=true), and the right to read the share.
seealso:
  - module: configmgr.content.cm_image_package
  - module: configmgr.content.cm_boot_image
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Read what is in a WIM
  configmgr.content.cm_wim_info:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    auth: credssp
    path: \\files01.contoso.com\images$\win11-22h2.wim
  register: wim

- name: Demand an edition
  ansible.builtin.assert:
    that: "'Windows 11 Enterprise' in (wim.images | map(attribute='name'))"
"""

RETURN = r"""
images:
  description: The images by index. What the WIM does not say is an empty text.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: Number of the image, from 1.
      type: int
    name:
      description: Its name.
      type: str
    description:
      description: Its description.
      type: str
    edition:
      description: Its edition; its name if it tells none.
      type: str
    architecture:
      description: V(x86), V(x64) or V(arm64).
      type: str
    os_version:
      description: Version of the operating system.
      type: str
    build:
      description: Build and revision, the end of the version.
      type: str
    languages:
      description: Its languages.
      type: list
      elements: str
    product_type:
      description: Product type, such as V(WinNT).
      type: str
    created:
      description: Date of creation, as the WIM has it.
      type: str
    size:
      description: Always null, since the provider does not tell it for a file; RV(images) of M(configmgr.content.cm_image_package) has it.
      type: int
  sample:
    - index: 1
      name: Windows 11 Enterprise
      description: Windows 11 Enterprise
      edition: Windows 11 Enterprise
      architecture: x64
      os_version: 10.0.26100.1742
      build: '26100.1742'
      languages: [en-US]
      product_type: WinNT
      created: '2024-09-06T05:21:21Z'
      size:
image_property:
  description: The document as the provider sent it.
  returned: success
  type: str
  sample: <WIM><IMAGE index="1"><Property Name="Image name">Windows 11 Enterprise</Property></IMAGE></WIM>
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 2
site_code:
  description: The site.
  returned: success
  type: str
  sample: PS1
error:
  description: What failed, where, and what to do. Codes and texts of the provider are its own.
  returned: on failure
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.wim_module import run_wim_info


def main() -> None:
    """Run the module."""
    run_wim_info({each.option: each.wmi_class for each in (IMAGE_PACKAGE, BOOT_IMAGE)})


if __name__ == "__main__":
    main()

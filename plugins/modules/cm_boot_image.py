#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare a boot image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_boot_image
short_description: Declare a boot image, and build it
version_added: 0.1.0
description:
  - Creates, changes and deletes boot images (C(SMS_BootImagePackage)), so that each is as declared, and builds them where that is due.
  - Compares first and writes only what differs. The whole object is written back as it was read, so nothing that was not asked for changes.
    What was written is read back.
  - Settings of Windows PE take effect in an image that is built anew. Whatever changed is built by one C(RefreshPkgSource) at the end,
    which is followed to its end, however long it takes; its progress is in RV(build).
  - A run that was killed between the change and the build is finished by the next one, and the image is built once.
extends_documentation_fragment:
  - configmgr.content.connection
  - configmgr.content.package_state
options:
  image_path:
    description:
      - UNC path of the original WIM. It stays as it is; the site distributes a copy with everything put in.
      - Needed to create. That of a boot image which the site made itself cannot be changed.
    type: str
  image_index:
    description: Index of the image in the WIM. A new boot image takes 1 without it.
    type: int
  architecture:
    description:
      - Architecture of the image. It comes from the WIM and is not written; another one than that of the image is an error.
      - For a new image with O(optional_components) or O(drivers) it saves reading the WIM through the provider, for which many logins are not enough.
    type: str
    choices: [x86, x64, arm64]
  optional_components:
    description:
      - Optional components of Windows PE, by name or by id. Letter case and the prefix C(WinPE-) do not matter.
      - Names are looked up at the site, for the architecture of the image. What a component needs is added by itself.
      - Components that every boot image has are never removed, and need not be named.
    type: dict
    suboptions:
      set:
        description: The whole list.
        type: list
        elements: str
      add:
        description: What should be there, beside what is.
        type: list
        elements: str
      remove:
        description: What should not be there. One that another one needs is an error.
        type: list
        elements: str
  component_language:
    description: Language of the components, as a number such as V(1031). Without it English, or any if the site has no English ones.
    type: int
  drivers:
    description: Drivers of the catalogue, by CI ID or by name. A name with two drivers is an error.
    type: dict
    suboptions:
      set:
        description: The whole list. An empty one removes all drivers.
        type: list
        elements: str
      add:
        description: What should be there, beside what is.
        type: list
        elements: str
      remove:
        description: What should not be there.
        type: list
        elements: str
  driver_check:
    description:
      - What to do with a driver that cannot work as far as the site knows, because it is disabled, expired, not signed or for another architecture.
        V(fail) refuses it before anything is sent. V(warn) lets the build decide.
      - Drivers of a class that is of no use before Windows runs are warned of either way.
    type: str
    choices: [fail, warn]
    default: fail
  command_support:
    description: Command support for testing, the prompt behind F8.
    type: bool
  prestart_command_line:
    description: Prestart command line. The console's advice is to begin with C(cmd /c). An empty text is none.
    type: str
  prestart_include_files_directory:
    description: UNC path of a folder whose files go into the image for the prestart command. An empty text is none.
    type: str
  background_bitmap_path:
    description: UNC path of the background picture. An empty text is the one of Configuration Manager.
    type: str
  scratch_space:
    description: Scratch space of Windows PE in megabytes.
    type: int
    choices: [32, 64, 128, 256, 512]
  input_locale:
    description: Keyboard layout of Windows PE as a language tag such as V(de-de). An empty text is the default. Since version 1910.
    type: str
  deploy_from_pxe:
    description: Deploy this boot image from the PXE-enabled distribution point (C(PkgFlags) 0x00000400).
    type: bool
  rebuild:
    description:
      - When the image is built.
      - V(auto), when a setting of it changed, or an earlier run changed one and did not build.
      - V(always), in every run.
      - V(never). What changed is then in no image; a later run sees that and builds.
      - V(if_stale), as V(auto), and when the image is older than the site. An older client (C(ProductionClientVersion)) means a build;
        an older Windows PE is acted on with O(reload_winpe) only. An image is built once for the same versions; if it is still too old
        after that, the task fails and shows both.
    type: str
    choices: [auto, always, never, if_stale]
    default: auto
  reload_winpe:
    description:
      - What the console calls I(Reload this boot image with the current Windows PE version from the Windows ADK). With O(rebuild=if_stale), and
        only where the Windows PE is of an older build than the deployment kit of the provider host.
      - Writes the WIM at O(image_path) anew from the kit. What was changed in it by hand is lost; the settings of the boot image are kept.
      - Only for images that the site made from the kit, as flag and path tell.
    type: bool
    default: false
  on_build_failure:
    description:
      - What to do with the settings when the build fails. V(restore) puts those back that this run changed, and deletes what a failed
        creation left. V(keep) leaves them; the next run builds again.
    type: str
    choices: [restore, keep]
    default: restore
  build_timeout:
    description: Seconds that a build may take.
    type: float
    default: 3600.0
  wait:
    description: Whether to wait for the build. If not, the module returns when the provider has taken the call.
    type: bool
    default: true
  wait_for:
    description:
      - V(source_version) waits until the image is built and its version has risen.
      - V(distributed) waits until every targeted distribution point has that version.
    type: str
    choices: [source_version, distributed]
    default: source_version
  wait_timeout:
    description: Seconds to wait for that after the build, 900 for O(wait_for=source_version) and 14400 for O(wait_for=distributed) if not given.
    type: float
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
  list_used_by:
    description: Whether to list the task sequences that use the image. Each task sequence of the site costs a request.
    type: bool
    default: false
attributes:
  check_mode:
    description: Writes nothing. The diff is that of the real run; what only the site can know is marked C((assigned by the site)).
    support: full
  diff_mode:
    description: Shows the options that were given before and after, with names for components and drivers, and C(build) where one is due.
    support: full
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - A new image needs O(name) and O(image_path). Creating it builds it, which takes minutes.
  - O(source_path) is where the site distributes from. It gives it itself to a new image; change it only to follow a file that was moved.
  - Drivers and components fit only into images of the installed deployment kit. For others the provider refuses the change.
  - A boot image that the site made itself is not deleted.
  - The account needs Remote Management Users and SMS Admins on the provider host, and a role in Configuration Manager that may create, modify
    or delete boot images, and read drivers.
seealso:
  - module: configmgr.content.cm_boot_image_status
  - module: configmgr.content.cm_boot_image_export
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Have a boot image with two drivers and PowerShell
  configmgr.content.cm_boot_image:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    name: Branch offices (x64)
    image_path: \\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim
    architecture: x64
    command_support: true
    scratch_space: 512
    optional_components:
      add:
        - WinPE-PowerShell
        - WinPE-DismCmdlets
    drivers:
      add:
        - Intel(R) RST VMD Controller 9A0B
        - "16777400"

- name: Take a driver out, and wait until every distribution point has the new image
  configmgr.content.cm_boot_image:
    package_id: PS100004
    drivers:
      remove:
        - "16777400"
    wait_for: distributed

- name: After an upgrade of site or deployment kit, build it anew if it is too old
  configmgr.content.cm_boot_image:
    package_id: PS100004
    rebuild: if_stale
    reload_winpe: true

- name: Which task sequences use it?
  configmgr.content.cm_boot_image:
    package_id: PS100004
    list_used_by: true
"""

RETURN = r"""
action:
  description: What was done, or in check mode would be; V(none), V(create), V(update) or V(delete).
  returned: success
  type: str
  sample: update
package_id:
  description: Id of the boot image, also of one that was deleted; null where none has the name (yet).
  returned: success
  type: str
  sample: PS100004
deleting:
  description: Whether the site is removing the image from its distribution points.
  returned: success
  type: bool
object:
  description:
    - The boot image as it is now, by option names and in words. Empty where it is absent, and in check mode where something would change.
    - C(optional_components) are names where the option was given, and ids otherwise, as reading the names costs requests.
      C(drivers) have their names where the task asked for them by name, or for the first time; null otherwise.
  returned: success
  type: dict
  sample: {name: Branch offices (x64), package_id: PS100004, architecture: x64, scratch_space: 512}
diff:
  description: The options that were given, C(before) and C(after).
  returned: success
  type: dict
build:
  description:
    - Whether a build was C(due), its C(reason), its C(status) as M(configmgr.content.cm_package_refresh) has it, the C(percent) it came to
      and its C(progress) as lines with their times.
    - C(source_version) before and after, C(reloaded_winpe) and C(restored), whether the settings were put back after a failure.
    - C(details) is the row that M(configmgr.content.cm_package_refresh) returns.
  returned: success and failed builds
  type: dict
  sample: {due: true, reason: scratch_space changed, status: refreshed, percent: 100, reloaded_winpe: false, restored: false}
pending:
  description:
    - What an earlier run that died left undone. V(none), V(build), or V(unknown) with a warning where neither the image nor the audit
      messages tell. It is part of this run, unless O(rebuild=never).
  returned: success
  type: str
  sample: none
staleness:
  description:
    - For C(client) and C(winpe), the version in the image, that of the site or of the kit, and whether the image is C(stale).
    - Null where it cannot be told.
  returned: where the image is there
  type: dict
  sample:
    client: {image: 5.00.8968.1000, site: 5.00.9012.1000, stale: true}
    winpe: {image: 10.0.19041.1, kit: 10.1.19041.1, stale: false}
used_by:
  description: Task sequences that use the image.
  returned: with O(list_used_by)
  type: list
  elements: str
  sample: ['PS100009 ("Deploy Windows 10")']
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 8
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
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_module import run_boot_image


def main() -> None:
    """Run the module."""
    run_boot_image(BOOT_IMAGE, REFRESH)


if __name__ == "__main__":
    main()

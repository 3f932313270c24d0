# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that declares a package: what all package classes have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of `_engine.state.state_spec` that do not belong to one class alone."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present), the object is there and is as declared. What is not given is not managed; an empty value is a value.
      - V(absent), the object is gone, or its content is being removed (RV(deleting)).
    type: str
    choices: [present, absent]
    default: present
  package_id:
    description:
      - Id of the object. It is given by the site, so it names one that exists.
      - Without it, O(name) says which. Names are not unique at a site; two hits are an error.
    type: str
  name:
    description: Name, at most 250 characters. With O(package_id), the object is renamed.
    type: str
  description:
    description: Description, at most 128 characters.
    type: str
  manufacturer:
    description: Manufacturer, at most 32 characters.
    type: str
  version:
    description: Version, at most 32 characters.
    type: str
  language:
    description: Language, at most 32 characters.
    type: str
  source_path:
    description: UNC path of the source, as the site server reaches it. Letter case and a backslash at its end do not matter.
    type: str
  source_flag:
    description: Where the site takes the source from. The console uses V(direct) for everything that has a source.
    type: str
    choices: [needs_specifying, no_source, direct, compress, local]
  refresh_schedule:
    description:
      - When the site looks for a new source by itself, at most 15 schedules in any order.
      - Needs O(source_flag=direct).
    type: dict
    suboptions:
      set:
        description: All of them. An empty list removes them.
        type: list
        elements: dict
        suboptions:
          recurs:
            description: How it recurs.
            type: str
            required: true
            choices: [never, interval, weekly, monthly_by_date, monthly_by_weekday]
          start:
            description: Date and time without a zone, such as C(2026-11-20T22:00). Needed unless O(refresh_schedule.set[].recurs=interval).
            type: str
          utc:
            description: Whether O(refresh_schedule.set[].start) is in UTC instead of the time of the site server.
            type: bool
          duration:
            description: How long it lasts.
            type: dict
            suboptions:
              days:
                description: Days.
                type: int
              hours:
                description: Hours.
                type: int
              minutes:
                description: Minutes.
                type: int
          every:
            description: For V(interval), one number of days, hours or minutes.
            type: dict
            suboptions:
              days:
                description: Days.
                type: int
              hours:
                description: Hours.
                type: int
              minutes:
                description: Minutes.
                type: int
          every_weeks:
            description: For V(weekly), 1 to 4.
            type: int
          every_months:
            description: For V(monthly_by_date) and V(monthly_by_weekday), 1 to 12.
            type: int
          week:
            description: For V(monthly_by_weekday), which week of the month.
            type: str
            choices: [last, first, second, third, fourth]
          day:
            description: Day of the week in English; for V(monthly_by_date) a number or V(last).
            type: str
          offset_days:
            description: For V(monthly_by_weekday), days after that day. Sites of version 1906 or later.
            type: int
      add:
        description: Schedules to have beside those that are there.
        type: list
        elements: dict
        suboptions:
          recurs:
            description: How it recurs.
            type: str
            required: true
            choices: [never, interval, weekly, monthly_by_date, monthly_by_weekday]
          start:
            description: Date and time without a zone, such as C(2026-11-20T22:00). Needed unless O(refresh_schedule.add[].recurs=interval).
            type: str
          utc:
            description: Whether O(refresh_schedule.add[].start) is in UTC instead of the time of the site server.
            type: bool
          duration:
            description: How long it lasts.
            type: dict
            suboptions:
              days:
                description: Days.
                type: int
              hours:
                description: Hours.
                type: int
              minutes:
                description: Minutes.
                type: int
          every:
            description: For V(interval), one number of days, hours or minutes.
            type: dict
            suboptions:
              days:
                description: Days.
                type: int
              hours:
                description: Hours.
                type: int
              minutes:
                description: Minutes.
                type: int
          every_weeks:
            description: For V(weekly), 1 to 4.
            type: int
          every_months:
            description: For V(monthly_by_date) and V(monthly_by_weekday), 1 to 12.
            type: int
          week:
            description: For V(monthly_by_weekday), which week of the month.
            type: str
            choices: [last, first, second, third, fourth]
          day:
            description: Day of the week in English; for V(monthly_by_date) a number or V(last).
            type: str
          offset_days:
            description: For V(monthly_by_weekday), days after that day. Sites of version 1906 or later.
            type: int
      remove:
        description: Schedules not to have. One that is not there is no error.
        type: list
        elements: dict
        suboptions:
          recurs:
            description: How it recurs.
            type: str
            required: true
            choices: [never, interval, weekly, monthly_by_date, monthly_by_weekday]
          start:
            description: Date and time without a zone, such as C(2026-11-20T22:00). Needed unless O(refresh_schedule.remove[].recurs=interval).
            type: str
          utc:
            description: Whether O(refresh_schedule.remove[].start) is in UTC instead of the time of the site server.
            type: bool
          duration:
            description: How long it lasts.
            type: dict
            suboptions:
              days:
                description: Days.
                type: int
              hours:
                description: Hours.
                type: int
              minutes:
                description: Minutes.
                type: int
          every:
            description: For V(interval), one number of days, hours or minutes.
            type: dict
            suboptions:
              days:
                description: Days.
                type: int
              hours:
                description: Hours.
                type: int
              minutes:
                description: Minutes.
                type: int
          every_weeks:
            description: For V(weekly), 1 to 4.
            type: int
          every_months:
            description: For V(monthly_by_date) and V(monthly_by_weekday), 1 to 12.
            type: int
          week:
            description: For V(monthly_by_weekday), which week of the month.
            type: str
            choices: [last, first, second, third, fourth]
          day:
            description: Day of the week in English; for V(monthly_by_date) a number or V(last).
            type: str
          offset_days:
            description: For V(monthly_by_weekday), days after that day. Sites of version 1906 or later.
            type: int
  priority:
    description: Distribution priority.
    type: str
    choices: [high, normal, low]
  preferred_address_type:
    description: Sender that the site uses for the content.
    type: str
    choices: [site_decides, standard_sender, courier_sender]
  ignore_address_schedule:
    description: Send outside of the schedule of the address, too.
    type: bool
  forced_disconnect:
    description: Disconnect users from distribution points before an update.
    type: bool
  forced_disconnect_delay:
    description: Minutes between the notice to users and the disconnection.
    type: int
  forced_disconnect_retries:
    description: Attempts to update before users are disconnected.
    type: int
  share_name:
    description: Name of the share on distribution points, at most 127 characters. A change makes the site distribute anew.
    type: str
  share_type:
    description: Whether the content has a share of its own (V(specific)). A change makes the site distribute anew.
    type: str
    choices: [common, specific]
  icon:
    description: Icon as Base64. It has to fit into one message of WinRM together with the rest of the object.
    type: str
  isv_string:
    description: Text for other programs.
    type: str
  mif_filename:
    description: Name of the status MIF file, at most 50 characters.
    type: str
  mif_name:
    description: Name in the status MIF file, at most 50 characters.
    type: str
  mif_publisher:
    description: Publisher in the status MIF file, at most 32 characters.
    type: str
  mif_version:
    description: Version in the status MIF file, at most 32 characters.
    type: str
  base_board_product_id:
    description: Product ids of main boards, as the console keeps them for driver packages. Absent on old sites.
    type: str
  driver_manufacturer:
    description: Manufacturer of the computers the content is for, at most 100 characters.
    type: str
  driver_model:
    description: Model of the computers the content is for, at most 100 characters.
    type: str
  driver_os_version:
    description: Operating system the content is for.
    type: str
  driver_package_version:
    description: Version of the drivers.
    type: str
  predownload_rule:
    description: Rule by which clients download the content ahead of its deployment.
    type: str
  package_share:
    description: Copy the content to a package share on distribution points (0x00000080 of C(PkgFlags)).
    type: bool
  no_encryption_on_cloud_points:
    description: Do not encrypt the content on cloud distribution points (0x00800000).
    type: bool
  persist_in_client_cache:
    description: Clients keep the content in their cache (0x02000000).
    type: bool
  binary_differential_replication:
    description: Send differences of files only (0x04000000).
    type: bool
  own_mif_match:
    description: Match status MIF files by O(mif_name), O(mif_publisher) and O(mif_version) (0x20000000).
    type: bool
  distribute_on_demand:
    description: Distribute to preferred distribution points when a client asks for it (0x40000000).
    type: bool
  pkg_flags:
    description:
      - Bits of C(PkgFlags) by number, for those without an option of their own. Bits that nobody names stay as they are.
      - RV(object) shows all bits that are set.
    type: dict
    suboptions:
      add:
        description: Bits to be on, such as C(0x00000010).
        type: list
        elements: str
      remove:
        description: Bits to be off.
        type: list
        elements: str
  distribution_points:
    description:
      - Distribution points that the object should be on, by the full names of their servers, or by their NAL paths. Letter case does not matter.
      - It is added where it is missing, and taken off nowhere.
    type: list
    elements: str
  distribution_point_groups:
    description: Groups of distribution points that the object should be assigned to, by name. Added where missing, taken off nowhere.
    type: list
    elements: str
  force:
    description:
      - For O(state=absent), uses that do not keep the object from being deleted. What uses it then leads nowhere.
      - Without them, it is not deleted if something uses it, or if that cannot be read.
    type: list
    elements: str
    choices: [task_sequences, deployments, programs]
    default: []
  lock_takeover:
    description:
      - Whose edit lock on the object may be taken. V(same_user), one of this account, such as a job that was killed left it; V(any), any.
      - Without it, nobody's. The holder loses what is not saved.
    type: str
    choices: [same_user, any]
  lock_wait:
    description: Seconds to wait for somebody who has the object open for editing, before the task fails with the holder's name.
    type: float
    default: 0.0
  grace:
    description: Seconds to look for the trace of a write whose answer was lost. It is never sent a second time by this run.
    type: float
    default: 60.0
"""

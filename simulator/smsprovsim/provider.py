# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site as the WS-Management front sees it: namespaces, rights, reading, writing and methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from . import wql
from .behaviour import boot_methods, lock_methods, methods, servicing_methods
from .behaviour.boot_images import BootImages
from .behaviour.calls import METHODS, Call
from .behaviour.changes import Changes
from .behaviour.distribution import Distribution
from .behaviour.drivers import DRIVER, Drivers
from .behaviour.drivers import checked as checked_driver
from .behaviour.groups import Folders, Groups
from .behaviour.image_rows import ImageRows
from .behaviour.image_writes import ImageWrites
from .behaviour.kit import Kit
from .behaviour.locks import Locks
from .behaviour.refresh_schedules import RefreshSchedules
from .behaviour.servicing import WRITABLE, OfflineServicing
from .behaviour.sign_in import SignIn
from .behaviour.status import Status
from .behaviour.writes import Writes, not_found
from .clock import LogicalClock
from .joins import JoinQuery, Source
from .model import Caller, CimClass, Instance, Method, Row, Value, WmiError, Work
from .repository import (
    WBEM_E_ACCESS_DENIED,
    WBEM_E_INVALID_CLASS,
    WBEM_E_INVALID_METHOD_PARAMETERS,
    WBEM_E_INVALID_NAMESPACE,
    WBEM_E_INVALID_QUERY,
    WBEM_E_NOT_SUPPORTED,
    ComputedTable,
    Narrow,
    Record,
    provider_error,
    wmi_error,
)
from .schema import ClassDefinition
from .security import Account, lacks_right
from .snapshot import snapshot_of
from .world import Package, Target, World

_QUERY_NOT_ACCEPTABLE = 1078464256
_QUERY_NOT_SUPPORTED = 1078464276
_METHOD_NOT_SUPPORTED = 1078462740

_ROOT = "root/sms"
# Columns that name a package or a distribution point, by which a row is in or out of the caller's scopes.
_PACKAGE_COLUMNS = ("PackageID", "PkgID", "ImagePackageID", "InstanceKey", "ObjectID")
_POINT_COLUMNS = ("ServerNALPath", "NalPath", "NALPath", "DPNALPath", "ContentServerID", "PkgServer")

T = TypeVar("T")
CARRIED_OUT_BY = (methods, boot_methods, lock_methods, servicing_methods)  # each enters its methods into METHODS


@dataclass(frozen=True)
class AccountView:
    """What an account sees (behaviour 4, wire S-06)."""

    account: Account
    world: World

    def sees(self, record: Record) -> bool:
        """Whether the object is there for the account."""
        account = self.account
        if record.definition.namespace == _ROOT:
            return True
        if not account.may("read"):
            return False
        if account.scopes is None:
            return True
        values = record.values
        for column in _PACKAGE_COLUMNS:
            package = self.world.package(values[column]) if column in values else None
            if package is not None and not account.in_scope(package.scopes):
                return False
        for column in _POINT_COLUMNS:
            point = self.world.points.get(str(values[column]).lower()) if column in values else None
            if point is not None and not account.in_scope(point.scopes):
                return False
        return True


class SimulatedSite:
    """All sites of a scenario behind one address; each has its namespace. Implements `model.Site`."""

    def __init__(self, name: str, world: World, accounts: Iterable[Account], machine: str, local_site: str) -> None:
        self.name = name
        self.world = world
        self.clock: LogicalClock = world.clock
        self.accounts = tuple(accounts)
        self.machine = machine
        self.distribution = Distribution(world)
        self.locks = Locks(world)
        self.boot_images = BootImages(world, self.distribution.refresh)
        self.images = ImageWrites(world, self.boot_images)
        schedules = RefreshSchedules(world, self.distribution)
        self.writes = Writes(world, self.distribution, self.locks, self.images, schedules)
        self.groups = Groups(world, self.distribution)
        self.folders = Folders(world)
        self.kit = Kit(world)
        self.drivers = Drivers(world, self.locks)
        ImageRows(world)
        self.servicing = OfflineServicing(world, self.distribution, self.images)
        self.sign_in = SignIn()
        self.changes = Changes(self)
        self._local_site = local_site
        self._by_user = {account.name.lower(): account for account in self.accounts}
        self._namespaces = {_ROOT: ""} | {f"root/sms/site_{code}".lower(): code for code in world.sites}
        self._classes: dict[tuple[str, str], CimClass | None] = {}
        Status(world)
        locations = world.repository.classes["sms_providerlocation"]
        world.repository.add_table(ComputedTable(locations, self._locations))

    def _locations(self, _site_code: str, _narrow: Narrow) -> Iterable[dict[str, Value]]:
        # ASSUMED: local_site
        chosen = self.world.switches["local_site"].upper()
        local = chosen if chosen in self.world.sites else self._local_site
        for code in self.world.sites:
            yield {
                "Machine": self.machine,
                "SiteCode": code,
                "NamespacePath": f"\\\\{self.machine}\\root\\sms\\site_{code}",
                "ProviderForLocalSite": code == local,
            }

    # --- who and where ---

    def caller(self, user: str, **context: Value) -> Caller:
        """A caller for tests; the user must have an account."""
        if user.lower() not in self._by_user:
            raise KeyError(user)
        return Caller(user, context)

    def account(self, caller: Caller, namespace: str) -> Account:
        """The account of the caller. Raises `WmiError` for one that may not use the namespace."""
        account = self._by_user.get(caller.user.lower())
        if account is None or not account.namespace_access:
            raise wmi_error(WBEM_E_ACCESS_DENIED, "Access denied", "ConnectServer", caller.user)
        if _normal(namespace) != _ROOT:  # SMS_ProviderLocation is not of the provider's own
            self.sign_in.demand(account, self.world.switches)
        return account

    def view(self, account: Account) -> AccountView:
        """What the account sees."""
        return AccountView(account, self.world)

    def namespace_exists(self, namespace: str) -> bool:
        """Whether the site serves the namespace."""
        return _normal(namespace) in self._namespaces

    def cim_class(self, namespace: str, name: str) -> CimClass | None:
        """The class of this name in the namespace, or None."""
        key = (_normal(namespace), name.lower())
        if key not in self._classes:
            definition = self.world.repository.classes.get(key[1])
            known = key[0] in self._namespaces and definition is not None
            if (
                definition is None
                or not known
                or (definition.namespace or "site") != (_ROOT if key[0] == _ROOT else "site")
            ):
                return None
            self._classes[key] = CimClass(
                name=definition.name,
                superclass=definition.superclass,
                namespace=key[0],
                properties=definition.properties,
                methods=definition.methods,
                abstract=definition.abstract,
                embedded=definition.embedded,
            )
        return self._classes[key]

    def _here(self, cim_class: CimClass) -> str:
        return self._namespaces[_normal(cim_class.namespace)]

    def _definition(self, cim_class: CimClass) -> ClassDefinition:
        return self.world.repository.classes[cim_class.name.lower()]

    def _class_of(self, namespace: str) -> Callable[[str], CimClass]:
        def found(name: str) -> CimClass:
            cim_class = self.cim_class(namespace, name)
            if cim_class is None:
                raise KeyError(name)
            return cim_class

        return found

    # --- reading ---

    def get(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str]) -> Instance:
        """The object with these keys, complete. Raises `WmiError`."""
        with self.world.lock:
            record = self._found(caller, cim_class, keys, "GetObject")
            return self._full(record, cim_class)

    def _full(self, record: Record, cim_class: CimClass, work: Work | None = None) -> Instance:
        full = self.world.repository.full(record, self._class_of(cim_class.namespace)(record.definition.name))
        full.work = work
        # ASSUMED: context_id
        if "ContextID" in full.values and self.world.switches["context_id"] == "dropped":
            full.values["ContextID"] = ""
        return full

    def _found(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str], operation: str) -> Record:
        self.world.settle()
        view = self.view(self.account(caller, cim_class.namespace))
        definition = self._definition(cim_class)
        if not definition.keys:
            raise wmi_error(WBEM_E_NOT_SUPPORTED, f"{definition.name} has no objects", operation, definition.name)
        record = self.world.repository.find(definition, keys, self._here(cim_class), view)
        if record is None:
            path = ",".join(f'{name}="{value}"' for name, value in keys.items())
            raise not_found(f"{definition.name}.{path}", operation)
        return record

    def query(self, caller: Caller, namespace: str, wql: str) -> Iterable[Instance | Row]:
        """The answer to a WQL statement. Raises `WmiError`."""
        with self.world.lock:
            self.world.settle()
            account = self.account(caller, namespace)
            return self._limited(caller, self._query(account, namespace, wql))

    def _query(self, account: Account, namespace: str, text: str) -> list[Instance | Row]:
        if not self.namespace_exists(namespace):
            raise wmi_error(WBEM_E_INVALID_NAMESPACE, "Invalid namespace", "ExecQuery", namespace)
        try:
            query = wql.parse(text)
            return self._answer(self.view(account), namespace, query)
        except wql.WqlError as error:
            code = _QUERY_NOT_SUPPORTED if error.unsupported else _QUERY_NOT_ACCEPTABLE
            raise provider_error(
                code, f"Invalid query: {error}", "ExecQuery", text, hresult=WBEM_E_INVALID_QUERY
            ) from error

    def _queried(self, namespace: str, class_name: str) -> ClassDefinition:
        cim_class = self.cim_class(namespace, class_name)
        if cim_class is None:
            raise wmi_error(WBEM_E_INVALID_CLASS, "Invalid class", "ExecQuery", class_name)
        definition = self._definition(cim_class)
        if definition.embedded:
            raise wql.WqlError(f"{definition.name} exists inside other objects only")  # wire S-09
        return definition

    def _answer(self, view: AccountView, namespace: str, query: wql.Query) -> list[Instance | Row]:
        """The answer to a parsed query. Raises `WmiError`, `wql.WqlError`."""

        def ask(inner: wql.Query) -> Iterable[Value]:
            return [next(iter(row.values.values())) for row in self._answer(view, namespace, inner)]

        if query.where is not None:
            query = replace(query, where=wql.with_answers(query.where, ask))
        definition, here = self._queried(namespace, query.class_name), self._namespaces[_normal(namespace)]
        repository, switches = self.world.repository, self.world.switches
        if not query.joins:
            return repository.query(definition, query, here, view, self._class_of(namespace))

        def source(alias: str, class_name: str) -> Source:
            found = self._queried(namespace, class_name)
            return Source(alias, found, lambda: repository.visible(found.name, here, view))

        def thin(record: Record) -> dict[str, Value]:
            return repository.thin(record, self._class_of(namespace)(record.definition.name)).values

        sources = [source(query.alias or query.class_name, query.class_name)]
        sources += [source(each.alias, each.class_name) for each in query.joins]
        joined = JoinQuery(query, sources, thin, switches["lazy_in_where"] == "refused")
        # ASSUMED: join_rows
        return joined.answer(_normal(namespace), switches["join_rows"] == "fragment")

    @staticmethod
    def _limited(caller: Caller, found: list[T]) -> list[T]:
        """The context value InstanceCount limits the answer (wire S-10)."""
        for name, value in caller.context.items():
            if name.lower() == "instancecount" and str(value).isdigit():
                return found[: int(str(value))]
        return found

    def enumerate(self, caller: Caller, cim_class: CimClass) -> Iterable[Instance]:
        """All objects of the class and its derived classes, without lazy values. Raises `WmiError`."""
        with self.world.lock:
            self.world.settle()
            view = self.view(self.account(caller, cim_class.namespace))
            class_of = self._class_of(cim_class.namespace)
            repository = self.world.repository
            found = [
                repository.thin(record, class_of(record.definition.name))
                for record in repository.visible(cim_class.name, self._here(cim_class), view)
            ]
            return self._limited(caller, found)

    # --- writing ---

    def put(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str], values: dict[str, Value]) -> Instance:
        """Change an object; a property that is not in `values` stays. Raises `WmiError`."""
        with self.world.lock:
            record = self._found(caller, cim_class, keys, "PutInstance")
            account, here = self.account(caller, cim_class.namespace), self._here(cim_class)
            package, target = self._package(record), self._target(record)
            if package is not None:
                account.demand("modify", record, "PutInstance")
                work = self.writes.put_package(package, values, caller, here)
                return self._full(record, cim_class, work)
            if target is not None:
                account.demand("distribute", record, "PutInstance")
                self.writes.put_target(target, values, caller, here)
                return self._full(self._found(caller, cim_class, keys, "PutInstance"), cim_class)
            if record.definition.name in WRITABLE:
                self._demand_servicing(caller, account, cim_class)
                self.servicing.put(record, self.world.repository.checked(record.definition, values, "PutInstance"))
                return self._full(record, cim_class)
            if record.definition.name == DRIVER:
                account.demand("modify", record, "PutInstance")
                self.drivers.put(record, checked_driver(self.world.repository, values), caller, here)
                return self._full(record, cim_class)
            raise _cannot(cim_class, "PutInstance")

    @staticmethod
    def _demand_servicing(caller: Caller, account: Account, cim_class: CimClass) -> None:
        if not account.may("modify"):
            raise lacks_right(caller.user, "modify", cim_class.name, "PutInstance")

    def create(self, caller: Caller, cim_class: CimClass, values: dict[str, Value]) -> Instance:
        """Make a new object; its values carry the keys. Raises `WmiError`."""
        with self.world.lock:
            self.world.settle()
            account, here = self.account(caller, cim_class.namespace), self._here(cim_class)
            definition = self._definition(cim_class)
            if "sms_packagebaseclass" in definition.lineage and not definition.abstract:
                if not account.may("create"):
                    raise lacks_right(caller.user, "create", definition.name, "PutInstance")
                record, work = self.writes.create_package(definition, values, caller, account, here)
                return self._full(record, cim_class, work)
            if definition.name == "SMS_DistributionPoint":
                return self._create_target(caller, account, cim_class, values, here)
            if definition.name in WRITABLE:
                self._demand_servicing(caller, account, cim_class)
                checked = self.world.repository.checked(definition, values, "PutInstance")
                return self._full(self.servicing.create(definition.name, checked), cim_class)
            if definition.name == DRIVER:
                if not account.may("create"):
                    raise lacks_right(caller.user, "create", DRIVER, "PutInstance")
                return self._full(self.drivers.create(checked_driver(self.world.repository, values), here), cim_class)
            raise _cannot(cim_class, "PutInstance")

    def _create_target(
        self, caller: Caller, account: Account, cim_class: CimClass, values: dict[str, Value], here: str
    ) -> Instance:
        repository = self.world.repository
        found = repository.checked(self._definition(cim_class), values, "PutInstance")
        package = self.world.package(found.get("PackageID"))
        if package is None or not self.view(account).sees(package.record):
            raise not_found(f'SMS_PackageBaseclass.PackageID="{found.get("PackageID")}"', "PutInstance")
        account.demand("distribute", package.record, "PutInstance")
        pair = (str(found.get("SiteCode")), str(found.get("ServerNALPath")))
        self.writes.add_targets(package, [pair], here, "PutInstance")
        self.world.record_audit(30009, caller, here, package.package_id)
        self.world.count("Create", f"{package.package_id}@{self.world.points[pair[1].lower()].server}")
        keys = {"PackageID": package.package_id, "ServerNALPath": pair[1], "SiteCode": pair[0]}
        return self._full(self._found(caller, cim_class, keys, "PutInstance"), cim_class)

    def delete(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str]) -> None:
        """Delete an object, or begin to. Raises `WmiError`."""
        with self.world.lock:
            record = self._found(caller, cim_class, keys, "DeleteInstance")
            account, here = self.account(caller, cim_class.namespace), self._here(cim_class)
            package, target = self._package(record), self._target(record)
            if package is not None:
                account.demand("delete", record, "DeleteInstance")
                self.writes.delete_package(package, caller, here)
            elif target is not None:
                account.demand("distribute", record, "DeleteInstance")
                self.writes.remove_target(target, caller, here)
            elif record.definition.name in WRITABLE:
                self._demand_servicing(caller, account, cim_class)
                self.servicing.delete(record)
            elif record.definition.name == DRIVER:
                account.demand("delete", record, "DeleteInstance")
                self.drivers.delete(record, caller, here)
            else:
                raise _cannot(cim_class, "DeleteInstance")

    def _package(self, record: Record) -> Package | None:
        if "sms_packagebaseclass" not in record.definition.lineage:
            return None
        return self.world.package(record.values["PackageID"])

    def _target(self, record: Record) -> Target | None:
        if record.definition.name != "SMS_DistributionPoint":
            return None
        package = self.world.package(record.values["PackageID"])
        return package.targets.get(str(record.values["ServerNALPath"]).lower()) if package else None

    # --- methods ---

    def invoke(
        self,
        caller: Caller,
        cim_class: CimClass,
        method: Method,
        keys: Mapping[str, str] | None,
        arguments: dict[str, Value],
    ) -> Work:
        """Carry out a method. Raises `WmiError`."""
        with self.world.lock:
            self.world.settle()
            account = self.account(caller, cim_class.namespace)
            definition = self._definition(cim_class)
            if method.static == bool(keys):
                fitting = "no keys" if method.static else "the keys of an object"
                raise _bad_arguments(cim_class, method, f"{method.name} needs {fitting}")
            checked = self._arguments(cim_class, method, arguments)
            if not account.may("read") and definition.name != "SMS_Identification":
                raise lacks_right(caller.user, "read", definition.name, "ExecMethod")
            record = self._found(caller, cim_class, keys, "ExecMethod") if keys else None
            here = self.world.sites[self._here(cim_class)]
            for name in definition.lineage:
                carried = METHODS.get((name, method.name.lower()))
                if carried is not None:
                    return carried(Call(self, here, caller, account, definition.name, record, checked))
            path = record.path() if record else definition.name
            raise provider_error(
                _METHOD_NOT_SUPPORTED,
                f"{definition.name}.{method.name} is not supported",
                "ExecMethod",
                path,
                hresult=WBEM_E_NOT_SUPPORTED,
            )

    def _arguments(self, cim_class: CimClass, method: Method, arguments: Mapping[str, Value]) -> dict[str, Value]:
        parameters = {parameter.name.lower(): parameter for parameter in method.inputs}
        checked: dict[str, Value] = {}
        for name, value in arguments.items():
            parameter = parameters.get(name.lower())
            if parameter is None:
                raise _bad_arguments(cim_class, method, f"{method.name} has no parameter {name}")
            where = f"{method.name}({parameter.name})"
            checked[parameter.name] = self.world.repository.checked_value(
                parameter.type, parameter.array, value, where, "ExecMethod"
            )
        for parameter in method.inputs:
            # An array that is absent cannot be told from an empty one on the wire (wire T-07).
            if not parameter.optional and checked.get(parameter.name) is None:
                if not parameter.array:
                    raise _bad_arguments(cim_class, method, f"{method.name} needs {parameter.name}")
                checked[parameter.name] = []
        return checked

    # --- state ---

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data. `executions` counts every change that was carried out."""
        with self.world.lock:
            self.world.settle()
            return snapshot_of(self)

    def executions(self) -> dict[str, dict[str, int]]:
        """How often each change was carried out, by what it was done to: what `snapshot` has of it, without the rest."""
        with self.world.lock:
            self.world.settle()
            return {method: dict(counts) for method, counts in self.world.executions.items()}


def _normal(namespace: str) -> str:
    return namespace.replace("\\", "/").strip("/").lower()


def _cannot(cim_class: CimClass, operation: str) -> WmiError:
    return wmi_error(
        WBEM_E_NOT_SUPPORTED, f"{operation} is not supported for {cim_class.name}", operation, cim_class.name
    )


def _bad_arguments(cim_class: CimClass, method: Method, message: str) -> WmiError:
    return wmi_error(WBEM_E_INVALID_METHOD_PARAMETERS, message, "ExecMethod", f"{cim_class.name}.{method.name}")

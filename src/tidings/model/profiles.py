"""Profiles: the choices of wire form on which the documentation of the protocol and its server differ.

A profile is one row of values below; everything else on the wire is the same in both.

| choice                | documented                      | server                                           |
|-----------------------|---------------------------------|--------------------------------------------------|
| neighbours_on_delete  | nobody else hears of a delete   | ENTITY_UPDATE for every live neighbour           |
| neighbours_on_restore | nobody else hears of a restore  | ENTITY_UPDATE for every live neighbour           |
| custom_updates        | custom metadata: its event only | and an ENTITY_UPDATE, unless there is one anyway |
| related_details       | no details for a related asset  | added and removed links in mutatedDetails        |
| create_details        | no mutatedDetails on create     | the created entity                               |
| delete_details        | no mutatedDetails on delete     | the deleted entity's identity                    |
| delete_handlers       | DEFAULT = archive, HARD = purge | what the request named (SOFT, PURGE, …)          |
| internals             | left out                        | docId, superTypeNames, internalAttributes        |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Profile:
    """One named set of wire choices."""

    name: str
    neighbours_on_delete: bool
    neighbours_on_restore: bool
    custom_updates: bool
    related_details: bool
    create_details: bool
    delete_details: bool
    internals: bool
    delete_handlers: Mapping[str, str]
    """What a delete names -> what its events say in ``deleteHandler``."""


DOCUMENTED = Profile(
    name="documented",
    neighbours_on_delete=False,
    neighbours_on_restore=False,
    custom_updates=False,
    related_details=False,
    create_details=False,
    delete_details=False,
    internals=False,
    delete_handlers=MappingProxyType({"DEFAULT": "DEFAULT", "SOFT": "DEFAULT", "HARD": "HARD", "PURGE": "HARD"}),
)

SERVER = Profile(
    name="server",
    neighbours_on_delete=True,
    neighbours_on_restore=True,
    custom_updates=True,
    related_details=True,
    create_details=True,
    delete_details=True,
    internals=True,
    delete_handlers=MappingProxyType({name: name for name in ("DEFAULT", "SOFT", "HARD", "PURGE")}),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in (DOCUMENTED, SERVER)})

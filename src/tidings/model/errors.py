"""Every error that Tidings raises, as one tree.

TidingsError
├── InvalidRequest            400  the request cannot be understood or is not allowed to be so
│   ├── MalformedBody              not the JSON shape that the call takes
│   ├── InvalidParameter           a query parameter that is missing, or whose value is out of range
│   ├── UnknownAttribute           an attribute that the type does not have (strict requests only)
│   ├── InvalidValue               a value that does not fit its attribute's type
│   ├── MissingAttribute           a mandatory attribute or link that is not there
│   ├── InvalidReference           a reference that has the wrong type, or too many of them
│   ├── DuplicateIdentity          two assets of one request with one identity
│   ├── NotSupported               a part of the protocol that this catalog does not carry out
│   ├── InvalidTag                 a tag that cannot be put on, changed on or taken off an asset
│   ├── InvalidCustomMetadata      custom metadata that an asset cannot have
│   ├── InvalidDefinition          a type definition that cannot be put in force
│   └── TooLarge              413  a body, list or nesting above its limit
├── NotFound                  404
│   ├── UnknownType                no such type
│   ├── UnknownGuid                no asset with that guid
│   ├── UnknownName                no asset with that type and qualifiedName
│   ├── UnknownRelationship        no link with that guid
│   └── NoSuchPage                 no such address
├── MethodNotAllowed          405
├── Conflict                  409  the request contradicts what is stored
│   ├── TypeExists                 a type, or a display name, that is there already
│   └── TypeInUse                  a type that something still needs as it is
│   ├── GlossaryExists             another active glossary has the name
│   ├── TermExists                 another active term of the glossary has the name
│   └── CategoryExists             another active category beside it has the name
├── Unauthenticated           401  no token, or one that is not known
├── Forbidden                 403  the token's role does not reach that far
├── LogTrimmed                410  a position before the first that is left of the log; start anew from a snapshot
├── TimedOut                  408  the request took longer to arrive than it may
├── TooBusy                   429  more is waiting than the server will hold; come back in a second
├── StoreError                500  the database cannot do its work
│   ├── StoreInUse                 another server holds the catalog's file
│   ├── StoreNewer                 the file was written by a newer Tidings
│   ├── StoreDamaged               the file is not a catalog, or is damaged
│   └── StoreUnavailable      503  stopping, full disk, locked for too long
├── ConfigError                    a setting that cannot be used
└── ClientError                    the server could not be reached, or answered with an error
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request: where it is and what it is.

    ``location`` is a path such as ``entities[3].attributes.rowCount``.
    """

    location: str
    message: str


class TidingsError(Exception):
    """Base of all errors. ``str(error)`` is one sentence for people; ``code`` is for machines.

    ``problems`` lists every separate fault where a request has several.
    """

    code: ClassVar[str] = "TIDINGS-500-000"
    status: ClassVar[int] = 500

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class InvalidRequest(TidingsError):
    code = "TIDINGS-400-000"
    status = 400


class MalformedBody(InvalidRequest):
    code = "TIDINGS-400-001"


class InvalidParameter(InvalidRequest):
    code = "TIDINGS-400-002"


class UnknownAttribute(InvalidRequest):
    code = "TIDINGS-400-003"


class InvalidValue(InvalidRequest):
    code = "TIDINGS-400-004"


class MissingAttribute(InvalidRequest):
    code = "TIDINGS-400-005"


class InvalidReference(InvalidRequest):
    code = "TIDINGS-400-006"


class DuplicateIdentity(InvalidRequest):
    code = "TIDINGS-400-007"


class NotSupported(InvalidRequest):
    code = "TIDINGS-400-008"


class InvalidTag(InvalidRequest):
    code = "TIDINGS-400-009"


class InvalidCustomMetadata(InvalidRequest):
    code = "TIDINGS-400-010"


class InvalidDefinition(InvalidRequest):
    code = "TIDINGS-400-011"


class TooLarge(InvalidRequest):
    code = "TIDINGS-413-000"
    status = 413


class NotFound(TidingsError):
    code = "TIDINGS-404-000"
    status = 404


class UnknownType(NotFound):
    """The code and the words that clients of the protocol match."""

    code = "ATLAS-404-00-001"

    def __init__(self, type_name: str, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(f"Given typename {type_name} was invalid{hint}", problems)
        self.type_name = type_name


class UnknownGuid(NotFound):
    """The code and the words that clients of the protocol match."""

    code = "ATLAS-404-00-005"

    def __init__(self, guid: str, problems: Sequence[Problem] = (), where: str = "") -> None:
        super().__init__(f"Given instance guid {guid} is invalid/not found{where}", problems)
        self.guid = guid


class UnknownName(NotFound):
    """The code and the words that clients of the protocol match."""

    code = "ATLAS-404-00-009"

    def __init__(self, type_name: str, qualified_name: str, problems: Sequence[Problem] = (), where: str = "") -> None:
        super().__init__(
            f"Instance {type_name} with unique attribute {{qualifiedName={qualified_name}}} does not exist{where}",
            problems,
        )
        self.type_name = type_name
        self.qualified_name = qualified_name


class UnknownRelationship(NotFound):
    """The code and the words that clients of the protocol match."""

    code = "ATLAS-404-00-00C"

    def __init__(self, guid: str) -> None:
        super().__init__(f"Given relationship guid {guid} is invalid/not found")
        self.guid = guid


class NoSuchPage(NotFound):
    code = "TIDINGS-404-001"


class MethodNotAllowed(TidingsError):
    code = "TIDINGS-405-000"
    status = 405


class Conflict(TidingsError):
    code = "TIDINGS-409-000"
    status = 409


class TypeExists(Conflict):
    """The code and the words that clients of the protocol match."""

    code = "ATLAS-409-00-001"

    def __init__(self, type_name: str, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(f"Given type {type_name} already exists{hint}", problems)
        self.type_name = type_name


class TypeInUse(Conflict):
    """The code and the words that clients of the protocol match."""

    code = "ATLAS-409-00-002"

    def __init__(self, type_name: str, by: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(f"Given type {type_name} has references: {by}", problems)
        self.type_name = type_name


class GlossaryExists(Conflict):
    code = "ATLAS-409-00-007"


class TermExists(Conflict):
    code = "ATLAS-409-00-009"


class CategoryExists(Conflict):
    code = "ATLAS-409-00-00A"


class Unauthenticated(TidingsError):
    code = "TIDINGS-401-000"
    status = 401


class Forbidden(TidingsError):
    code = "TIDINGS-403-000"
    status = 403


class LogTrimmed(TidingsError):
    """Somebody asks for events that are no longer kept. ``first`` is the first position that is left."""

    code = "TIDINGS-410-000"
    status = 410

    def __init__(self, after: int, first: int) -> None:
        super().__init__(
            f"the log behind position {after} was trimmed: the first position left is {first}. Start anew from "
            f"GET /api/snapshot and follow the log from its position, or go on after {first - 1} without what is gone",
            [Problem("firstPosition", str(first))],
        )
        self.after = after
        self.first = first


class TimedOut(TidingsError):
    code = "TIDINGS-408-000"
    status = 408


class TooBusy(TidingsError):
    code = "TIDINGS-429-000"
    status = 429


class StoreError(TidingsError):
    code = "TIDINGS-500-001"


class StoreInUse(StoreError):
    code = "TIDINGS-500-002"


class StoreNewer(StoreError):
    code = "TIDINGS-500-003"


class StoreDamaged(StoreError):
    code = "TIDINGS-500-004"


class StoreUnavailable(StoreError):
    code = "TIDINGS-503-000"
    status = 503


class ConfigError(TidingsError):
    code = "TIDINGS-500-005"


class ClientError(TidingsError):
    """What a server answered, or that none did (``http_status`` 0)."""

    code = "TIDINGS-500-006"

    def __init__(
        self, message: str, problems: Sequence[Problem] = (), http_status: int = 0, server_code: str = ""
    ) -> None:
        super().__init__(message, problems)
        self.http_status = http_status
        self.server_code = server_code

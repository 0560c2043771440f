"""Tags and custom metadata of a test's own, made through the door."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.api.door import Door, Json, asset, guids, named, some_connection

_numbers = count(1)
ADD, DELETE, CUSTOM = "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE", "BUSINESS_ATTRIBUTE_UPDATE"


def _attribute(name: str, type_name: str, **options: Any) -> Json:
    wanted = {"applicableEntityTypes": '["Asset"]', **options}
    return {"name": "", "displayName": name, "typeName": type_name, "options": wanted}


class Labels:
    """Two tags, of which the first has values, and one set of custom metadata; then a table with two columns."""

    def __init__(self, door: Door) -> None:
        number = next(_numbers)
        self.door = door
        self.shown, self.other_shown, self.set_shown = f"PII {number}", f"Secret {number}", f"Quality {number}"
        level = {"name": "level", "displayName": "level", "typeName": "int"}
        made = door.ask("POST", "/api/meta/types/typedefs", body={
            "classificationDefs": [
                {"name": self.shown, "displayName": self.shown, "attributeDefs": [level]},
                {"name": self.other_shown, "displayName": self.other_shown},
            ],
            "businessMetadataDefs": [{
                "name": self.set_shown, "displayName": self.set_shown,
                "attributeDefs": [
                    _attribute("Owner", "string"), _attribute("Teams", "array<string>", multiValueSelect=True),
                    _attribute("Score", "int", applicableEntityTypes='["Table"]'),
                ],
            }],
        }).json()  # fmt: skip
        tag, other = made["classificationDefs"]
        self.tag, self.other, self.level = tag["name"], other["name"], tag["attributeDefs"][0]["name"]
        [custom] = made["businessMetadataDefs"]
        self.set = custom["name"]
        self.owner, self.teams, self.score = (one["name"] for one in custom["attributeDefs"])
        self.name = f"{some_connection()}/db/s/t"
        columns = [asset("Column", f"{self.name}/{one}", table=named("Table", self.name)) for one in "ab"]
        self.table, self.a, self.b = guids(door.save(asset("Table", self.name), *columns))

    def tags(self, guid: str | None = None) -> list[Json]:
        found: list[Json] = self.door.entity(guid or self.table, ignoreRelationships="true").get("classifications", [])
        return found

    def custom(self, guid: str | None = None) -> Json:
        found: Json = self.door.entity(guid or self.table, ignoreRelationships="true").get("businessAttributes", {})
        return found

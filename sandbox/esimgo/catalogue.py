"""Catalogue: list, single bundle, compatibility, and the controls that change it."""

import json
import math
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.esimgo.catalogue_rows import all_rows
from sandbox.esimgo.formats import money
from sandbox.esimgo.office import Office, RefusedError, page_of
from sandbox.kit.books import Row
from sandbox.kit.control import BadControlError, control_body, control_route
from sandbox.kit.http import Call, Reply, dump, json_reply

DEFAULT_PAGE = 50
LARGEST_PAGE = 1000
INSERT = "insert or replace into bundle values (?,?,?,?,?,?,?,?,?,?,?,?,?)"


class Catalogue:
    """Handlers of /catalogue and of /esims/{iccid}/compatible/{bundle}."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def load(self) -> None:
        """Replace the whole catalogue by the default one, `catalogue_rows` rows long."""
        wanted = int(self._office.settings["catalogue_rows"])
        with self._books.transaction() as db:
            db.execute("delete from bundle")
            db.executemany(INSERT, (row.columns() for row in all_rows(wanted)))

    def listing(self, call: Call) -> Reply:
        """GET /catalogue: rows, page count and row count (or the bare array the schema promises)."""
        page, size = page_of(call, "perPage", DEFAULT_PAGE, LARGEST_PAGE)
        where, values = self._filters(call)
        direction = "desc" if (call.query.get("direction") or "").lower() == "desc" else "asc"
        found = self._books.number(f"select count(*) from bundle where {where}", values)
        rows = self._books.rows(
            f"select body from bundle where {where} order by name {direction} limit ? offset ?",
            (*values, size, (page - 1) * size),
        )
        listed = "[" + ",".join(row["body"] for row in rows) + "]"
        if self._office.settings["catalogue_envelope"]:
            listed = f'{{"bundles":{listed},"pageCount":{math.ceil(found / size)},"rows":{found}}}'
        return Reply(200, listed.encode())

    def _filters(self, call: Call) -> tuple[str, list[str]]:
        where, values = ["active = 1"], []
        if group := call.query.get("group"):
            where.append("instr(groups, ?) > 0")
            values.append(f"|{group}|")
        if region := call.query.get("region"):
            where.append("region = ?")
            values.append(region)
        if description := call.query.get("description"):
            where.append("instr(lower(description), ?) > 0")
            values.append(description.lower().strip("*%"))
        if countries := call.query.get("countries"):
            wanted = [f"|{iso.strip().upper()}|" for iso in countries.split(",")]
            where.append("(" + " or ".join("instr(countries, ?) > 0" for _ in wanted) + ")")
            values.extend(wanted)
        return " and ".join(where), values

    def one(self, call: Call) -> Reply:
        """GET /catalogue/bundle/{name}: the key is `group` here."""
        row = self._row(str(call.path_params["name"]))
        content = json.loads(row["body"])
        renamed = {"group" if key == "groups" else key: value for key, value in content.items()}
        return json_reply(renamed)

    def prices(self, call: Call) -> Reply:
        """GET /catalogue/prices: only for partners billed by consumption, which this one is not."""
        del call
        raise RefusedError(403, "not available for your billing type")

    def compatible(self, call: Call) -> Reply:
        """GET /esims/{iccid}/compatible/{bundle}."""
        esim = self._office.esim(call.path_params["iccid"])
        bundle = self._office.bundle(call.path_params["bundle"])
        return json_reply({"compatible": bundle.profile == esim["profile"]})

    def _row(self, name: str) -> Row:
        row = self._books.row("select * from bundle where name = ? and active = 1", (name,))
        if row is None:
            raise RefusedError(404, f"bundle {name} not found")
        return row

    def control_routes(self) -> list[BaseRoute]:
        """Change a price, take a bundle off the list, put it back, add a raw row."""
        return [
            control_route("/_control/catalogue/price", self.set_price),
            control_route("/_control/catalogue/remove", self.remove),
            control_route("/_control/catalogue/restore", self.restore),
            control_route("/_control/catalogue/add", self.add),
        ]

    async def set_price(self, request: Request) -> object:
        """{"name", "price_minor": 150 or null}."""
        body = await control_body(request)
        minor = body.get("price_minor")
        if minor is not None and (isinstance(minor, bool) or not isinstance(minor, int)):
            raise BadControlError("price_minor must be an integer or null")
        row = self._any_row(body)
        content = {**json.loads(row["body"]), "price": None if minor is None else money(minor)}
        self._books.execute(
            "update bundle set price_minor = ?, body = ? where name = ?", (minor, dump(content).decode(), row["name"])
        )
        return {"name": row["name"], "price_minor": minor}

    async def remove(self, request: Request) -> object:
        """{"name"}: off the list and no longer sold."""
        return self._switch(await control_body(request), on=False)

    async def restore(self, request: Request) -> object:
        """{"name"}: back on the list."""
        return self._switch(await control_body(request), on=True)

    def _switch(self, body: dict[str, Any], *, on: bool) -> object:
        row = self._any_row(body)
        self._books.execute("update bundle set active = ? where name = ?", (int(on), row["name"]))
        return {"name": row["name"], "active": on}

    def _any_row(self, body: dict[str, Any]) -> Row:
        row = self._books.row("select * from bundle where name = ?", (str(body.get("name")),))
        if row is None:
            raise BadControlError(f"no bundle {body.get('name')!r}")
        return row

    async def add(self, request: Request) -> object:
        """{"row": {...}}: listed exactly as given, however odd; it can be looked at but not bought."""
        body = await control_body(request)
        row = body.get("row")
        if not isinstance(row, dict) or not row.get("name"):
            raise BadControlError("row must be an object with a name")
        values = (str(row["name"]), None, 1, "Profile 1", 0, 0, 0, 1, "", "||", "||", "", dump(row).decode())
        self._books.execute(INSERT, values)
        return {"name": row["name"]}

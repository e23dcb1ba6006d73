"""The file a company travels in: a tar of one COPY text a table, and a manifest with counts and hashes.

The same rows make the same bytes: no times, no names of machines, rows by primary key.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from simplane.core import crypto
from simplane.core.errors import Refusal

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20


class BadArchive(Refusal):
    """This file is no archive of a company, or not as it was written."""

    code = "bad_archive"


class AnotherKey(Refusal):
    """The archive was written under another SIMPLANE_SECRET_KEY: its secrets could not be read here."""

    code = "another_key"
    status = 409


@dataclass(frozen=True, slots=True)
class Written:
    """One table in the archive. `shared`: some rows are not the company's own and may be at the target already."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    organization: dict[str, Any]
    """`id`, `slug`, `name`."""
    schema: dict[str, str]
    """The newest migration of each of our apps."""
    tables: tuple[Written, ...]

    def told(self) -> dict[str, Any]:
        """As JSON, with the hash over everything and its seal under the installation's key."""
        plain = {"format": FORMAT, "key": crypto.fingerprint(), **asdict(self)}
        digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
        return {**plain, "sha256": digest, "seal": crypto.sealed(digest)}

    @property
    def sha256(self) -> str:
        """Over everything: counts and hashes of all tables."""
        return str(self.told()["sha256"])


def write(path: Path, manifest: Manifest, folder: Path) -> None:
    """Put the tables of `folder` into an archive that only we can read. Raises BadArchive when the file exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadArchive(f"{path} exists already", fix="name a new file") from None
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        told = json.dumps(manifest.told(), indent=1).encode()
        tar.addfile(_entry(MANIFEST, len(told)), io.BytesIO(told))
        for table in manifest.tables:
            with (folder / table.name).open("rb") as rows:
                tar.addfile(_entry(table.name, (folder / table.name).stat().st_size), rows)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.mode = size, 0o600
    return made


class Archive:
    """An archive whose every byte was compared with its manifest."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.manifest = _manifest(self._file(MANIFEST).read())
        wanted = [MANIFEST, *(table.name for table in self.manifest.tables)]
        if tar.getnames() != wanted:
            raise BadArchive("the archive holds other files than its manifest names", fix="export the company again")
        for table in self.manifest.tables:
            self._check(table)

    def chunks(self, table: str) -> Iterator[bytes]:
        """A table's rows, as COPY wrote them."""
        file = self._file(table)
        while chunk := file.read(CHUNK):
            yield chunk

    def _check(self, table: Written) -> None:
        seen = hashlib.sha256()
        for chunk in self.chunks(table.name):
            seen.update(chunk)
        if seen.hexdigest() != table.sha256:
            raise BadArchive(f"{table.name} is not what was written", fix="export the company again")

    def _file(self, name: str) -> IO[bytes]:
        try:
            found = self._tar.extractfile(name)
        except KeyError:
            found = None
        if found is None:
            raise BadArchive(f"{name} is missing", fix="export the company again")
        return found


def opened(path: Path) -> Archive:
    """Read and compare an archive. Raises BadArchive, AnotherKey."""
    try:
        return Archive(tarfile.open(path, mode="r:"))
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise BadArchive(
            f"{path} is no archive of a company: {problem}", fix="name the file that export wrote"
        ) from None


def _manifest(raw: bytes) -> Manifest:
    try:
        told = json.loads(raw)
        tables = tuple(Written(**{**one, "columns": tuple(one["columns"])}) for one in told["tables"])
        made = Manifest(told["organization"], told["schema"], tables)
        version, key, digest, seal = told["format"], told["key"], told["sha256"], told["seal"]
    except (ValueError, KeyError, TypeError):
        raise BadArchive("its manifest can not be read", fix="export the company again") from None
    if version != FORMAT:
        raise BadArchive(f"this is format {version}, we read {FORMAT}", fix="export it with this version of Simplane")
    if key != crypto.fingerprint():
        raise AnotherKey(fix="set the SIMPLANE_SECRET_KEY of the installation it comes from")
    if digest != made.sha256 or not crypto.is_seal_of(digest, seal):
        raise BadArchive("its manifest is not what was written", fix="export the company again")
    return made

"""Front-end files: an allow-list copied into a folder that git does not keep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simplane.ops import frontend

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose packages are installed."""
    (tmp_path / "package-lock.json").write_text("{}")
    for source in frontend.FILES:
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True)
        file.write_bytes(b"body{}\n/*# sourceMappingURL=tabler.min.css.map */")
        (file.parent / "unwanted.css").write_bytes(b"")
    return tmp_path


def test_only_the_allow_list_is_copied_without_links_to_source_maps(checkout: Path) -> None:
    vendor = checkout / "vendor"

    assert frontend.copy(checkout, vendor) == len(frontend.FILES)

    assert {path.name: path.read_bytes() for path in vendor.iterdir()} == dict.fromkeys(
        frontend.FILES.values(), b"body{}\n"
    )


def test_what_is_no_longer_on_the_list_goes(checkout: Path) -> None:
    vendor = checkout / "vendor"
    vendor.mkdir()
    (vendor / "old.js").write_text("")

    frontend.copy(checkout, vendor)

    assert {path.name for path in vendor.iterdir()} == set(frontend.FILES.values())


def test_a_missing_package_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(frontend.FrontendMissing, match="npm ci --ignore-scripts"):
        frontend.copy(tmp_path, tmp_path / "vendor")


def test_packages_are_up_to_date_only_with_the_same_lock(checkout: Path) -> None:
    assert not frontend.up_to_date(checkout)
    (checkout / "node_modules" / ".simplane-lock").write_text(frontend._lock_hash(checkout))
    assert frontend.up_to_date(checkout)

    (checkout / "package-lock.json").write_text('{"changed": true}')

    assert not frontend.up_to_date(checkout)


def test_without_npm_the_message_says_what_to_install(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))

    with pytest.raises(frontend.FrontendMissing, match=r"install Node\.js 20 or newer"):
        frontend.install(checkout)


def test_the_lock_holds_hashes_and_no_address_of_a_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())

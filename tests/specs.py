"""Where the published specifications and sample payloads are, for tests that validate against them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest


def specs_dir() -> Path:
    """The folder of published specs: SIMPLANE_SPECS, else `shared/specs` beside the checkout. It may be missing."""
    given = os.environ.get("SIMPLANE_SPECS")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "specs"


def required_specs(*parts: str) -> Path:
    """A file or folder below `specs_dir()`.

    When it is missing the calling test is skipped (the specs are not part of this repository, ADR-0007), or fails
    when SIMPLANE_REQUIRE_SPECS=1.
    """
    path = specs_dir().joinpath(*parts)
    if path.exists():
        return path
    message = f"published specs are missing: {path} (set SIMPLANE_SPECS to the folder that holds them)"
    if os.environ.get("SIMPLANE_REQUIRE_SPECS") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def load_spec(*parts: str) -> Any:
    """One JSON file of the specs, parsed; skips or fails like `required_specs`."""
    return json.loads(required_specs(*parts).read_text(encoding="utf-8"))

"""A whole environment on this machine: database, stand-ins, web and worker. `run`, `chaos` and the benches stand on it."""

from __future__ import annotations

import copy
import json
import os
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simplane.ops.processes import Group, Process, free_ports, wait_for

ROOT = Path(__file__).resolve().parents[2]
DEMO_SHOP = "demo-shop.myshopify.com"
PORTS_NOTE = "ports.json"
HOW_MANY = 9
SUPPLIERS = ("esimgo", "esimaccess", "oneglobal")
PAYMENTS = {"stripe": "stripe", "stripe_test": "stripe-test"}
"""Stand-ins of Stripe by the key of their account."""


@dataclass(frozen=True)
class Ports:
    """Where everything listens, on 127.0.0.1."""

    web: int = 8000
    esimgo: int = 8011
    esimaccess: int = 8012
    shopify: int = 8013
    smtp: int = 8025
    mail: int = 8026
    stripe: int = 8015
    stripe_test: int = 8016
    """Payments of test twins: an account of its own, as at Stripe."""
    oneglobal: int = 8017

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody uses now, for runs beside each other."""
        return cls(*free_ports(HOW_MANY))

    @classmethod
    def counted_from(cls, first: int) -> Ports:
        """`first` for the web pages, those after it for the rest."""
        return cls(*range(first, first + HOW_MANY))

    @classmethod
    def noted(cls, folder: Path) -> Ports:
        """Where the environment of this state folder listened when it was last started; the usual ones before."""
        note = folder / PORTS_NOTE
        return cls(**json.loads(note.read_text())) if note.is_file() else cls()

    def note(self, folder: Path) -> None:
        """Let other commands find this environment."""
        (folder / PORTS_NOTE).write_text(json.dumps(asdict(self)))


@dataclass
class Stage:
    """Start with `open`, in steps so that callers may leave parts out; always `close`."""

    folder: Path
    database_url: str
    ports: Ports = field(default_factory=Ports)
    settings: dict[str, str] = field(default_factory=dict)
    group: Group = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.group = Group(self.folder, self.env())

    def env(self) -> dict[str, str]:
        """The environment of every process of this stage."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "simplane.config.settings",
            "DATABASE_URL": self.database_url,
            "SIMPLANE_STATE_DIR": str(self.folder),
            "SIMPLANE_BASE_URL": self.url("web"),
            "SIMPLANE_MAIL_URL": f"smtp://127.0.0.1:{self.ports.smtp}",
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    def url(self, name: str) -> str:
        """Address of a part: web, esimgo, esimaccess, oneglobal, shopify, mail, stripe, stripe_test."""
        return f"http://127.0.0.1:{getattr(self.ports, name)}"

    def start_stand_ins(self, settings: dict[str, dict[str, Any]] | None = None) -> None:
        """The outside world; books in this stage's folder. `settings`: of each stand-in, those it reads only at its start."""
        for name in (*SUPPLIERS, "shopify", "mail"):
            self.start_stand_in(name, (settings or {}).get(name, {}))
        for name in (*SUPPLIERS, "shopify", "mail"):
            wait_for(f"{self.url(name)}/_control/health", self.group.members[name])

    def start_payments(self) -> None:
        """Both modes of Stripe, which tell us what happens."""
        for name in PAYMENTS:
            self.start_stand_in(name)
        for name, key in PAYMENTS.items():
            wait_for(f"{self.url(name)}/_control/health", self.group.members[name])
            self.control(name, "settings", {"webhook_url": f"{self.url('web')}/webhooks/stripe/{key}"})

    def start_stand_in(self, name: str, settings: dict[str, Any] | None = None) -> Process:
        """One stand-in; with its old books when it had some."""
        books = self.folder / "books"
        books.mkdir(exist_ok=True)
        words = [
            "-m",
            f"sandbox.{name.removesuffix('_test')}",
            "--port",
            str(getattr(self.ports, name)),
            "--books",
            str(books / f"{name}.sqlite3"),
        ]
        if name == "mail":
            words += ["--smtp-port", str(self.ports.smtp)]
        for key, value in (settings or {}).items():
            words += ["--set", f"{key}={json.dumps(value)}"]
        return self.group.python(name, *words)

    def command(self, name: str, *words: str) -> Process:
        """Run `simplane words...` to its end. Raises CommandFailed."""
        process = self.group.python(name, "-m", "simplane.cli", *words)
        assert process.handle is not None
        code = process.handle.wait()
        del self.group.members[name]
        if code:
            raise CommandFailed(f"simplane {' '.join(words)} ended with {code}:\n{process.tail()}")
        return process

    def setup_file(self, change: dict[str, Any] | None = None) -> Path:
        """The demo setup with this stage's addresses; `change` is merged over the options of every supplier."""
        setup = json.loads((ROOT / "setup" / "demo.json").read_text())
        made = _with_addresses(setup, self)
        for supplier in made["suppliers"]:
            supplier["options"] = {**supplier.get("options", {}), **(change or {})}
        path = self.folder / "setup.json"
        path.write_text(json.dumps(made, indent=1))
        return path

    def start_web(self) -> Process:
        """The web process, ready to answer."""
        process = self.group.python("web", "-m", "simplane.cli", "web", "--bind", f"127.0.0.1:{self.ports.web}")
        wait_for(f"{self.url('web')}/healthz", process)
        return process

    def start_worker(self, name: str = "worker") -> Process:
        """A worker process."""
        return self.group.python(name, "-m", "simplane.cli", "worker")

    def control(self, name: str, path: str, body: object | None = None, *, method: str = "POST") -> Any:
        """Call a stand-in's control address; returns its JSON."""
        return call(f"{self.url(name)}/_control/{path}", body, method=method)

    def prepare(self, options: dict[str, Any] | None = None, *, reseller: bool = False) -> None:
        """Tables, demo data, catalogues, a login; then the outside world learns where our webhooks are."""
        words = ["--setup", str(self.setup_file(options)), "--report", str(self.report)]
        self.command("prepare", "prepare", *words, *(["--reseller"] if reseller else []))
        self.point_webhooks_here()

    @property
    def report(self) -> Path:
        """What `prepare` tells the outside world."""
        return self.folder / "prepared.json"

    def point_webhooks_here(self) -> None:
        """The shop's subscriptions and eSIM Go's callback are set by hand in the real world; the others' by API."""
        tokens: dict[str, str] = json.loads(self.report.read_text())["webhook_tokens"]
        self.control("shopify", "settings", {"webhook_url": f"{self.url('web')}/webhooks/shopify/demo"})
        address = f"{self.url('web')}/webhooks/suppliers"
        for code, token in tokens.items():
            if code == "esimgo":
                self.control("esimgo", "settings", {"callback_url": f"{address}/{code}/{token}", "callback_version": 3})
            elif code in SUPPLIERS:
                self.control(code, "settings", {"webhook_url": f"{address}/{code}/{token}"})

    def close(self) -> None:
        """Stop everything this stage started."""
        self.group.stop()


class CommandFailed(RuntimeError):
    """A command of ours failed; the text holds the end of its output."""


def call(url: str, body: object | None = None, *, method: str = "POST", headers: dict[str, str] | None = None) -> Any:
    """A JSON call to a loopback address of this stage. Raises urllib.error.HTTPError."""
    data = json.dumps(body if body is not None else {}).encode() if method != "GET" else None
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, method=method, headers=sent)  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else None


def _with_addresses(setup: dict[str, Any], stage: Stage) -> dict[str, Any]:
    made = copy.deepcopy(setup)
    for supplier in made["suppliers"]:
        supplier["base_url"] = stage.url(supplier["vendor"]) + _path(supplier["base_url"])
    for shop in made["shops"]:
        shop["api_url"] = f"{stage.url('shopify')}{_path(shop['api_url'])}"
    for account in made["payments"]:
        account["api_url"] = stage.url(account["key"].replace("-", "_"))
    return made


def _path(url: str) -> str:
    after = url.split("://", 1)[-1]
    return "/" + after.split("/", 1)[1] if "/" in after else ""

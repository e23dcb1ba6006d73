"""Where requests to customers' addresses may go."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from django.conf import settings

from simplane.core.reach import AddressRefused, may_reach, read_target

NEVER = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::ffff:0:7f00:1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "2002:808:808::", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "fe80::1%eth0",
    "2a00:1450::1%eth0",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]


def _set(monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    monkeypatch.setattr(settings, "SIMPLANE", settings.SIMPLANE.model_copy(update=fields))


@pytest.mark.parametrize("address", NEVER)
def test_nothing_goes_to(address: str) -> None:
    assert not may_reach(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached(address: str) -> None:
    assert may_reach(ip_address(address))


def test_this_machine_is_reached_only_where_a_setting_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, allow_loopback_targets=True)
    assert may_reach(ip_address("127.0.0.1"))
    assert may_reach(ip_address("::1"))
    assert not any(may_reach(ip_address(one)) for one in ("10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"))


BAD_URLS = [
    "", "hooks.example.com", "//hooks.example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
    "https://", "https:///x", "https://user:pw@example.com/", "https://user@example.com/", "https://@example.com/",
    "https://example.com/#part", "https://example.com:22/", "https://example.com:0/", "https://example.com:99999/",
    "https://example.com:6379/", "https://exa mple.com/", "https://example.com/a b", "https://example.com/\r\nHost: x",
    "https://example.com\\@127.0.0.1/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/",
    "https://0x7f000001/", "https://0177.0.0.1/", "https://127.0.0.1./", "https://1.2.3/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[fe80::1%25eth0]/",
    "https://[::1/", "https://169.254.169.254/latest/meta-data/", "https://example..com/", "https://.example.com/",
    "https://münchen.example/", "https://%31%32%37.0.0.1/", "https://①②⑦.0.0.1/", "https://example.com/" + "a" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_odd_url_is_refused_with_what_to_write_instead(url: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        read_target(url)
    assert caught.value.fix


def test_plain_http_is_for_trying_out_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_target("http://example.com/x").port == 80
    _set(monkeypatch, environment="production")
    with pytest.raises(AddressRefused, match="https"):
        read_target("http://example.com/x")


def test_a_good_url_is_read_into_its_parts() -> None:
    found = read_target("https://Hooks.Example.com:8443/a/b?c=d&e=%20")
    assert (found.host, found.port, found.path) == ("hooks.example.com", 8443, "/a/b?c=d&e=%20")
    assert found.host_header == "hooks.example.com:8443"
    assert read_target("https://[2606:4700:4700::1111]").host_header == "[2606:4700:4700::1111]"

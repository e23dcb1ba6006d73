"""Everything a traveller reads, as one typed shape: a language that lacks a text does not pass the type check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The install steps of one kind of phone, in the words of its own menus."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallTexts:
    """Shared by the mail and the install page."""

    one_tap_ios: str
    one_tap_android: str
    type_in: str
    type_in_how: str
    smdp: str
    activation_code: str
    whole_code: str
    confirmation_code: str
    """The label of the code itself."""
    confirmation_code_how: str
    confirmation_code_missing: str
    """Where the supplier gave none."""
    apn: str
    """Takes {apn}."""
    qr_alt: str
    of_several: str
    """Takes {number} and {count}."""
    before: tuple[str, ...]
    before_title: str
    keep_private: str
    steps_title: str
    iphone: Guide
    samsung: Guide
    android: Guide


@dataclass(frozen=True, slots=True, kw_only=True)
class MailKind:
    """Subject, headline and opening paragraphs of one kind of mail; all take {order}, {product} and {amount}."""

    subject: str
    title: str
    opening: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTexts:
    """Only in mails."""

    hello: str
    """Takes {name}."""
    hello_nobody: str
    esim_ready: MailKind
    esim_replaced: MailKind
    order_late: MailKind
    order_refunded: MailKind
    data_added: MailKind
    one_tap: str
    one_tap_needs: str
    scan: str
    scan_how: str
    page: str
    page_what: str
    order_page: str
    attached: str
    file_name: str
    """Of the attached picture, ASCII."""
    help: str
    """Takes {order}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTexts:
    """How one state is told: a word for lists, a headline and a sentence."""

    word: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTexts:
    """Only on the pages."""

    page_title: str
    """Takes {product}."""
    order_title: str
    """Takes {order}."""
    order_text: str
    order_name: str
    """Takes {order}."""
    open_unit: str
    """Takes {number}."""
    language: str
    skip: str
    preparing: StateTexts
    delayed: StateTexts
    ready: StateTexts
    installed: StateTexts
    active: StateTexts
    used_up: StateTexts
    expired: StateTexts
    removed: StateTexts
    suspended: StateTexts
    cancelled: StateTexts
    failed: StateTexts
    ended: StateTexts
    withdrawn: str
    """Beside a unit whose own link was revoked."""
    install: str
    this_phone: str
    this_phone_how: str
    nothing_happens_ios: str
    nothing_happens_android: str
    hold_qr_ios: str
    scan: str
    scan_how: str
    other_phone: str
    other_phone_how: str
    show_codes: str
    save_qr: str
    copy: str
    copied: str
    your_esim: str
    plan: str
    data: str
    left_of: str
    """Takes {left} and {total}."""
    used: str
    """Takes {used}."""
    unlimited: str
    a_day: str
    """Takes {amount}."""
    measured: str
    """Takes {age}, such as `2 hours ago`."""
    measured_now: str
    not_measured: str
    duration: str
    days: str
    """Takes {days}; `{days} day` when it is one."""
    day: str
    from_install: str
    """When the days begin to count."""
    from_first_use: str
    from_purchase: str
    valid_until: str
    ended_on: str
    where: str
    state: str
    check_again: str
    checks_itself: str
    help_title: str
    help: tuple[str, ...]
    help_contact: str
    """Takes {order}."""
    ask_title: str
    ask: str
    """Takes {order}."""
    gone_title: str
    gone_text: str
    gone_help: str
    gone_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language, whole."""

    code: str
    """As in HTML's lang attribute."""
    name: str
    """In its own words."""
    formats: str
    """Babel's locale for numbers and dates."""
    install: InstallTexts
    mail: MailTexts
    page: PageTexts

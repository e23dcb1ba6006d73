"""English."""

# ruff: noqa: E501  a translator sees a sentence whole on its line

from __future__ import annotations

from simplane.delivery.languages.shape import (
    Guide,
    InstallTexts,
    Language,
    MailKind,
    MailTexts,
    PageTexts,
    StateTexts,
)

_ARRIVE_IPHONE = "When you arrive: open Settings > Mobile Service (or Cellular), choose the travel eSIM, and switch on Turn On This Line and Data Roaming."

INSTALL = InstallTexts(
    one_tap_ios="Install on this iPhone",
    one_tap_android="Install on this Android phone",
    type_in="Type it in",
    type_in_how="If scanning does not work, choose “Enter Details Manually” on the phone and copy these lines.",
    smdp="SM-DP+ address",
    activation_code="Activation code",
    whole_code="Whole code, for phones that have only one field",
    confirmation_code="Confirmation code",
    confirmation_code_how="Your phone asks for the confirmation code while it loads the eSIM.",
    confirmation_code_missing="Your phone will also ask for a confirmation code. We do not have it yet: please write to us.",
    apn="If data does not start, set the access point (APN) to {apn}.",
    qr_alt="QR code that installs this eSIM",
    of_several="eSIM {number} of {count}",
    before_title="Before you start",
    before=(
        "You need Wi-Fi, and a phone that supports eSIM and is not locked to a network.",
        "You can install at home. Switch the eSIM on when you arrive.",
        "Do not delete it after installing: most eSIMs can be installed only once.",
    ),
    keep_private="Keep this code to yourself: whoever has it can take your eSIM.",
    steps_title="Step by step",
    iphone=Guide(
        title="iPhone",
        steps=(
            "Open Settings > Mobile Service (or Cellular) > Add eSIM, then choose Use QR Code.",
            "Scan the code, or choose Enter Details Manually and type in both lines.",
            "Tap Continue until the phone says that the eSIM is set up. This can take some minutes.",
            "Call the new line “Travel”. Keep your usual line for calls and choose Travel for mobile data.",
            _ARRIVE_IPHONE,
        ),
    ),
    samsung=Guide(
        title="Samsung Galaxy",
        steps=(
            "Open Settings > Connections > SIM manager > Add eSIM, then choose Scan QR code.",
            "Scan the code, or choose Enter activation code and type in the whole code.",
            "Tap Add and wait until the eSIM appears in the SIM manager.",
            "In the SIM manager, choose the new eSIM for mobile data.",
            "When you arrive: open Settings > Connections > Mobile networks and switch on Data roaming.",
        ),
    ),
    android=Guide(
        title="Google Pixel and other Android phones",
        steps=(
            "Open Settings > Network & internet > SIMs > Add SIM, then choose Set up an eSIM.",
            "Scan the code, or choose Need help? > Enter it manually and type in the whole code.",
            "Tap Download and wait until the phone says that the eSIM is ready.",
            "Under SIMs, choose the new eSIM and switch on Mobile data.",
            "When you arrive: open Settings > Network & internet > SIMs, choose the eSIM and switch on Roaming.",
        ),
    ),
)

MAIL = MailTexts(
    hello="Hello {name},",
    hello_nobody="Hello,",
    esim_ready=MailKind(
        subject="Your eSIM is ready: {product}",
        title="Your eSIM is ready",
        opening=("Here is your eSIM {product} from order {order}. Installing it takes about five minutes.",),
    ),
    esim_replaced=MailKind(
        subject="Your new eSIM: {product}",
        title="Your eSIM was replaced",
        opening=(
            "We have replaced your eSIM {product} from order {order}. Please install this new one.",
            "The earlier code no longer works. If you had installed the earlier eSIM, remove it from your phone.",
        ),
    ),
    order_late=MailKind(
        subject="Order {order} takes a little longer",
        title="Your eSIM takes a little longer",
        opening=(
            "Your order {order} is paid and safe with us, but preparing your eSIM takes longer than usual.",
            "You need do nothing. We send it to this address as soon as it is ready.",
        ),
    ),
    order_refunded=MailKind(
        subject="Order {order}: your money comes back",
        title="We have refunded your order",
        opening=(
            "We have refunded {amount} for order {order}. It goes back the way you paid.",
            "Depending on your bank this takes some working days. We are sorry that it did not work out.",
        ),
    ),
    data_added=MailKind(
        subject="Data added: {product}",
        title="Your eSIM has more data",
        opening=(
            "{product} was added to your eSIM (order {order}).",
            "You need do nothing: there is nothing to install. The new data counts as soon as your phone is online.",
        ),
    ),
    one_tap="Reading this on the phone that gets the eSIM?",
    one_tap_needs="This needs iOS 17.4 or later, or Android 10 or later.",
    scan="Or scan the code",
    scan_how="Open this mail on another screen and scan the code with the phone that gets the eSIM.",
    page="Your install page",
    page_what="It shows the same codes, the steps for your phone, and later how much data is left:",
    order_page="You can follow your order here:",
    attached="The QR code is also attached as a picture.",
    file_name="esim-qr-code.png",
    help="Questions? Just answer this mail and name order {order}.",
)

PAGE = PageTexts(
    page_title="Your eSIM: {product}",
    order_title="Your eSIMs from order {order}",
    order_text="Each eSIM goes on one phone. Open one to install it or to see how much data is left.",
    order_name="Order {order}",
    open_unit="Open eSIM {number}",
    language="Language",
    skip="Skip to content",
    preparing=StateTexts(
        word="Being prepared",
        title="Your eSIM is being prepared",
        text="This usually takes less than a minute. We also send it to you by e-mail; you may close this page.",
    ),
    delayed=StateTexts(
        word="Takes longer",
        title="Your eSIM takes a little longer",
        text="Your order is safe. We are working on it and send you an e-mail as soon as the eSIM is ready.",
    ),
    ready=StateTexts(
        word="Ready to install",
        title="Your eSIM is ready",
        text="Installing it takes about five minutes. You can do it at home, before you travel.",
    ),
    installed=StateTexts(
        word="Installed",
        title="Your eSIM is installed",
        text="Switch it on when you arrive, and switch on data roaming for it.",
    ),
    active=StateTexts(
        word="In use",
        title="Your eSIM is in use",
        text="Everything works as it should.",
    ),
    used_up=StateTexts(
        word="Data used up",
        title="Your data is used up",
        text="This eSIM has no data left.",
    ),
    expired=StateTexts(
        word="Expired",
        title="Your eSIM has expired",
        text="Its days are over. You can remove it from your phone.",
    ),
    removed=StateTexts(
        word="Removed",
        title="Your eSIM was removed from the phone",
        text="Some eSIMs can be installed again with the same code. If the phone refuses it, please write to us.",
    ),
    suspended=StateTexts(
        word="Paused",
        title="Your eSIM is paused",
        text="It is switched off for now. Please write to us if you do not know why.",
    ),
    cancelled=StateTexts(
        word="Cancelled",
        title="This eSIM was cancelled",
        text="It can not be installed any more.",
    ),
    failed=StateTexts(
        word="Not delivered",
        title="This eSIM could not be delivered",
        text="We are sorry. You hear from us by e-mail about what happens to your money.",
    ),
    ended=StateTexts(
        word="Ended",
        title="Your eSIM has ended",
        text="It was switched off for good. You can remove it from your phone.",
    ),
    withdrawn="Its link is no longer valid",
    install="Install",
    this_phone="On this phone",
    this_phone_how="One tap opens your phone’s own set-up.",
    nothing_happens_ios="Nothing happens? Open this page in Safari. Your iPhone needs iOS 17.4 or later.",
    nothing_happens_android="Nothing happens? Open this page in Chrome, or use the code below.",
    hold_qr_ios="You can also touch and hold the QR code and tap Add eSIM.",
    scan="Scan with your phone",
    scan_how="Point the camera of the phone that gets the eSIM at this code.",
    other_phone="For another phone: scan",
    other_phone_how="Point the camera of the other phone at this code.",
    show_codes="Show the install codes again",
    save_qr="Save the QR code as a picture",
    copy="Copy",
    copied="Copied",
    your_esim="Your eSIM",
    plan="Plan",
    data="Data",
    left_of="{left} of {total} left",
    used="{used} used",
    unlimited="Unlimited",
    a_day="{amount} a day",
    measured="measured {age}",
    measured_now="measured just now",
    not_measured="not measured yet",
    duration="Duration",
    days="{days} days",
    day="{days} day",
    from_install="counted from the installation",
    from_first_use="counted from the first connection",
    from_purchase="counted from the purchase",
    valid_until="Valid until",
    ended_on="Ended on",
    where="Works in",
    state="State",
    check_again="Check again",
    checks_itself="This page checks by itself.",
    help_title="If something does not work",
    help=(
        "No data after arriving: check that the travel eSIM is chosen for mobile data and that data roaming is on for it.",
        "Still nothing: switch airplane mode on, wait ten seconds, switch it off.",
        "The phone says the code was used already: look in the phone’s SIM settings, the eSIM is probably there.",
    ),
    help_contact="Still stuck? Answer the e-mail you got with your eSIM and name order {order}.",
    ask_title="Questions?",
    ask="Answer any e-mail about your order, or write to the shop where you bought it, and name order {order}.",
    gone_title="This link is not valid",
    gone_text="It may be incomplete, or it was replaced by a newer one.",
    gone_help="What to do",
    gone_steps=(
        "Open the link in our newest e-mail to you. In some mail apps a long link breaks: copy all of it.",
        "If that does not help, answer that e-mail or write to the shop where you bought the eSIM.",
    ),
)

LANGUAGE = Language(code="en", name="English", formats="en_GB", install=INSTALL, mail=MAIL, page=PAGE)

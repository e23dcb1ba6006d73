"""German."""

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

_ARRIVE_IPHONE = "Am Ziel: Öffnen Sie Einstellungen > Mobilfunk, wählen Sie die Reise-eSIM und schalten Sie „Diese Leitung aktivieren“ und „Datenroaming“ ein."

INSTALL = InstallTexts(
    one_tap_ios="Auf diesem iPhone installieren",
    one_tap_android="Auf diesem Android-Telefon installieren",
    type_in="Eintippen",
    type_in_how="Falls das Scannen nicht klappt: Wählen Sie am Telefon „Details manuell eingeben“ und kopieren Sie diese Zeilen.",
    smdp="SM-DP+-Adresse",
    activation_code="Aktivierungscode",
    whole_code="Ganzer Code, für Telefone mit nur einem Feld",
    confirmation_code="Bestätigungscode",
    confirmation_code_how="Ihr Telefon fragt nach dem Bestätigungscode, während es die eSIM lädt.",
    confirmation_code_missing="Ihr Telefon fragt außerdem nach einem Bestätigungscode. Er liegt uns noch nicht vor: Bitte schreiben Sie uns.",
    apn="Falls die Daten nicht starten, tragen Sie als Zugangspunkt (APN) {apn} ein.",
    qr_alt="QR-Code, der diese eSIM installiert",
    of_several="eSIM {number} von {count}",
    before_title="Bevor Sie beginnen",
    before=(
        "Sie brauchen WLAN und ein Telefon, das eSIM kann und nicht an ein Netz gebunden ist.",
        "Sie können zu Hause installieren. Schalten Sie die eSIM am Ziel ein.",
        "Löschen Sie sie danach nicht: Die meisten eSIMs lassen sich nur einmal installieren.",
    ),
    keep_private="Behalten Sie diesen Code für sich: Wer ihn hat, kann Ihre eSIM nehmen.",
    steps_title="Schritt für Schritt",
    iphone=Guide(
        title="iPhone",
        steps=(
            "Öffnen Sie Einstellungen > Mobilfunk > eSIM hinzufügen und wählen Sie „QR-Code verwenden“.",
            "Scannen Sie den Code, oder wählen Sie „Details manuell eingeben“ und tippen Sie beide Zeilen ein.",
            "Tippen Sie auf „Fortfahren“, bis das Telefon meldet, dass die eSIM bereit ist. Das kann einige Minuten dauern.",
            "Nennen Sie die neue Leitung „Reise“. Behalten Sie Ihre gewohnte Leitung für Anrufe und wählen Sie „Reise“ für mobile Daten.",
            _ARRIVE_IPHONE,
        ),
    ),
    samsung=Guide(
        title="Samsung Galaxy",
        steps=(
            "Öffnen Sie Einstellungen > Verbindungen > SIM-Manager > eSIM hinzufügen und wählen Sie „QR-Code scannen“.",
            "Scannen Sie den Code, oder wählen Sie „Aktivierungscode eingeben“ und tippen Sie den ganzen Code ein.",
            "Tippen Sie auf „Hinzufügen“ und warten Sie, bis die eSIM im SIM-Manager erscheint.",
            "Wählen Sie im SIM-Manager die neue eSIM für mobile Daten.",
            "Am Ziel: Öffnen Sie Einstellungen > Verbindungen > Mobile Netzwerke und schalten Sie Datenroaming ein.",
        ),
    ),
    android=Guide(
        title="Google Pixel und andere Android-Telefone",
        steps=(
            "Öffnen Sie Einstellungen > Netzwerk & Internet > SIMs > SIM hinzufügen und wählen Sie „eSIM einrichten“.",
            "Scannen Sie den Code, oder wählen Sie „Hilfe“ > „Manuell eingeben“ und tippen Sie den ganzen Code ein.",
            "Tippen Sie auf „Herunterladen“ und warten Sie, bis das Telefon meldet, dass die eSIM bereit ist.",
            "Wählen Sie unter SIMs die neue eSIM und schalten Sie mobile Daten ein.",
            "Am Ziel: Öffnen Sie Einstellungen > Netzwerk & Internet > SIMs, wählen Sie die eSIM und schalten Sie Roaming ein.",
        ),
    ),
)

MAIL = MailTexts(
    hello="Guten Tag {name},",
    hello_nobody="Guten Tag,",
    esim_ready=MailKind(
        subject="Ihre eSIM ist bereit: {product}",
        title="Ihre eSIM ist bereit",
        opening=(
            "hier ist Ihre eSIM {product} aus der Bestellung {order}. Die Installation dauert etwa fünf Minuten.",
        ),
    ),
    esim_replaced=MailKind(
        subject="Ihre neue eSIM: {product}",
        title="Ihre eSIM wurde ersetzt",
        opening=(
            "wir haben Ihre eSIM {product} aus der Bestellung {order} ersetzt. Bitte installieren Sie diese neue.",
            "Der frühere Code gilt nicht mehr. Falls Sie die frühere eSIM installiert hatten, entfernen Sie sie vom Telefon.",
        ),
    ),
    order_late=MailKind(
        subject="Bestellung {order} dauert etwas länger",
        title="Ihre eSIM dauert etwas länger",
        opening=(
            "Ihre Bestellung {order} ist bezahlt und sicher bei uns, aber Ihre eSIM braucht länger als üblich.",
            "Sie müssen nichts tun. Wir senden sie an diese Adresse, sobald sie bereit ist.",
        ),
    ),
    order_refunded=MailKind(
        subject="Bestellung {order}: Ihr Geld kommt zurück",
        title="Wir haben Ihre Bestellung erstattet",
        opening=(
            "wir haben {amount} für die Bestellung {order} erstattet. Das Geld kommt auf dem Weg zurück, auf dem Sie bezahlt haben.",
            "Je nach Bank dauert das einige Werktage. Es tut uns leid, dass es nicht geklappt hat.",
        ),
    ),
    data_added=MailKind(
        subject="Daten aufgeladen: {product}",
        title="Ihre eSIM hat wieder mehr Daten",
        opening=(
            "{product} wurde auf Ihre eSIM geladen (Bestellung {order}).",
            "Sie müssen nichts tun und nichts installieren. Die neuen Daten gelten, sobald Ihr Telefon online ist.",
        ),
    ),
    one_tap="Lesen Sie das auf dem Telefon, das die eSIM bekommt?",
    one_tap_needs="Dafür brauchen Sie iOS 17.4 oder neuer, oder Android 10 oder neuer.",
    scan="Oder den Code scannen",
    scan_how="Öffnen Sie diese Mail auf einem anderen Bildschirm und scannen Sie den Code mit dem Telefon, das die eSIM bekommt.",
    page="Ihre Installationsseite",
    page_what="Sie zeigt dieselben Codes, die Schritte für Ihr Telefon und später, wie viele Daten übrig sind:",
    order_page="Hier können Sie Ihre Bestellung verfolgen:",
    attached="Der QR-Code liegt auch als Bild bei.",
    file_name="esim-qr-code.png",
    help="Fragen? Antworten Sie einfach auf diese Mail und nennen Sie die Bestellung {order}.",
)

PAGE = PageTexts(
    page_title="Ihre eSIM: {product}",
    order_title="Ihre eSIMs aus der Bestellung {order}",
    order_text="Jede eSIM gehört auf ein Telefon. Öffnen Sie eine, um sie zu installieren oder das Datenvolumen zu sehen.",
    order_name="Bestellung {order}",
    open_unit="eSIM {number} öffnen",
    language="Sprache",
    skip="Zum Inhalt springen",
    preparing=StateTexts(
        word="In Vorbereitung",
        title="Ihre eSIM wird vorbereitet",
        text="Das dauert meist weniger als eine Minute. Wir senden sie auch per E-Mail; Sie können diese Seite schließen.",
    ),
    delayed=StateTexts(
        word="Dauert länger",
        title="Ihre eSIM dauert etwas länger",
        text="Ihre Bestellung ist sicher. Wir arbeiten daran und schreiben Ihnen, sobald die eSIM bereit ist.",
    ),
    ready=StateTexts(
        word="Bereit zur Installation",
        title="Ihre eSIM ist bereit",
        text="Die Installation dauert etwa fünf Minuten. Sie können sie zu Hause machen, bevor Sie reisen.",
    ),
    installed=StateTexts(
        word="Installiert",
        title="Ihre eSIM ist installiert",
        text="Schalten Sie sie am Ziel ein und aktivieren Sie für sie das Datenroaming.",
    ),
    active=StateTexts(
        word="In Benutzung",
        title="Ihre eSIM ist in Benutzung",
        text="Alles funktioniert, wie es soll.",
    ),
    used_up=StateTexts(
        word="Daten verbraucht",
        title="Ihre Daten sind verbraucht",
        text="Diese eSIM hat kein Datenvolumen mehr.",
    ),
    expired=StateTexts(
        word="Abgelaufen",
        title="Ihre eSIM ist abgelaufen",
        text="Ihre Laufzeit ist zu Ende. Sie können sie vom Telefon entfernen.",
    ),
    removed=StateTexts(
        word="Entfernt",
        title="Ihre eSIM wurde vom Telefon entfernt",
        text="Manche eSIMs lassen sich mit demselben Code noch einmal installieren. Falls das Telefon ablehnt, schreiben Sie uns bitte.",
    ),
    suspended=StateTexts(
        word="Pausiert",
        title="Ihre eSIM ist pausiert",
        text="Sie ist vorerst abgeschaltet. Bitte schreiben Sie uns, falls Sie nicht wissen, warum.",
    ),
    cancelled=StateTexts(
        word="Storniert",
        title="Diese eSIM wurde storniert",
        text="Sie kann nicht mehr installiert werden.",
    ),
    failed=StateTexts(
        word="Nicht geliefert",
        title="Diese eSIM konnte nicht geliefert werden",
        text="Es tut uns leid. Sie hören per E-Mail von uns, was mit Ihrem Geld geschieht.",
    ),
    ended=StateTexts(
        word="Beendet",
        title="Ihre eSIM ist beendet",
        text="Sie wurde endgültig abgeschaltet. Sie können sie vom Telefon entfernen.",
    ),
    withdrawn="Ihr Link gilt nicht mehr",
    install="Installieren",
    this_phone="Auf diesem Telefon",
    this_phone_how="Ein Tippen öffnet die Einrichtung Ihres Telefons.",
    nothing_happens_ios="Nichts passiert? Öffnen Sie diese Seite in Safari. Ihr iPhone braucht iOS 17.4 oder neuer.",
    nothing_happens_android="Nichts passiert? Öffnen Sie diese Seite in Chrome oder nehmen Sie den Code unten.",
    hold_qr_ios="Sie können auch den QR-Code gedrückt halten und auf „eSIM hinzufügen“ tippen.",
    scan="Mit dem Telefon scannen",
    scan_how="Richten Sie die Kamera des Telefons, das die eSIM bekommt, auf diesen Code.",
    other_phone="Für ein anderes Telefon: scannen",
    other_phone_how="Richten Sie die Kamera des anderen Telefons auf diesen Code.",
    show_codes="Die Installationscodes noch einmal zeigen",
    save_qr="QR-Code als Bild sichern",
    copy="Kopieren",
    copied="Kopiert",
    your_esim="Ihre eSIM",
    plan="Tarif",
    data="Daten",
    left_of="noch {left} von {total}",
    used="{used} verbraucht",
    unlimited="Unbegrenzt",
    a_day="{amount} am Tag",
    measured="gemessen {age}",
    measured_now="eben gemessen",
    not_measured="noch nicht gemessen",
    duration="Dauer",
    days="{days} Tage",
    day="{days} Tag",
    from_install="gezählt ab der Installation",
    from_first_use="gezählt ab der ersten Verbindung",
    from_purchase="gezählt ab dem Kauf",
    valid_until="Gültig bis",
    ended_on="Beendet am",
    where="Gilt in",
    state="Zustand",
    check_again="Noch einmal prüfen",
    checks_itself="Diese Seite prüft von selbst.",
    help_title="Wenn etwas nicht klappt",
    help=(
        "Keine Daten nach der Ankunft: Prüfen Sie, ob die Reise-eSIM für mobile Daten gewählt und ihr Datenroaming an ist.",
        "Immer noch nichts: Schalten Sie den Flugmodus ein, warten Sie zehn Sekunden, schalten Sie ihn aus.",
        "Das Telefon meldet, der Code sei schon benutzt: Sehen Sie in den SIM-Einstellungen nach, die eSIM ist wohl schon da.",
    ),
    help_contact="Immer noch Schwierigkeiten? Antworten Sie auf die E-Mail mit Ihrer eSIM und nennen Sie die Bestellung {order}.",
    ask_title="Fragen?",
    ask="Antworten Sie auf eine E-Mail zu Ihrer Bestellung oder schreiben Sie dem Shop und nennen Sie die Bestellung {order}.",
    gone_title="Dieser Link gilt nicht",
    gone_text="Vielleicht ist er unvollständig, oder ein neuerer hat ihn ersetzt.",
    gone_help="Was Sie tun können",
    gone_steps=(
        "Öffnen Sie den Link in unserer neuesten E-Mail an Sie. In manchen Programmen bricht ein langer Link um: Kopieren Sie ihn ganz.",
        "Falls das nicht hilft, antworten Sie auf diese E-Mail oder schreiben Sie dem Shop, in dem Sie die eSIM gekauft haben.",
    ),
)

LANGUAGE = Language(code="de", name="Deutsch", formats="de", install=INSTALL, mail=MAIL, page=PAGE)

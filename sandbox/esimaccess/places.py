"""Where the catalogue sells: countries with some of their networks, and regions made of them."""

from dataclasses import dataclass
from functools import cache

COUNTRIES = """
AE United Arab Emirates|Etisalat,du
AL Albania|One,Vodafone
AM Armenia|Ucom,Team
AR Argentina|Claro,Personal
AT Austria|A1,Drei,Magenta
AU Australia|Optus,Telstra
AZ Azerbaijan|Azercell,Bakcell
BA Bosnia and Herzegovina|BH Telecom,m:tel
BD Bangladesh|Robi,Banglalink
BE Belgium|Proximus,Orange
BG Bulgaria|A1,Vivacom
BH Bahrain|Batelco,Zain
BN Brunei|DST
BO Bolivia|Entel,Tigo
BR Brazil|Claro,TIM,Vivo
BW Botswana|Mascom
CA Canada|Bell,Rogers,Telus
CD Congo (Kinshasa)|Vodacom
CG Congo (Brazzaville)|Airtel
CH Switzerland|Salt,Sunrise,Swisscom
CI Ivory Coast|Orange,MTN
CL Chile|Entel,Movistar
CM Cameroon|MTN
CN China|China Mobile,China Unicom
CO Colombia|Claro,Tigo
CR Costa Rica|Kolbi,Liberty
CY Cyprus|Cyta,Epic
CZ Czech Republic|O2,T-Mobile,Vodafone
DE Germany|O2,Telekom,Vodafone
DK Denmark|3,TDC,Telia
DO Dominican Republic|Altice,Claro
DZ Algeria|Djezzy,Ooredoo
EC Ecuador|Claro,Movistar
EE Estonia|Elisa,Telia,Tele2
EG Egypt|Etisalat,Orange,Vodafone
ES Spain|Movistar,Orange,Vodafone
FI Finland|DNA,Elisa,Telia
FJ Fiji|Vodafone
FO Faroe Islands|Foroya Tele
FR France|Bouygues,Free,Orange,SFR
GA Gabon|Airtel
GB United Kingdom|3,EE,O2,Vodafone
GE Georgia|Magti,Silknet
GF French Guiana|Orange
GG Guernsey|Sure
GH Ghana|MTN,Telecel
GI Gibraltar|Gibtelecom
GP Guadeloupe|Orange
GR Greece|Cosmote,Nova,Vodafone
GT Guatemala|Claro,Tigo
GU Guam|GTA
HK Hong Kong|3,CSL,SmarTone
HN Honduras|Claro,Tigo
HR Croatia|A1,HT,Telemach
HU Hungary|Magyar Telekom,Vodafone,Yettel
ID Indonesia|Indosat,Telkomsel,XL
IE Ireland|3,Eir,Vodafone
IL Israel|Cellcom,Partner
IM Isle of Man|Sure
IN India|Airtel,Jio
IQ Iraq|Asiacell,Zain
IS Iceland|Nova,Siminn
IT Italy|Iliad,TIM,Vodafone,WindTre
JE Jersey|Sure
JM Jamaica|Digicel,Flow
JO Jordan|Orange,Zain
JP Japan|KDDI,NTT Docomo,SoftBank
KE Kenya|Airtel,Safaricom
KG Kyrgyzstan|Beeline
KH Cambodia|Metfone,Smart
KR South Korea|KT,LG U+,SK Telecom
KW Kuwait|Ooredoo,Zain
KZ Kazakhstan|Beeline,Kcell
LA Laos|Lao Telecom,Unitel
LI Liechtenstein|FL1
LK Sri Lanka|Dialog,Mobitel
LT Lithuania|Bite,Tele2,Telia
LU Luxembourg|Orange,Post,Tango
LV Latvia|Bite,LMT,Tele2
MA Morocco|inwi,Maroc Telecom,Orange
MC Monaco|Monaco Telecom
MD Moldova|Moldcell,Orange
ME Montenegro|m:tel,One
MG Madagascar|Telma
MK North Macedonia|A1,Telekom
ML Mali|Orange
MM Myanmar|ATOM,MPT
MN Mongolia|Mobicom,Unitel
MO Macao|3,CTM
MQ Martinique|Orange
MT Malta|Epic,GO
MU Mauritius|Emtel
MV Maldives|Dhiraagu,Ooredoo
MW Malawi|Airtel
MX Mexico|AT&T,Movistar,Telcel
MY Malaysia|CelcomDigi,Maxis,U Mobile
MZ Mozambique|Vodacom
NA Namibia|MTC
NE Niger|Airtel
NG Nigeria|Airtel,MTN
NI Nicaragua|Claro,Tigo
NL Netherlands|KPN,Odido,Vodafone
NO Norway|Ice,Telenor,Telia
NP Nepal|Ncell
NZ New Zealand|One NZ,Spark
OM Oman|Omantel,Ooredoo
PA Panama|Mas Movil,Tigo
PE Peru|Claro,Entel,Movistar
PH Philippines|Globe,Smart
PK Pakistan|Jazz,Zong
PL Poland|Orange,Play,Plus,T-Mobile
PR Puerto Rico|Liberty,T-Mobile
PT Portugal|MEO,NOS,Vodafone
PY Paraguay|Claro,Tigo
QA Qatar|Ooredoo,Vodafone
RE Reunion|Orange,SFR
RO Romania|Digi,Orange,Vodafone
RS Serbia|A1,mts,Yettel
RU Russia|Beeline,MegaFon
RW Rwanda|MTN
SA Saudi Arabia|Mobily,STC,Zain
SC Seychelles|Airtel
SE Sweden|3,Tele2,Telenor,Telia
SG Singapore|Singtel,StarHub
SI Slovenia|A1,Telekom,Telemach
SK Slovakia|O2,Orange,Telekom
SN Senegal|Orange
SV El Salvador|Claro,Tigo
SZ Eswatini|MTN
TD Chad|Airtel
TH Thailand|AIS,TrueMove H
TJ Tajikistan|Tcell
TN Tunisia|Ooredoo,Orange
TR Turkey|Turk Telekom,Turkcell,Vodafone
TW Taiwan|Chunghwa,FarEasTone,Taiwan Mobile
TZ Tanzania|Airtel,Vodacom
UA Ukraine|Kyivstar,lifecell,Vodafone
UG Uganda|Airtel,MTN
US United States|AT&T,T-Mobile,Verizon
UY Uruguay|Antel,Claro
UZ Uzbekistan|Beeline,Ucell
VA Vatican City|TIM
VN Vietnam|MobiFone,Viettel,VinaPhone
ZA South Africa|MTN,Vodacom
ZM Zambia|Airtel,MTN
"""

EUROPE = (
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK "
    "AL BA ME MK MD RS TR UA"
)
ASIA = "CN HK ID IN JP KH KR LA LK MM MN MO MY NP PH PK SG TH TW UZ VN"
AFRICA = "BW CD CG CI CM DZ EG GA GH KE MA MG ML MU MW MZ NA NE NG RE RW SC SN SZ TD TN TZ UG ZA ZM"
MIDDLE_EAST = "AE BH EG IL IQ JO KW OM QA SA TR"
LATIN = "AR BO BR CL CO CR EC GF GT HN MX NI PA PE PY SV UY"
OCEANIA = "AU FJ GU NZ"

REGIONS = {
    "EU": ("Europe", EUROPE),
    "EUL": ("Europe Lite", "AT BE DE ES FR GB IE IT NL PT"),
    "NO": ("Nordics", "DK FI FO IS NO SE"),
    "BALT": ("Baltics", "EE LT LV"),
    "BALK": ("Balkans", "AL BA BG HR ME MK RS SI"),
    "AS": ("Asia", ASIA),
    "SEA": ("South-East Asia", "ID KH LA MY PH SG TH VN"),
    "CN": ("Greater China", "CN HK MO"),
    "JK": ("Japan and Korea", "JP KR"),
    "SMT": ("Singapore, Malaysia and Thailand", "MY SG TH"),
    "CA": ("Central Asia", "KG KZ TJ UZ"),
    "ME": ("Middle East", MIDDLE_EAST),
    "GCC": ("Gulf", "AE BH KW OM QA SA"),
    "AF": ("Africa", AFRICA),
    "NA": ("North America", "US CA MX"),
    "USCA": ("United States and Canada", "US CA"),
    "LA": ("Latin America", LATIN),
    "CB": ("Caribbean", "DO GP JM MQ PR"),
    "OC": ("Oceania", OCEANIA),
    "ANZ": ("Australia and New Zealand", "AU NZ"),
}
GLOBALS = {
    "GL": ("Global", f"{EUROPE} {ASIA} {AFRICA} AE BH IL IQ JO KW OM QA SA {LATIN} {OCEANIA} US CA AZ GE KG KZ"),
    "GLL": ("Global Lite", f"{EUROPE} {ASIA} AE AU BR CA NZ US ZA"),
}
FAULT_PLACE = "AQ"


@dataclass(frozen=True, slots=True)
class Country:
    """ISO alpha-2, English name, operators."""

    code: str
    name: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Something packages are sold for. `scope` is "" for one country, else the filter word "!RG" or "!GL"."""

    code: str
    name: str
    scope: str
    countries: tuple[Country, ...]


@cache
def countries() -> dict[str, Country]:
    """All countries by code."""
    found = {}
    for line in COUNTRIES.strip().splitlines():
        label, _, operators = line.partition("|")
        code, _, name = label.partition(" ")
        found[code] = Country(code, name, tuple(operators.split(",")))
    return found


@cache
def places() -> tuple[Place, ...]:
    """Every country, region and global area; the number in a region's code is how many countries it holds."""
    known = countries()
    result = [Place(country.code, country.name, "", (country,)) for country in known.values()]
    for scope, areas in (("!RG", REGIONS), ("!GL", GLOBALS)):
        for stem, (name, members) in areas.items():
            inside = tuple(known[code] for code in members.split())
            result.append(Place(f"{stem}-{len(inside)}", name, scope, inside))
    return tuple(result)


@cache
def fault_place() -> Place:
    """Where the magic packages are sold: nobody lives there."""
    return Place(FAULT_PLACE, "Antarctica", "", (Country(FAULT_PLACE, "Antarctica", ("Sandbox",)),))

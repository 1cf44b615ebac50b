"""Time zones by either of their names: IANA's (`Europe/Berlin`) or Ruby on Rails' (`Berlin`).

Pure. Freshdesk names the zones of accounts, people and business hours as Rails does:
https://developers.freshdesk.com/api/#list_all_business_hours shows "Eastern Time (US & Canada)".
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from freshbridge.errors import InvalidRequest

# Cities that Rails calls as IANA does, by IANA's area. Names that IANA has given up are not used:
# newer systems install them apart.
_CITIES = {
    "Africa": "Cairo, Casablanca, Harare, Monrovia, Nairobi",
    "America": "Bogota, Caracas, Chihuahua, La Paz, Lima, Mazatlan, Mexico City, Monterrey, "
    "Montevideo, Puerto Rico, Santiago, Tijuana",
    "Asia": "Almaty, Baghdad, Baku, Bangkok, Colombo, Dhaka, Hong Kong, Irkutsk, "
    "Jakarta, Jerusalem, Kabul, Kamchatka, Karachi, Kathmandu, Kolkata, Krasnoyarsk, "
    "Kuala Lumpur, Kuwait, Magadan, Muscat, Novosibirsk, Riyadh, Seoul, Shanghai, "
    "Singapore, Srednekolymsk, Taipei, Tashkent, Tbilisi, Tehran, Tokyo, Ulaanbaatar, Urumqi, "
    "Vladivostok, Yakutsk, Yerevan",
    "Atlantic": "Azores",
    "Australia": "Adelaide, Brisbane, Darwin, Hobart, Melbourne, Perth, Sydney",
    "Europe": "Amsterdam, Athens, Belgrade, Berlin, Bratislava, Brussels, Bucharest, Budapest, "
    "Copenhagen, Dublin, Helsinki, Istanbul, Kaliningrad, Lisbon, Ljubljana, London, "
    "Madrid, Minsk, Moscow, Paris, Prague, Riga, Rome, Samara, Sarajevo, Skopje, Sofia, "
    "Stockholm, Tallinn, Vienna, Vilnius, Volgograd, Warsaw, Zagreb, Zurich",
    "Pacific": "Auckland, Fiji, Guam, Port Moresby",
}
_OTHERS = {
    "Abu Dhabi": "Asia/Muscat",
    "Alaska": "America/Juneau",
    "American Samoa": "Pacific/Pago_Pago",
    "Arizona": "America/Phoenix",
    "Astana": "Asia/Almaty",
    "Atlantic Time (Canada)": "America/Halifax",
    "Beijing": "Asia/Shanghai",
    "Bern": "Europe/Zurich",
    "Brasilia": "America/Sao_Paulo",
    "Buenos Aires": "America/Argentina/Buenos_Aires",
    "Canberra": "Australia/Sydney",
    "Cape Verde Is.": "Atlantic/Cape_Verde",
    "Central America": "America/Guatemala",
    "Central Time (US & Canada)": "America/Chicago",
    "Chatham Is.": "Pacific/Chatham",
    "Chennai": "Asia/Kolkata",
    "Chongqing": "Asia/Shanghai",
    "Eastern Time (US & Canada)": "America/New_York",
    "Edinburgh": "Europe/London",
    "Ekaterinburg": "Asia/Yekaterinburg",
    "Georgetown": "America/Guyana",
    "Greenland": "America/Nuuk",
    "Guadalajara": "America/Mexico_City",
    "Hanoi": "Asia/Bangkok",
    "Hawaii": "Pacific/Honolulu",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "International Date Line West": "Etc/GMT+12",
    "Islamabad": "Asia/Karachi",
    "Kiev": "Europe/Kyiv",
    "Kyiv": "Europe/Kyiv",
    "Marshall Is.": "Pacific/Majuro",
    "Mid-Atlantic": "Atlantic/South_Georgia",
    "Midway Island": "Pacific/Pago_Pago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Mumbai": "Asia/Kolkata",
    "New Caledonia": "Pacific/Noumea",
    "New Delhi": "Asia/Kolkata",
    "Newfoundland": "America/St_Johns",
    "Nuku'alofa": "Pacific/Tongatapu",
    "Osaka": "Asia/Tokyo",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Pretoria": "Africa/Johannesburg",
    "Quito": "America/Lima",
    "Rangoon": "Asia/Yangon",
    "Samoa": "Pacific/Apia",
    "Sapporo": "Asia/Tokyo",
    "Saskatchewan": "America/Regina",
    "Solomon Is.": "Pacific/Guadalcanal",
    "Sri Jayawardenepura": "Asia/Colombo",
    "St. Petersburg": "Europe/Moscow",
    "Tokelau Is.": "Pacific/Fakaofo",
    "UTC": "Etc/UTC",
    "Wellington": "Pacific/Auckland",
    "West Central Africa": "Africa/Algiers",
}
IANA_NAMES: dict[str, str] = _OTHERS | {
    city: f"{area}/{city.replace(' ', '_')}"
    for area, cities in _CITIES.items()
    for city in cities.split(", ")
}
"""Rails' name to IANA's, for every zone that a Freshdesk account can choose."""


class UnknownTimeZone(InvalidRequest):
    """No time zone has this name, or this machine has no time zone data."""

    code = "unknown_time_zone"


def time_zone(name: str) -> ZoneInfo:
    """The zone of a Rails or an IANA name.

    Raises:
        UnknownTimeZone: there is none.
    """
    try:
        return ZoneInfo(IANA_NAMES.get(name.strip(), name.strip()))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if not available_timezones():
            raise UnknownTimeZone(
                "this runtime has no time zone data",
                where="time_zone",
                advice="Add the tzdata package to the layer, or ask in UTC.",
            ) from error
        raise UnknownTimeZone(
            f"no time zone is called {name[:64]}",
            where="time_zone",
            advice="Give an IANA name such as Europe/Berlin.",
        ) from error

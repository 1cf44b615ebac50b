"""The vendor's refusals: status and body, in the language of the account.

A handler raises ``ApiError``; ``app`` turns it into a response. Shapes follow answers recorded by
public clients: an envelope ``{"errors": {"code", "message"}}`` whose message is a list or a text,
and a flat object for a wrong key.
"""

from collections.abc import Mapping, Sequence

from local.freshsales.settings import Settings

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "taken": "{label} has already been taken",
        "not_unique": "{label} is not unique",
        "blank": "{label} can't be blank",
        "type": "The type for {name} is invalid.",
        "invalid": "{label} is invalid",
        "number": "{label} is not a number",
        "forbidden": "You are not authorized to perform this action.",
        "missing": "Record not found",
        "throttled": "Too many requests",
    },
    "nl": {
        "taken": "{label} is al in gebruik",
        "not_unique": "{label} is niet uniek",
        "blank": "{label} moet opgegeven zijn",
        "type": "Het type voor {name} is ongeldig.",
        "invalid": "{label} is ongeldig",
        "number": "{label} is geen getal",
        "forbidden": "U bent niet gemachtigd om deze actie uit te voeren.",
        "missing": "Record niet gevonden",
        "throttled": "Te veel verzoeken",
    },
    "es": {
        "taken": "{label} ya está en uso",
        "not_unique": "{label} no es único",
        "blank": "{label} no puede estar en blanco",
        "type": "El tipo de {name} no es válido.",
        "invalid": "{label} no es válido",
        "number": "{label} no es un número",
        "forbidden": "No está autorizado para realizar esta acción.",
        "missing": "Registro no encontrado",
        "throttled": "Demasiadas solicitudes",
    },
}

# What an inner service of the vendor's has been seen to answer in place of 429.
LEAKED_THROTTLE = (
    "UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests"
)


class ApiError(Exception):
    """Ends a request with ``status`` and either ``messages`` of the envelope or a whole ``body``.

    A message is a key of the table of words with its parts, or a text that is sent as it is.
    """

    def __init__(self, status: int, *messages: "Message | str", body: object = None) -> None:
        super().__init__(status, messages)
        self.status = status
        self.messages = messages
        self._body = body

    def body(self, settings: Settings) -> object:
        if self._body is not None:
            return self._body
        return envelope(self.status, self.messages, settings)


class Message:
    """One sentence, put into the account's language when it is sent."""

    def __init__(self, key: str, name: str = "", label: str = "") -> None:
        self._key, self._name, self._label = key, name, label or label_of(name)

    def text(self, language: str) -> str:
        return _WORDS[language][self._key].format(name=self._name, label=self._label)


def texts(messages: Sequence[Message | str], language: str) -> list[str]:
    """The sentences themselves."""
    return [one.text(language) if isinstance(one, Message) else one for one in messages]


def envelope(status: int, messages: Sequence[Message | str], settings: Settings) -> object:
    """``{"errors": {"code": 400, "message": ["…"]}}``."""
    said = texts(messages, settings.language)
    message: object = said if settings.error_form == "list" else "; ".join(said)
    return {"errors": {"code": status, "message": message}}


def label_of(name: str) -> str:
    """``last_name`` → ``Last name``."""
    return name.removesuffix("_id").replace("_", " ").capitalize()


def not_found() -> ApiError:
    return ApiError(404, Message("missing"))


def forbidden() -> ApiError:
    return ApiError(403, Message("forbidden"))


def unauthorized() -> ApiError:
    return ApiError(401, body={"login": "failed", "message": "Invalid API key."})


def missing_wrapper(name: str) -> ApiError:
    return ApiError(400, f"param is missing or the value is empty: {name}")


def bad_json() -> ApiError:
    return ApiError(400, "There was a problem in the JSON you submitted.")


def throttled(settings: Settings) -> object:
    """The body of a 429."""
    return {"message": Message("throttled").text(settings.language)}

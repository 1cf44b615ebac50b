"""A package index that pip knows is known to uv."""

import pytest

from local import pip_settings


def test_every_setting_gets_uvs_name() -> None:
    listing = "\n".join(
        [
            "global.cert='/etc/ssl/company.pem'",
            "global.extra-index-url='https://a.example/simple https://b.example/simple'",
            "global.find-links='/opt/wheels\\n/srv/wheels'",
            "global.index-url='https://index.example/simple'",
            "global.timeout='60'",
            "global.quiet='1'",
        ]
    )

    assert pip_settings.translate(listing) == {
        "SSL_CERT_FILE": "/etc/ssl/company.pem",
        "UV_EXTRA_INDEX_URL": "https://a.example/simple https://b.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,/srv/wheels",
        "UV_INDEX_URL": "https://index.example/simple",
        "UV_HTTP_TIMEOUT": "60",
    }


@pytest.mark.parametrize("order", [1, -1])
def test_a_variable_wins_over_a_command_section_over_the_global_one(order: int) -> None:
    lines = [
        "global.index-url='https://global.example'",
        "install.index-url='https://install.example'",
        ":env:.index-url='https://env.example'",
    ]

    assert pip_settings.translate("\n".join(lines[::order])) == {
        "UV_INDEX_URL": "https://env.example"
    }
    assert pip_settings.translate("\n".join(lines[:2][::order])) == {
        "UV_INDEX_URL": "https://install.example"
    }


@pytest.mark.parametrize("listing", ["", "WARNING: something\n", "global.index-url"])
def test_anything_else_is_no_setting(listing: str) -> None:
    assert pip_settings.translate(listing) == {}

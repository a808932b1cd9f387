"""What connects the box with the world outside: the relay, WhatsApp, Magicline."""

from datetime import time

from pydantic import Field, SecretStr, field_validator

from arni_edge.settings.base import Section, http_address


class Relay(Section):
    """The cloud relay from which the box fetches webhooks."""

    url: str
    wait_seconds: float = Field(default=50.0, ge=0, le=110)

    _http = field_validator("url")(http_address)


class WhatsApp(Section):
    """The gym's WhatsApp number, reached through the Graph API."""

    phone_number_id: str = Field(pattern=r"^[0-9]{5,20}$")
    graph_url: str = "https://graph.facebook.com/v24.0"
    access_token: SecretStr | None = None
    app_secret: SecretStr | None = None
    alarm_template: str = "alarm_staff"
    code_template: str = ""
    news_template: str = ""
    resolve_seconds: float = Field(default=30.0, gt=0, le=3600)
    answer_within_minutes: float = Field(default=60.0, ge=5, le=1380)

    _http = field_validator("graph_url")(http_address)


class Magicline(Section):
    """The gym's member management, over its Open API; one key is one studio."""

    url: str
    api_key: SecretStr | None = None
    country: str = Field(default="DE", pattern=r"^[A-Z]{2}$")
    device_url: str | None = None
    device_token: SecretStr | None = None
    checkin_within_minutes: float = Field(default=60.0, ge=1, le=1440)
    full_pass_at: time = time(3, 30)
    poll_minutes: float = Field(default=5.0, ge=1, le=120)
    requests_per_minute: int = Field(default=600, ge=10, le=1000)
    stale_after_hours: float = Field(default=26.0, ge=1, le=720)

    _http = field_validator("url")(http_address)

    @field_validator("device_url")
    @classmethod
    def _device_http(cls, value: str | None) -> str | None:
        return None if value is None else http_address(value)

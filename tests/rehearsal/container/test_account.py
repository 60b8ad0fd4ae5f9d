from __future__ import annotations

import pytest

from csctl.rehearsal.container import account
from csctl.rehearsal.container.settings import Settings


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://contoso.cognitiveservices.azure.com",
        "https://contoso.cognitiveservices.azure.com/",
        "https://eastasia.api.cognitive.microsoft.com/sts/v1.0/issuetoken",
        "http://localhost:8080",
    ],
)
def test_forms_of_an_endpoint_that_are_in_use(endpoint: str) -> None:
    account.check_endpoint(Settings.read([f"Billing={endpoint}"], {}))


@pytest.mark.parametrize(
    "endpoint",
    ["", "contoso", "{ENDPOINT_URI}", "https://", "ftp://contoso", "https://a b"],
)
def test_what_is_no_endpoint_is_refused(
    endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        account.check_endpoint(Settings.read([f"Billing={endpoint}"], {}))
    assert ended.value.code == 1
    assert capsys.readouterr().out == "Invalid Billing Endpoint URI.\n"

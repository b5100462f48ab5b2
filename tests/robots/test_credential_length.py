"""What IPMI has no room for is said when a node is defined, not cut off at its BMC."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.ports import Configured
from robots.hardware import driver
from robots.testing import make_site

NODE = NodeDefinition(
    "n1", UUID(int=1), "hardware", {"bmc": {"adapter": "ipmi", "host": "192.0.2.1", "credential": "lab"}}
)


@pytest.mark.parametrize(
    ("user", "password", "told"),
    [(b"u" * 17, b"secret", "its user has 17 bytes; IPMI has 16"), (b"u" * 16, b"p" * 21, "its password has 21")],
)
def test_a_credential_that_is_too_long_for_ipmi_is_refused(
    tmp_path: Path, user: bytes, password: bytes, told: str
) -> None:
    site = replace(make_site(tmp_path), configured=Configured(lambda _: (user, password)))
    with pytest.raises(InvalidRequest, match=told) as refused:
        driver.complete(NODE, site)
    assert "p" * 21 not in str(refused.value)
    driver.complete(NODE, replace(site, configured=Configured(lambda _: (user[:16], password[:20]))))

"""What the documents say of other libraries is what they do."""

import pytest
from claims import Claim
from real_libraries.library_claims import LIBRARY_CLAIMS


@pytest.mark.parametrize(
    "claim", LIBRARY_CLAIMS, ids=lambda claim: f"{claim.document}-{claim.sentence}"
)
def test_a_library_does_what_is_said_of_it(claim: Claim) -> None:
    claim.check(*claim.figures())

"""Resource quantities, in the API server's canonical form."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wpdeploy import checks

UNITS = {
    **{unit: Fraction(1000) ** power for power, unit in enumerate(["n", "u", "m", ""], -3)},
    **{unit: Fraction(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Fraction(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}


def amount(quantity: str) -> Fraction:
    digits = quantity.rstrip("numkKMGTPEi")
    return Fraction(digits) * UNITS[quantity.removeprefix(digits)]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("2", "2"),
        ("2.0", "2"),
        ("007", "7"),
        ("0.5", "500m"),
        ("0.001", "1m"),
        ("1500m", "1500m"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("1500k", "1500k"),
        ("1.5G", "1500M"),
        ("1000u", "1m"),
        ("1000n", "1u"),
        ("1000P", "1E"),
        ("1024", "1024"),
        ("1024Mi", "1Gi"),
        ("1Gi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1000Mi", "1000Mi"),
        ("1048576Ki", "1Gi"),
        ("1024Pi", "1Ei"),
        ("0", "0"),
        ("0.0", "0"),
        ("0m", "0"),
        ("0Gi", "0"),
    ],
)
def test_a_quantity_becomes_canonical(written: str, canonical: str) -> None:
    assert checks.quantity(written) == canonical


@settings(max_examples=100)
@given(
    st.integers(0, 10**18),
    st.text("0123456789", max_size=6),
    st.sampled_from(["m", "", "k", "E", "Ki", "Mi", "Ei"]),
)
def test_a_canonical_quantity_is_the_same_amount_and_stays(
    whole: int, fraction: str, unit: str
) -> None:
    written = f"{whole}.{fraction}{unit}" if fraction else f"{whole}{unit}"
    try:
        canonical = checks.quantity(written)
    except ValueError:
        assert unit.endswith("i")
        assert amount(written).denominator != 1
    else:
        assert amount(canonical) == amount(written)
        assert checks.quantity(canonical) == canonical


@pytest.mark.parametrize(
    "value",
    [
        *("", "m", "1 Gi", "1GB", "1mi", "1KI", "1\n", "\u0663", "{{ x }}", '1"'),
        *("-1", "+1", ".5", "5.", "1,5", "1e3", "0x10", "9" * 5000),
    ],
)
def test_what_is_no_quantity_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="quantity") as caught:
        checks.quantity(value)
    assert str(caught.value) == f'is "{value[:40]}", but a quantity looks like 500m, 2 or 512Mi'


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("1.1Ki", "whole bytes"),
        ("0.3Mi", "whole bytes"),
        ("0.1n", "whole billionths"),
        ("0.0000000001", "whole billionths"),
    ],
)
def test_an_amount_too_fine_for_kubernetes_is_refused(value: str, rule: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        checks.quantity(value)
    assert str(caught.value) == f'is "{value}", but must be {rule}'


@pytest.mark.parametrize("value", ["9" * 30, "9" * 30 + "E", "9" * 30 + "Ki", "9" * 30 + ".5Gi"])
def test_an_amount_beyond_all_machines_is_still_exact(value: str) -> None:
    assert amount(checks.quantity(value)) == amount(value)

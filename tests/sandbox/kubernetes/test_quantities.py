import pytest

from sandbox.kubernetes.quantities import QuantityError, canonical


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("500m", "500m"),
        ("0.5", "500m"),
        ("1.5", "1500m"),
        ("1000m", "1"),
        ("2000", "2k"),
        ("1e3", "1k"),
        ("0", "0"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1536Mi", "1536Mi"),
        ("100Ki", "100Ki"),
        ("512", "512"),
    ],
)
def test_each_quantity_has_one_form(text: str, written: str) -> None:
    assert canonical(text) == written


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "Gi", "--1"])
def test_other_words_are_no_quantities(text: str) -> None:
    with pytest.raises(QuantityError, match="quantities must match the regular expression"):
        canonical(text)

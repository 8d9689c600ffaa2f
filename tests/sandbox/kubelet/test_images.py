import pytest

from sandbox.kubelet.images import Image, InvalidReferenceError, parse

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("reference", "image"),
    [
        ("wordpress", Image("wordpress", "latest", "")),
        ("wordpress:6.5", Image("wordpress", "6.5", "")),
        ("team/wordpress:6.5", Image("team/wordpress", "6.5", "")),
        ("registry:5000/wp", Image("registry:5000/wp", "latest", "")),
        ("registry:5000/a/b__c:6.5-php8.2", Image("registry:5000/a/b__c", "6.5-php8.2", "")),
        (f"registry:5000/wp:slow@{DIGEST}", Image("registry:5000/wp", "slow", DIGEST)),
        (f"localhost/wp@{DIGEST}", Image("localhost/wp", "", DIGEST)),
        ("Registry.example.com/wp:1", Image("Registry.example.com/wp", "1", "")),
    ],
)
def test_takes_references_apart(reference: str, image: Image) -> None:
    assert parse(reference) == image


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("WordPress:1", "invalid reference format: repository name must be lowercase"),
        ("Team/wp:1", "invalid reference format: repository name must be lowercase"),
        ("registry:5000/Wp:1", "invalid reference format: repository name must be lowercase"),
        ("", "invalid reference format"),
        ("wp:", "invalid reference format"),
        ("wp:a b", "invalid reference format"),
        ("wp@sha256:abc", "invalid reference format"),
        ("-registry:5000/wp", "invalid reference format"),
    ],
)
def test_refuses_in_the_words_of_the_runtime(reference: str, message: str) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        parse(reference)
    assert str(caught.value) == message

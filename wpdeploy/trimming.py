"""What of the dependencies a bundle leaves out, and why."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

# The services that ssm.py, secrets_manager.py, eks.py, sts.py and ecr.py ask; botocore asks sts for
# a role, too.
_SERVICES = ("ssm", "secretsmanager", "eks", "sts", "ecr")
_MODELS = tuple(
    f"botocore/data/{service}/*/{part}*"
    for service in _SERVICES
    for part in ("service-2", "endpoint-rule-set-1")
)
_ASYNCIO = "only the asyncio client of kubernetes uses it"
_LAZY = "loaded lazily, never used"
_CRT = "for awscrt, which is not there"
_UNREAD = "for type checkers and compilers, not for the interpreter"


class Rule(NamedTuple):
    """Files that are left out, `but` for some: patterns of paths, in which * takes any part."""

    pattern: str
    why: str
    but: tuple[str, ...] = ()


RULES = (
    Rule("bin/*", "commands that nobody runs, with a path of the machine that made them"),
    Rule(
        "botocore/data/*/*", "services that are not asked; paginators, waiters, examples", _MODELS
    ),
    Rule("boto3/data/*", "boto3's resources; clients alone are used"),
    Rule("boto3/examples/*", "text for boto3's documentation"),
    *(Rule(f"boto3/{name}/*", _LAZY) for name in ("dynamodb", "ec2", "s3")),
    *(Rule(pattern, _CRT) for pattern in ("*/crt.py", "botocore/crt/auth.py")),
    Rule("s3transfer/processpool.py", _LAZY),
    Rule("botocore/cacert.pem", "botocore takes those of certifi, where it is there"),
    Rule("kubernetes/aio/*", "the asyncio client"),
    Rule("kubernetes/client/api/*", _LAZY, ("*/api/__init__.py",)),
    Rule("kubernetes/client/models/*", _LAZY, ("*/models/__init__.py",)),
    *(Rule(pattern, "tests") for pattern in ("*_test.py", "*/test_*.py", "*/tests/*")),
    Rule("*/leaderelection/example.py", "an example"),
    Rule("pydantic/v1/*", "the version before, for those who ask for it by name"),
    Rule("pydantic/mypy.*", "a plugin for the type checker"),
    Rule("pydantic/experimental/*", _LAZY),
    Rule("dateutil/zoneinfo/*", "all time zones once more; the times here are in UTC"),
    Rule("charset_normalizer/*.so", "what the modules beside them do, compiled: only speed"),
    Rule("urllib3/contrib/emscripten/*", "for Python in a browser"),
    *(Rule(f"{name}*/*", _ASYNCIO) for name in ("aio", "attr", "frozenlist", "multidict")),
    *(Rule(f"{name}*/*", _ASYNCIO) for name in ("propcache", "yarl")),
    *(
        Rule(pattern, _UNREAD)
        for pattern in ("*.pyi", "*/py.typed", "*.pyx", "*.pxd", "*.c", "*.h")
    ),
    Rule(
        "*.dist-info/*",
        "pip's bookkeeping; a package's name, version, licences and notices stay",
        ("*/METADATA", "*/LICEN[CS]E*", "*/licenses/*", "*/COPYING*", "*/NOTICE*", "*/AUTHORS*"),
    ),
)


def trim(directory: Path) -> None:
    """Remove what the rules name, and the directories that are then empty."""
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif is_left_out(path.relative_to(directory).as_posix()):
            path.unlink()


def drop_sources(directory: Path) -> None:
    """Remove the sources of the modules that are compiled beside them."""
    for path in directory.rglob("*.py"):
        path.unlink()


def is_left_out(path: str) -> bool:
    """Whether the rules leave out the file; its path is relative, with slashes."""
    return any(
        fnmatchcase(path, rule.pattern) and not any(fnmatchcase(path, but) for but in rule.but)
        for rule in RULES
    )

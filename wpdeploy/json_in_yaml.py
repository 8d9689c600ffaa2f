r"""JSON that a YAML reader reads as the same value.

YAML takes nearly all of JSON. It does not take a character written as a surrogate pair
(\ud83d\udd11), it does not take DEL and the C1 controls as they are, and it takes U+0085, U+2028
and U+2029 for the end of a line: all but ASCII is written as \UXXXXXXXX, which only YAML knows.
"""

import json
import re


def dumps(value: object) -> str:
    """The value in one line; a TypeError or ValueError where JSON has no form for it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^\x20-\x7e]", lambda match: f"\\U{ord(match[0]):08X}", text)

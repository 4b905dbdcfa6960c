"""Templates of installed packages, compiled once: compiling takes most of the time of rendering one page."""

import base64
import marshal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from cardbook.base.cache import Cache, cache_key


@dataclass(frozen=True)
class CompiledTemplates(BytecodeCache):
    """Keeps the code of templates in the cache of a book.

    The code depends on the filters and options of its environment, too: `distributions` are those that
    determine them.
    """

    cache: Cache
    distributions: Sequence[str]

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template from the cache."""
        code = self.cache.get(self._key(bucket))
        if code is not None:
            bucket.code = marshal.loads(base64.b64decode(code))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Put the code of a template into the cache."""
        self.cache.put(self._key(bucket), base64.b64encode(marshal.dumps(bucket.code)).decode())

    def _key(self, bucket: Bucket) -> str:
        # Jinja's key is a hash of the template's name and path, its checksum one of the source.
        parts = ["template", sys.version, bucket.key, bucket.checksum]
        return cache_key(["jinja2", *self.distributions], [part.encode() for part in parts])

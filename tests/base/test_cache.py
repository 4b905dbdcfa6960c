import os
import time
from pathlib import Path

from cardbook.base.cache import UNUSED_DAYS, Cache, cache_key


def test_value_is_kept_under_what_it_is_computed_from(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), cache_key(["pillow"], [b"a", b"b"])
    assert cache.get(key) is None
    cache.put(key, {"é": [1, None]})
    assert cache.get(key) == {"é": [1, None]}
    assert len({key, cache_key(["pillow"], [b"ab"]), cache_key(["numpy"], [b"a", b"b"])}) == 3


def test_only_old_values_are_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("old", 1)
    cache.put("new", 2)
    before = time.time() - (UNUSED_DAYS + 1) * 86400
    os.utime(tmp_path / "old.json", (before, before))
    cache.prune()
    assert (cache.get("old"), cache.get("new")) == (None, 2)


def test_oldest_values_beyond_the_size_are_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for age, name in enumerate(("newest", "old", "oldest")):
        cache.put(name, "x" * 1000)
        os.utime(tmp_path / f"{name}.json", (time.time() - age, time.time() - age))
    cache.prune(size=2500)
    assert [cache.get(name) is not None for name in ("newest", "old", "oldest")] == [True, True, False]

import re
from pathlib import Path

from tests.conftest import Cardbook, write


def test_wrong_and_absent_packages_are_found(small: Path, cardbook: Cardbook) -> None:
    write(small / "requirements.txt", "click==1.0\nno-such-package==2.0  \n# comment\n")
    outcome = cardbook("doctor", "--root", small)
    assert outcome.returncode == 1
    assert re.search(r"click +1\.0 .*fix this", outcome.stdout)
    assert re.search(r"no-such-package +2\.0 +absent +fix this", outcome.stdout)

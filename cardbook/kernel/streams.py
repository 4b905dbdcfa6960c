"""What a kernel's print writes to."""

from ipykernel.iostream import OutStream


class Stream(OutStream):
    """Refuses, as the output of a plain script does, what cannot be written as UTF-8.

    ipykernel would lose it, with everything printed at about the same time.
    """

    def write(self, string: str) -> int:
        """Write a text; return its length. Raises UnicodeEncodeError."""
        string.encode("utf-8")
        super().write(string)
        return len(string)

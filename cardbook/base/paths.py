"""The paths inside a project; no other module spells these names."""

from dataclasses import dataclass
from pathlib import Path

STATE = ".cardbook"
SITE = "site"


@dataclass(frozen=True)
class ProjectPaths:
    """The folders and files of the project in `root`."""

    root: Path

    @property
    def state(self) -> Path:
        """What commands keep between calls; not in git."""
        return self.root / STATE

    @property
    def hub(self) -> Path:
        """The model store, a standard Hugging Face cache: the folder to name in HF_HUB_CACHE."""
        return self.state / "hub"

    @property
    def receipts(self) -> Path:
        """What was verified when each model was stored."""
        return self.state / "receipts"

    @property
    def models_lock(self) -> Path:
        """The lock that a process holds while it fills the model store."""
        return self.state / "models.lock"

    @property
    def matplotlib(self) -> Path:
        """Matplotlib's list of the machine's fonts."""
        return self.state / "matplotlib"

    @property
    def cache(self) -> Path:
        """Computed values; may be deleted at any time."""
        return self.state / "cache"

    def records(self, profile: str) -> Path:
        """Return the folder of a profile's records."""
        return self.state / "records" / profile

    @property
    def docs(self) -> Path:
        """The pages, hand-written and generated."""
        return self.root / "docs"

    @property
    def site(self) -> Path:
        """The finished site."""
        return self.root / SITE

    @property
    def draft(self) -> Path:
        """Where a site is built before it replaces the finished one."""
        return self.state / SITE

    @property
    def build_stamp(self) -> Path:
        """The file that says what the finished site was made from."""
        return self.state / f"{SITE}.json"

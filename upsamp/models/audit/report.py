"""What an audit found of one file: data, which others show."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from upsamp.errors import printable
from upsamp.io.stored_arrays import shown
from upsamp.models.audit.rules import RULES

# How many reasons are listed; a file of more is one that nobody reads on.
MAX_REASONS = 1000
# Characters of a path or a name that are kept.
MAX_PLACE = 300
# How much of what was not looked at is listed.
MAX_SKIPPED = 30
# Bytes that are unpacked, parts of configs that are looked at, and seconds after which no further
# member is begun, for all of a file together. The largest models of Keras have a tenth of it, but
# for their weights, of which no more than the begin is needed.
MAX_BYTES = 256 * 2**20
MAX_PARTS = 400_000
MAX_SECONDS = 20.0


@dataclass(frozen=True)
class Reason:
    """One reason not to load a file.

    rule: a key of `RULES`. member: of an archive or a folder, or an HDF5 file's object; "" for the
    file itself. path: in a config, such as "config.layers[3].config.function". offset: in bytes.
    """

    rule: str
    message: str
    member: str = ""
    path: str = ""
    offset: int | None = None

    @property
    def place(self) -> str:
        """Say where it stands, in one line."""
        parts = [self.member, self.path, "" if self.offset is None else f"byte {self.offset:,}"]
        return ": ".join(filter(None, parts)) or "the file"

    def to_dict(self) -> dict[str, Any]:
        """Return it with what its rule says, as JSON has it."""
        rule = RULES[self.rule]
        return {
            "rule": self.rule,
            "level": rule.level,
            "title": rule.title,
            "message": self.message,
            "member": self.member or None,
            "path": self.path or None,
            "offset": self.offset,
            "why": rule.why,
            "remedy": rule.remedy,
            "reports": list(rule.reports),
        }


@dataclass
class Report:
    """The reasons of one file, in the order in which they were found, and what was not looked at.

    kind: what the file is, in a few words. in_folder: whether members are files of a folder.
    """

    file: str
    kind: str = "unknown"
    reasons: list[Reason] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    in_folder: bool = False
    _bytes: int = field(default=MAX_BYTES, repr=False)
    _parts: int = field(default=MAX_PARTS, repr=False)
    _begun: float = field(default_factory=monotonic, repr=False)

    def add(
        self, rule: str, message: str, member: str = "", path: str = "", offset: int | None = None
    ) -> None:
        """Note a reason, unless there are very many; text out of the file is made harmless."""
        if len(self.reasons) < MAX_REASONS:
            member, path = (_short(text) for text in (member, path))
            reason = Reason(rule, printable(message)[:1000], member, path, offset)
            if reason not in self.reasons[-20:]:
                self.reasons.append(reason)
        elif len(self.reasons) == MAX_REASONS:
            self.skip(f"what comes after {MAX_REASONS:,} reasons")

    def skip(self, what: str) -> None:
        """Note what was not looked at."""
        if what not in self.skipped and len(self.skipped) < MAX_SKIPPED:
            more = len(self.skipped) == MAX_SKIPPED - 1
            self.skipped.append("more that is not listed" if more else printable(what))

    def take(self, count: int, parts: int = 0) -> bool:
        """Tell whether this many bytes, and parts of configs, may still be looked at."""
        self._bytes -= count
        self._parts -= parts
        return self._bytes >= 0 and self._parts >= 0

    @property
    def late(self) -> bool:
        """Tell whether the audit has taken so long that nothing more is begun."""
        return monotonic() - self._begun > MAX_SECONDS

    @property
    def verdict(self) -> str:
        """Say in one line what it comes to."""
        count = len(self.reasons)
        if not count:
            return "No reason was found why it should not be loaded."
        return f"{count:,} {'reason' if count == 1 else 'reasons'} not to load it."

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {
            "file": self.file,
            "kind": self.kind,
            "verdict": self.verdict,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "not_looked_at": self.skipped,
        }


def received(message: str) -> str:
    """Return what was received, out of the message of a reader: without its rule and remedy.

    >>> received("'a.npz' must hold numbers. Received: text, 'a'. Save it again.")
    "text, 'a'"
    """
    text = message.partition("Received: ")[2] or message
    return text.rpartition(". ")[0] or text


def quoted(text: object) -> str:
    """Quote what a file says: short, in one line, and with no control codes."""
    return shown(text if isinstance(text, str) else repr(text)[:80])


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= MAX_PLACE else f"{text[: MAX_PLACE - 3]}..."

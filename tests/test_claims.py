"""The figures of the documents are what is measured, and none stands there without that."""

import re
from collections.abc import Iterator

import pytest
from claims import CLAIMS, DOCUMENTS, FIGURE, Claim, number, text_of
from effort import in_one_test
from page_examples import ROOT, steps_of
from real_libraries.library_claims import LIBRARY_CLAIMS

# What is no claim: names, versions, formulas, what a table of a script holds, and what is shown.
NO_CLAIM = (
    r"```(?s:.*?)```",
    r"^[|#].*?$",
    r"^\d+\. ",
    r"`[^`]*`",
    r"\]\([^)]*\)",
    r"\b(Keras|Python|JPEG|TensorFlow|JAX|PyTorch|Runtime|OpenCV|Pillow) [\d.]+",
    r"\b\d+( and \d+)?[- ]bits?\b",
    r"\ba = -0\.\d+",
    r"\([^()]*\b[ino] [^()]*\)( / s - 0\.5| n / o - 1/2| / \(o - 1\))?",
    r"\(k - 1\) d \+ 1|\(n - 1\) s",
    r"et al\., \d+",
    r"\bof rank \d",
    r"For dilation 1 and|the sum is 1 for all but",
    r"That takes about two and a half minutes on two cores",  # which a test of its own would add to
)
# In the help also its examples, defaults, and what stands for what a user types.
NO_CLAIM_OF_HELP = (
    r"Examples:\n(  upsamp.*\n|  cat.*\n)+",
    r"\[[^\]]*\]",
    r"'[^'\n]*'",
    r"\bas\s+\d[^;.]*|\btcp:\S*",
    r"^#.*?$",
    r"\bKeras 3\b|\bof rank \d( or \d)?|\bcounted from 0",
    r"\bof 32\s+bits?\b|\b\d+( and \d+)? bits?\b|bits\s+is\s+cut\s+to\s+8",
    r"1 grey, 3 colour|-1 and 1, 0 and 1, 0 and 255",
)
# Lessons speak of the numbers of their own examples, which are run.
LESSONS = {
    "README.md",
    "docs/tutorial.md",
    "docs/guides/checkerboards.md",
    "docs/guides/understanding.md",
}


def blanked(document: str) -> str:
    """Return the text of a document with blanks in the place of all that is no claim."""
    text = text_of(document)
    patterns = NO_CLAIM_OF_HELP if document.endswith("command-line.md") else NO_CLAIM
    for pattern in patterns:
        text = re.sub(pattern, lambda found: " " * len(found[0]), text, flags=re.MULTILINE)
    return text


def unproved(document: str) -> Iterator[str]:
    """Yield every figure of a document that no claim proves, with what stands around it."""
    text = text_of(document)
    proved = [
        found.span()
        for claim in (*CLAIMS, *LIBRARY_CLAIMS)
        if claim.document == document
        for found in claim.pattern.finditer(text)
    ]
    shown = " ".join(step.source + step.output for step in steps_of(ROOT / document))
    run = set(re.findall(r"\d(?:[\d,]*\d)?(?:\.\d+)?", shown)) if document in LESSONS else set()
    words = rf"(?<![\w.,^*/'-])(?:{FIGURE})(?![\w%]|[.x]\d)"
    for found in re.finditer(words, blanked(document)):
        if f"{number(found[0]):g}" in run or found[0] in run:
            continue
        if not any(start <= found.start() < end for start, end in proved):
            yield " ".join(text[max(found.start() - 40, 0) : found.end() + 30].split())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_figure_stands_without_what_it_is_measured_from(document: str) -> None:
    assert list(unproved(document)) == []


@in_one_test("claim", CLAIMS)
def test_a_document_says_what_is_measured(claim: Claim) -> None:
    claim.check(*claim.figures())


@in_one_test(
    "claim",
    LIBRARY_CLAIMS,
)
def test_a_claim_about_libraries_stands_in_its_document(claim: Claim) -> None:
    assert claim.figures() or "{}" not in claim.sentence

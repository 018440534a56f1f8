"""The language of an answer, and whether it is another than that of the question."""

from functools import cache
from typing import Any

from .given import Found, Given

#: Told apart from each other; fewer languages mean fewer mistakes with short texts.
LANGUAGES = tuple(
    "ar bg bs ca cs da de el en es et fa fi fr he hi hr hu it ja ko lt lv nl no pl pt ro ru sk sl sq sr sv th tr uk"
    " vi zh".split()
)
#: Fewer letters say too little; more than so many characters tell nothing new.
FEWEST_LETTERS, ENOUGH = 20, 400
SURE = 0.8
OTHER_THAN_ASKED = "other_than_asked"


def look(given: Given) -> Found:
    """Tell the language of the answer, and how sure that is; a second kind when the question is in another."""
    language, share = told(given.answer)
    if not language:
        return Found()
    asked, asked_share = told(given.asked)
    other = asked not in {"", language} and min(share, asked_share) >= SURE
    return Found(share, (language, OTHER_THAN_ASKED) if other else (language,))


def told(text: str) -> tuple[str, float]:
    """Return the language of a text and how sure that is, or nothing for one that is too short to tell."""
    text = text[:ENOUGH]
    if sum(map(str.isalpha, text)) < FEWEST_LETTERS:
        return "", 0.0
    language, share = _identifier().classify(text)
    return str(language), float(share)


def prepare() -> None:
    """Load the model now, which takes half a second: nobody's look is to wait for it, and run out of time."""
    _identifier()


@cache
def _identifier() -> Any:
    """Load the model that the package carries; once a process, and only where the detector is switched on."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier

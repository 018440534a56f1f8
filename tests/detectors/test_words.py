"""Language, abuse and contradiction: what is told of words, and what is rather left unsaid."""

import pytest

from reviewqueue.detectors import Given, alike, given_in, likeness, looking
from reviewqueue.detectors.abuse import kinds_in

GERMAN = "Ihr Paket ist heute bei uns angekommen, und Sie bekommen Ihr Geld in den nächsten Tagen zurück."
ENGLISH = "Your parcel has reached us today, and you will get your money back within the next few days."


# --- language -----------------------------------------------------------------------------------------------------


def test_the_language_of_the_answer_is_told() -> None:
    looks = looking()["language"]
    for text, language in ((GERMAN, "de"), (ENGLISH, "en"), ("Votre colis est arrivé chez nous ce matin.", "fr")):
        found = looks(Given(answer=text))
        assert found.kinds == (language,)
        assert found.score > 0.9


def test_an_answer_in_another_language_than_the_question_is_told() -> None:
    looks = looking()["language"]
    assert looks(Given(answer=ENGLISH, asked=GERMAN)).kinds == ("en", "other_than_asked")
    assert looks(Given(answer=ENGLISH, asked=ENGLISH)).kinds == ("en",)
    assert looks(Given(answer=ENGLISH, asked="Danke!")).kinds == ("en",), "too short to tell"


@pytest.mark.parametrize("text", ["", "OK.", "4711 0815 123456789 123456789", "…"])
def test_what_is_too_short_is_left_unsaid(text: str) -> None:
    assert looking()["language"](Given(answer=text)).as_fact() == {"score": 0.0, "kinds": []}


# --- abuse --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("You bloody idiot!", {"insult"}),
        ("This is FUCKING slow", {"profanity"}),
        ("so ein Scheiß", {"profanity"}),
        ("Du Arschloch", {"insult"}),
        ("sh1tty serv1ce", {"profanity"}),
        ("you are a f u c k i n g joke", {"profanity"}),
        ("what the f*ck", {"profanity"}),
        ("fuuuuck you", {"profanity"}),
        ("w.a.n.k.e.r", {"profanity"}),
        ("Hür€nsohn", {"insult"}),
        ("I will kill   you", {"threat"}),
        ("Ich weiß, wo du wohnst", {"threat"}),
        ("fu\u200bck", {"profanity"}),
    ],
)
def test_words_that_hurt_are_found_however_they_hide(text: str, kinds: set[str]) -> None:
    assert kinds_in(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "I live in Scunthorpe and collect shitake recipes for my class assignment.",
        "Der Arschbacher Weg, das Negerl im Krapfen, die Depposition",
        "The assassin's cockpit was analysed by Dr. Dickens.",
        "Please kill the process and find your order again.",
        "Wo bleibt mein Paket?",
    ],
)
def test_harmless_words_that_contain_them_are_left(text: str) -> None:
    assert kinds_in(text) == set()


def test_the_answer_weighs_by_its_worst_word_and_is_named() -> None:
    found = looking()["abuse"](Given(answer="Shut up, you idiot.", context="This is shit."))
    assert found.score == 0.7
    assert found.kinds == ("insult", "profanity", "answer:insult")


# --- contradiction ------------------------------------------------------------------------------------------------

HANDBOOK = (
    "Customers may return a parcel within 30 days of its delivery. We refund the price within two weeks. Express"
    " delivery costs 9.90 EUR and is free from 150 EUR. Opened cosmetics are not accepted. The sale ends on"
    " 30.11.2026.",
)


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ("You may return the parcel within 21 days of its delivery.", {"duration", "conflict"}),
        ("You may return the parcel within thirty days.", set()),
        ("You may return the parcel within 30 days.", set()),
        ("We refund the price within 14 days.", set()),
        ("Express delivery costs 4,90 €.", {"amount", "conflict"}),
        ("Express delivery costs 9,90 €.", set()),
        ("You get 20 % off.", {"percent"}),
        ("The sale ends on 24 December.", {"date", "conflict"}),
        ("The sale ends on November 30th.", set()),
        ("Opened cosmetics are accepted.", {"negation"}),
        ("Opened cosmetics are not accepted.", set()),
        ("You ordered on 3 November and paid 49.90 EUR.", set()),
        ("Thank you, goodbye.", set()),
    ],
)
def test_claims_are_held_against_the_documents_and_what_was_said(answer: str, kinds: set[str]) -> None:
    said = "I ordered on 3.11. and paid 49,90 Euro."
    found = looking()["contradiction"](Given(answer=answer, context=said, documents=HANDBOOK))
    assert set(found.kinds) == kinds
    assert (found.score >= 0.9) == ("conflict" in kinds)


def test_without_documents_nothing_is_contradicted() -> None:
    assert looking()["contradiction"](Given(answer="It takes 99 days and costs 1,000 EUR.")).score == 0.0


# --- likeness -----------------------------------------------------------------------------------------------------

KEY = bytes(range(32))
QUESTION = (
    "Where is my parcel? It should have come on Monday. I am sorry to hear that, it will be there on Friday at noon."
)


def test_texts_that_are_nearly_the_same_are_alike() -> None:
    one, other = (likeness(text, key=KEY) for text in (QUESTION, QUESTION.replace("Friday", "Thursday").upper()))
    far = likeness(
        "I would like to end my contract, please tell me how. You can end it in your account any day.", key=KEY
    )
    assert one is not None
    assert other is not None
    assert far is not None
    assert alike(one.signature, other.signature) > 0.75
    assert set(one.bands) & set(other.bands)
    assert alike(one.signature, far.signature) < 0.3
    assert not set(one.bands) & set(far.bands)


def test_without_the_key_likeness_says_nothing() -> None:
    one, other = (likeness(QUESTION, key=key) for key in (KEY, KEY[::-1]))
    assert one is not None
    assert other is not None
    assert not set(one.bands) & set(other.bands)
    assert alike(one.signature, other.signature) < 0.2


def test_a_text_that_is_too_short_is_like_nothing() -> None:
    assert likeness("Hello! Hello! Hello!", key=KEY) is None


# --- reading ------------------------------------------------------------------------------------------------------


def test_the_words_of_a_body_are_read_as_they_were_meant() -> None:
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "How can I help?"},
        {"role": "user", "content": "My parcel?"},
    ]
    documents = [{"id": "a", "text": "An article."}, {"id": "b"}, "plain"]
    found = given_in({"input": {"messages": messages, "documents": documents}, "output": {"content": "On Friday."}})
    assert (found.answer, found.asked) == ("On Friday.", "My parcel?")
    assert "How can I help?" in found.context
    assert "article" not in found.context
    assert found.documents == ("An article.", "plain")


@pytest.mark.parametrize("sent", [None, [], "text", {"documents": {}}, {"messages": "none"}, {"messages": [None]}])
def test_an_input_of_any_form_is_read(sent: object) -> None:
    assert given_in({"input": sent, "output": {"label": "refund"}}).answer == "refund"

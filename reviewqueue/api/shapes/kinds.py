"""What each kind of item takes and gives."""

from reviewqueue.intake.models import Kind
from reviewqueue.intake.rules import ROLES

from .words import FREE, Shape, choice, listed, nullable, obj, optional, ref, text

_MODEL_NAME = nullable(text(200))
_FILLED = text(minLength=1)
_TEXT_OR_PROMPT: Shape = {
    "type": "object",
    "properties": {"text": nullable(_FILLED), "prompt": nullable(_FILLED)},
    "anyOf": [
        {"properties": {"text": {"type": "string"}}, "required": ["text"]},
        {"properties": {"prompt": {"type": "string"}}, "required": ["prompt"]},
    ],
    "description": "A text that was worked on, or the prompt that asked for one.",
}
_MESSAGES = listed(ref("Message")) | {"minItems": 1}

KINDS: dict[str, Shape] = {
    "Message": obj({"role": choice(sorted(ROLES)), "content": text(), "name": nullable(text())}, ("name",)),
    "SourceDocument": obj(
        {"id": text(), "title": text(), "text": text(), "url": nullable(text())},
        ("url",),
        about="Something that the answer draws on; reviewers see it beside the answer.",
    ),
    "Content": obj({"content": _FILLED}, about="An answer in words."),
    "ChatInput": obj(
        {
            "messages": _MESSAGES,
            "documents": {"type": ["array", "null"], "items": ref("SourceDocument")},
        },
        ("documents",),
    ),
    "TextInput": _TEXT_OR_PROMPT,
    "Label": obj(
        {
            "label": _FILLED | {"description": "One of those that the source declares."},
            "scores": {"type": "object", "additionalProperties": {"type": "number"}},
        },
        ("scores",),
    ),
    "ExtractionInput": obj({"text": _FILLED}),
    "ActionInput": obj(
        {
            "messages": {"type": ["array", "null"], "items": ref("Message"), "minItems": 1},
            "plan": {
                "description": "What the AI means to do, as a text or as one for each step.",
                "anyOf": [text(), listed(text()), {"type": "null"}],
            },
        },
        ("messages", "plan"),
    ),
    "Action": obj({"tool": text(200, minLength=1), "arguments": FREE}, about="One call of a tool."),
    "ComparisonInput": {
        "type": "object",
        "properties": {
            "messages": {"type": ["array", "null"], "items": ref("Message"), "minItems": 1},
            "text": nullable(_FILLED),
            "prompt": nullable(_FILLED),
        },
        "anyOf": [
            {"properties": {name: {"type": kind}}, "required": [name]}
            for name, kind in (("messages", "array"), ("text", "string"), ("prompt", "string"))
        ],
    },
    "Candidate": obj({"id": text(100, minLength=1), "content": _FILLED, "model": _MODEL_NAME}, ("model",)),
    "Candidates": obj({"candidates": listed(ref("Candidate"), 20) | {"minItems": 2}}),
}

_FACTS: Shape = {**FREE, "description": "The facts; valid under the JSON Schema that the source declares, if any."}
#: kind -> (input, output, whether the input may be left out)
FORMS: dict[str, tuple[Shape, Shape, bool]] = {
    Kind.CHAT: (ref("ChatInput"), ref("Content"), False),
    Kind.TEXT: (ref("TextInput"), ref("Content"), False),
    Kind.CLASSIFICATION: (nullable(FREE), ref("Label"), True),
    Kind.EXTRACTION: (ref("ExtractionInput"), _FACTS, False),
    Kind.ACTION: (optional("ActionInput"), ref("Action"), True),
    Kind.COMPARISON: (ref("ComparisonInput"), ref("Candidates"), False),
}


def submission_of(kind: str, common: Shape) -> Shape:
    """Return the shape of a submission of one kind."""
    given, answer, may_miss = FORMS[kind]
    properties = {**common, "kind": {"type": "string", "const": kind}, "input": given, "output": answer}
    needed = ["external_id", "source", "kind", "output"] + ([] if may_miss else ["input"])
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def name_of(kind: str) -> str:
    """Return the component's name of a kind's submission."""
    return f"{kind.title()}Submission"

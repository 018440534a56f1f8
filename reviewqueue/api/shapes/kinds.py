"""What each kind of item takes and gives."""

from reviewqueue.intake.models import Kind

from .words import FREE, Shape, listed, nullable, obj, optional, ref, text

_MODEL_NAME = nullable(text(200))
_FILLED = text(minLength=1)
_MESSAGES = listed(ref("Message")) | {"minItems": 1}

KINDS: dict[str, Shape] = {
    "Message": obj({"role": ref("Role"), "content": text(), "name": nullable(text())}, ("name",)),
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
    "GivenText": obj({"text": _FILLED, "prompt": nullable(_FILLED)}, ("prompt",), about="A text was worked on."),
    "GivenPrompt": obj({"prompt": _FILLED, "text": nullable(_FILLED)}, ("text",), about="A prompt asked for it."),
    "GivenMessages": obj({"messages": _MESSAGES}, about="A conversation led to it."),
    "TextInput": {"anyOf": [ref("GivenText"), ref("GivenPrompt")]},
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
    "ComparisonInput": {"anyOf": [ref("GivenMessages"), ref("GivenText"), ref("GivenPrompt")]},
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

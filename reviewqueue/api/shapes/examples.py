"""An example of each body and answer: shape -> what it shows -> the value. Every one is checked by the tests."""

from typing import Any

from .problems import WRONG
from .webhook_examples import WEBHOOK_EXAMPLES

Examples = dict[str, dict[str, Any]]

_ITEM, _TURN = "01a205f8-3c5e-7d2a-9b41-6f0d2c8e7a10", "01a205f9-81b0-7f4c-8a63-0c2b7d9e4f15"
_CHAT = {
    "external_id": "conv-8731:turn-4",
    "source": "support-chatbot",
    "kind": "chat",
    "input": {"messages": [{"role": "user", "content": "Where is my parcel?"}]},
    "output": {"content": "It will arrive on Friday."},
    "model": {"name": "support-bot", "version": "2026-11-01", "prompt": "p14", "index": "kb-311"},
    "group": "conv-8731",
    "confidence": 0.42,
    "risk": {"level": "high", "tags": ["delivery-promise"]},
    "attributes": {"locale": "en", "customer_tier": "gold"},
    "links": [{"title": "Ticket 8731", "url": "https://helpdesk.example/8731"}],
}
_RECEIVED = {"id": _ITEM, "state": "received"}
_OUTCOME = {
    "item": _ITEM,
    "version": 1,
    "decision": "edit",
    "basis": "review",
    "disposition": "final",
    "final": {"content": "It will arrive on Monday, 30 November."},
    "changed": True,
    "severity": "major",
    "cause": "knowledge",
    "reason_codes": ["wrong-fact"],
    "follow_up": False,
    "settled_at": "2026-11-23T09:12:04Z",
    "published_at": "2026-11-23T09:12:14Z",
    "reviewers": 1,
    "late": False,
    "supersedes": None,
}
_STOP = {
    "id": "01a20610-4c8e-7b1d-9f02-5a6e3d2c1b00",
    "source": "support-chatbot",
    "queue": None,
    "why": "wrong_answers",
    "note": "Promises refunds that nobody gets, since this morning's version.",
    "begun_at": "2026-11-23T10:42:11Z",
    "ended_at": None,
}
_SUMMARY = {
    "id": _ITEM,
    "state": "in_review",
    "received_at": "2026-11-23T09:10:51Z",
    "external_id": _CHAT["external_id"],
    "source": "support-chatbot",
    "model": _CHAT["model"],
    "kind": "chat",
    "group": "conv-8731",
    "occurred_at": "2026-11-23T09:10:51Z",
    "confidence": 0.42,
    "risk": _CHAT["risk"],
    "attributes": _CHAT["attributes"],
}
_FACTS = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
_SOURCE: dict[str, Any] = {
    "slug": "order-reader",
    "name": "Order reader",
    "created_at": "2026-11-02T08:00:00Z",
    "declaration": {
        "version": 2,
        "labels": [],
        "json_schema": _FACTS,
        "tools": None,
        "created_at": "2026-11-20T14:03:00Z",
    },
}
_SHOWN = {"id": _ITEM, "state": "in_review", "received_at": "2026-11-23T09:10:51Z", **_CHAT}
_FOLLOW_UP = {
    "id": "01a20603-42f7-7b18-8c21-9d0e5a7b3c00",
    "item": _ITEM,
    "external_id": _CHAT["external_id"],
    "source": "support-chatbot",
    "version": 1,
    "state": "open",
    "opened_at": "2026-11-23T09:12:14Z",
    "due_at": "2026-11-24T09:12:14Z",
    "taken_at": None,
    "done_at": None,
}


def _item(kind: str, external_id: str, given: Any, output: Any, **more: Any) -> dict[str, Any]:
    common = {"external_id": external_id, "source": f"{kind}-bot", "kind": kind, "confidence": 0.42}
    return {**common, "input": given, "output": output, **more}


SUBMISSIONS = {
    "A chat's answer": _CHAT,
    "An answer that is held until people have decided": {
        **_CHAT,
        "gate": {
            "deadline_seconds": 120,
            "on_timeout": "fallback",
            "fallback": {"content": "A colleague will answer shortly."},
        },
    },
    "A text": _item("text", "summary-17", {"prompt": "Sum up the call."}, {"content": "The customer moves in May."}),
    "A classification": _item(
        "classification",
        "mail-40233",
        {"text": "I never got my invoice."},
        {"label": "billing", "scores": {"billing": 0.61, "shipping": 0.2}},
    ),
    "An extraction": _item(
        "extraction", "invoice-512", {"text": "Total: 1,204.50 EUR"}, {"total": 1204.5, "currency": "EUR"}
    ),
    "An action": _item(
        "action",
        "refund-88",
        {"plan": ["Check the order", "Refund it"]},
        {"tool": "refund", "arguments": {"order": "A-2231", "amount": 49.9}},
    ),
    "A comparison": _item(
        "comparison",
        "pair-9",
        {"prompt": "Greet a new customer."},
        {"candidates": [{"id": "a", "content": "Hello!"}, {"id": "b", "content": "Welcome to us!"}]},
    ),
}
_DATASET = {
    "slug": "corrections",
    "name": "Corrections",
    "format": "sft",
    "query": {"sources": ["support-chatbot"], "kinds": ["chat"], "model_versions": []},
    "created_at": "2026-11-23T09:00:00Z",
    "latest_version": 3,
}
_RELEASE = {
    "dataset": "corrections",
    "version": 3,
    "state": "ready",
    "through_position": 1204,
    "requested_at": "2026-11-23T09:20:00Z",
    "ready_at": "2026-11-23T09:20:02Z",
    "rows": 811,
    "bytes": 934_112,
    "sha256": "9f2b5c1de0a4417f8c3b6a9d27e51b08c4f3a6d1e9b07c25d8f4a1b3c6e7d902",
    "manifest": {"format": "sft", "rows": 811},
    "files": [
        {
            "name": "data.jsonl",
            "url": "https://review.example/api/v1/datasets/corrections/releases/3/files/data.jsonl",
        }
    ],
}

EXAMPLES: Examples = {
    "Submission": SUBMISSIONS,
    "Batch": {"Two items": {"items": [_CHAT, SUBMISSIONS["A text"]]}},
    "Received": {"Stored for good": _RECEIVED},
    "BatchResult": {
        "One stored, one refused": {
            "results": [{"index": 0, "status": 201, "id": _ITEM}, {"index": 1, "status": 422, "error": WRONG}]
        }
    },
    "Item": {"As it was sent": _SHOWN},
    "ItemPage": {"The last page": {"results": [_SUMMARY], "next": None}},
    "Outcome": {
        "A person has corrected it": _OUTCOME,
        "Triage let it pass": {
            **_OUTCOME,
            "version": 0,
            "decision": None,
            "basis": "rule",
            "final": _CHAT["output"],
            "changed": False,
            "severity": None,
            "cause": None,
            "reason_codes": [],
            "reviewers": 0,
        },
    },
    "Waiting": {
        "It stands in line": {
            "state": "queued",
            "queue": "support",
            "position": 4,
            "expected_wait_seconds": 380,
        }
    },
    "FeedPage": {
        "One correction": {
            "results": [
                {
                    **_OUTCOME,
                    "position": 17,
                    "external_id": _CHAT["external_id"],
                    "source": "support-chatbot",
                    "kind": "chat",
                    "correction": _OUTCOME["final"],
                }
            ],
            "next": "AAAAAAAAABGXn2-dYq3m0w",
            "more": False,
        }
    },
    "Assignment": {
        "A turn": {
            "id": _TURN,
            "fence": 7,
            "expires_at": "2026-11-23T09:25:51Z",
            "queue": "support",
            "item": _SHOWN,
            "why": ["confidence 0.42 is below 0.60 (rule 3, policy 7)"],
            "guidelines": ["Name the last day."],
            "precedents": [],
        }
    },
    "Heartbeat": {"With a draft": {"fence": 7, "draft": {"content": "It will arrive on Mon"}}},
    "Duty": {"Here": {"begun_at": "2026-11-23T09:30:51Z", "until": "2026-11-23T09:31:51Z"}},
    "Renewed": {"Ten more minutes": {"id": _TURN, "fence": 7, "expires_at": "2026-11-23T09:35:51Z"}},
    "Judgement": {
        "A correction": {
            "fence": 7,
            "decision": "edit",
            "severity": "major",
            "correction": {"content": "It will arrive on Monday, 30 November."},
            "reason_codes": ["wrong-fact"],
            "cause": "knowledge",
        },
        "It is right": {"fence": 7, "decision": "approve"},
        "The better of two": {"fence": 7, "decision": "edit", "correction": {"preferred": "b"}},
        "An action with other arguments": {
            "fence": 7,
            "decision": "edit",
            "severity": "major",
            "correction": {"arguments": {"order": "AB-1207", "amount": 45}},
        },
    },
    "Review": {
        "It settles the item": {
            "id": "01a205fb-0d17-7a35-b2c8-91e4f6a07d3c",
            "item": _ITEM,
            "decision": "edit",
            "severity": "major",
            "submitted_at": "2026-11-23T09:12:04Z",
            "state": "in_review",
            "visible_at": "2026-11-23T09:12:14Z",
        }
    },
    "Return": {"With a reason": {"fence": 7, "reason": "I know this customer."}},
    "Question": {"To a lead": {"fence": 7, "question": "May we promise a day at all?"}},
    "Escalation": {
        "A lead will decide": {
            "id": "01a205fb-5e22-7c18-a0d9-3b7c61f84e90",
            "item": _ITEM,
            "why": "May we promise a day at all?",
            "opened_at": "2026-11-23T09:13:40Z",
        }
    },
    "SignalSent": {
        "A customer who is not content": {
            "kind": "complaint",
            "note": "I was promised Friday, and nobody came.",
            "by": "customer-5512",
        }
    },
    "Signal": {
        "People look at it again": {
            "id": "01a20601-7a1f-7d33-8f0e-2b4f6a1c9d00",
            "item": _ITEM,
            "kind": "complaint",
            "raised_at": "2026-11-25T08:30:00Z",
            "state": "queued",
        }
    },
    "AppealSent": {
        "Why it is contested": {"reason": "The refund was refused without a look.", "by": "customer-5512"}
    },
    "Appeal": {
        "Somebody else decides anew": {
            "id": "01a20602-11c4-7e0a-9a55-3f7d0c1b2e00",
            "item": _ITEM,
            "against": 1,
            "opened_at": "2026-11-25T08:31:00Z",
            "state": "queued",
        }
    },
    "NewSource": {"A classifier": {"slug": "topics", "name": "Topic classifier", "labels": ["billing", "shipping"]}},
    "Source": {"With its declaration": _SOURCE},
    "SourcePage": {"The last page": {"results": [_SOURCE], "next": None}},
    "DeclarationSent": {
        "A schema for what is extracted": {"json_schema": _FACTS, "instead_of": 1},
        "The tools of an agent": {"tools": {"refund": _FACTS, "close": None}},
    },
    "Declaration": {"The newest version": _SOURCE["declaration"]},
    "NewStop": {
        "A source that gives wrong answers": {
            "source": "support-chatbot",
            "why": "wrong_answers",
            "note": "Promises refunds that nobody gets, since this morning's version.",
        },
        "Everything": {"why": "exercise"},
    },
    "Stop": {"It runs": _STOP},
    "StopPage": {"The last page": {"results": [_STOP], "next": None}},
    "FollowUp": {"Nobody has it yet": _FOLLOW_UP},
    "FollowUpPage": {"The last page": {"results": [_FOLLOW_UP], "next": None}},
    "FollowUpNote": {"What was done": {"note": "Called the customer, and sent a voucher."}},
    "Definition": {
        "Chats with their final answers": {
            "slug": "corrections",
            "name": "Corrections",
            "format": "sft",
            "query": {"sources": ["support-chatbot"], "kinds": ["chat"]},
        }
    },
    "Dataset": {"With three releases": _DATASET},
    "DatasetPage": {"The last page": {"results": [_DATASET], "next": None}},
    "ReleasePage": {"The last page": {"results": [_RELEASE], "next": None}},
    "Release": {"It can be downloaded": _RELEASE},
    **WEBHOOK_EXAMPLES,
}

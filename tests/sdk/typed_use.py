"""What a type checker makes of a program that uses the client: read by mypy --strict in `make check`, never run."""

from typing import assert_type

from reviewqueue_client import (
    Answer,
    AsyncReviewQueue,
    Correction,
    Event,
    Guarded,
    Item,
    Outcome,
    Result,
    ReviewQueue,
    StoredItem,
)
from reviewqueue_client.shapes import Document


def blocking(rq: ReviewQueue) -> None:
    """Use every call."""
    item = rq.submit(source="bot", kind="chat", output={"content": "Hello."}, confidence=0.4)
    assert_type(item, Item)
    assert_type(rq.wait(item, timeout=60), Outcome)
    assert_type(rq.submit_many([{"source": "bot", "kind": "chat", "output": {}}]), list[Result])
    assert_type(list(rq.items(source="bot")), list[StoredItem])
    assert_type(list(rq.corrections()), list[Correction])
    assert_type(rq.webhooks.verify(b"", {}, "whsec_"), Event)
    assert_type(rq.submit_later(source="bot", kind="chat", output={}), str)
    rq.submit(source="bot", kind="poem", output={})  # type: ignore[typeddict-item, arg-type, unused-ignore]
    rq.submit(kind="chat", output={})  # type: ignore[call-arg]

    @rq.guard(source="bot", fallback="Later.", offline=0.9)
    def answer(question: str) -> tuple[str, float]:
        return question, 0.5

    assert_type(answer("Hello?"), str)
    assert_type(answer.ask("Hello?"), Guarded)
    answer(42)  # type: ignore[arg-type]

    @rq.guard(source="agent", kind="action")
    def act(question: str) -> Answer:
        return Answer(output={"tool": "refund", "arguments": {}})

    assert_type(act("Hello?"), Document)


async def on_a_loop(rq: AsyncReviewQueue) -> None:
    """Use the async calls that differ in more than an await."""
    item = await rq.submit(source="bot", kind="chat", output={"content": "Hello."})
    assert_type(await rq.wait(item), Outcome)
    assert_type([one async for one in rq.items()], list[StoredItem])
    assert_type([one async for one in rq.corrections()], list[Correction])

    @rq.guard(source="bot")
    async def answer(question: str) -> tuple[str, float]:
        return question, 0.5

    assert_type(await answer("Hello?"), str)

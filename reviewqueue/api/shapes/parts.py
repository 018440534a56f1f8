"""Examples of what stands in an address."""

#: What stands for a path's parameters, by the word before them in the address, or by their name.
_STANDS_FOR = {
    "item_id": "01a205f8-3c5e-7d2a-9b41-6f0d2c8e7a10",
    "assignment_id": "01a205f9-81b0-7f4c-8a63-0c2b7d9e4f15",
    "datasets": "corrections",
    "queues": "support",
    "sources": "support-chatbot",
    "version": "3",
    "name": "data.jsonl",
}


def example_parts(path: str) -> dict[str, str]:
    """Return an example for each parameter of a path."""
    steps = path.strip("/").split("/")
    pairs = [(steps[at - 1], step[1:-1]) for at, step in enumerate(steps) if step.startswith("{")]
    return {name: _STANDS_FOR.get(name) or _STANDS_FOR.get(before) or _other(name) for before, name in pairs}


def _other(name: str) -> str:
    return "01a205fb-5e22-7c18-a0d9-3b7c61f84e90" if name.endswith("_id") else name

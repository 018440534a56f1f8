"""A reviewer's client, a process of its own: claims over HTTP, and submits when it is told to.

``python -m tests.races.sleeper URL`` reads its API key from API_KEY, says which item it claimed, waits for a line,
then sends its draft and its review as a browser does, and says how each was answered.
"""

import json
import os
import sys

import httpx


def main(url: str) -> None:
    key = {"Authorization": f"Bearer {os.environ['API_KEY']}"}
    with httpx.Client(base_url=f"{url}/api/v1", headers=key, timeout=30, trust_env=False) as http:
        turn = http.post("/claims", json={}).raise_for_status().json()
        print(json.dumps(turn["item"]["external_id"]), flush=True)
        text = json.loads(sys.stdin.readline())
        address = f"/assignments/{turn['id']}"
        draft = http.patch(address, json={"fence": turn["fence"], "draft": {"content": text}})
        review = http.post(f"{address}/review", json=judgement(turn["fence"], text))
        print(json.dumps([draft.status_code, review.status_code, review.json().get("type", "")]), flush=True)


def judgement(fence: int, text: str) -> dict[str, object]:
    return {"fence": fence, "decision": "edit", "severity": "major", "correction": {"content": text}}


if __name__ == "__main__":
    main(sys.argv[1])

"""The shop's other assistants: small, real, and wrong now and then."""

import json
from collections import Counter
from datetime import UTC, datetime

from reviewqueue.common.ids import new_id
from reviewqueue.common.strictjson import read
from reviewqueue.demo.items import CHAT_SOURCE
from reviewqueue.demo.office import E_MAILS, OFFICE, office_items, read_order
from reviewqueue.intake.models import Declaration
from reviewqueue.intake.rules import check_declaration, check_declared, submission

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_every_item_fits_what_its_source_declares():
    kinds = Counter()
    for item in office_items(at=AT):
        one = submission(read(json.dumps(item)), secret=b"s", now=AT)
        declared = OFFICE.get(one.source, {})
        whole = {"labels": [], "json_schema": declared.get("json_schema"), "tools": declared.get("tools")}
        check_declaration(**whole)
        check_declared(one, Declaration(id=new_id(), **whole))
        assert one.source in {*OFFICE, CHAT_SOURCE}
        kinds[one.kind] += 1
    assert kinds == {"extraction": 5, "action": 4, "text": 3, "comparison": 3}


def test_the_work_is_the_same_each_time_and_lies_in_the_last_hours():
    assert office_items(at=AT) == office_items(at=AT)
    moments = [datetime.fromisoformat(one["occurred_at"]) for one in office_items(at=AT)]
    assert moments == sorted(moments)
    assert (AT - moments[0]).total_seconds() < 2 * 3600


def test_the_order_reader_is_right_where_it_knows_the_language_and_wrong_elsewhere():
    right, confidence = read_order(E_MAILS[0])
    assert right == {
        "order": "KM-20417",
        "customer": "Ines Moor",
        "total": 249.0,
        "lines": [{"article": "ALBA", "count": 2}, {"article": "SILL", "count": 1}],
    }
    assert confidence == 0.9
    assert read_order(E_MAILS[1])[0]["total"] == 1.194  # it takes the point of a thousand for a decimal one
    assert read_order(E_MAILS[4])[1] < confidence


def test_two_versions_compared_say_different_things():
    for item in office_items(at=AT):
        if item["kind"] == "comparison":
            first, second = (one["content"] for one in item["output"]["candidates"])
            assert first != second

"""Addresses of the pages."""

from django.urls import URLPattern, URLResolver, path

from . import assigning, board, bundles, item, items, my_queue, pulling, sign_in
from .workbench import views as workbench

urlpatterns: list[URLPattern | URLResolver] = [
    path("assets/app-<slug:digest>.<slug:kind>", bundles.serve, name="bundle"),
    path("", sign_in.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("preferences/", sign_in.preferences, name="preferences"),
    path("my-queue/", my_queue.my_queue, name="my_queue"),
    path("escalations/<uuid:pk>/take/", my_queue.escalation_take, name="escalation_take"),
    path("escalations/<uuid:pk>/hand-on/", my_queue.escalation_hand_on, name="escalation_hand_on"),
    path("escalations/<uuid:pk>/hand-back/", my_queue.escalation_hand_back, name="escalation_hand_back"),
    path("work/", workbench.workbench, name="workbench"),
    path("work/next/", workbench.claim, name="claim"),
    path("work/<uuid:pk>/", workbench.turn, name="turn"),
    path("work/<uuid:pk>/review/", workbench.turn_review, name="turn_review"),
    path("work/<uuid:pk>/draft/", workbench.turn_draft, name="turn_draft"),
    path("work/<uuid:pk>/return/", workbench.turn_return, name="turn_return"),
    path("work/<uuid:pk>/snooze/", workbench.turn_snooze, name="turn_snooze"),
    path("work/<uuid:pk>/escalate/", workbench.turn_escalate, name="turn_escalate"),
    path("queues/<slug:slug>/next/", workbench.claim_queue, name="claim_queue"),
    path("undo/<uuid:pk>/", workbench.undo, name="undo"),
    path("board/", board.board, name="board"),
    path("board/hours/", board.board_hours, name="board_hours"),
    path("board/assign/", assigning.assigning, name="board_assign"),
    path("board/levers/", pulling.board_levers, name="board_levers"),
    path("board/levers/<slug:kind>/", pulling.board_lever, name="board_lever"),
    path("board/undo/", pulling.board_undo, name="board_undo"),
    path("board/queues/<slug:slug>/", board.board_queue, name="board_queue"),
    path("items/", items.items, name="items"),
    path("items/<uuid:pk>/", item.item, name="item"),
    path("items/<uuid:pk>/raw/", item.item_raw, name="item_raw"),
]

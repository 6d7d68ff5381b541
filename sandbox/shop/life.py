"""The shop's days: new orders come, customers pay, parcels leave, some change their minds.

One beat every `every` seconds, drawn from the seed and the number of the beat.
"""

import random
import time
from contextlib import suppress
from threading import Thread

from sandbox.shop.generator import Wish
from sandbox.shop.problems import Refusal
from sandbox.shop.shop import Shop
from sandbox.shop.store import take_numbers

IDLE_S = 0.5  # how often a stopped clock looks whether it was started
# (statuses to draw from, status to move to, how likely in one beat)
MOVES = (
    (("pending", "failed"), "processing", 0.45),
    (("on-hold",), "processing", 0.35),
    (("processing",), "completed", 0.55),
    (("processing",), "kargoya-verildi", 0.06),
    (("kargoya-verildi",), "completed", 0.5),
    (("pending", "on-hold", "processing"), "cancelled", 0.07),
    (("completed",), "refunded", 0.04),
    (("cancelled", "failed"), "trash", 0.03),
)
NEW_ORDER = 0.85
SILENT_CHANGE = 0.1


def start(shop: Shop) -> None:
    Thread(target=_run, args=(shop,), name="life", daemon=True).start()


def beat(shop: Shop) -> None:
    with shop.database.writing() as connection:
        number = take_numbers(connection, "beat")[0]
    chance = random.Random(f"{shop.seed}/beat/{number}")
    if chance.random() < NEW_ORDER:
        shop.place_order(Wish())
    for statuses, status, probability in MOVES:
        if chance.random() < probability:
            order_id = shop.draw_order_id(chance, statuses)
            if order_id is not None:
                shop.move_order(order_id, status)
    if chance.random() < SILENT_CHANGE:
        order_id = shop.draw_order_id(chance, ("processing",))
        if order_id is not None:
            shop.touch_silently(order_id)


def _run(shop: Shop) -> None:
    next_beat = time.monotonic()
    while True:
        every = float(shop.settings["every"])
        if every <= 0:
            time.sleep(IDLE_S)
            next_beat = time.monotonic()
        elif time.monotonic() - next_beat >= every:
            next_beat += every
            # Somebody else may have moved or deleted the order meanwhile; life goes on.
            with suppress(Refusal):
                beat(shop)
        else:
            time.sleep(min(every, IDLE_S))

"""Errors, sketches and sightings on PostgreSQL: the same as on SQLite."""

from __future__ import annotations

import psycopg

from allowance.edges.store import Store, errors, seen
from allowance.edges.store.database import connect
from allowance.signals.error_samples import Catalogue, Limits
from allowance.signals.sightings import Sighting
from allowance.signals.sketch import of
from tests.signals.test_error_samples import T0, failure


def test_added_twice_and_folded(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE folded")
    store = Store(connect(postgres.removesuffix("postgres") + "folded"))
    catalogue = Catalogue(limits=Limits(signatures=1, samples=2))
    sighting = Sighting(service="shop", what="spans", name="", first=T0, last=T0, items=3)
    for number, (name, at) in enumerate([("GET /a", T0), ("GET /a", T0 + 1), ("GET /b", T0 + 7200)]):
        taken = catalogue.take([failure(number, name=name, at=at)])
        with store.writing() as writing:
            errors.add(writing.connection, taken)
            errors.keep_samples(writing.connection, taken.samples, most=2)
            seen.see(writing.connection, [sighting])
            seen.add_sketches(writing.connection, {("shop", "/a", "spans", T0): of([5, 7])})
        catalogue.learn(taken)
    with store.snapshot() as reading:
        found = errors.of_service(reading, "shop", begin=T0 - 60, end=T0 + 9000)
        assert [(one.signature.place, one.events) for one in found] == [("(other)", 2), ("GET /b", 1)]
        assert seen.seen(reading, since=T0)[0].items == 9
        (sketch,) = seen.latencies(reading, "shop", begin=T0, end=T0 + 1).values()
        assert sketch.events == 6
    store.close()

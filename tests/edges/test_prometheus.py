"""A PromQL system that misbehaves is one sentence with a next step; one that behaves is asked little, and once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import httpx
import orjson
import pytest

from allowance.contract.indicator import PromGauge, PromHistogram, PromRatio, PromShare
from allowance.contract.source import Prometheus
from allowance.core.problem import Problem, ProblemError
from allowance.edges import prometheus as promql
from allowance.edges.prometheus import client as client_file
from allowance.edges.prometheus.client import ATTEMPTS, Client
from allowance.signals.measured import Measured
from allowance.signals.prom_candidates import suggestion
from allowance.signals.prom_state import PromState
from tests.edges.traffic import BEGIN, MIN, shop
from tests.fakes.prom_http import EMPTY, Asked, Reply, Script, serving
from tests.peers import need, prometheus_in, victoria_in, write_blocks

RATIO = PromRatio(total="requests_total", bad='requests_total{code="500"}')
HOUR = BEGIN + 3600


def told(kind: str, result: list[object], **more: object) -> bytes:
    return orjson.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def read(script: Script, indicator: object = RATIO, end: int = HOUR, **more: object) -> Measured:
    source = Prometheus(url=script.url, **more)  # type: ignore[arg-type]
    state = PromState(at=BEGIN)
    return promql.advance(source, {"shop": indicator}, state, end=end, sleep=lambda _: None)[0]  # type: ignore[dict-item]


def refused(call: Callable[[], object]) -> Problem:
    with pytest.raises(ProblemError) as caught:
        call()
    assert caught.value.__cause__ is None
    return caught.value.problems[0]


def asked(answer: Callable[[Asked], Reply], **more: object) -> Problem:
    with serving(answer) as script:
        return refused(lambda: read(script, **more))


def test_no_series_is_no_data_with_a_note_and_no_problem() -> None:
    with serving(lambda _: Reply()) as script:
        measured = read(script)
    buckets = measured.series["shop", ""]
    assert (buckets.start, buckets.end, buckets.with_data()) == (BEGIN, HOUR, 0)
    total, bad = measured.facts.notes
    assert (total.code, bad.code, bad.severity) == ("prom-no-data", "prom-no-bad", "info")
    assert total.message.endswith(": requests_total")
    assert "2026-09-21T" in total.message


@pytest.mark.parametrize(
    ("reply", "code", "says", "attempts"),
    [
        (Reply(status=401), "prom-auth", "HTTP 401", 1),
        (Reply(status=403, body=b"no"), "prom-auth", "HTTP 403", 1),
        (Reply(status=400, body=b'{"status":"error","error":"bad  thing"}'), "prom-query", "bad thing", 1),
        (Reply(status=422, body=b'{"status":"error","error":"no vector"}'), "prom-query", "no vector", 1),
        (Reply(status=404, body=b"<html>"), "prom-status", "HTTP 404", 1),
        (Reply(status=302, headers={"Location": "https://u:p@sso.example.com/in?token=1"}), "prom-status", "sso.example.com/in)", 1),
        (Reply(status=500), "prom-status", "HTTP 500", 1),
        (Reply(status=503), "prom-status", "HTTP 503", ATTEMPTS),
        (Reply(status=502, body=b"<html>"), "prom-status", "HTTP 502", ATTEMPTS),
        (Reply(status=429), "prom-status", "HTTP 429", ATTEMPTS),
        (Reply(hang_up=True), "prom-reach", "cannot be reached", ATTEMPTS),
        (Reply(claims=10_000), "prom-reach", "cannot be reached", ATTEMPTS),
        (Reply(body=b"<!doctype html><form>"), "prom-answer", "a web page", 1),
        (Reply(body=b'{"status":"success","data":{"re'), "prom-answer", "cut short", 1),
        (Reply(body=b"\x00\x01"), "prom-answer", "not JSON", 1),
        (Reply(body=b"{}"), "prom-answer", "no status", 1),
        (Reply(headers={"Content-Encoding": "gzip"}, body=b"no gzip"), "prom-answer", "decompressed", 1),
        (Reply(body=b'{"status":"error","error":"busy"}'), "prom-query", "busy", 1),
    ],
)  # fmt: skip
def test_each_failure_is_one_sentence_with_a_next_step(
    reply: Reply, code: str, says: str, attempts: int
) -> None:
    with serving(lambda _: reply) as script:
        problem = refused(lambda: read(script))
        assert len(script.asked) == attempts
    assert problem.code == code
    assert says in problem.message
    assert problem.hint
    assert str(problem.where) == script.url
    assert "token" not in str(problem)
    assert "u:p" not in str(problem)


def test_what_passes_is_asked_again_and_then_counts() -> None:
    replies = [Reply(status=429, headers={"Retry-After": "3"}), Reply(status=503), Reply(hang_up=True)]
    pauses: list[float] = []
    with serving(lambda _: replies.pop(0) if replies else Reply()) as script:
        promql.advance(
            Prometheus(url=script.url), {"shop": RATIO}, PromState(at=BEGIN), end=HOUR, sleep=pauses.append
        )
    assert pauses[0] == 3
    assert len(pauses) == 3
    assert all(0 < pause <= client_file.LONGEST_PAUSE for pause in pauses)


def test_nobody_listens() -> None:
    problem = refused(
        lambda: promql.advance(
            Prometheus(url="http://127.0.0.1:1/prometheus/"),
            {"shop": RATIO},
            PromState(at=BEGIN),
            end=HOUR,
            sleep=lambda _: None,
        )
    )
    assert (problem.code, str(problem.where)) == ("prom-reach", "http://127.0.0.1:1/prometheus")


def test_a_server_that_drips_is_given_up() -> None:
    assert asked(lambda _: Reply(drip=0.4), timeout_seconds=1).code == "prom-size"


def test_an_answer_that_is_too_large_is_asked_for_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "LARGEST_BODY", 20_000)

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("query_range") and asked.query == "queue_age > bool 5":
            start, end = (float(asked.parameters[name][0]) for name in ("start", "end"))
            values = [[start + at, "1"] for at in range(0, round(end - start) + 1, MIN)]
            return Reply(body=told("matrix", [{"metric": {}, "values": values}]))
        return Reply()

    gauge = PromGauge(query="queue_age > bool 5", op="gt", bound=Fraction(1, 2))
    with serving(answer) as script:
        buckets = read(script, gauge, end=BEGIN + 86_400).series["shop", ""]
    assert buckets.all().good == buckets.all().total == 1440
    monkeypatch.setattr(client_file, "LARGEST_BODY", 10)
    problem = asked_problem = refused(lambda: _with(answer, gauge))
    assert asked_problem.code == "prom-size"
    assert "shorter span" in problem.hint


def _with(answer: Callable[[Asked], Reply], indicator: object) -> Measured:
    with serving(answer) as script:
        return read(script, indicator)


def test_a_query_that_loads_too_much_is_asked_for_in_halves() -> None:
    error = b'{"status":"error","error":"query processing would load too many samples into memory"}'

    def answer(asked: Asked) -> Reply:
        spans = [float(asked.parameters.get(name, ["0"])[0]) for name in ("start", "end")]
        wide = (
            asked.path.endswith("query_range") and "count" not in asked.query and spans[1] - spans[0] > 7_200
        )
        return Reply(status=422, body=error) if wide else Reply()

    with serving(answer) as script:
        assert read(script, PromGauge(query="a + b", op="lt", bound=Fraction(1)), end=BEGIN + 6 * 3600).series
        assert sum(asked.query == "a + b" for asked in script.asked) == 7


def test_warnings_and_partial_answers_become_notes_once() -> None:
    with serving(
        lambda _: Reply(body=told("matrix", [], warnings=["store b is away"], isPartial=True))
    ) as script:
        notes = read(script).facts.notes
    said = [note.message for note in notes if note.code == "prom-warning"]
    assert said == [
        "the server warns: store b is away",
        "the server warns: the answer is partial: some storage nodes did not answer",
    ]


def test_slos_that_name_one_selector_share_its_answers() -> None:
    one = PromRatio(total="sum(rate(requests_total[5m]))", bad='sum(rate(requests_total{code="500"}[1h]))')
    with serving(lambda _: Reply()) as script:
        source = Prometheus(url=script.url)
        promql.measure(source, {"a": RATIO, "b": one}, begin=BEGIN, end=BEGIN + 6 * 3600)
        both = len(script.asked)
        promql.measure(source, {"a": RATIO}, begin=BEGIN, end=BEGIN + 6 * 3600)
    assert both * 2 == len(script.asked)


def test_a_month_is_read_in_pieces_and_progress_is_told() -> None:
    told_so_far: list[tuple[int, int]] = []
    with serving(lambda _: Reply()) as script:
        promql.measure(
            Prometheus(url=script.url),
            {"shop": RATIO},
            begin=BEGIN,
            end=BEGIN + 30 * 86_400,
            progress=lambda done, every: told_so_far.append((done, every)),
        )
        points = [
            (float(asked.parameters["end"][0]) - float(asked.parameters["start"][0]))
            / float(asked.parameters["step"][0])
            for asked in script.asked
            if asked.path.endswith("query_range")
        ]
    assert max(points) < 11_000
    assert told_so_far == [(done, 8) for done in range(1, 9)]


def test_going_on_asks_only_for_the_newest_bucket() -> None:
    with serving(lambda _: Reply()) as script:
        source = Prometheus(url=script.url)
        _, state = promql.advance(source, {"shop": RATIO}, PromState(at=BEGIN), end=BEGIN + MIN)
        script.asked.clear()
        promql.advance(source, {"shop": RATIO}, state, end=BEGIN + 2 * MIN)
        queries = [(asked.path, asked.query, asked.parameters["time"]) for asked in script.asked]
    assert queries == [
        ("/api/v1/query", "requests_total[60s]", [str(BEGIN + 120)]),
    ]


def test_nothing_new_asks_nothing() -> None:
    with serving(lambda _: Reply()) as script:
        measured = read(script, end=BEGIN)
        assert (len(measured.series["shop", ""]), script.asked, measured.facts.notes) == (0, [], ())


@pytest.mark.parametrize(("begin", "end"), [(BEGIN + 1, HOUR), (BEGIN, HOUR + 1), (HOUR, BEGIN)])
def test_a_reading_lies_on_bucket_edges(begin: int, end: int) -> None:
    source = Prometheus(url="http://127.0.0.1:1")
    assert refused(lambda: promql.measure(source, {"a": RATIO}, begin=begin, end=end)).code == "edge"


def test_every_wrong_query_is_named_before_anything_is_sent() -> None:
    wrong = {
        "a": PromRatio(total="a /", bad="b"),
        "b": PromRatio(total="a", bad="b / c"),
        "c": PromHistogram(selector="rate(h[5m])", threshold=Fraction(1)),
        "d": PromGauge(query="5", op="lt", bound=Fraction(1)),
    }
    with pytest.raises(ProblemError) as caught:
        promql.measure(Prometheus(url="http://127.0.0.1:1"), wrong, begin=BEGIN, end=HOUR)
    places = [str(problem.where).split(",")[0] for problem in caught.value.problems]
    assert places == ["a.total", "b.bad", "c", "d"]


def test_a_path_and_a_trailing_slash_belong_to_the_address() -> None:
    with serving(lambda _: Reply()) as script:
        read(Script(answer=script.answer, url=f"{script.url}/prometheus/"))
        assert {asked.path for asked in script.asked} == {"/prometheus/api/v1/query"}


def test_long_queries_go_as_forms() -> None:
    long = "a + " * 400 + "a"
    with serving(lambda _: Reply()) as script:
        read(script, PromGauge(query=long, op="lt", bound=Fraction(1)))
        (request,) = script.asked
    assert (request.method, request.query) == ("POST", long)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prometheus:9090",
        "ftp://host",
        "http://",
        "http://[::1",
        "http://user:s3cret@host/",
        "http://h:99999999",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    problem = refused(lambda: promql.measure(Prometheus(url=url), {"a": RATIO}, begin=BEGIN, end=HOUR))
    assert problem.code == "prom-url"
    assert "s3cret" not in str(problem)


def test_secrets_come_from_named_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret\n")
    monkeypatch.setenv("WRONG", "two\nlines")
    monkeypatch.delenv("ABSENT", raising=False)
    with serving(lambda _: Reply()) as script:
        read(script, bearer_env="TOKEN")
        assert {asked.headers["authorization"] for asked in script.asked} == {"Bearer s3cret"}
        script.asked.clear()
        read(script, username="reader", password_env="TOKEN")
        assert {asked.headers["authorization"] for asked in script.asked} == {"Basic cmVhZGVyOnMzY3JldA=="}
        script.asked.clear()
        read(Script(answer=script.answer, url=script.url.replace("//", "//reader@")), password_env="TOKEN")
        assert {asked.headers["authorization"] for asked in script.asked} == {"Basic cmVhZGVyOnMzY3JldA=="}
        for more in (
            {"bearer_env": "ABSENT"},
            {"bearer_env": "WRONG"},
            {"bearer_env": "TOKEN", "username": "x"},
            {"password_env": "TOKEN"},
        ):
            problem = refused(lambda more=more: read(script, **more))  # type: ignore[misc]
            assert problem.code == "prom-auth"
            assert "s3cret" not in str(problem)


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for more in (
        {"ca_file": "/absent.pem"},
        {"ca_file": str(tmp_path / "no.pem")},
        {"cert_file": str(tmp_path / "no.pem")},
    ):
        source = Prometheus(url="https://127.0.0.1:1", **more)  # type: ignore[arg-type]
        assert refused(lambda source=source: Client(source).__enter__()).code == "prom-tls"


def test_a_share_and_an_approximation_say_so() -> None:
    def answer(asked: Asked) -> Reply:
        start = float(asked.parameters["start"][0])
        return Reply(body=told("matrix", [{"metric": {}, "values": [[start, "0.25"]]}]))

    with serving(answer) as script:
        share = read(script, PromShare(query="a / b", of="bad"), end=BEGIN + MIN)
        rough = read(
            script,
            PromRatio(total="clamp_min(increase(a[5m]), 0)", good="round(increase(b[5m]))"),
            end=BEGIN + MIN,
        )
    assert share.series["shop", ""].all().sli == Fraction(3, 4)
    assert [note.code for note in share.facts.notes] == ["prom-share"]
    assert [note.code for note in rough.facts.notes] == [
        "prom-approximate",
        "prom-approximate",
        "prom-rounded",
    ]


def test_a_bound_that_no_bucket_has_is_refused_with_the_nearest() -> None:
    def answer(asked: Asked) -> Reply:
        return (
            Reply(body=b'{"status":"success","data":["0.25","0.5","+Inf"]}')
            if "label" in asked.path
            else Reply()
        )

    problem = asked(answer, indicator=PromHistogram(selector="h", threshold=Fraction(3, 10)))
    assert (problem.code, str(problem.where)) == ("prom-bound", "shop")
    assert "0.25 and 0.5" in problem.message


SHOP = shop()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("recorded")
    write_blocks(SHOP.openmetrics(), folder)
    with prometheus_in(folder) as url:
        yield Prometheus(url=url)


def test_discovery_finds_counters_with_their_status(recorded: Prometheus) -> None:
    (found,) = promql.discover(recorded, now=BEGIN + 6 * 3600)
    assert (found.kind, found.name, found.status) == ("counter", "http_requests_total", "code")
    assert found.values == ("200", "404", "500")
    assert set(found.labels) == {"code", "instance", "job"}
    indicator = suggestion(found)
    assert indicator == PromRatio(total="http_requests_total", bad='http_requests_total{code=~"5.."}')
    measured = promql.measure(recorded, {"found": indicator}, begin=BEGIN, end=BEGIN + 6 * 3600)
    assert measured.series["found", ""] == SHOP.buckets(BEGIN, BEGIN + 6 * 3600)


def test_a_real_server_refuses_a_query_with_its_own_words(recorded: Prometheus) -> None:
    gauge = PromGauge(query="http_requests_total + on(job) http_requests_total", op="lt", bound=Fraction(1))
    problem = refused(lambda: promql.measure(recorded, {"x": gauge}, begin=BEGIN, end=HOUR))
    assert problem.code == "prom-query"
    assert "many-to-many" in problem.message


def certificates(folder: Path) -> None:
    """A little authority, and certificates for a server and a client, in `folder`."""
    openssl = need("openssl", "openssl")
    new = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    own = ["-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"]
    subprocess.run([*new, *own], cwd=folder, check=True, capture_output=True)
    for name, names in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        signed = [
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-addext",
            names,
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]
        files = ["-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run([*new, *signed, *files], cwd=folder, check=True, capture_output=True)


def test_a_server_that_demands_a_certificate_gets_it(tmp_path: Path) -> None:
    certificates(tmp_path)
    (tmp_path / "web.yml").write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, "
        "client_auth_type: RequireAndVerifyClientCert}\n"
    )
    mine = {
        "ca_file": str(tmp_path / "ca.pem"),
        "cert_file": str(tmp_path / "client.pem"),
        "key_file": str(tmp_path / "client.key"),
    }

    def ready(url: str) -> bool:
        with Client(Prometheus(url=url.removesuffix("/-/ready"), **mine)) as client:  # type: ignore[arg-type]
            return b"success" in client.get("query", {"query": "1"})

    def try_ready(url: str) -> bool:
        try:
            return ready(url)
        except ProblemError:
            return False

    option = f"--web.config.file={tmp_path / 'web.yml'}"
    with prometheus_in(tmp_path, option, ready=try_ready, scheme="https") as url:
        measured = promql.measure(Prometheus(url=url, **mine), {"a": RATIO}, begin=BEGIN, end=HOUR)  # type: ignore[arg-type]
        assert measured.facts.notes[0].code == "prom-no-data"
        for less in (
            {"ca_file": mine["ca_file"]},
            {"cert_file": mine["cert_file"], "key_file": mine["key_file"]},
        ):
            source = Prometheus(url=url, **less)  # type: ignore[arg-type]
            problem = refused(
                lambda source=source: promql.measure(source, {"a": RATIO}, begin=BEGIN, end=HOUR)
            )
            assert problem.code == "prom-reach"
            assert "ca_file" in problem.hint


def test_a_server_that_demands_a_password_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "s3cret")
    monkeypatch.setenv("OTHER", "wr0ng")
    options = ("-httpAuth.username=reader", "-httpAuth.password=s3cret")

    def ready(url: str) -> bool:
        return httpx.get(url, auth=("reader", "s3cret")).status_code == 200

    with victoria_in(tmp_path, *options, ready=ready) as url:
        source = Prometheus(url=url, username="reader", password_env="PASSWORD")
        assert promql.measure(source, {"a": RATIO}, begin=BEGIN, end=HOUR).series["a", ""].with_data() == 0
        wrong = Prometheus(url=url, username="reader", password_env="OTHER")
        problem = refused(lambda: promql.measure(wrong, {"a": RATIO}, begin=BEGIN, end=HOUR))
        assert problem.code == "prom-auth"
        assert "wr0ng" not in str(problem)


def test_the_empty_answer_of_the_fake_is_one() -> None:
    assert orjson.loads(EMPTY)["status"] == "success"

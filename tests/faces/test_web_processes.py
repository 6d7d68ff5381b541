"""Several web processes behind one port, as `kontor web` runs them."""

import dataclasses
import json
import os
import re
import signal
import urllib.error
import urllib.request

from tests.servers import Processes, Running, free_port, wait_until


def test_metrics_when_two_processes_answer_then_one_scrape_counts_the_requests_of_both(
    processes: Processes,
) -> None:
    port, web = _start(processes)

    for _ in range(40):
        _get(port, "/healthz")

    assert _counted(port) == 40
    assert len(set(web.descendants())) >= 2


def test_metrics_when_a_process_dies_then_its_requests_still_count(processes: Processes) -> None:
    port, web = _start(processes)
    for _ in range(20):
        _get(port, "/healthz")
    died = web.descendants()

    for pid in died:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not set(died) & set(web.descendants()) and _answers(port), what="new processes")
    for _ in range(20):
        _get(port, "/healthz")

    assert _counted(port) >= 40


def test_log_when_a_request_is_answered_then_one_json_line_names_its_id_and_route_but_not_its_query(
    processes: Processes,
) -> None:
    port, web = _start(processes)

    request_id = _get(port, "/no/such/page?q=ayse.yilmaz@mail.example.com")

    wait_until(lambda: request_id in web.output, what="the line of the request")
    line = json.loads(next(line for line in web.output.splitlines() if request_id in line))
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "(unmatched)",
        404,
    )
    assert line["ms"] >= 0
    assert "ayse" not in web.output


def _start(processes: Processes) -> tuple[int, Running]:
    port = free_port()
    processes.settings = dataclasses.replace(processes.settings, port=port)
    web = processes.command("web")
    wait_until(lambda: _answers(port), what="the web processes to answer")
    return port, web


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except OSError:
        return False


def _get(port: int, path: str) -> str:
    """Ask once, on a connection of its own; the request's id."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.headers["X-Request-Id"])
    except urllib.error.HTTPError as answer:
        return str(answer.headers["X-Request-Id"])


def _counted(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = re.search(
        r'request_duration_seconds_count\{method="GET",route="/healthz",status="200"\} (\S+)', text
    )
    return float(found[1]) if found else 0.0

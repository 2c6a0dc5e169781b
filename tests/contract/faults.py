"""What a client can be shown instead of an answer: each fault is a function of one exchange on the proxy.

The connection ends when a fault is done.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.proxy import Exchange, Fault


def silent(exchange: Exchange) -> None:
    """Take the request and never answer."""
    exchange.wait()


def delayed(seconds: float) -> Fault:
    """Answer well, but late."""

    def fault(exchange: Exchange) -> None:
        exchange.wait(seconds)
        head, body = exchange.raw_answer()
        exchange.send(head)
        for data in body:
            exchange.send(data)

    return fault


def trickled_head(seconds_per_byte: float = 1.0) -> Fault:
    """Send the answer's head byte by byte, without end: a slow-loris."""

    def fault(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            for byte in b"X-Padding: never ends\r\n":
                exchange.wait(seconds_per_byte)
                exchange.send(bytes([byte]))

    return fault


def _after(body_bytes: int, end: Callable[[Exchange], None]) -> Fault:
    def fault(exchange: Exchange) -> None:
        head, body = exchange.raw_answer()
        exchange.send(head)
        left = body_bytes
        for data in body:
            exchange.send(data[:left])
            left -= len(data)
            if left <= 0:
                break
        exchange.wait(0.1)  # a reset overtakes what was sent before it
        end(exchange)

    return fault


def stalled_after(body_bytes: int) -> Fault:
    """Fall silent after so many bytes of the answer."""
    return _after(body_bytes, Exchange.wait)


def reset_after(body_bytes: int) -> Fault:
    """Break the connection (RST) after so many bytes of the answer."""
    return _after(body_bytes, Exchange.reset)


def closed_after(body_bytes: int) -> Fault:
    """End the connection (FIN) after so many bytes of the answer."""
    return _after(body_bytes, lambda _: None)


def status(code: int, body: bytes = b"{}", **headers: str) -> Fault:
    """Answer with a status of our own; the server is not asked."""
    return lambda exchange: exchange.send_answer(code, body, **headers)


def events(edit: Callable[[Iterator[bytes]], Iterator[bytes]]) -> Fault:
    """Answer with the server's events, edited as a sequence."""

    def fault(exchange: Exchange) -> None:
        exchange.send_answer(200, Content_Type="text/event-stream")
        for event in edit(exchange.events()):
            exchange.send(event + b"\n\n")

    return fault


def edited(edit: Callable[[dict[str, Any]], None]) -> Fault:
    """Answer with the server's answer, each JSON document of it edited in place."""

    def document(data: bytes) -> bytes:
        content = json.loads(data)
        edit(content)
        return json.dumps(content).encode()

    def event(data: bytes) -> bytes:
        text = data.removeprefix(b"data:").strip()
        return data if text == b"[DONE]" else b"data: " + document(text)

    def fault(exchange: Exchange) -> None:
        if exchange.request.streams:
            events(lambda sequence: map(event, sequence))(exchange)
        else:
            exchange.send_answer(200, document(exchange.answer().read()), Content_Type="application/json")

    return fault


def finished_with(reason: str | None) -> Fault:
    """Answer with the server's answer, but say that it ended for another reason."""

    def edit(content: dict[str, Any]) -> None:
        for choice in content.get("choices", []):
            if choice.get("finish_reason"):
                choice["finish_reason"] = reason

    return edited(edit)


def counted_as(prompt_tokens: int) -> Fault:
    """Answer with the server's answer, but say that so many tokens of the prompt were read."""

    def edit(content: dict[str, Any]) -> None:
        if content.get("usage"):
            content["usage"]["prompt_tokens"] = prompt_tokens

    return edited(edit)


def saying(text: str) -> Fault:
    """Answer with another text in the server's answer."""

    def fault(exchange: Exchange) -> None:
        left = [text]

        def edit(content: dict[str, Any]) -> None:
            for choice in content.get("choices", []):
                said = choice.get("delta", choice.get("message", {}))
                if said.get("content"):
                    said["content"] = left.pop() if left else ""

        edited(edit)(exchange)

    return fault


def _content(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def saying_without_end(start: str, again: str, pause_s: float = 0.0) -> Fault:
    """Stream a text and then a piece of it for ever; without streaming, a long answer of the same kind."""

    def fault(exchange: Exchange) -> None:
        if not exchange.request.streams:
            saying(start + again * 5000)(exchange)
            return
        exchange.send_answer(200, _content(start), Content_Type="text/event-stream")
        while True:
            exchange.wait(pause_s)
            exchange.send(_content(again))

    return fault


def cut_before(mark: bytes) -> Fault:
    """End the stream, cleanly, just before the event that has a mark in it."""

    def until(sequence: Iterator[bytes]) -> Iterator[bytes]:
        for event in sequence:
            if mark in event.replace(b'": "', b'":"'):
                return
            yield event

    return events(until)


def duplicated(exchange: Exchange) -> None:
    """Send the first event that has text in it twice."""

    def twice(sequence: Iterator[bytes]) -> Iterator[bytes]:
        is_first = True
        for event in sequence:
            yield event
            if (
                is_first
                and b'"content"' in event
                and json.loads(event[5:])["choices"][0]["delta"].get("content")
            ):
                is_first = False
                yield event

    events(twice)(exchange)


def corrupted(exchange: Exchange) -> None:
    """Flip bytes in the middle of the server's JSON."""

    def flipped(data: bytes) -> bytes:
        return data.replace(b'"choices"', b'"choi\xffes\x00', 1)

    if exchange.request.streams:
        events(lambda sequence: map(flipped, sequence))(exchange)
    else:
        exchange.send_answer(200, flipped(exchange.answer().read()), Content_Type="application/json")


def unasked_gzip(exchange: Exchange) -> None:
    """Compress the server's answer although the client accepts none of that."""
    body = gzip.compress(exchange.answer().read())
    exchange.send_answer(200, body, Content_Type="application/json", Content_Encoding="gzip")


def reporting(code: int, message: str) -> Fault:
    """Report an error in the middle of a stream, as vLLM and llama.cpp do; without streaming, as a status."""
    report = json.dumps({"error": {"message": message, "code": code}}).encode()

    def first_then_report(sequence: Iterator[bytes]) -> Iterator[bytes]:
        yield next(sequence)
        yield b"data: " + report
        yield b"data: [DONE]"

    def fault(exchange: Exchange) -> None:
        if exchange.request.streams:
            events(first_then_report)(exchange)
        else:
            exchange.send_answer(code, report)

    return fault

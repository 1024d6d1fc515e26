"""The part of a notebook that tests need: the messages of widgets between a kernel and a page."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from comm.base_comm import BaseComm


@dataclass(frozen=True)
class Message:
    """What a kernel sends to the pages of a widget.

    Attributes:
        content: As JSON has it.
        buffers: Bytes that go with it.
    """

    content: Mapping[str, Any]
    buffers: tuple[bytes, ...]


class Wire(BaseComm):
    """What a widget speaks through, in place of the sockets of Jupyter."""

    def __init__(self, **options: Any) -> None:
        self.listeners: list[Callable[[Message], None]] = []
        super().__init__(**options)

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        """Bring a message of the kernel to the pages."""
        if msg_type == "comm_msg" and data["method"] == "custom":
            message = Message(data["content"], tuple(map(bytes, buffers or ())))
            for listener in [*self.listeners]:
                listener(message)

    def send_to_kernel(self, content: Any) -> None:
        """Bring a message of a page to the kernel."""
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


class Client:
    """A page that a test plays.

    Args:
        wire: The messages of a widget.
        name: The name of the page.
    """

    def __init__(self, wire: Wire, name: str = "page") -> None:
        self.wire, self.name, self.last = wire, name, 0
        self.received: queue.Queue[Message] = queue.Queue()
        wire.listeners.append(self.received.put)

    def ask(self, method: str, **arguments: Any) -> Message:
        """Ask a question, and wait for its answer."""
        self.last += 1
        self.send(method, **arguments)
        while True:
            message = self.received.get(timeout=30)
            if message.content.get("page") == self.name and message.content["id"] == self.last:
                return Message(message.content["answer"], message.buffers)

    def wait_for(self, event: str) -> Any:
        """Wait for an event."""
        while True:
            message = self.received.get(timeout=30)
            if message.content.get("event") == event:
                return message.content["data"]

    def send(self, method: str, **arguments: Any) -> None:
        """Ask a question without waiting."""
        question = {"page": self.name, "id": self.last, "method": method, "arguments": arguments}
        self.wire.send_to_kernel(question)

    def lay_out(self, text: str | None = None, template: str = "mine", layer: str | None = None) -> Message:
        """Ask for a layout."""
        view = {"template": template, "text": text, "layer": layer}
        ticket = {"client": self.name, "serial": self.last + 1}
        return self.ask("layout", view=view, step=110, pixel_ratio=1, **ticket)

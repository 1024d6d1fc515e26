"""The widget of a reel in a notebook: the page of a preview, which asks by messages of Jupyter instead of HTTP."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import anywidget
import traitlets

from reelnet.errors import ReelnetError, describe_error
from reelnet.preview.answer import Answer, Arguments, View
from reelnet.preview.files.template_files import TemplateFiles
from reelnet.preview.preview import Preview
from reelnet.preview.widget.assets import read_fonts, read_script, read_style
from reelnet.template.source import TemplateText

LOG = logging.getLogger("reelnet")

R = TypeVar("R")

LEAVE = "leave"
"""The message of a page that is gone. All others are questions for the preview."""


class ReelWidget(anywidget.AnyWidget, Generic[R]):
    """The controls of a reel in a notebook; `Reel.explore` makes one.

    The preview behind it runs while a page shows it. Threads answer the page, so that the kernel stays free.

        widget = reel.explore()
        widget  # shows the controls
        widget.reel.save("conv2.mp4")  # the reel as it stands there
        print(widget.template)  # its template, as YAML

    Args:
        run: The run folder or URL.
        template: The name or the file of the template to begin with, or its text.
        layer: The layer to begin with; None for the template's.
        make_reel: Lays out the text of a template for a layer.
        figure: The HTML that is shown where no kernel answers.
    """

    _esm = read_script()
    _fonts = traitlets.Unicode(read_fonts()).tag(sync=True)
    _style = traitlets.Unicode(read_style()).tag(sync=True)
    _figure = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        run: str,
        template: str | TemplateText,
        layer: str | None,
        make_reel: Callable[[TemplateText, str | None], R],
        figure: str,
    ) -> None:
        self._lock = threading.Lock()
        self._pages = set[str]()
        self._preview: Preview | None = None
        self._is_closed = False
        self._run, self._given, self._layer, self._make_reel = run, template, layer, make_reel
        files = TemplateFiles(template)
        self._name, self._text = files.given, files.read_source(files.given)
        self._is_changed = False
        super().__init__(_figure=figure)
        self.on_msg(self._receive)

    @property
    def reel(self) -> R:
        """The reel as it stands in the widget; while its text has mistakes, as it stood before."""
        return self._make_reel(self._text, self._layer)

    @property
    def template(self) -> str:
        """The template of `reel` as YAML text, which `Run.reel` takes."""
        return self._text.text

    def close(self) -> None:
        """Remove the widget from the notebook, and stop all work."""
        with self._lock:
            self._is_closed = True
        self._stop()
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and the figure for pages without a kernel, such as those of nbconvert."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is not None:
            bundle[0]["text/html"] = self._figure
        return bundle

    def _receive(self, widget: Any, message: Any, buffers: Any) -> None:
        """Answer a message of a page."""
        threading.Thread(target=self._answer, args=(message,), name="reelnet-widget", daemon=True).start()

    def _answer(self, message: Any) -> None:
        page, method = message["page"], message["method"]
        if method == LEAVE:
            self._pages.discard(page)
            if not self._pages:
                self._stop()
            return
        try:
            answer = self._ask(page, method, message["arguments"])
        except ReelnetError as error:
            answer = Answer({"error": str(error)})
        except Exception as error:
            # A defect must not end the widget.
            LOG.exception("preview: %s", method)
            answer = Answer(
                {"error": f"{describe_error(error)}: a defect; the log of the kernel shows where"}
            )
        reply = {"page": page, "id": message["id"], "answer": answer.json}
        self.send(reply, [*answer.buffers])

    def _ask(self, page: str, method: str, arguments: Mapping[str, Any]) -> Answer:
        """Ask the preview, and keep what was laid out last."""
        preview = self._start(page)
        answer = preview.call(method, arguments)
        if method == "open":
            start = {**answer.json["start"], "template": self._name, "layer": self._layer}
            text = self._text.text if self._is_changed else None
            return Answer({**answer.json, "start": {**start, "text": text}})
        if method == "layout" and answer.buffers:
            self._keep(preview, Arguments(arguments, method).view())
        if method in ("save", "save_as") and "sha256" in answer.json and arguments["text"] == self._text.text:
            name = answer.json.get("template", arguments.get("template"))
            self._keep(preview, View(name, None, self._layer))
        return answer

    def _keep(self, preview: Preview, view: View) -> None:
        """Take what was laid out, or where that was saved, for the reel."""
        self._name, self._layer, self._is_changed = view.template, view.layer, view.text is not None
        self._text = preview.find_source(view)

    def _start(self, page: str) -> Preview:
        with self._lock:
            if self._is_closed:
                raise ReelnetError("the widget is closed")
            self._pages.add(page)
            if self._preview is None:
                self._preview = Preview(self._run, self._given)
                self._preview.subscribe(lambda name, data: self.send({"event": name, "data": data}))
            return self._preview

    def _stop(self) -> None:
        with self._lock:
            preview, self._preview = self._preview, None
        if preview is not None:
            preview.close()

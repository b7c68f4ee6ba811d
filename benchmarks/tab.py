"""A browser tab as Streamlit's server sees it: signs in, holds a connection, asks, is drawn on.

What a browser does between click and answer is done here: the state of the widgets and the address
go along with each click, messages that are too large to send twice are kept and named, fragments
that ask to be run every second are. Nothing is drawn; which elements come is looked at.
"""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from urllib.parse import urlencode

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

_ANSWER = "footnote_answer"
_NEW = "New conversation"  # the button that begins one
_AGE = 2  # runs for which a browser keeps a large message that does not come up again
_PATIENCE = 120.0  # seconds for an answer
_ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class RefusedError(Exception):
    """The server did not do what a browser needs."""


@dataclass
class Seen:
    """What has come since the last click: messages and their bytes, answers, failures."""

    messages: int = 0
    bytes: int = 0
    answers: int = 0
    failures: list[str] = field(default_factory=list)


def sign_in(host: str, port: int, name: str, password: str) -> str:
    """Send the form of the page to sign in; the cookie that came back."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "origin": f"http://{host}:{port}",
        "sec-fetch-site": "same-origin",
    }
    fields = urlencode({"name": name, "password": password, "next": "/"})
    connection.request("POST", "/sign-in", fields, headers)
    response = connection.getresponse()
    response.read()
    cookie = response.getheader("set-cookie", "")
    connection.close()
    if response.status != 303 or not cookie:
        raise RefusedError(f"{name} was not let in: {response.status}")
    return cookie.partition(";")[0]


class Tab:
    """One tab on the page *Ask*; to be entered, which opens it."""

    def __init__(self, host: str, port: int, cookie: str) -> None:
        self._place, self._cookie = f"{host}:{port}", cookie
        self._connection: ClientConnection
        self._query = self._page = ""
        self._known: set[str] = set()  # answers that stand on the page
        self._large: dict[str, list] = {}  # by hash: what it was, and since how many runs unused
        self._field = self._button = ("", "")  # the field for questions: its id and its fragment
        self._timers: dict[str, asyncio.Task[None]] = {}  # by the fragment that is run again

    async def __aenter__(self) -> Tab:
        self._connection = await connect(
            f"ws://{self._place}/_stcore/stream",
            origin=f"http://{self._place}",
            subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],
            additional_headers={"Cookie": self._cookie, "Accept-Language": "en"},
            max_size=None,
            ping_interval=None,
        )
        await self._send()
        await self._until_drawn(0)
        if not self._field[0]:
            raise RefusedError("the page has no field for questions")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_timers()
        await self._connection.close()

    async def ask(self, question: str) -> Seen:
        """Type a question and wait until its answer has been drawn, and the page with it."""
        state = WidgetState(id=self._field[0])
        state.chat_input_value.data = question
        await self._send([state], self._field[1])
        return await self._until_drawn(1)

    async def begin_anew(self) -> Seen:
        """Click *New conversation*, and wait until the page is drawn."""
        await self._send([WidgetState(id=self._button[0], trigger_value=True)], self._button[1])
        return await self._until_drawn(0)

    async def _send(
        self, widgets: Sequence[WidgetState] = (), fragment: str = "", *, auto: bool = False
    ) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page
        state.widget_states.widgets.extend(widgets)
        state.fragment_id, state.is_auto_rerun = fragment, auto
        state.cached_message_hashes.extend(self._large)
        context = state.context_info
        context.timezone, context.locale = "Europe/Berlin", "en-US"
        context.url, context.color_scheme = f"http://{self._place}/", "light"
        await self._connection.send(message.SerializeToString())

    async def _until_drawn(self, answers: int) -> Seen:
        """Take what comes until so many new answers and the end of the run have come."""
        seen, deadline = Seen(), monotonic() + _PATIENCE
        while True:
            data = await asyncio.wait_for(self._connection.recv(), deadline - monotonic())
            seen.messages += 1
            seen.bytes += len(data)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind != "script_finished":
                self._take(kind, message, seen)
                continue
            full = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            if full:
                self._forget()
            drawn = message.script_finished in _ENDS and (seen.answers or full)
            if drawn and (seen.answers >= answers or seen.failures):
                return seen

    def _take(self, kind: str, message: ForwardMsg, seen: Seen) -> None:
        if kind == "delta":
            self._take_element(message, seen)
        elif kind == "ref_hash":
            self._take_known(message.ref_hash)
        elif kind == "new_session":
            self._page = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:
                self._stop_timers()
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._stop_timers(fragment)
        elif kind == "auth_redirect":
            seen.failures.append("signed out")

    def _take_element(self, message: ForwardMsg, seen: Seen) -> None:
        if message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "bidi_component" and element.bidi_component.component_name == _ANSWER:
            seen.answers += element.bidi_component.id not in self._known
            self._known.add(element.bidi_component.id)
        elif kind == "chat_input":
            self._field = element.chat_input.id, message.delta.fragment_id
        elif kind == "button" and element.button.label == _NEW:
            self._button = element.button.id, message.delta.fragment_id
        elif kind == "exception" or (kind == "alert" and element.alert.format == Alert.ERROR):
            said = element.exception.message or element.alert.body
            seen.failures.append(f"{kind}: {said[:100]}")
        if message.metadata.cacheable:
            self._large[message.hash] = [0]

    def _take_known(self, name: str) -> None:
        if name not in self._large:
            raise RefusedError("the server named a message that was never sent")
        self._large[name][0] = 0

    def _forget(self) -> None:
        for name, age in list(self._large.items()):
            age[0] += 1
            if age[0] > _AGE:
                del self._large[name]

    def _start_timer(self, fragment: str, seconds: float) -> None:
        async def again() -> None:
            while True:
                await asyncio.sleep(seconds)
                await self._send(fragment=fragment, auto=True)

        self._stop_timers(fragment)
        self._timers[fragment] = asyncio.create_task(again())

    def _stop_timers(self, *fragments: str) -> None:
        """Stop those of these fragments, or all."""
        for name in fragments or list(self._timers):
            if name in self._timers:
                self._timers.pop(name).cancel()

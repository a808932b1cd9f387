"""The reading thread of one camera: keeps the newest picture, and says how the camera is doing."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.stream import Frame, RtspStream, StreamEnded

_LOG = structlog.get_logger(__name__)

_AFTER_REFUSAL = 30.0


@dataclass(frozen=True, slots=True)
class Status:
    """How a camera is doing. ``reason`` is empty while all is well or the first attempt is under way."""

    state: CameraState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture and when it came, on the monotonic clock. Arrival decides about age: camera clocks lie."""

    frame: Frame
    at: float


class CameraReader:
    """Reads for ever. Only the newest picture waits; a picture that nobody looked at in time is dropped.

    Attributes:
        dropped: Pictures that nobody looked at; most of them on purpose.
    """

    def __init__(self, order: CameraOrder, clock: Clock, on_picture: Callable[[], None]) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            order: The camera.
            clock: For arrival times and deadlines.
            on_picture: Called by the reading thread for every good picture.
        """
        self._order = order
        self._clock = clock
        self._on_picture = on_picture
        self._status = Status(CameraState.CONNECTING)
        self._newest: Taken | None = None
        self._arrived_at = 0.0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.dropped = 0
        # A daemon thread: a read that is stuck inside FFmpeg (a name that does not resolve) holds up nobody.
        self._thread = threading.Thread(target=self._run, name=f"camera-{order.id}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does so with its next picture or deadline. Does not wait."""
        self._stopping.set()

    @property
    def has_picture(self) -> bool:
        """Whether a picture waits that nobody has looked at."""
        return self._newest is not None

    def take(self) -> Taken | None:
        """The newest picture, once."""
        with self._lock:
            taken, self._newest = self._newest, None
        return taken

    def status(self) -> Status:
        """How the camera is doing now.

        The silence of the thread itself counts too: it may be stuck in native code.
        """
        status = self._status
        silent = self._clock.monotonic() - self._arrived_at
        # The thread's own deadline comes first where it can; the margin keeps one stall from being two.
        if status.state is CameraState.OK and silent > self._order.stall_seconds + 0.5:
            return self._stalled()
        return status

    def _stalled(self) -> Status:
        return Status(CameraState.STALLED, f"no picture came for {self._order.stall_seconds:g} seconds")

    def _run(self) -> None:
        # A camera that reboots should be seen again soon; one that is gone for good is not worth more.
        backoff = Backoff(first=0.5, longest=15.0)
        # Cameras lock accounts after a handful of wrong passwords.
        refusals = Backoff(first=_AFTER_REFUSAL, longest=2 * _AFTER_REFUSAL)
        while not self._stopping.is_set():
            seconds, status = self._read_once()
            if self._stopping.is_set():
                return
            self._status = status
            patience = refusals if status.state is CameraState.REFUSED else backoff
            self._stopping.wait(patience.next(seconds))

    def _read_once(self) -> tuple[float, Status]:
        """One connection; returns for how many seconds pictures came, and why they ended."""
        began: float | None = None
        try:
            for frame in RtspStream(self._order).frames():
                if self._stopping.is_set():
                    break
                now = self._clock.monotonic()
                began = now if began is None else began
                self._offer(Taken(frame, now))
        except StreamEnded as end:
            status = Status(end.state, end.reason)
        except Exception as error:  # noqa: BLE001 - the boundary of a thread: its end would go unnoticed
            # Only the kind: a message of FFmpeg may hold the address, and with it the password.
            _LOG.error("camera_reader_failed", camera=self._order.id, kind=type(error).__name__)
            status = Status(CameraState.STALLED, "reading the camera failed")
        else:
            status = Status(CameraState.STALLED, "stopped")
        return (0.0 if began is None else self._arrived_at - began), status

    def _offer(self, taken: Taken) -> None:
        with self._lock:
            if self._newest is not None:
                self.dropped += 1
            self._newest = taken
        self._arrived_at = taken.at
        self._status = Status(CameraState.OK)
        self._on_picture()

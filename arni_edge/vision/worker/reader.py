"""The reading thread of one camera: keeps the newest picture, and says how the camera is doing."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.decoding import Taken
from arni_edge.vision.worker.hardware import Hardware
from arni_edge.vision.worker.hours import WatchHours
from arni_edge.vision.worker.knock import Answer, knock
from arni_edge.vision.worker.stream import RtspStream, StreamEnded, TooLate

__all__ = ["CameraReader", "Status", "Taken"]

_LOG = structlog.get_logger(__name__)

# A stream that returns is to be seen within ten seconds: a knock that has just begun (3 s), this pause, and
# what it takes to connect and wait for a key frame. A knock every few seconds costs a camera that is away
# nothing.
_LONGEST_PAUSE = 4.0

# Cameras lock accounts after a handful of wrong passwords. One that worked before, and is refused after an
# hour, more likely needs a new session, or was mended in a hurry: it is tried sooner, for some minutes.
_AFTER_REFUSAL = 30.0
_AFTER_SUDDEN_REFUSAL = 8.0
_SUDDEN_SECONDS = 180.0

# A camera of which nothing but old pictures comes twice in a row has a clock that is not to be believed.
_TOO_LATE_OFTEN = 2
_GOOD_SECONDS = 600.0

_RATE_SECONDS = 5.0
_OFF_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Status:
    """How a camera is doing. ``reason`` is empty while all is well or the first attempt is under way."""

    state: CameraState
    reason: str = ""


def rate_window(since: float | None, now: float) -> float:
    """Over how many seconds a rate is told: five, or at the beginning those that there were, at least one.

    Args:
        since: When there was the first to count; None: there was none yet.
        now: On the same clock.
    """
    return _RATE_SECONDS if since is None else min(_RATE_SECONDS, max(1.0, now - since))


_OFF = Status(CameraState.OFF, "it does not watch at this hour")


class CameraReader:
    """Reads for ever. Only the newest picture waits; a picture that nobody looked at in time is dropped.

    Attributes:
        dropped: Pictures that nobody looked at; most of them on purpose.
    """

    def __init__(
        self,
        order: CameraOrder,
        clock: Clock,
        on_picture: Callable[[], None],
        *,
        timezone: str = "Europe/Berlin",
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            order: The camera.
            clock: For arrival times, deadlines and hours.
            on_picture: Called by the reading thread for every good picture.
            timezone: In which the camera's hours are meant.
        """
        self._order = order
        self._clock = clock
        self._on_picture = on_picture
        self._hours = WatchHours(order.hours, timezone)
        self._hardware = Hardware(order.id, order.hardware_decoding)
        self._status = Status(CameraState.CONNECTING)
        self._newest: Taken | None = None
        self._arrived_at: float | None = None
        self._heard_at = self._packet_at = 0.0
        self._arrivals: deque[float] = deque(maxlen=1000)
        self._stream: RtspStream | None = None
        self._idle = False
        self._answers_knocks = False
        self._admitted = False
        self._refused_since: float | None = None
        self._too_late = 0
        # A camera that reboots should be seen again soon; one that is gone for good is not worth more.
        self._backoff = Backoff(first=0.5, longest=_LONGEST_PAUSE)
        self._refusals = Backoff(first=_AFTER_REFUSAL, longest=2 * _AFTER_REFUSAL)
        self._sudden_refusals = Backoff(first=1.0, longest=_AFTER_SUDDEN_REFUSAL)
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

    def idle(self, nothing_happens: bool) -> None:
        """Say whether key frames are enough for now; from any thread.

        When what comes between two key frames shows that something moves, or with ``False``, all that came
        since the last one is decoded at once.
        """
        self._idle = nothing_happens
        if (stream := self._stream) is not None:
            stream.idle(nothing_happens)

    @property
    def dozing(self) -> bool:
        """Whether only key frames are decoded now."""
        stream = self._stream
        return stream is not None and stream.dozing

    @property
    def has_picture(self) -> bool:
        """Whether a picture waits that nobody has looked at."""
        return self._newest is not None

    def take(self) -> Taken | None:
        """The newest picture, once. One that waited for longer than a camera may be silent is no answer."""
        with self._lock:
            taken, self._newest = self._newest, None
        if taken is None or self._silent_too_long(taken.at) or self._off():
            return None
        return taken

    def pictures_per_second(self, now: float) -> float:
        """That came from the camera, decoded or not, in the last seconds before a moment of that clock."""
        arrivals = tuple(self._arrivals)
        seconds = rate_window(arrivals[0] if arrivals else None, now)
        return sum(at > now - seconds for at in arrivals) / seconds

    def age(self, now: float) -> float | None:
        """Seconds since the last good picture, at a moment of the monotonic clock; None before the first."""
        arrived = self._arrived_at
        return None if arrived is None else max(0.0, now - arrived)

    def status(self) -> Status:
        """How the camera is doing now.

        The silence of the thread itself counts too: it may be stuck in native code.
        """
        if self._off():
            return _OFF
        status = self._status
        if status.state is CameraState.OFF:  # its hours have just begun
            return Status(CameraState.CONNECTING)
        # The thread's own deadline comes first where it can; the margin keeps one stall from being two.
        if status.state is CameraState.OK and self._silent_too_long(self._heard_at):
            if not self._silent_too_long(self._packet_at):
                return Status(CameraState.CORRUPT, "the stream cannot be decoded")
            return Status(CameraState.STALLED, f"no picture came for {self._order.stall_seconds:g} seconds")
        return status

    def _silent_too_long(self, since: float) -> bool:
        return self._clock.monotonic() - since > self._order.stall_seconds + 0.5

    def _off(self) -> bool:
        return not self._hours.watching(self._clock.now())

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._off():
                self._status = _OFF
                self._stopping.wait(_OFF_PAUSE)
                continue
            if self._status.state is CameraState.OFF:
                self._status = Status(CameraState.CONNECTING)
            seconds, status = self._read_once()
            if self._stopping.is_set():
                return
            with self._lock:
                self._newest = None  # what was not looked at is from before the fault
            self._status = status
            self._stopping.wait(self._pause(seconds, status))

    def _pause(self, lasted: float, status: Status) -> float:
        """Seconds until the next attempt."""
        if status.state is not CameraState.REFUSED:
            return self._backoff.next(lasted)
        now = self._clock.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        if self._admitted and now - self._refused_since < _SUDDEN_SECONDS:
            return self._sudden_refusals.next(lasted)
        return self._refusals.next(lasted)

    def _read_once(self) -> tuple[float, Status]:
        """One connection; returns for how many seconds pictures came, and why they ended."""
        began: float | None = None
        try:
            self._knock()
            for taken in self._connection().pictures(self._heard):
                if self._stopping.is_set() or self._off():
                    break
                began = taken.at if began is None else began
                self._offer(taken)
        except StreamEnded as end:
            self._note(end)
            status = Status(end.state, end.reason)
        except Exception as error:  # noqa: BLE001 - the boundary of a thread: its end would go unnoticed
            # Only the kind: a message of FFmpeg may hold the address, and with it the password.
            _LOG.error("camera_reader_failed", camera=self._order.id, kind=type(error).__name__)
            status = Status(CameraState.STALLED, "reading the camera failed")
        else:
            status = _OFF
        finally:
            self._stream = None
        lasted = 0.0 if began is None or self._arrived_at is None else self._arrived_at - began
        if lasted >= _GOOD_SECONDS:
            self._too_late = min(self._too_late, _TOO_LATE_OFTEN - 1)
        return lasted, status

    def _knock(self) -> None:
        """Raise StreamEnded when there is nobody to connect to.

        A camera that accepts the knock and says nothing is given its full time, unless it is known to speak.
        """
        answer = knock(self._order.url)
        if answer is Answer.SPOKE:
            self._answers_knocks = True
        elif answer is Answer.REFUSED:
            raise StreamEnded(CameraState.CONNECTING, "nothing answers at this address")
        elif answer is Answer.NOBODY:
            raise StreamEnded(CameraState.CONNECTING, "the camera cannot be reached")
        elif self._answers_knocks:
            raise StreamEnded(CameraState.CONNECTING, "the camera does not answer")

    def _connection(self) -> RtspStream:
        stream = RtspStream(self._order, self._hardware, trust_stamps=self._too_late < _TOO_LATE_OFTEN)
        stream.idle(self._idle)
        self._stream = stream
        return stream

    def _note(self, end: StreamEnded) -> None:
        if isinstance(end, TooLate):
            self._too_late += 1
            if self._too_late == _TOO_LATE_OFTEN:
                _LOG.warning("camera_stamps_not_trusted", camera=self._order.id)

    def _heard(self, at: float, good: bool) -> None:
        self._packet_at = at
        if good:
            self._heard_at = at
            self._arrivals.append(at)

    def _offer(self, taken: Taken) -> None:
        with self._lock:
            if self._newest is not None:
                self.dropped += 1
            self._newest = taken
        self._arrived_at = taken.at
        self._heard_at = max(self._heard_at, taken.at)
        self._admitted, self._refused_since = True, None
        self._status = Status(CameraState.OK)
        self._on_picture()

"""The proof log as a PDF. Needs the extra ``proof``; imported when somebody asks for one."""

import importlib.util
from typing import Any, Final

from arni_edge.cli.proof_text import ProofLog, read_log
from arni_edge.domain.errors import ConfigurationError
from arni_edge.safety.proof import COLUMNS, cells, latin

_FONT: Final = "Helvetica"
_MARGIN: Final = 14.0
_LABEL: Final = 58.0
"""Width of what stands before the colon, in millimetres."""

_LINE: Final = 4.6


def require_library() -> None:
    """Make sure that a PDF can be written, before anybody is asked anything.

    Raises:
        ConfigurationError: The extra is not installed.
    """
    if importlib.util.find_spec("fpdf") is None:
        raise ConfigurationError(
            "--pdf needs fpdf2, which is not installed: install the extra 'proof' (uv pip install "
            "'arni-edge[proof]'), or use --csv"
        )


def pdf_of(log: dict[str, Any]) -> bytes:
    """The document, from the answer to ``alarms.proof``.

    Args:
        log: The answer, all pages.
    """
    return _Document(read_log(log)).write()


class _Document:
    """One document; what its letters cannot show is said at its end."""

    def __init__(self, log: ProofLog) -> None:
        from fpdf import FPDF  # noqa: PLC0415 - an extra

        self._log = log
        self._lost = False
        self._pdf = FPDF(format="A4")
        self._pdf.set_margins(_MARGIN, _MARGIN)
        self._pdf.set_auto_page_break(auto=True, margin=_MARGIN)

    def write(self) -> bytes:
        """The bytes of the file."""
        log = self._log
        self._pdf.set_title(self._latin(log.title))
        self._pdf.add_page()
        self._text(log.title, size=16, bold=True)
        for line in log.lines:
            self._text(line)
        self._pdf.ln(_LINE)
        for name, value in log.facts:
            self._row(name, value)
        if not log.entries:
            self._pdf.ln(_LINE)
            self._text(log.text("proof.empty"))
        for entry in log.entries:
            self._pdf.ln(_LINE)
            values = dict(zip(COLUMNS, cells(entry, log.zone, log.text), strict=True))
            drill = f" ({log.text('proof.column.drill')})" if entry.drill else ""
            self._text(f"{values['raised']}: {values['cause']}{drill}", size=11, bold=True)
            for name, title in zip(COLUMNS, log.titles, strict=True):
                if name not in {"raised", "cause", "drill", "deliveries"} and values[name]:
                    self._row(title, values[name])
            self._row(
                log.titles[COLUMNS.index("deliveries")], values["deliveries"].replace("; ", "\n") or "-"
            )
        if self._lost:
            self._pdf.ln(_LINE)
            self._text(log.text("proof.letters"))
        return bytes(self._pdf.output())

    def _text(self, text: str, *, size: float = 9, bold: bool = False) -> None:
        self._pdf.set_font(_FONT, "B" if bold else "", size)
        self._pdf.multi_cell(0, size * 0.5, self._latin(text), new_x="LMARGIN", new_y="NEXT")

    def _row(self, name: str, value: str) -> None:
        self._pdf.set_font(_FONT, "", 9)
        if self._pdf.will_page_break(2 * _LINE):
            self._pdf.add_page()
        self._pdf.cell(_LABEL, _LINE, self._latin(name))
        self._pdf.multi_cell(0, _LINE, self._latin(value), new_x="LMARGIN", new_y="NEXT")

    def _latin(self, text: str) -> str:
        shown, lost = latin(text)
        self._lost = self._lost or lost
        return shown

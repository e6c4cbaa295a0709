"""SVG: stacked bars with a tooltip for each column, small curves, shares, meters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.web.console.html.parts.words import exact

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 210, 44, 22, 8


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of stacked bars."""

    #: What screen readers say of it.
    name: str
    #: When each bar begins, canonical text.
    times: Sequence[str]
    #: Kind -> a value for each bar; a kind is a class of the style sheet.
    series: Mapping[str, Sequence[float]]
    #: For each bar, shown while it is pointed at.
    tips: Sequence[str]
    #: Whether a bar is a day or more.
    by_day: bool

    def label(self, place: int) -> str:
        """What stands below a bar; the script puts the viewer's time in its place."""
        at = self.times[place]
        return at[5:10] if self.by_day else at[11:16]


def stacked(bars: Bars) -> h.Element:
    """Bars, one for each time, parted by kind."""
    count = len(bars.times)
    top = round_up(max([sum(s[i] for s in bars.series.values()) for i in range(count)] + [1]))
    step = (WIDTH - LEFT) / max(1, count)
    box = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": bars.name}
    every = max(1, math.ceil(count / 8))
    names = [
        h.text(
            x=f"{LEFT + (i + 0.5) * step:.1f}",
            y=str(HEIGHT - 5),
            text_anchor="middle",
            data_clock=not bars.by_day and bars.times[i],
        )[bars.label(i)]
        for i in range(every // 2, count, every)
    ]
    return h.svg(".chart", box)[
        _guides(top), names, _paths(bars.series, top, step), _tips(bars, step)
    ]


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)


def _guides(top: float) -> list[h.Node]:
    return [
        [
            h.line(
                ".guide",
                x1=str(LEFT),
                x2=str(WIDTH),
                y1=f"{_y(v, top):.1f}",
                y2=f"{_y(v, top):.1f}",
            ),
            h.text(x=str(LEFT - 8), y=f"{_y(v, top) + 4:.1f}", text_anchor="end")[short(v)],
        ]
        for v in (0.0, top / 2, top)
    ]


def _paths(series: Mapping[str, Sequence[float]], top: float, step: float) -> list[h.Node]:
    """One path for all bars of a kind; each stands on those before it."""
    wide, paths = max(1.0, step * 0.72), list[h.Node]()
    below = [0.0] * max((len(values) for values in series.values()), default=0)
    for kind, values in series.items():
        steps = []
        for i, value in enumerate(values):
            if value:
                x, low = LEFT + i * step + (step - wide) / 2, _y(below[i], top)
                below[i] += value
                steps.append(f"M{x:.1f} {low:.1f}V{_y(below[i], top):.1f}h{wide:.1f}V{low:.1f}z")
        paths.append(h.path(class_=f"k-{kind}", d="".join(steps)))
    return paths


def _tips(bars: Bars, step: float) -> list[h.Node]:
    size = {"y": str(TOP), "width": f"{step:.1f}", "height": str(HEIGHT - BOTTOM - TOP)}
    return [
        h.rect(".hover", size, x=f"{LEFT + i * step:.1f}")[
            h.title(data_moment=bars.times[i], data_tip=tip)[f"{exact(bars.times[i])}: {tip}"]
        ]
        for i, tip in enumerate(bars.tips)
    ]


def spark(values: Sequence[float], kind: str, width: int = 120, height: int = 28) -> h.Element:
    """A small curve without axes."""
    values = values or [0.0]
    top, count = max([*values, 1]), max(len(values), 2)
    points = [
        (i * width / (count - 1), height - 2 - v / top * (height - 4)) for i, v in enumerate(values)
    ]
    path = " ".join(f"{'L' if i else 'M'}{x:.1f},{y:.1f}" for i, (x, y) in enumerate(points))
    box = {"viewBox": f"0 0 {width} {height}", "preserveAspectRatio": "none", "aria-hidden": "true"}
    return h.svg(class_=f"spark s-{kind}", **box)[
        h.path(".area", d=f"{path} L{width},{height} L0,{height} Z"), h.path(".stroke", d=path)
    ]


def shares(parts: Mapping[str, float], width: int = 80) -> h.Element:
    """Parts of a whole in one line; the words are its tooltip."""
    total, x, bars = sum(parts.values()) or 1, 0.0, []
    for kind, part in parts.items():
        wide = part / total * width
        bars.append(
            h.rect(class_=f"k-{kind}", x=f"{x:.1f}", y="0", width=f"{wide:.1f}", height="8")
        )
        x += wide
    text = ", ".join(f"{part:,.0f} {kind}" for kind, part in parts.items())
    box = {"viewBox": f"0 0 {width} 8", "preserveAspectRatio": "none", "role": "img"}
    return h.svg(".split", box, aria_label=text)[bars, h.title[text]]


def meter(share: float, kind: str, width: int = 64) -> h.Element:
    """How much of what is allowed is used, 0 to 1."""
    used = max(0.02, min(1.0, share)) * width
    box = {"viewBox": f"0 0 {width} 6", "preserveAspectRatio": "none", "aria-hidden": "true"}
    return h.svg(".meter", box)[
        h.rect(".track", x="0", y="0", width=str(width), height="6", rx="3"),
        h.rect(class_=f"fill-{kind}", x="0", y="0", width=f"{used:.1f}", height="6", rx="3"),
    ]


def round_up(value: float) -> float:
    """The next round number that halves well."""
    ten = 10 ** math.floor(math.log10(value))
    return float(next(m * ten for m in (1, 2, 4, 6, 8, 10) if m * ten >= value))


def short(value: float) -> str:
    """`1.5k` for 1500."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"

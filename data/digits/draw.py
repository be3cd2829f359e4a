#!/usr/bin/env python3
"""Draw the ten digits of this folder: 0.pgm to 9.pgm, 28x28, light strokes on black.

    python3 data/digits/draw.py data/digits

Each digit is a few strokes given by hand below, in a box of 20 by 20; a stroke is a chain of points or a
piece of an ellipse. A pixel is as bright as its distance to the nearest stroke makes it, with an edge one
pixel wide, and the picture is centred by its centre of mass. Standard library only.
"""
import math
import os
import sys

SIDE, RADIUS = 28, 1.35


def arc(cx, cy, rx, ry, start, end, steps=40):
    """Points of an ellipse; degrees, 0 to the right, 90 down."""
    turn = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(t), cy + ry * math.sin(t)) for t in turn]


STROKES = {
    0: [arc(10, 10, 6, 9, 0, 360)],
    1: [[(8.5, 3.5), (10.8, 1), (9.6, 19)]],
    2: [arc(9.5, 6.2, 5.2, 5.2, 190, 370) + [(13, 10.5), (4, 18.5), (16, 18.5)]],
    3: [arc(9, 5.6, 5, 4.6, 200, 440) + arc(9, 14.2, 5.8, 4.8, 280, 515)],
    4: [[(6.5, 1), (4.5, 11.5), (15.5, 11)], [(13.5, 3), (12.5, 19)]],
    5: [[(15, 1.5), (6.5, 1.5), (5.5, 9)] + arc(9.3, 13.2, 5.6, 5.4, 230, 505)],
    6: [[(12.5, 1), (8, 6), (5.6, 11)] + arc(10, 14, 4.8, 5, 180, 540)],
    7: [[(4, 2), (15.5, 2), (12, 9), (9, 19)]],
    8: [arc(10, 5.4, 4.2, 4.4, 0, 360), arc(10, 14.4, 5, 4.6, 0, 360)],
    9: [arc(9.6, 6.2, 4.8, 5, 0, 360), [(14.4, 6), (13.8, 12), (11.5, 19)]],
}


def distance(px, py, a, b):
    dx, dy = b[0] - a[0], b[1] - a[1]
    size = dx * dx + dy * dy
    t = 0.0 if size == 0 else max(0.0, min(1.0, ((px - a[0]) * dx + (py - a[1]) * dy) / size))
    return math.hypot(px - a[0] - t * dx, py - a[1] - t * dy)


def render(strokes, shift_x, shift_y):
    rows = []
    for y in range(SIDE):
        row = []
        for x in range(SIDE):
            d = min(distance(x - shift_x, y - shift_y, s[i], s[i + 1])
                    for s in strokes for i in range(len(s) - 1))
            row.append(round(255 * max(0.0, min(1.0, RADIUS + 0.5 - d))))
        rows.append(row)
    return rows


def centred(strokes):
    rows = render(strokes, 4, 4)
    total = sum(map(sum, rows))
    mx = sum(x * v for row in rows for x, v in enumerate(row)) / total
    my = sum(y * sum(row) for y, row in enumerate(rows)) / total
    return render(strokes, 4 + 13.5 - mx, 4 + 13.5 - my)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    for digit, strokes in STROKES.items():
        with open(os.path.join(folder, f"{digit}.pgm"), "w", encoding="ascii") as out:
            out.write(f"P2\n{SIDE} {SIDE}\n255\n")
            for row in centred(strokes):
                out.write(" ".join(map(str, row)) + "\n")


if __name__ == "__main__":
    main()

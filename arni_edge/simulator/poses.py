"""How a body stands, walks, trains and lies: its joints in metres, before a camera sees them."""

import math

import numpy as np
from numpy.typing import NDArray

from arni_edge.simulator.people import Figure
from arni_edge.simulator.plan import Exercise

Joints = NDArray[np.float64]

# Rows of a pose. Left and right are the person's own.
HEAD, NECK, SHOULDER_L, SHOULDER_R, ELBOW_L, ELBOW_R, HAND_L, HAND_R = range(8)
HIP_L, HIP_R, KNEE_L, KNEE_R, ANKLE_L, ANKLE_R, TOE_L, TOE_R = range(8, 16)

_UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.30, 0.27, 0.43, 0.41
_ANKLE_HEIGHT = 0.08
_BACK = 0.12  # from the spine to the floor, in somebody who lies
_LOWEST = 0.05  # no joint is nearer to the floor
_STANDARD_HEIGHT = 1.75


def pose(figure: Figure) -> Joints:
    """Joints of a figure in the room: 16 rows of x, y, z."""
    angles = _angles(figure)
    local = _skeleton(*angles)
    local[:, 2] += _ANKLE_HEIGHT - min(local[ANKLE_L, 2], local[ANKLE_R, 2])
    if figure.down:
        _lay_down(local, figure.down)
    local *= figure.look.height / _STANDARD_HEIGHT
    sin, cos = math.sin(figure.heading), math.cos(figure.heading)
    x, y = local[:, 0].copy(), local[:, 1].copy()
    local[:, 0] = figure.x + x * cos + y * sin
    local[:, 1] = figure.y - x * sin + y * cos
    return local


def _lay_down(local: Joints, down: float) -> None:
    """Turn a standing body about its heels until it is on its back, in place."""
    angle = down * math.pi / 2
    forward, up = local[:, 1].copy(), local[:, 2].copy()
    local[:, 1] = forward * math.cos(angle) - up * math.sin(angle)
    local[:, 2] = np.maximum(_LOWEST, forward * math.sin(angle) + up * math.cos(angle) + _BACK * down)


def _angles(figure: Figure) -> tuple[float, ...]:
    """Swing of thighs (left, right), bend of knees, swing of arms, bend of elbows, spread of arms, lean.

    Positive swings go forwards; bends are always positive.
    """
    p = figure.phase
    wave, lift = math.sin(p), 0.5 - 0.5 * math.cos(p)
    if figure.walking:
        bend = 0.5 * math.cos(p)
        swing = 0.45 * wave
        return (swing, -swing, max(0, -bend), max(0, bend), -0.4 * wave, 0.4 * wave, 0.3, 0.3, 0.08, 0.03)
    match figure.exercise:
        case Exercise.RUN:
            q = 2.2 * p
            swing, back = 0.6 * math.sin(q), 0.9 * math.cos(q)
            return (swing, -swing, max(0, -back), max(0, back), -swing, swing, 1.4, 1.4, 0.1, 0.08)
        case Exercise.SQUAT:
            deep = 0.9 * lift
            return (deep, deep, 1.9 * deep, 1.9 * deep, 1.2 * lift, 1.2 * lift, 0.3, 0.3, 0.15, 0.35 * lift)
        case Exercise.CURL:
            return (0.05, -0.05, 0, 0, 0.1, 0.1, 0.3 + 1.9 * lift, 0.3 + 1.9 * (1 - lift), 0.15, 0)
        case Exercise.PRESS:
            arm, elbow = 0.5 + 2.3 * lift, 2.2 * (1 - lift)
            return (0.05, -0.05, 0, 0, arm, arm, elbow, elbow, 0.25, 0)
        case Exercise.STRETCH:
            return (0.15, -0.15, 0, 0, 0.2, 0.2, 0.2, 0.2, 0.5 + 0.9 * lift, 0.25 * wave)
        case Exercise.CRUNCH:
            # On the way down still as somebody stands; then knees up, and the chest comes up to them.
            flat = figure.down * figure.down
            knee, arm, up = 1.6 * flat, 0.9 * flat, 0.5 * lift * flat
            return (0.8 * flat, 0.8 * flat, knee, knee, arm, arm, 1.9 * flat, 1.9 * flat, 0.2, up)
    if figure.down:
        # However somebody falls, arms and legs come to lie beside them rather than along them.
        d = figure.down
        return (0.1 * d, 0.25 * d, 0.1 * d, 0.5 * d, 0.1 * d, -0.1 * d, 0.3, 0.6 * d, 0.1 + 0.5 * d, 0)
    return (0.03, -0.03, 0, 0, 0.04 * wave, -0.04 * wave, 0.25, 0.25, 0.1, 0)


def _skeleton(
    thigh_l: float, thigh_r: float, knee_l: float, knee_r: float, arm_l: float, arm_r: float,
    elbow_l: float, elbow_r: float, spread: float, lean: float,
) -> Joints:  # fmt: skip
    """Chain the limbs: legs down from the hips, spine up from them, arms down from the shoulders."""
    out = np.zeros((16, 3))
    up = np.array((0.0, math.sin(lean), math.cos(lean)))
    out[NECK] = 0.53 * up
    out[HEAD] = 0.71 * up
    for side, hip, thigh, knee in ((-1, HIP_L, thigh_l, knee_l), (1, HIP_R, thigh_r, knee_r)):
        out[hip] = (0.1 * side, 0, 0)
        out[hip + 2] = out[hip] + (0.02 * side, _THIGH * math.sin(thigh), -_THIGH * math.cos(thigh))
        shin = thigh - knee
        out[hip + 4] = out[hip + 2] + (0, _SHIN * math.sin(shin), -_SHIN * math.cos(shin))
        out[hip + 6] = out[hip + 4] + (0.02 * side, 0.15, -0.04)
    for side, shoulder, arm, elbow in ((-1, SHOULDER_L, arm_l, elbow_l), (1, SHOULDER_R, arm_r, elbow_r)):
        out[shoulder] = 0.49 * up + (0.19 * side, 0, 0)
        out[shoulder + 2] = out[shoulder] + _arm(_UPPER_ARM, arm, spread * side)
        out[shoulder + 4] = out[shoulder + 2] + _arm(_FOREARM, arm + elbow, spread * side * 0.6)
    return out


def _arm(length: float, swing: float, spread: float) -> NDArray[np.float64]:
    return length * np.array((
        math.sin(spread), math.cos(spread) * math.sin(swing), -math.cos(spread) * math.cos(swing)
    ))  # fmt: skip

"""Made-up lines whose future is known, for `simplane bench usage`: how right forecasts and anomalies are."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from simplane.usage import anomalies, forecast

LINES, DAYS, HELD_BACK = 300, 140, 14
MB = 1_000_000
FIRST = date(2026, 6, 1)
Series = NDArray[np.float64]


def forecast_figures() -> dict[str, float]:
    """Error of the total of 14 held-back days, beside that of carrying the last week on; how often the band held it."""
    ours, naive, actual, held, promised = 0.0, 0.0, 0.0, 0, 0
    signed = 0.0
    for number in range(LINES):
        series = _line(np.random.default_rng(number))
        past, future = series[:-HELD_BACK], float(series[-HELD_BACK:].sum())
        told = forecast.month_end([int(one) for one in past], so_far=0, ahead=HELD_BACK)
        if told.expected is None or told.low is None or told.high is None:
            continue
        ours += abs(told.expected - future)
        naive += abs(float(past[-7:].sum()) * HELD_BACK / 7 - future)
        signed += told.expected - future
        actual += future
        promised += 1
        held += told.low <= future <= told.high
    return {
        "forecast_error": round(ours / actual, 3),
        "forecast_error_of_naive": round(ours / naive, 3),
        "forecast_bias": round(signed / actual, 3),
        "band_held": round(held / promised, 3),
    }


def anomaly_figures() -> dict[str, float]:
    """Of lines with one day of fifteen to forty times its usual use: how many alarms were right, how many days were found."""
    right, alarms, real = 0, 0, 0
    for number in range(LINES):
        dice = np.random.default_rng(10_000 + number)
        series = _line(dice)
        place = int(dice.integers(DAYS - HELD_BACK, DAYS))
        usual = float(np.median(series[series > MB])) if (series > MB).any() else 0.0
        if usual and number % 2:
            series[place] = usual * dice.uniform(15, 40)
            real += 1
        found = anomalies.find([int(one) for one in series], FIRST, look=HELD_BACK)
        alarms += len(found)
        right += sum((one.day - FIRST).days == place and bool(number % 2) for one in found)
    return {"anomaly_precision": round(right / alarms, 3), "anomaly_recall": round(right / real, 3)}


def _line(dice: np.random.Generator) -> Series:
    """A phone of somebody who works: weekdays and weekends, days without use, uneven days, now and then a new level."""
    level = 10 ** dice.uniform(1.2, 2.9) * MB
    week = np.where(np.arange(7) < 5, 1.0, dice.uniform(0.1, 1.2)) * dice.uniform(0.8, 1.2, 7)
    active = dice.random(DAYS) < dice.uniform(0.6, 1.0)
    noise = dice.lognormal(0.0, dice.uniform(0.2, 0.7), DAYS)
    change = np.where(np.arange(DAYS) >= dice.integers(20, DAYS * 3), dice.uniform(0.5, 1.8), 1.0)
    return np.asarray(np.resize(week, DAYS) * level * active * noise * change, dtype=np.float64)

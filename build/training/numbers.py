"""Training: arithmetic, as rules over plain values do it."""

import math
import statistics
from decimal import Decimal
from fractions import Fraction


def floats() -> float:
    """Accumulate and compare floats, element by element."""
    total = compensation = 0.0
    low, high = math.inf, -math.inf
    for step in range(4000):
        value = math.sin(step * 0.01) * 12.5 + 20.0
        corrected = value - compensation
        following = total + corrected
        compensation = (following - total) - corrected
        total = following
        if value < low:
            low = value
        elif value > high:
            high = value
    return total / 4000 + low - high


def integers() -> int:
    """Small and large integers, bit operations, divmod."""
    total = 0
    for number in range(1, 3000):
        quotient, remainder = divmod(number * 7919, 97)
        total += (quotient ^ remainder) << (number & 7)
        total %= 1_000_003
    power = 1
    for _ in range(60):
        power = power * 1_000_007 + 13
    return total + len(str(power))


def complex_functions() -> float:
    """Functions of math over a list, in a comprehension and in map."""
    values = [0.1 + step * 0.003 for step in range(1500)]
    logs = [math.log(value) + math.exp(-value) for value in values]
    roots = list(map(math.sqrt, values))
    return math.fsum(logs) + sum(roots) + math.hypot(*values[:3]) + round(logs[3], 3)


def summaries() -> float:
    """The functions of `statistics` that rules lean on."""
    values = [math.cos(step) * 3 + step % 7 for step in range(120)]
    return (
        statistics.fmean(values)
        + statistics.median(values)
        + statistics.pstdev(values)
        + statistics.stdev(values)
        + statistics.quantiles(values, n=4)[1]
        + statistics.linear_regression(range(120), values).slope
    )


def exact() -> Decimal:
    """Decimals and fractions, as tariffs use them."""
    tariff = Decimal("0.3127")
    total = Decimal(0)
    for hour in range(400):
        total += (Decimal(hour) / 4 * tariff).quantize(Decimal("0.01"))
    share = sum((Fraction(1, number) for number in range(1, 30)), Fraction())
    return total + share.numerator % 7

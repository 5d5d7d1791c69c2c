"""Rules of the pumping station: change them, and see `local-processing rules pump.efficiency`."""

from local_processing import Series, rule

#: Acceleration of free fall at sea level, m/s2 (CGPM 1901).
GRAVITY = 9.80665


@rule
def efficiency(power: Series, flow: Series, *, head: float, density: float = 998.0) -> float | None:
    """Hydraulic over electric power of a pump, in one.

    density * g * head * volume / energy, over the samples at which the pump
    ran and both power and flow are known.

    Parameters
    ----------
    power : Series
        Electric power, of any unit of power.
    flow : Series
        Volume flow, of any unit of it.
    head : float
        Height that the water is lifted, friction included, in m.
    density : float
        Of the water, in kg/m3; 998 at 20 degrees Celsius.

    Returns
    -------
    float or None
        None if the pump stood still.
    """
    electric = power.to("W")
    hydraulic = flow.to("m3/s") * (density * GRAVITY * head)
    # Sample by sample, so that both sums are over the same times.
    runs = (electric > 0) * (hydraulic >= 0)
    if not runs.any():
        return None
    return hydraulic.where(runs).sum() / electric.where(runs).sum()

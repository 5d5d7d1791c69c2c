"""Rules about energy that go for any plant."""

from local_processing import Series, Window, rule


@rule(lookback="10 minutes", outputs=("specific", "volume", "energy"))
def specific_energy(power: Series, flow: Series, *, least_volume: float = 0.1) -> dict[str, float] | None:
    """Energy used for each cubic metre pumped, with the volume and the energy.

    Both are integrals over the window in which each sample holds until the
    next one, for a minute at most.

    Parameters
    ----------
    power : Series
        Electric power, of any unit of power.
    flow : Series
        Volume flow, of any unit of it.
    least_volume : float
        In m3: with less than that the ratio says nothing, and is left out.

    Returns
    -------
    dict
        specific in kWh/m3, volume in m3, energy in kWh.
    """
    energy = power.to("kW").integral(per="hour", hold=60)
    volume = flow.to("m3/h").integral(per="hour", hold=60)
    result = {"volume": volume, "energy": energy}
    if volume >= least_volume:
        result["specific"] = energy / volume
    return result


@rule
def running_hours(power: Series, window: Window, *, threshold: float = 0.5) -> float:
    """Hours of the window in which a machine drew at least `threshold`, in the unit of power.

    Returns
    -------
    float
        In h. Where samples are missing, the state before them counts.
    """
    share = (power >= threshold).time_weighted_mean()
    return share * window.duration.total_seconds() / 3600

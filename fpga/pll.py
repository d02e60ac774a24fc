# SPDX-License-Identifier: Apache-2.0
"""Divisors of the PLLs for a wanted clock: those whose output is nearest to it and not above, and of these the ones with the
fastest phase detector, then the oscillator nearest to the middle of its range. Frequencies in MHz.

The ranges are those of the tables of PLL timing in the data sheets, FPGA-DS-02012 (ECP5) and FPGA-DS-02008 (iCE40 UltraPlus), but the
lowest frequency of the ECP5's phase detector, which is the one that Project Trellis' ecppll goes down to.
"""
import itertools

from flow import UserError

ECP5_PHASE = (3.125, 400)  # of the phase detector
ECP5_VCO = (400, 800)
ECP5_OUTPUT = (3.125, 400)
ICE40_PHASE = (10, 133)
ICE40_VCO = (533, 1066)
ICE40_OUTPUT = (16, 275)
# FILTER_RANGE by the frequency of the phase detector: the first whose limit is above it.
ICE40_FILTER = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (134, 6))


def ecp5(source, wanted):
    """Parameters of vm_pll_ecp5, and the clock they give. The output is fed back, so it is source * feedback / input."""
    found = []
    for divide, feedback in itertools.product(range(1, 129), range(1, 81)):
        phase, clock = source / divide, source * feedback / divide
        if _inside(phase, ECP5_PHASE) and _inside(clock, ECP5_OUTPUT):
            for output in range(1, 129):
                if _inside(clock * output, ECP5_VCO):
                    found.append((clock, phase, clock * output, {"InputDivide": divide, "FeedbackDivide": feedback,
                                                                 "OutputDivide": output}))
    return _best("an ECP5", found, wanted, ECP5_VCO)


def ice40(source, wanted):
    """Parameters of vm_pll_ice40, and the clock they give: source * (DivF + 1) / ((DivR + 1) * 2**DivQ)."""
    found = []
    for divr, divf, divq in itertools.product(range(16), range(128), range(1, 7)):
        phase = source / (divr + 1)
        vco = phase * (divf + 1)
        clock = vco / 2 ** divq
        if _inside(phase, ICE40_PHASE) and _inside(vco, ICE40_VCO) and _inside(clock, ICE40_OUTPUT):
            filter_range = next(value for limit, value in ICE40_FILTER if phase < limit)
            found.append((clock, phase, vco, {"DivR": divr, "DivF": divf, "DivQ": divq,
                                                        "FilterRange": filter_range}))
    return _best("an iCE40", found, wanted, ICE40_VCO)


def _inside(value, limits):
    return limits[0] <= value <= limits[1]


def _best(family, found, wanted, vco_limits):
    clocks = [clock for clock, *_ in found]
    if not min(clocks) <= wanted <= max(clocks):
        raise UserError(f"found a clock of {wanted:g} MHz, expected {min(clocks):g} to {max(clocks):g}, which is what the PLL of "
                        f"{family} makes of this oscillator")
    middle = sum(vco_limits) / 2
    clock, _, _, parameters = min((f for f in found if f[0] <= wanted),
                                  key=lambda f: (-f[0], -f[1], abs(f[2] - middle)))
    return parameters, clock

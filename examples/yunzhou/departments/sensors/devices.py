"""Devices of the sensing network: what they measure, where they stand, and when another is put in their place."""

# ruff: noqa: E501  -- SQL, in which Chinese characters count as two columns

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.home import Setup


@dataclass(frozen=True)
class Network:
    """How large the network of a scale is: devices of each kind, cameras, minutes between readings, days between
    deliveries, and alarms of the lifelines a day."""

    per_kind: int
    cameras: int
    minutes: int
    delivery_days: int
    alarms: float


# The city's rates are those of a monitored city: some 91 effective alarms a month, registries of 30,000 devices.
NETWORKS = {
    "small": Network(1, 6, 360, 3, 0.7),
    "medium": Network(3, 60, 60, 1, 3.0),
    "city": Network(14, 29_000, 15, 1, 4.2),
}
# kind: (class, mean, swing over the day, noise, value of a peak, share of peaks, lifeline)
KINDS: dict[str, tuple[str, float, float, float, float, float, str | None]] = {
    "lamp_lit": ("体征脉搏", 97, 0, 2.5, 85, 0.01, None),
    "bin_fill": ("体征脉搏", 45, 20, 20, 97, 0.04, None),
    "gas_pressure": ("体征脉搏", 0.2, 0.01, 0.02, 0.45, 0.01, "燃气"),
    "methane": ("体征脉搏", 2, 0, 1.8, 30, 0.01, "燃气"),
    "power_load": ("体征脉搏", 60, 15, 6, 97, 0.005, None),
    "congestion": ("社会感知", 1.3, 0.2, 0.15, 2.6, 0.03, None),
    "water_pressure": ("体征脉搏", 0.3, 0.03, 0.04, 0.1, 0.02, "供水"),
    "turbidity": ("体征脉搏", 0.4, 0.1, 0.25, 1.6, 0.01, "供水"),
    "flood_depth": ("体征脉搏", 1.5, 0, 1.4, 28, 0.01, "排水"),
    "pm25": ("体征脉搏", 32, 6, 18, 120, 0.01, None),
    "pm10": ("体征脉搏", 70, 15, 35, 210, 0.03, None),
    "noise": ("体征脉搏", 48, 5, 6, 82, 0.04, None),
    "river_oxygen": ("体征脉搏", 7.5, 0.8, 1.2, 3.8, 0.02, None),
    "bridge_strain": ("体征脉搏", 20, 60, 80, 620, 0.01, "桥梁"),
    "heat_temperature": ("体征脉搏", 55, 3, 6, 55, 0, "供热"),
}
SWAPPED = 0.08  # share of devices in whose place another is put within the period


def create_devices(con: duckdb.DuckDBPyConnection, setup: Setup, network: Network, defects: Defects) -> None:
    """Creates tables device and device_row: the latter one row per state in which a device is told to the centre."""
    kinds = ", ".join(
        f"({i}, '{kind}', '{cls}', {mean}, {swing}, {noise}, {peak}, {share}, {repr(line) if line else 'null'})"
        for i, (kind, (cls, mean, swing, noise, peak, share, line)) in enumerate(KINDS.items())
    )
    con.execute(f"""
        create table device as
        with kind as (
            select * from (values {kinds}) as t(kind_no, kind, class, mean, swing, noise, peak, share, lifeline)
            union all
            select {len(KINDS)}, null, '视频影像', null, null, null, null, null, null),
        numbered as (
            select row_number() over (order by kind_no, n) as i, kind.*
            from kind, unnest(range(case when kind is null then {network.cameras} else {network.per_kind} end)) as r(n)),
        placed as (
            select *, cast(floor(u(i, 'device cell') * (select count(*) from cell)) as bigint) as cell_i,
                   case when kind is not null and u(i, 'swap') < {SWAPPED}
                        then date '{setup.first}' + cast(floor(u(i, 'swap day') * {(setup.last - setup.first).days + 1}) as integer) end as swapped_on
            from numbered)
        select p.*, 'YZD' || lpad(cast(p.i as varchar), 6, '0') as device_id,
               'YZP' || lpad(cast(p.cell_i * 10 + p.i % 3 as varchar), 7, '0') as pole_id,
               'SN' || digits(p.i, 'serial', 8) as serial_before, 'SN' || digits(p.i, 'new serial', 8) as serial_after,
               case when kind is not null then {network.minutes} end as minutes, c.grid_code,
               round(c.lon + span(p.i, 'device lon', -0.4, 0.4) * c.side_m / 91000, 6) as lon,
               round(c.lat + span(p.i, 'device lat', -0.4, 0.4) * c.side_m / 111320, 6) as lat,
               date '2024-01-01' + cast(floor(u(p.i, 'installed') * 500) as integer) as installed_on
        from placed p join cell c on c.i = p.cell_i""")
    # Only some cameras, which send no readings, come in a way that the registry cannot take.
    rates = defects.rates("iot_device")
    conditions = dict.fromkeys(rates, f"kind is null and i <= {len(KINDS) * network.per_kind + 60}")
    con.execute(f"""
        create table device_row as
        with state as (
            select i * 2 as k, *, serial_before as serial, cast(date '{setup.first}' as timestamp) as updated_at from device
            union all
            select i * 2 + 1, *, serial_after, cast(swapped_on as timestamp) + interval 1 minute
            from device where swapped_on is not null),
        marked as (select *, {planted("k", "device", rates, conditions)} as defect from state),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from marked)
        select k, copy, defect, device_id, case d when 'I8' then '其他' else class end as class, kind, pole_id, serial, minutes,
               case d when 'I9' then substr(grid_code, 1, 12) || '999' else grid_code end as grid_code,
               lon, lat, installed_on, updated_at
        from repeated""")


def serial_at(moment: str) -> str:
    """SQL of the serial number that a device `d` has at a moment."""
    return f"case when d.swapped_on <= cast({moment} as date) then d.serial_after else d.serial_before end"

"""From CGCS2000 degrees to the Baidu Mercator metres in which the grid centre delivers, as DuckDB macros.

The chain is WGS-84/CGCS2000 → GCJ-02 → BD-09 → BD-09 Mercator. The polynomial is the one of latitudes 30 to 45 degrees
north, where the city lies. Surveyors deliver Gauss-Krüger metres (gk_*), by the classical series.
"""

from __future__ import annotations

import duckdb

AXIS = 6378245.0
ECCENTRICITY = 0.00669342162296594323
X_FACTOR = 111320.7020209128
X_OFFSET = 0.00220636496208
Y_TERMS = (51751.86112841131, 3796837.749470245, 992013.7397791013, -1221952.21711287, 1340652.697009075,
           -620943.6990984312, 144416.9293806241)  # fmt: skip
Y_SCALE = 37.5
MC_Y = " + ".join(f"{term!r} * pow(lat / {Y_SCALE}, {power})" for power, term in enumerate(Y_TERMS))

MACROS = f"""
create macro shift_lon(x, y) as 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
  + (20.0 * sin(6.0 * x * pi()) + 20.0 * sin(2.0 * x * pi())) * 2.0 / 3.0
  + (20.0 * sin(x * pi()) + 40.0 * sin(x / 3.0 * pi())) * 2.0 / 3.0
  + (150.0 * sin(x / 12.0 * pi()) + 300.0 * sin(x / 30.0 * pi())) * 2.0 / 3.0;
create macro shift_lat(x, y) as -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
  + (20.0 * sin(6.0 * x * pi()) + 20.0 * sin(2.0 * x * pi())) * 2.0 / 3.0
  + (20.0 * sin(y * pi()) + 40.0 * sin(y / 3.0 * pi())) * 2.0 / 3.0
  + (160.0 * sin(y / 12.0 * pi()) + 320.0 * sin(y * pi() / 30.0)) * 2.0 / 3.0;
create macro flattening(lat) as 1 - {ECCENTRICITY!r} * sin(radians(lat)) * sin(radians(lat));
create macro gcj_lon(lon, lat) as lon
  + shift_lon(lon - 105.0, lat - 35.0) * 180.0 / ({AXIS!r} / sqrt(flattening(lat)) * cos(radians(lat)) * pi());
create macro gcj_lat(lon, lat) as lat + shift_lat(lon - 105.0, lat - 35.0) * 180.0
  / ({AXIS!r} * (1 - {ECCENTRICITY!r}) / (flattening(lat) * sqrt(flattening(lat))) * pi());
create macro bd_radius(x, y) as sqrt(x * x + y * y) + 0.00002 * sin(y * pi() * 3000.0 / 180.0);
create macro bd_angle(x, y) as atan2(y, x) + 0.000003 * cos(x * pi() * 3000.0 / 180.0);
create macro bd_lon(x, y) as bd_radius(x, y) * cos(bd_angle(x, y)) + 0.0065;
create macro bd_lat(x, y) as bd_radius(x, y) * sin(bd_angle(x, y)) + 0.006;
create macro gk_n(lat) as 6378137.0 / sqrt(1 - 0.0066943800229 * sin(radians(lat)) * sin(radians(lat)));
create macro gk_t(lat) as tan(radians(lat)) * tan(radians(lat));
create macro gk_c(lat) as 0.0067394967755 * cos(radians(lat)) * cos(radians(lat));
create macro gk_a(lon, lat, meridian) as radians(lon - meridian) * cos(radians(lat));
create macro gk_m(lat) as 6378137.0 * (0.998324298423 * radians(lat) - 0.002514607123 * sin(2 * radians(lat))
  + 0.000002639047 * sin(4 * radians(lat)) - 0.0000000034180 * sin(6 * radians(lat)));
create macro gk_x(lon, lat, meridian) as 500000 + gk_n(lat) * (gk_a(lon, lat, meridian)
  + (1 - gk_t(lat) + gk_c(lat)) * pow(gk_a(lon, lat, meridian), 3) / 6
  + (5 - 18 * gk_t(lat) + gk_t(lat) * gk_t(lat)) * pow(gk_a(lon, lat, meridian), 5) / 120);
create macro gk_y(lon, lat, meridian) as gk_m(lat) + gk_n(lat) * tan(radians(lat)) * (
  pow(gk_a(lon, lat, meridian), 2) / 2
  + (5 - gk_t(lat) + 9 * gk_c(lat) + 4 * gk_c(lat) * gk_c(lat)) * pow(gk_a(lon, lat, meridian), 4) / 24);
create macro mc_x(lon) as {X_OFFSET!r} + {X_FACTOR!r} * lon;
create macro mc_y(lat) as {MC_Y};
"""


def install(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the macros gcj_*, bd_* (of GCJ-02 degrees) and mc_* (of BD-09 degrees) in `con`."""
    con.execute(MACROS)


def mercator(relation: str, columns: str = "*") -> str:
    """Query adding the Mercator metres `mx`, `my` of `lon`, `lat` (degrees) to `relation`."""
    gcj = f"select {columns}, gcj_lon(lon, lat) as g_lon, gcj_lat(lon, lat) as g_lat from {relation}"
    metres = "mc_x(bd_lon(g_lon, g_lat)) as mx, mc_y(bd_lat(g_lon, g_lat)) as my"
    return f"select * exclude (g_lon, g_lat), {metres} from ({gcj})"

-- Baidu Mercator metres at 34 degrees north to WGS84, as far as this city needs it: one band of the polynomial.
create macro offset_lon(lon, lat) as (
    300 + (lon - 105) + 2 * (lat - 35) + 0.1 * (lon - 105) * (lon - 105) + 0.1 * (lon - 105) * (lat - 35)
    + 0.1 * sqrt(abs(lon - 105)) + (20 * sin(6 * (lon - 105) * pi()) + 20 * sin(2 * (lon - 105) * pi())) * 2 / 3
    + (20 * sin((lon - 105) * pi()) + 40 * sin((lon - 105) / 3 * pi())) * 2 / 3
    + (150 * sin((lon - 105) / 12 * pi()) + 300 * sin((lon - 105) / 30 * pi())) * 2 / 3)
    * 180 / (6378245.0 / sqrt(1 - 0.00669342162296594323 * pow(sin(radians(lat)), 2)) * cos(radians(lat)) * pi());
create macro offset_lat(lon, lat) as (
    -100 + 2 * (lon - 105) + 3 * (lat - 35) + 0.2 * (lat - 35) * (lat - 35) + 0.1 * (lon - 105) * (lat - 35)
    + 0.2 * sqrt(abs(lon - 105)) + (20 * sin(6 * (lon - 105) * pi()) + 20 * sin(2 * (lon - 105) * pi())) * 2 / 3
    + (20 * sin((lat - 35) * pi()) + 40 * sin((lat - 35) / 3 * pi())) * 2 / 3
    + (160 * sin((lat - 35) / 12 * pi()) + 320 * sin((lat - 35) / 30 * pi())) * 2 / 3)
    * 180 / (6378245.0 * (1 - 0.00669342162296594323)
        / pow(1 - 0.00669342162296594323 * pow(sin(radians(lat)), 2), 1.5) * pi());

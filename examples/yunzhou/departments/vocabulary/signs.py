"""Vital signs of the city and the metrics they are read from."""

# ruff: noqa: E501  -- tables; a Chinese character counts as two columns

from __future__ import annotations

from collections.abc import Iterator

from departments.vocabulary.places import SINCE, Row

SCHEMES: dict[str, dict[str, tuple[str, ...]]] = {
    "sign_dimension": {
        "municipal": ("市政管理", "Municipal works"), "cityscape": ("市容景观", "Cityscape"),
        "sanitation": ("环境卫生", "Sanitation"), "energy": ("能源运行", "Energy"), "traffic": ("交通运行", "Traffic"),
        "water": ("水务管理", "Water"), "safety": ("安全应急", "Safety and emergencies"),
        "ecology": ("生态环境", "Environment"), "public": ("公众满意度", "Public satisfaction"),
        "market": ("市场监管", "Market regulation"),
    },
    "sign_level": {
        "green": ("绿", "Green"), "blue": ("蓝", "Blue"), "yellow": ("黄", "Yellow"), "orange": ("橙", "Orange"),
        "red": ("红", "Red"), "stale": ("失效", "Stale"),
    },
    "device_class": {
        "video": ("视频影像", "Video"), "vital": ("体征脉搏", "Vital"), "social": ("社会感知", "Social"),
    },
    "lifeline": {
        "bridge": ("桥梁", "Bridges"), "gas": ("燃气", "Gas"), "water": ("供水", "Water"), "drainage": ("排水", "Drainage"),
        "heat": ("供热", "Heat"),
    },
    "patrol_channel": {"person": ("人工巡查", "Person"), "machine": ("智能识别", "Machine")},
    "patrol_conclusion": {"passed": ("合格", "Passed"), "failed": ("不合格", "Failed")},
    "alarm_action": {
        "ack": ("接警", "Acknowledged"), "effective": ("有效", "Effective"), "false": ("误报", "False"),
        "incident": ("险情", "Incident"), "closed": ("销警", "Closed"),
    },
}  # fmt: skip
MANHOLES = "C0101;C0102;C0103;C0105;C0106;C0107;C0108;C0109;C0110;C0111;C0112;C0114"

# metric: (fact, classes, reckoning, scale, window in days)
METRICS: dict[str, tuple[str, str, str, float, int]] = {
    "manhole_density": ("grid_reported", MANHOLES, "per_km2", 1, 28),
    "flooding_density": ("grid_reported", "E0406", "per_km2", 1, 28),
    "road_damage_density": ("grid_reported", "E0110", "per_km2", 1, 28),
    "street_order_density": ("grid_reported", "E05", "per_km2", 1, 28),
    "advertising_density": ("grid_reported", "E02", "per_km2", 1, 28),
    "illegal_building_density": ("grid_reported", "E0101", "per_km2", 1, 28),
    "dirty_road_density": ("grid_reported", "E0104", "per_km2", 1, 28),
    "parking_density": ("grid_reported", "E0505;E0506", "per_km2", 1, 28),
    "burst_pipe_cases": ("grid_reported", "E0402", "count", 1, 28),
    "dust_cases": ("grid_reported", "E0302", "count", 1, 28),
    "component_timely_rate": ("grid_timely", "C01;C02", "ratio", 100, 28),
    "grid_timely_rate": ("grid_timely", "*", "ratio", 100, 28),
    "rubbish_timely_rate": ("grid_timely", "E0102;E0103", "ratio", 100, 28),
    "emergency_timely_rate": ("grid_timely", "E04", "ratio", 100, 28),
    "proactive_rate": ("grid_found", "*", "ratio", 100, 28),
    "rubbish_repeat_rate": ("grid_repeated", "E0102", "ratio", 100, 28),
    "rework_rate": ("grid_reworked", "*", "ratio", 100, 28),
    "toilet_requests": ("hotline_accepted", "H010103", "count", 1, 28),
    "heating_requests": ("hotline_accepted", "H0403", "count", 1, 7),
    "power_cut_requests": ("hotline_accepted", "H040401", "count", 1, 7),
    "transport_requests": ("hotline_accepted", "H0502", "count", 1, 28),
    "signal_requests": ("hotline_accepted", "H0503", "count", 1, 28),
    "parking_requests_change": ("hotline_accepted", "H0501", "change", 100, 7),
    "noise_requests_change": ("hotline_accepted", "H0601", "change", 100, 7),
    "hotline_change": ("hotline_accepted", "*", "change", 100, 7),
    "hotline_timely_rate": ("hotline_timely", "*", "ratio", 100, 28),
    "response_rate": ("hotline_response", "*", "ratio", 100, 28),
    "resolution_rate": ("visit_resolved", "*", "ratio", 100, 28),
    "satisfaction_rate": ("visit_satisfied", "*", "ratio", 100, 28),
    "reopening_rate": ("hotline_reopened", "*", "ratio", 100, 28),
    "penalty_publicity_rate": ("penalty_published", "*", "ratio", 100, 28),
    "permit_publicity_rate": ("permit_published", "*", "ratio", 100, 28),
    "serious_penalties": ("penalty_serious", "*", "count", 1, 28),
    "lamp_lit_rate": ("reading_mean", "lamp_lit", "mean", 1, 7),
    "bin_overflow_rate": ("reading_abnormal", "bin_fill", "ratio", 100, 7),
    "gas_pressure": ("reading_mean", "gas_pressure", "mean", 1, 3),
    "power_load": ("reading_mean", "power_load", "mean", 1, 3),
    "congestion": ("reading_mean", "congestion", "mean", 1, 3),
    "water_pressure_rate": ("reading_normal", "water_pressure", "ratio", 100, 3),
    "water_quality_rate": ("reading_normal", "turbidity", "ratio", 100, 7),
    "flood_depth_rate": ("reading_abnormal", "flood_depth", "ratio", 100, 3),
    "gas_leak_rate": ("reading_abnormal", "methane", "ratio", 100, 3),
    "air_mean": ("reading_mean", "pm25", "mean", 1, 3),
    "dust_rate": ("reading_abnormal", "pm10", "ratio", 100, 3),
    "noise_rate": ("reading_abnormal", "noise", "ratio", 100, 7),
    "river_rate": ("reading_normal", "river_oxygen", "ratio", 100, 7),
    "pipeline_alarms": ("alarm_raised", "*", "count", 1, 7),
    "bridge_alarms": ("alarm_raised", "bridge", "count", 1, 28),
    "effective_alarm_rate": ("alarm_effective", "*", "ratio", 100, 28),
    "patrol_coverage": ("patrol_covered", "*", "ratio", 100, 7),
    "recognition_rate": ("patrol_recognised", "*", "ratio", 100, 28),
}  # fmt: skip
BASELINE_DAYS = 28  # of a change: the days before the window it is compared with
# What tells that the source of a fact was heard: of events any arrival in the city, of devices each expected reading.
HEARD = {
    "grid": ("grid_reported", "city"), "hotline": ("hotline_accepted", "city"), "visit": ("hotline_accepted", "city"),
    "penalty": ("penalty_decided", "city"), "permit": ("permit_decided", "city"), "reading": ("device_heard", "area"),
    "alarm": ("device_heard", "city"), "patrol": ("patrol_covered", "city"),
}  # fmt: skip

# code: (dimension, Chinese, English, metric, unit, area level, frequency, direction, target, blue, yellow, orange, red,
#        coverage, owner, plan)
SIGNS: tuple[tuple[object, ...], ...] = (
    ("MU01", "municipal", "井盖异常密度", "Faulty manhole covers by area", "manhole_density", "件/km²", 4, "day", "high", None, 0.3, 0.6, 1.2, 2.4, 0.8, "YZ-CGJ", "市政设施应急预案"),
    ("MU02", "municipal", "路灯亮灯率", "Street lamps lit", "lamp_lit_rate", "%", 3, "day", "low", None, 97, 95, 92, 88, 0.8, "YZ-CGJ", "照明设施抢修预案"),
    ("MU03", "municipal", "道路积水密度", "Flooded roads by area", "flooding_density", "件/km²", 4, "day", "high", None, 0.05, 0.1, 0.2, 0.4, 0.8, "YZ-SWJ", "城市内涝应急预案"),
    ("MU04", "municipal", "管线报警数", "Alarms of pipelines", "pipeline_alarms", "次", 2, "day", "high", None, 40, 60, 90, 150, 0.5, "YZ-CGJ", "管线事故应急预案"),
    ("MU05", "municipal", "道路破损密度", "Damaged roads by area", "road_damage_density", "件/km²", 3, "day", "high", None, 0.5, 1, 2, 4, 0.8, "YZ-CGJ", None),
    ("MU06", "municipal", "公用与交通部件按期处置率", "Facilities repaired in time", "component_timely_rate", "%", 3, "day", "low", None, 90, 80, 70, 60, 0.8, "YZ-CGJ", None),
    ("CS01", "cityscape", "街面秩序案件密度", "Street-order cases by area", "street_order_density", "件/km²", 4, "day", "high", None, 4, 8, 16, 32, 0.8, "YZ-CGJ", None),
    ("CS02", "cityscape", "户外广告违规密度", "Illegal advertising by area", "advertising_density", "件/km²", 4, "day", "high", None, 1, 2, 4, 8, 0.8, "YZ-CGJ", None),
    ("CS03", "cityscape", "违法搭建密度", "Unauthorised structures by area", "illegal_building_density", "件/km²", 4, "day", "high", None, 0.5, 1, 2, 4, 0.8, "YZ-CGJ", None),
    ("CS04", "cityscape", "网格案件按期处置率", "Grid cases handled in time", "grid_timely_rate", "%", 4, "day", "low", None, 90, 80, 70, 60, 0.8, "YZ-CGJ", None),
    ("CS05", "cityscape", "主动发现率", "Cases found by the city itself", "proactive_rate", "%", 3, "day", "low", None, 80, 70, 60, 50, 0.8, "YZ-CGJ", None),
    ("CS06", "cityscape", "巡查覆盖率", "Coverage of patrols", "patrol_coverage", "%", 3, "day", "low", None, 90, 80, 70, 60, 0.4, "YZ-CGJ", None),
    ("CS07", "cityscape", "网格案件返工率", "Cases reworked", "rework_rate", "%", 3, "day", "high", None, 10, 15, 20, 30, 0.8, "YZ-CGJ", None),
    ("CS08", "cityscape", "自动识别率", "Events found by machines", "recognition_rate", "%", 3, "day", "low", None, 60, 50, 40, 30, 0.4, "YZ-CGJ", None),
    ("SA01", "sanitation", "垃圾满溢率", "Overflowing bins", "bin_overflow_rate", "%", 3, "day", "high", None, 5, 10, 20, 40, 0.8, "YZ-CGJ", None),
    ("SA02", "sanitation", "垃圾清运及时率", "Rubbish cleared in time", "rubbish_timely_rate", "%", 3, "day", "low", None, 90, 80, 70, 60, 0.8, "YZ-CGJ", None),
    ("SA03", "sanitation", "公厕诉求数", "Requests about public toilets", "toilet_requests", "件", 3, "day", "high", None, 150, 250, 500, 1000, 0.8, "YZ-CGJ", None),
    ("SA04", "sanitation", "暴露垃圾复发率", "Exposed rubbish that returns", "rubbish_repeat_rate", "%", 3, "day", "high", None, 10, 20, 30, 50, 0.8, "YZ-CGJ", None),
    ("SA05", "sanitation", "道路不洁密度", "Dirty roads by area", "dirty_road_density", "件/km²", 4, "day", "high", None, 0.5, 1, 2, 4, 0.8, "YZ-CGJ", None),
    ("EN01", "energy", "供气压力偏差", "Gas pressure", "gas_pressure", "MPa", 3, "day", "band", 0.2, 0.02, 0.04, 0.06, 0.1, 0.8, "YZ-CGJ", "燃气事故应急预案"),
    ("EN02", "energy", "供热诉求数", "Requests about heating", "heating_requests", "件", 3, "day", "high", None, 60, 120, 250, 500, 0.8, "YZ-CGJ", "供热保障预案"),
    ("EN03", "energy", "用电负荷率", "Power load", "power_load", "%", 3, "day", "high", None, 80, 85, 90, 95, 0.8, "YZ-FGW", "有序用电预案"),
    ("EN04", "energy", "停电诉求数", "Requests about power cuts", "power_cut_requests", "件", 3, "day", "high", None, 60, 120, 250, 500, 0.8, "YZ-FGW", None),
    ("TR01", "traffic", "道路拥堵指数", "Congestion index", "congestion", "1", 3, "day", "high", None, 1.6, 1.8, 2, 2.5, 0.8, "YZ-JTJ", "交通疏导预案"),
    ("TR02", "traffic", "乱停车案件密度", "Illegal parking by area", "parking_density", "件/km²", 4, "day", "high", None, 1, 2, 4, 8, 0.8, "YZ-CGJ", None),
    ("TR03", "traffic", "公共交通诉求数", "Requests about public transport", "transport_requests", "件", 3, "day", "high", None, 200, 300, 600, 1200, 0.8, "YZ-JTJ", None),
    ("TR04", "traffic", "信号与标志诉求数", "Requests about signals and signs", "signal_requests", "件", 3, "day", "high", None, 200, 300, 600, 1200, 0.8, "YZ-JTJ", None),
    ("TR05", "traffic", "停车诉求变化", "Change of parking requests", "parking_requests_change", "%", 2, "day", "high", None, 130, 150, 200, 300, 0.8, "YZ-JTJ", None),
    ("WA01", "water", "供水压力合格率", "Water pressure in bounds", "water_pressure_rate", "%", 3, "day", "low", None, 97, 95, 90, 80, 0.8, "YZ-SWJ", "供水突发事件预案"),
    ("WA02", "water", "自来水管破裂数", "Burst water mains", "burst_pipe_cases", "件", 3, "day", "high", None, 100, 200, 400, 800, 0.8, "YZ-SWJ", "供水突发事件预案"),
    ("WA03", "water", "内涝水深超限率", "Depth of flooding out of bounds", "flood_depth_rate", "%", 3, "day", "high", None, 5, 10, 20, 40, 0.8, "YZ-SWJ", "城市内涝应急预案"),
    ("WA04", "water", "供水浊度达标率", "Turbidity in bounds", "water_quality_rate", "%", 3, "day", "low", None, 99, 97, 95, 90, 0.8, "YZ-SWJ", "供水突发事件预案"),
    ("SF01", "safety", "有效报警率", "Effective alarms", "effective_alarm_rate", "%", 2, "day", "low", None, 70, 60, 50, 40, 0.5, "YZ-YJJ", None),
    ("SF02", "safety", "燃气泄漏读数异常率", "Readings of leaking gas", "gas_leak_rate", "%", 3, "day", "high", None, 2, 5, 10, 20, 0.8, "YZ-YJJ", "燃气事故应急预案"),
    ("SF03", "safety", "桥梁报警数", "Alarms of bridges", "bridge_alarms", "次", 2, "day", "high", None, 60, 100, 200, 400, 0.5, "YZ-JTJ", "桥梁安全应急预案"),
    ("SF04", "safety", "突发事件按期处置率", "Emergencies handled in time", "emergency_timely_rate", "%", 3, "day", "low", None, 90, 80, 70, 60, 0.8, "YZ-YJJ", None),
    ("EC01", "ecology", "细颗粒物浓度", "Fine particulate matter", "air_mean", "µg/m³", 3, "day", "high", None, 35, 75, 115, 150, 0.8, "YZ-HBJ", "重污染天气应急预案"),
    ("EC02", "ecology", "工地扬尘超标率", "Dust of sites out of bounds", "dust_rate", "%", 3, "day", "high", None, 5, 10, 20, 40, 0.8, "YZ-HBJ", None),
    ("EC03", "ecology", "噪声超标率", "Noise out of bounds", "noise_rate", "%", 3, "day", "high", None, 5, 10, 20, 40, 0.8, "YZ-HBJ", None),
    ("EC04", "ecology", "河道溶解氧达标率", "Oxygen of rivers in bounds", "river_rate", "%", 3, "day", "low", None, 95, 90, 80, 70, 0.8, "YZ-HBJ", None),
    ("EC05", "ecology", "工地扬尘案件数", "Construction dust reported", "dust_cases", "件", 3, "day", "high", None, 150, 300, 600, 1200, 0.8, "YZ-HBJ", None),
    ("EC06", "ecology", "噪声诉求变化", "Change of noise requests", "noise_requests_change", "%", 2, "day", "high", None, 130, 150, 200, 300, 0.8, "YZ-HBJ", None),
    ("PU01", "public", "热线响应率", "Response rate", "response_rate", "%", 3, "day", "low", None, 95, 90, 85, 80, 0.8, "YZ-ZX", None),
    ("PU02", "public", "热线解决率", "Resolution rate", "resolution_rate", "%", 3, "day", "low", None, 85, 75, 65, 55, 0.8, "YZ-ZX", None),
    ("PU03", "public", "热线满意率", "Satisfaction rate", "satisfaction_rate", "%", 3, "day", "low", None, 90, 80, 70, 60, 0.8, "YZ-ZX", None),
    ("PU04", "public", "热线量异常", "Change of the volume of requests", "hotline_change", "%", 3, "day", "high", None, 120, 140, 170, 200, 0.8, "YZ-ZX", None),
    ("PU05", "public", "工单重开率", "Re-opened tickets", "reopening_rate", "%", 3, "day", "high", None, 5, 10, 15, 20, 0.8, "YZ-ZX", None),
    ("PU06", "public", "热线按期办结率", "Tickets finished in time", "hotline_timely_rate", "%", 3, "week", "low", None, 95, 90, 80, 70, 0.8, "YZ-ZX", None),
    ("MR01", "market", "处罚公示及时率", "Penalties published in time", "penalty_publicity_rate", "%", 2, "week", "low", None, 98, 95, 90, 80, 0.4, "YZ-SCJ", None),
    ("MR02", "market", "许可公示及时率", "Permits published in time", "permit_publicity_rate", "%", 2, "week", "low", None, 98, 95, 90, 80, 0.4, "YZ-XSJ", None),
    ("MR03", "market", "严重失信处罚数", "Serious penalties", "serious_penalties", "件", 2, "month", "high", None, 100, 200, 400, 800, 0.4, "YZ-SCJ", None),
)  # fmt: skip
UP_N, DOWN_M = 2, 3
# metric: (Chinese, English, unit, plausible from and to, limits from and to, limit of the night, another unit and its factor)
SENSOR_METRICS: dict[str, tuple[object, ...]] = {
    "lamp_lit": ("路灯亮灯率", "Street lamps lit", "%", 0, 100, 90, None, None, None, None),
    "bin_fill": ("垃圾箱满溢度", "Filling of bins", "%", 0, 120, None, 90, None, None, None),
    "gas_pressure": ("供气压力", "Gas pressure", "MPa", 0, 4, 0.1, 0.4, None, "kPa", 0.001),
    "methane": ("甲烷浓度", "Methane", "%LEL", 0, 100, None, 20, None, None, None),
    "power_load": ("用电负荷率", "Power load", "%", 0, 150, None, 95, None, None, None),
    "congestion": ("拥堵指数", "Congestion index", "1", 0.5, 10, None, 2, None, None, None),
    "water_pressure": ("供水压力", "Water pressure", "MPa", 0, 2.5, 0.14, 0.6, None, "kPa", 0.001),
    "turbidity": ("浊度", "Turbidity", "NTU", 0, 1000, None, 1, None, None, None),
    "flood_depth": ("积水深度", "Depth of flooding", "cm", 0, 500, None, 15, None, "m", 100),
    "pm25": ("细颗粒物", "Fine particulate matter", "µg/m³", 0, 1000, None, 75, None, "mg/m³", 1000),
    "pm10": ("可吸入颗粒物", "Particulate matter", "µg/m³", 0, 2000, None, 150, None, "mg/m³", 1000),
    "noise": ("噪声", "Noise", "dB(A)", 20, 140, None, 70, 55, None, None),
    "river_oxygen": ("溶解氧", "Dissolved oxygen", "mg/L", 0, 30, 5, None, None, None, None),
    "bridge_strain": ("桥梁应变", "Strain of bridges", "µε", -2000, 2000, -500, 500, None, None, None),
    "heat_temperature": ("供热温度", "Heating temperature", "°C", -40, 150, None, None, None, None, None),
}  # fmt: skip
PARAMETERS = {
    "vital.history_days": (90, "Days of vital signs that are kept"),
    "vital.lead_days": (90, "Days before them that windows and levels reach back to"),
    "vital.baseline_coverage": (0.8, "Share of the days before that must be known for a change to be told"),
    "publicity.work_days": (7, "Working days within which a decision is published"),
    "patrol.track_days": (30, "Days for which tracks of patrols may be kept"),
    "patrol.seen_metres": (300, "A cell is seen from so near its middle"),
    "patrol.same_hours": (2, "Hours within which people and machines tell of one event"),
    "patrol.same_metres": (30, "and how far apart"),
    "sensor.late_hours": (72, "Readings that come later count in nothing"),
    "sensor.night_from_hour": (22, "The limits of the night hold from this hour"),
    "sensor.night_until_hour": (6, "and until this hour"),
    "sensor.sentinel.low": (-9999, "What devices send for a value they have not"),
    "sensor.sentinel.high": (65535, "What devices send for a value they have not"),
}


def metric_rows() -> Iterator[Row]:
    """Rows of metric.csv."""
    for name, (fact, classes, reckoning, scale, window) in METRICS.items():
        baseline = BASELINE_DAYS if reckoning == "change" else None
        yield name, fact, classes, reckoning, scale, window, baseline, *HEARD[fact.partition("_")[0]]


def sign_rows() -> Iterator[Row]:
    """Rows of vital_sign.csv."""
    for code, dimension, name, english, metric, unit, level, *rest in SIGNS:
        frequency, direction, target, blue, yellow, orange, red, coverage, owner, plan = rest
        limits = (target, blue, yellow, orange, red, coverage, UP_N, DOWN_M)
        yield (
            code,
            dimension,
            name,
            english,
            metric,
            unit,
            level,
            frequency,
            direction,
            *limits,
            owner,
            plan,
            SINCE,
            None,
        )


def sensor_metric_rows() -> Iterator[Row]:
    """Rows of sensor_metric.csv."""
    for code, row in SENSOR_METRICS.items():
        yield code, *row


def sign_parameters() -> Iterator[Row]:
    """Rows of parameter.csv about vital signs and sensors."""
    for name, (value, meaning) in PARAMETERS.items():
        yield name, value, SINCE, None, f"{meaning} (choice of the demonstration city)"

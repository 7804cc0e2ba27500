"""Classifications: hotline classes on three levels, grid components and events on two, industries."""

# ruff: noqa: E501  -- word lists; a Chinese character counts as two columns

from __future__ import annotations

# level 1: level 2: names of level 3, each "Chinese|English"
HOTLINE = {
    "市容环境|City appearance": {
        "环境卫生|Sanitation": ("暴露垃圾|Exposed rubbish", "道路保洁|Street cleaning", "公厕管理|Public toilets"),
        "市容秩序|Street order": (
            "占道经营|Street vending",
            "店外经营|Trading outside shops",
            "乱贴小广告|Fly-posting",
        ),
        "户外广告|Outdoor advertising": ("广告破损|Broken advertisements", "违规设置|Illegal advertisements"),
    },
    "市政设施|Public facilities": {
        "道路桥梁|Roads and bridges": (
            "路面破损|Damaged road",
            "井盖缺失|Missing manhole cover",
            "护栏损坏|Damaged guardrail",
        ),
        "路灯照明|Street lighting": ("路灯不亮|Lamp out", "灯杆倾斜|Leaning lamp post"),
        "排水排污|Drainage": ("道路积水|Flooded road", "管道堵塞|Blocked drain", "污水外溢|Sewage overflow"),
    },
    "住房物业|Housing": {
        "物业管理|Property management": (
            "收费争议|Disputed fees",
            "服务质量|Quality of service",
            "电梯故障|Lift failure",
        ),
        "房屋质量|Building defects": ("屋面渗漏|Leaking roof", "外墙脱落|Falling facade"),
        "违法建设|Illegal building": ("私搭乱建|Unauthorised structure", "群租房|Overcrowded letting"),
    },
    "公用事业|Utilities": {
        "供水|Water": ("停水|Water outage", "水质|Water quality", "水费|Water bill"),
        "供气|Gas": ("燃气泄漏|Gas leak", "燃气收费|Gas bill"),
        "供热|Heating": ("温度不达标|Heating too low", "供热收费|Heating bill"),
        "供电|Electricity": ("停电|Power cut", "线缆隐患|Dangerous cables"),
    },
    "交通管理|Traffic": {
        "停车|Parking": ("机动车乱停|Illegal parking", "停车收费|Parking fees", "泊位不足|Lack of parking"),
        "公共交通|Public transport": ("公交服务|Bus service", "出租车服务|Taxi service"),
        "交通设施|Traffic installations": ("信号灯故障|Signal failure", "标志标线|Signs and markings"),
    },
    "生态环境|Environment": {
        "噪声|Noise": ("施工噪声|Construction noise", "生活噪声|Neighbour noise", "商业噪声|Commercial noise"),
        "大气|Air": ("油烟扰民|Cooking fumes", "工地扬尘|Construction dust", "露天焚烧|Open burning"),
        "水体|Water bodies": ("河道污染|River pollution", "黑臭水体|Foul water"),
    },
    "市场监管|Market regulation": {
        "消费维权|Consumer rights": (
            "商品质量|Quality of goods",
            "预付卡退费|Prepaid card refund",
            "虚假宣传|False advertising",
        ),
        "食品安全|Food safety": ("餐饮卫生|Restaurant hygiene", "变质食品|Spoiled food"),
        "价格|Prices": ("乱收费|Overcharging", "价格欺诈|Price fraud"),
    },
    "民生服务|Public services": {
        "社会保障|Social security": ("社保缴纳|Contributions", "养老金|Pensions", "医保报销|Medical reimbursement"),
        "教育|Education": ("入学政策|School admission", "校外培训|Tutoring"),
        "劳动关系|Labour": ("拖欠工资|Unpaid wages", "劳动合同|Labour contract"),
        "户籍证照|Registration": ("身份证件|Identity documents", "户口迁移|Change of residence"),
    },
}

# major class: names of its minor classes in order of their codes
COMPONENTS = {
    "公用设施|Public utilities": (
        "上水井盖|Water manhole", "污水井盖|Sewage manhole", "雨水井盖|Storm-water manhole", "雨水箅子|Storm drain grate",
        "电力井盖|Power manhole", "路灯井盖|Lighting manhole", "通讯井盖|Telecom manhole", "电视井盖|Television manhole",
        "网络井盖|Network manhole", "热力井盖|Heating manhole", "燃气井盖|Gas manhole", "公安井盖|Police manhole",
        "消防设施|Fire-fighting equipment", "无主井盖|Manhole without owner", "通讯交接箱|Telecom cabinet",
        "电力设施|Power equipment", "立杆|Pole", "路灯|Street lamp", "地灯|Ground lamp", "景观灯|Landscape lamp",
    ),
    "交通设施|Traffic facilities": (
        "停车场|Car park", "停车咪表|Parking meter", "公交站亭|Bus shelter", "出租车站牌|Taxi sign", "过街天桥|Footbridge",
        "地下通道|Underpass", "高架立交桥|Flyover", "跨河桥|River bridge", "交通标志牌|Traffic sign", "交通控制箱|Control box",
        "交通护栏|Guardrail",
    ),
    "市容环境|City appearance": (
        "公共厕所|Public toilet", "化粪池|Septic tank", "公厕指示牌|Toilet sign", "垃圾间|Refuse room", "垃圾箱|Litter bin",
        "灯箱霓虹灯|Neon sign", "广告牌匾|Billboard",
    ),
    "园林绿化|Greenery": (
        "古树名木|Old and notable tree", "行道树|Street tree", "护树设施|Tree guard", "花架花钵|Planter", "绿地|Green space",
        "雕塑|Sculpture", "街头坐椅|Street bench",
    ),
    "其他设施|Other facilities": ("宣传栏|Notice board", "人防工事|Air-raid shelter", "公房地下室|Public basement"),
}  # fmt: skip
EVENTS = {
    "市容环境|City appearance": (
        "私搭乱建|Unauthorised structure", "暴露垃圾|Exposed rubbish", "积存垃圾渣土|Piled rubble", "道路不洁|Dirty road",
        "水域不洁|Dirty water", "绿地脏乱|Littered green", "废弃车辆|Abandoned vehicle", "废弃家具设备|Abandoned furniture",
        "非装饰性树挂|Things hanging in trees", "道路破损|Damaged road", "河堤破损|Damaged embankment", "道路遗撒|Spillage",
    ),
    "宣传广告|Advertising": (
        "非法小广告|Fly-posting", "违章张贴悬挂广告牌匾|Illegal billboard", "占道广告牌|Billboard on the road",
        "街头散发广告|Handbills", "广告招牌破损|Broken sign",
    ),
    "施工管理|Construction": (
        "施工扰民|Disturbance by works", "工地扬尘|Construction dust", "施工废弃料|Construction waste",
        "施工占道|Works on the road", "无证掘路|Digging without permit",
    ),
    "突发事件|Emergencies": (
        "路面塌陷|Road collapse", "自来水管破裂|Burst water main", "燃气管道破裂|Burst gas main",
        "下水道堵塞或破损|Blocked or broken sewer", "热力管道破裂|Burst heating main", "道路积水|Flooded road",
        "道路积雪结冰|Snow and ice", "架空线缆损坏|Damaged overhead line",
    ),
    "街面秩序|Street order": (
        "无照经营游商|Unlicensed vending", "流浪乞讨|Begging", "占道废品收购|Scrap buying on the road", "店外经营|Trading outside shops",
        "机动车乱停放|Illegal parking of cars", "非机动车乱停放|Illegal parking of bicycles", "乱堆物堆料|Piled goods",
        "商业噪音|Commercial noise", "黑车拉客|Illegal taxis", "露天烧烤|Open-air barbecue", "沿街晾挂|Washing in the street",
    ),
}  # fmt: skip
EVENT_SYNONYMS = {"E0101": "违法搭建", "E0505": "机动车违停", "E0201": "违法小广告"}
INDUSTRIES = {
    "0111": "稻谷种植", "1310": "谷物磨制", "1411": "糕点面包制造", "1811": "运动机织服装制造", "2110": "木质家具制造",
    "2319": "包装装潢印刷", "2710": "化学药品原料药制造", "3011": "水泥制造", "3311": "金属结构制造", "3484": "机械零部件加工",
    "3911": "计算机整机制造", "4411": "火力发电", "4511": "天然气生产和供应", "4610": "自来水生产和供应", "4710": "住宅房屋建筑",
    "4813": "市政道路工程建筑", "5012": "公共建筑装饰装修", "5112": "种子批发", "5191": "再生物资回收与批发", "5211": "百货零售",
    "5212": "超级市场零售", "5292": "互联网零售", "5412": "城市轨道交通", "5431": "普通货物道路运输", "5442": "公路管理与养护",
    "5992": "通用仓储", "6110": "旅游饭店", "6120": "一般旅馆", "6210": "正餐服务", "6220": "快餐服务", "6231": "茶馆服务",
    "6431": "互联网安全服务", "6513": "应用软件开发", "6550": "信息处理和存储", "6820": "物业管理", "7010": "房地产开发经营",
    "7121": "汽车租赁", "7231": "律师及相关法律服务", "7251": "广告服务", "7272": "安全服务", "7481": "工程管理服务",
    "7810": "市政设施管理", "7820": "环境卫生管理", "7840": "绿化管理", "8010": "家庭服务", "8040": "理发及美容服务",
    "8111": "汽车修理与维护", "8321": "普通小学教育", "8391": "职业技能培训", "8415": "专科医院", "8930": "健身休闲",
}  # fmt: skip


def split(text: str) -> tuple[str, str]:
    """Chinese and English of one entry."""
    zh, _, en = text.partition("|")
    return zh, en

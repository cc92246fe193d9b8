//! The words of the closed lists as people say them, for reasons; the words themselves stay the identity.

use super::words::USE_NATURE;

/// English and Chinese of a word, where the word itself does not say it well in both.
const SPOKEN: &[(&str, &str, &str)] = &[
    // bodies
    ("sedan", "sedan", "轿车"),
    ("hatchback", "hatchback", "两厢车"),
    ("suv", "SUV", "越野车（SUV）"),
    ("wagon", "station wagon", "旅行车"),
    ("coupe", "coupé", "双门轿跑车"),
    ("convertible", "convertible", "敞篷车"),
    ("mpv", "MPV", "多用途乘用车（MPV）"),
    ("pickup", "pickup", "皮卡"),
    ("van", "van", "厢式客货车"),
    ("panel_van", "panel van", "封闭货车"),
    ("minibus", "minibus", "小型客车"),
    ("bus", "bus", "客车"),
    ("coach", "coach", "长途客车"),
    ("double_deck_bus", "double-deck bus", "双层客车"),
    ("articulated_bus", "articulated bus", "铰接客车"),
    ("truck", "truck", "载货汽车"),
    ("tractor_unit", "tractor unit", "牵引车"),
    ("dump_truck", "dump truck", "自卸车"),
    ("tanker", "tanker", "罐车"),
    ("refrigerated_truck", "refrigerated truck", "冷藏车"),
    ("crane_truck", "crane truck", "起重车"),
    ("concrete_mixer", "concrete mixer", "混凝土搅拌车"),
    ("special_purpose", "special-purpose vehicle", "专用车"),
    ("ambulance", "ambulance", "救护车"),
    ("fire_engine", "fire engine", "消防车"),
    ("hearse", "hearse", "殡葬车"),
    ("motorhome", "motorhome", "旅居车"),
    ("tow_truck", "tow truck", "清障车"),
    ("road_works", "road-works vehicle", "道路施工车"),
    ("garbage_truck", "garbage truck", "垃圾车"),
    ("trailer", "trailer", "全挂车"),
    ("semi_trailer", "semi-trailer", "半挂车"),
    ("motorcycle", "motorcycle", "摩托车"),
    ("moped", "moped", "轻便摩托车"),
    ("three_wheeler", "three-wheeler", "三轮汽车"),
    ("quad", "quad", "全地形车"),
    ("low_speed_truck", "low-speed truck", "低速货车"),
    ("agricultural_tractor", "farm tractor", "农用拖拉机"),
    ("machinery", "machinery", "工程机械"),
    ("armoured", "armoured vehicle", "防弹车"),
    ("racing", "racing", "赛车"),
    ("other", "other", "其他"),
    // uses
    ("non_operating", "non-operating", "非营运"),
    ("road_passenger", "road passenger transport", "公路客运"),
    ("city_bus", "city bus", "公交客运"),
    ("taxi", "taxi", "出租"),
    ("tourist", "tourist transport", "旅游客运"),
    ("freight", "freight", "货运"),
    ("rental", "rental", "租赁"),
    ("police", "police", "警用"),
    ("engineering_rescue", "engineering rescue", "工程救险"),
    (
        "operating_to_non_operating",
        "operating, now non-operating",
        "营转非",
    ),
    (
        "taxi_to_non_operating",
        "taxi, now non-operating",
        "出租转非",
    ),
    ("training", "driving school", "教练"),
    ("school_bus", "school bus", "校车"),
    ("dangerous_goods", "dangerous goods", "危险品运输"),
    ("ride_hailing", "ride hailing", "网约车"),
    (
        "ride_hailing_to_non_operating",
        "ride hailing, now non-operating",
        "网约转非",
    ),
    ("private", "private", "私用"),
    ("school_transport", "school transport", "校车"),
    ("driving_school", "driving school", "教练车"),
    ("government", "government", "政府"),
    ("military", "military", "军用"),
    ("bus_service", "bus service", "客运"),
    ("test", "test", "测试"),
    // steering, energy, colour
    ("LHD", "left-hand drive (LHD)", "左舵"),
    ("RHD", "right-hand drive (RHD)", "右舵"),
    ("centre", "centre", "中置"),
    ("ICE", "combustion engine (ICE)", "燃油（ICE）"),
    ("MHEV", "mild hybrid (MHEV)", "轻度混动（MHEV）"),
    ("HEV", "hybrid (HEV)", "油电混动（HEV）"),
    ("PHEV", "plug-in hybrid (PHEV)", "插电混动（PHEV）"),
    ("EREV", "range-extended (EREV)", "增程式（EREV）"),
    ("BEV", "battery-electric (BEV)", "纯电动（BEV）"),
    ("FCEV", "fuel cell (FCEV)", "燃料电池（FCEV）"),
    ("petrol", "petrol", "汽油"),
    ("diesel", "diesel", "柴油"),
    ("lpg", "LPG", "液化石油气"),
    ("cng", "CNG", "压缩天然气"),
    ("lng", "LNG", "液化天然气"),
    ("methanol", "methanol", "甲醇"),
    ("ethanol", "ethanol", "乙醇"),
    ("hydrogen", "hydrogen", "氢"),
    ("electric", "electric", "电"),
    ("white", "white", "白"),
    ("grey", "grey", "灰"),
    ("yellow", "yellow", "黄"),
    ("pink", "pink", "粉"),
    ("red", "red", "红"),
    ("purple", "purple", "紫"),
    ("green", "green", "绿"),
    ("blue", "blue", "蓝"),
    ("brown", "brown", "棕"),
    ("black", "black", "黑"),
    ("silver", "silver", "银"),
    ("gold", "gold", "金"),
    ("orange", "orange", "橙"),
    ("multi", "several colours", "多色"),
    // damage and title
    ("minor_collision", "minor collision", "轻微碰撞"),
    ("collision", "collision", "碰撞"),
    ("major_accident", "major accident", "重大事故"),
    ("structural", "structural damage", "结构损伤"),
    ("cut_chassis", "cut chassis", "切割车架"),
    ("flood", "flood", "泡水"),
    ("water", "water damage", "水损"),
    ("fire", "fire", "火烧"),
    ("rollover", "rollover", "翻车"),
    ("crushed", "crushed", "压毁"),
    ("dismantled", "dismantled", "拆解"),
    ("cyclone", "cyclone", "飓风受损"),
    ("hail", "hail", "冰雹"),
    ("radiation", "radiation", "辐射"),
    ("theft", "theft", "盗抢"),
    ("total_loss", "total loss", "全损"),
    ("partial_loss", "partial loss", "部分损失"),
    ("rebuilt", "rebuilt", "全损修复"),
    ("manufacturing_defect", "manufacturing defect", "制造缺陷"),
    ("salvage", "salvage", "残值（salvage）"),
    ("junk", "junk", "报废（junk）"),
    ("scrap", "scrap", "报废"),
    ("non_rebuildable", "non-rebuildable", "不可修复"),
    ("written_off", "written off", "全损报废"),
    ("statutory_write_off", "statutory write-off", "法定报废"),
    ("lemon", "lemon", "柠檬车"),
    ("export_only", "export only", "仅限出口"),
    // equipment
    ("abs", "ABS", "防抱死（ABS）"),
    ("esc", "stability control (ESC)", "车身稳定（ESC）"),
    ("ecall", "eCall", "紧急呼叫（eCall）"),
    ("era_glonass", "ERA-GLONASS", "ERA-GLONASS"),
    ("evak", "EVAK", "EVAK"),
    ("tpms", "tyre pressure monitor", "胎压监测"),
    ("seat_belts_front", "front seat belts", "前排安全带"),
    (
        "seat_belts_all",
        "seat belts on all seats",
        "全部座椅安全带",
    ),
    (
        "three_point_belts_rear",
        "three-point rear belts",
        "后排三点式安全带",
    ),
    ("headrests", "headrests", "头枕"),
    ("catalytic_converter", "catalytic converter", "三元催化器"),
    ("particulate_filter", "particulate filter", "颗粒捕集器"),
    (
        "frontal_impact",
        "frontal impact protection",
        "正面碰撞防护",
    ),
    ("side_impact", "side impact protection", "侧面碰撞防护"),
    ("speedometer_kmh", "speedometer in km/h", "公里车速表"),
    ("speedometer_mph", "speedometer in mph", "英里车速表"),
    (
        "headlamps_left_traffic",
        "headlamps for left-hand traffic",
        "靠左行驶大灯",
    ),
    (
        "headlamps_right_traffic",
        "headlamps for right-hand traffic",
        "靠右行驶大灯",
    ),
    ("headlamps_rebuilt", "rebuilt headlamps", "改装大灯"),
    ("rear_fog_lamp", "rear fog lamp", "后雾灯"),
    ("speed_limiter", "speed limiter", "限速器"),
    ("tachograph", "tachograph", "行车记录仪"),
    ("dab_receiver", "DAB receiver", "数字广播收音机"),
    ("english_interface", "interface in English", "英文界面"),
    ("bull_bar", "bull bar", "防撞杠"),
    ("cfc_refrigerant", "CFC refrigerant", "氟利昂制冷剂"),
    ("lpg_conversion", "LPG conversion", "油改气"),
    (
        "connected_software_cn_ru",
        "connected software of CN or RU",
        "涉中俄联网软件",
    ),
    (
        "connected_hardware_cn_ru",
        "connected hardware of CN or RU",
        "涉中俄联网硬件",
    ),
    ("e_marked_parts", "E-marked parts", "E标零件"),
    ("glitter_paint", "glitter paint", "闪光漆"),
    ("armour", "armour", "装甲"),
    ("isofix", "ISOFIX", "ISOFIX接口"),
    ("daytime_lamps", "daytime lamps", "日间行车灯"),
    // specifications
    ("china", "China", "中国"),
    ("eu", "EU", "欧盟"),
    ("us", "US", "美国"),
    ("gso", "Gulf (GSO)", "海湾（GSO）"),
    ("saudi", "Saudi Arabia", "沙特"),
    ("japan", "Japan", "日本"),
    ("korea", "Korea", "韩国"),
    ("australia", "Australia", "澳大利亚"),
    ("eaeu", "EAEU", "欧亚联盟"),
    ("india", "India", "印度"),
    ("unece", "UNECE", "联合国法规"),
    ("uk", "UK", "英国"),
    // trip and purpose
    ("sea", "by sea", "海运"),
    ("land", "by land", "陆运"),
    ("air", "by air", "空运"),
    ("rail", "by rail", "铁路"),
    ("own_wheels", "on its own wheels", "自驶"),
    ("personal", "personal use", "个人自用"),
    ("commercial", "trade", "贸易"),
    ("own_business", "own business", "企业自用"),
    ("re_export", "re-export", "转口"),
    ("transit", "transit", "过境"),
    ("parts", "for parts", "拆零件"),
    ("humanitarian", "humanitarian", "人道援助"),
    ("temporary", "temporary", "暂时进口"),
    ("diplomatic", "diplomatic", "外交"),
    ("collection", "collection", "收藏"),
    ("inheritance", "inheritance", "继承"),
    ("donation", "donation", "捐赠"),
    ("exhibition", "exhibition", "展览"),
    // importer and exporter
    ("individual", "individual", "个人"),
    ("sole_trader", "sole trader", "个体经营者"),
    ("company", "company", "企业"),
    ("diplomatic_mission", "diplomatic mission", "外交使团"),
    (
        "international_organisation",
        "international organisation",
        "国际组织",
    ),
    ("non_profit", "non-profit body", "非营利机构"),
    ("citizen", "citizen", "公民"),
    ("resident", "resident", "居民"),
    ("premium_resident", "premium resident", "特殊居留者"),
    ("gcc_citizen", "Gulf citizen", "海湾国家公民"),
    ("returning_resident", "returning resident", "归国居民"),
    ("citizen_abroad", "citizen abroad", "旅外公民"),
    ("migrant", "immigrant", "移民"),
    ("diplomat", "diplomat", "外交人员"),
    ("disabled", "person with a disability", "残疾人"),
    ("expatriate_worker", "expatriate worker", "外籍劳工"),
    ("heir", "heir", "继承人"),
    ("authorised_dealer", "authorised dealer", "授权经销商"),
    ("registered_dealer", "registered dealer", "注册经销商"),
    (
        "type_approval_holder",
        "type-approval holder",
        "型式批准持有人",
    ),
    ("licensed_carrier", "licensed carrier", "持证承运人"),
    ("small_importer", "small importer", "小型进口商"),
    ("collector", "collector", "收藏者"),
    ("project_contractor", "project contractor", "项目承包商"),
    ("free_zone_resident", "free-zone resident", "自由区居民"),
    ("registered_importer", "registered importer", "注册进口商"),
    ("student", "student", "学生"),
    ("state_agent", "state agent", "公务人员"),
    ("family_scheme", "family scheme", "家庭计划"),
    ("mining_licensee", "mining licensee", "采矿许可持有人"),
    (
        "manufacturer_representative",
        "manufacturer's representative",
        "厂家代表",
    ),
    ("producer", "producer", "生产企业"),
    ("trading", "trading enterprise", "流通企业"),
    ("clean", "clean", "良好"),
    ("interviewed", "interviewed", "被约谈"),
    ("rectification_ordered", "ordered to rectify", "被责令整改"),
    ("rectification_done", "rectified", "整改完成"),
    ("rectification_not_done", "not rectified", "整改未完成"),
    ("serious_dishonesty", "seriously dishonest", "严重失信"),
    (
        "applications_stopped",
        "applications stopped",
        "停止受理申请",
    ),
    // inspection, records, registry
    ("wmt_8_2022", "WM/T 8-2022", "WM/T 8-2022"),
    ("wmt_9_2022", "WM/T 9-2022", "WM/T 9-2022"),
    ("gb_38900_2020", "GB 38900-2020", "GB 38900-2020"),
    ("found", "found", "已查到"),
    ("found_partial", "found in part", "部分查到"),
    ("no_record", "no record", "无记录"),
    ("not_authorised", "not authorised", "未授权"),
    ("auth_pending", "authorisation pending", "授权待定"),
    ("unsupported", "not covered", "不支持查询"),
    ("off_hours", "outside service hours", "非服务时间"),
    ("upstream_down", "system down", "系统故障"),
    ("quota", "query quota used up", "查询额度用尽"),
    ("bad_input", "query refused", "查询信息有误"),
    ("consistent", "consistent", "一致"),
    (
        "inconsistent_one_reading",
        "one reading does not fit",
        "一次读数异常",
    ),
    ("likely_rollback", "likely rolled back", "疑似回调"),
    ("meter_replaced", "meter replaced", "更换过里程表"),
    ("no_verdict", "no verdict", "无结论"),
    ("scrap_limit", "at the scrapping limit", "达到报废标准"),
    (
        "encumbered_or_supervised",
        "encumbered or supervised",
        "抵押质押或海关监管",
    ),
    ("sealed_or_seized", "sealed or seized", "查封扣押"),
    ("obtained_by_crime", "obtained by crime", "犯罪所得"),
    (
        "certificate_mismatch",
        "does not match its certificate",
        "与登记证书不符",
    ),
    (
        "smuggled_or_assembled",
        "smuggled or assembled",
        "走私或拼装",
    ),
    ("papers_incomplete", "papers incomplete", "凭证不齐"),
    ("inspection_failed", "inspection failed", "检测不合格"),
    (
        "unresolved_violation",
        "unresolved violation",
        "违法事故未处理",
    ),
    ("barred_by_law", "barred by law", "法律禁止"),
];

/// How a word of a list is said in English and in Chinese; codes such as `M1` say themselves.
pub(crate) fn spoken(list: &[&str], word: &'static str) -> (&'static str, &'static str) {
    if word == "fire" && list == USE_NATURE {
        return ("fire service", "消防");
    }
    SPOKEN
        .iter()
        .find(|(known, _, _)| *known == word)
        .map_or((word, word), |(_, en, zh)| (en, zh))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{FACTS, words};

    #[test]
    fn every_word_in_small_letters_is_said_in_both_languages() {
        for def in FACTS {
            for word in def.kind.words() {
                let (en, zh) = spoken(def.kind.words(), word);
                let code = word.bytes().all(|byte| !byte.is_ascii_lowercase());
                assert!(code || zh != *word, "{word} of {} has no Chinese", def.name);
                assert!(!en.contains('_'), "{word} of {}", def.name);
            }
        }
    }

    #[test]
    fn no_word_is_listed_twice_or_for_nothing() {
        for (place, (word, _, _)) in SPOKEN.iter().enumerate() {
            assert!(
                SPOKEN[..place].iter().all(|(other, _, _)| other != word),
                "{word} twice"
            );
            assert!(
                FACTS.iter().any(|def| def.kind.words().contains(word)),
                "{word} is in no list"
            );
        }
        assert_eq!(spoken(words::USE_NATURE, "fire").1, "消防");
        assert_eq!(spoken(words::DAMAGE, "fire").1, "火烧");
    }
}

//! The names that Spillway gives to browsers, systems and devices, for those of other products. With
//! them, what was imported and what is counted from then on are the same rows.

/// What others call a browser, in lower case, and the family that its user agent has.
const BROWSERS: [(&str, &str); 38] = [
    ("android", "Android"),
    ("android browser", "Android"),
    ("aol", "AOL"),
    ("bb10", "BlackBerry WebKit"),
    ("blackberry browser", "BlackBerry WebKit"),
    ("brave", "Brave"),
    ("chrome", "Chrome"),
    ("chrome mobile", "Chrome"),
    ("chrome webview", "Chrome"),
    ("chromium-webview", "Chrome"),
    ("crios", "Chrome"),
    ("duckduckgo privacy browser", "DuckDuckGo"),
    ("edge-chromium", "Edge"),
    ("edge-ios", "Edge"),
    ("facebook", "Facebook"),
    ("firefox", "Firefox"),
    ("firefox mobile", "Firefox"),
    ("fxios", "Firefox"),
    ("huawei browser mobile", "Huawei Browser"),
    ("ie", "IE"),
    ("instagram", "Instagram"),
    ("internet explorer", "IE"),
    ("ios", "Safari"),
    ("ios-webview", "Safari"),
    ("microsoft edge", "Edge"),
    ("miui", "MiuiBrowser"),
    ("miui browser", "MiuiBrowser"),
    ("mobile safari", "Safari"),
    ("opera", "Opera"),
    ("opera mini", "Opera"),
    ("opera mobile", "Opera"),
    ("opera-mini", "Opera"),
    ("phantomjs", "PhantomJS"),
    ("samsung", "Samsung Internet"),
    ("samsung browser", "Samsung Internet"),
    ("silk", "Amazon Silk"),
    ("yandex", "Yandex Browser"),
    ("yandexbrowser", "Yandex Browser"),
];

/// How the name of a system begins, in lower case, and its family; the first that fits decides.
const SYSTEMS: [(&str, &str); 28] = [
    ("windows phone", "Windows Phone"),
    ("windows mobile", "Windows Phone"),
    ("windows", "Windows"),
    ("android", "Android"),
    ("amazon os", "Android"),
    ("fire os", "Android"),
    ("ios", "iOS"),
    ("ipados", "iOS"),
    ("mac", "macOS"),
    ("os x", "macOS"),
    ("chrome os", "ChromeOS"),
    ("chromeos", "ChromeOS"),
    ("chromium os", "ChromeOS"),
    ("harmonyos", "HarmonyOS"),
    ("kaios", "KaiOS"),
    ("tizen", "Tizen"),
    ("webos", "webOS"),
    ("playstation", "PlayStation"),
    ("xbox", "Xbox"),
    ("nintendo", "Nintendo"),
    ("freebsd", "BSD"),
    ("openbsd", "BSD"),
    ("open bsd", "BSD"),
    ("netbsd", "BSD"),
    ("linux", "Linux"),
    ("gnu/linux", "Linux"),
    ("ubuntu", "Linux"),
    ("fedora", "Linux"),
];

/// What others call a device, in lower case, and its class.
const DEVICES: [(&str, &str); 10] = [
    ("desktop", "desktop"),
    ("laptop", "desktop"),
    ("ultrawide", "desktop"),
    ("tablet", "tablet"),
    ("mobile", "mobile"),
    ("phone", "mobile"),
    ("tv", "tv"),
    ("smarttv", "tv"),
    ("smart tv", "tv"),
    ("console", "console"),
];

/// How others write that they do not know.
const UNKNOWN: [&str; 4] = ["(not set)", "(unknown)", "unknown", "browser"];

/// Systems of devices that stand on a desk.
const OF_DESKTOPS: [&str; 5] = ["Windows", "macOS", "ChromeOS", "Linux", "BSD"];
/// The shorter side of a screen from which a device is a tablet, in pixels of CSS: Android's own line.
const TABLET: f64 = 600.0;

/// A browser of any version, such as `Firefox 128.0`; empty if it is not known.
pub(super) fn browser(name: &str) -> String {
    let name = without_version(name);
    let lower = name.to_lowercase();
    if UNKNOWN.contains(&lower.as_str()) {
        return String::new();
    }
    let known = BROWSERS.iter().find(|(other, _)| *other == lower);
    known.map_or(name, |(_, family)| family).to_owned()
}

/// A system of any version, such as `Windows 11`; empty if it is not known.
pub(super) fn os(name: &str) -> String {
    let name = name.trim();
    let lower = name.to_lowercase();
    if UNKNOWN.contains(&lower.as_str()) {
        return String::new();
    }
    let known = SYSTEMS.iter().find(|(beginning, _)| lower.starts_with(beginning));
    known.map_or_else(|| without_version(name), |(_, family)| family).to_owned()
}

/// A class of devices; empty if it is not known.
pub(super) fn device(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let known = DEVICES.iter().find(|(other, _)| *other == lower);
    known.map_or_else(String::new, |(_, class)| (*class).to_owned())
}

/// The class of a device with this system and a screen such as `1920,1080,1`; empty if it is not known.
pub(super) fn device_of(os: &str, screen: &str) -> String {
    let mut sides = screen.split([',', 'x']).filter_map(|side| side.trim().parse::<f64>().ok());
    let shorter = sides.next().zip(sides.next()).map(|(one, other)| one.min(other));
    match (os, shorter) {
        (os, _) if OF_DESKTOPS.contains(&os) => "desktop",
        ("Android" | "iOS", Some(side)) if side >= TABLET => "tablet",
        ("Android" | "iOS", Some(side)) if side > 0.0 => "mobile",
        _ => "",
    }
    .to_owned()
}

/// The country of a place such as `US` or `US-TX`; empty if it is not known.
pub(super) fn country(place: &str) -> String {
    let code = place.split('-').next().unwrap_or_default().trim();
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { code.to_ascii_uppercase() } else { String::new() }
}

/// The language of a tag such as `de-AT`; empty if it is not known.
pub(super) fn language(tag: &str) -> String {
    let name = tag.split(['-', '_']).next().unwrap_or_default().trim();
    let is_name =
        matches!(name.len(), 2 | 3) && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_name { name.to_ascii_lowercase() } else { String::new() }
}

/// The name without the numbers at its end.
fn without_version(name: &str) -> &str {
    let name = name.trim();
    match name.rsplit_once(' ') {
        Some((rest, end)) if end.starts_with(|c: char| c.is_ascii_digit()) => without_version(rest),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_names_are_those_that_our_own_detection_gives() {
        for (other, own) in [
            ("chrome", "Chrome"),
            ("edge-chromium", "Edge"),
            ("Microsoft Edge", "Edge"),
            ("Firefox 128.0", "Firefox"),
            ("Internet Explorer 11", "IE"),
            ("Samsung Browser", "Samsung Internet"),
            ("ios", "Safari"),
            ("Mobile App", "Mobile App"),
            ("(not set)", ""),
            ("", ""),
        ] {
            assert_eq!(browser(other), own, "{other}");
        }
        for (other, own) in [
            ("Mac OS", "macOS"),
            ("Mac", "macOS"),
            ("macOS 14.5", "macOS"),
            ("Windows 10", "Windows"),
            ("Windows Phone 8", "Windows Phone"),
            ("Android OS", "Android"),
            ("iOS 18.5", "iOS"),
            ("Chrome OS", "ChromeOS"),
            ("GNU/Linux", "Linux"),
            ("Sun OS", "Sun OS"),
            ("Haiku 1.2", "Haiku"),
            ("", ""),
        ] {
            assert_eq!(os(other), own, "{other}");
        }
        for (other, own) in [("Desktop", "desktop"), ("laptop", "desktop"), ("watch", "")] {
            assert_eq!(device(other), own, "{other}");
        }
    }

    #[test]
    fn a_screen_and_a_system_tell_the_class_of_a_device() {
        for (os, screen, class) in [
            ("Windows", "", "desktop"),
            ("iOS", "390,844,3", "mobile"),
            ("Android", "915,412,2.6", "mobile"),
            ("iOS", "1024,768,2", "tablet"),
            ("Android", "", ""),
            ("iOS", "0,0,0", ""),
            ("", "1920,1080,1", ""),
        ] {
            assert_eq!(device_of(os, screen), class, "{os} {screen}");
        }
    }

    #[test]
    fn a_place_has_a_country_and_a_tag_has_a_language() {
        let places = ["US-TX", "de", "", "Austria", "T1"].map(country);
        assert_eq!(places, ["US", "DE", "", "", ""]);
        assert_eq!(["de-AT", "EN", "fil", "", "12"].map(language), ["de", "en", "fil", "", ""]);
    }
}

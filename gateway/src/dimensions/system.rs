//! The operating system and the class of the device, by the user agent. Browsers tell no more than the
//! family: their version of the system is frozen.

/// A part of a user agent, and the system whose it is; the first that occurs decides.
const SYSTEMS: [(&str, &str); 19] = [
    ("Nintendo", "Nintendo"),
    ("OpenHarmony", "HarmonyOS"),
    ("Windows Phone", "Windows Phone"),
    ("Xbox", "Xbox"),
    ("Windows", "Windows"),
    ("KAIOS", "KaiOS"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("PlayStation", "PlayStation"),
    ("BSD", "BSD"),
    ("Linux", "Linux"),
];
/// The classes of devices.
pub(crate) const DEVICES: [&str; 5] = ["desktop", "mobile", "tablet", "tv", "console"];

/// What none of them is.
const OTHER: &str = "Other";

/// Parts of the user agents of devices that stand in living rooms.
const TELEVISIONS: [&str; 21] = [
    "SmartTV",
    "SMART-TV",
    "Smart TV",
    "Smart-TV",
    "Web0S",
    "webOS.TV",
    "webOS TV",
    "AppleTV",
    "Apple TV",
    "tvOS",
    "Android TV",
    "AndroidTV",
    "GoogleTV",
    "Google TV",
    "BRAVIA",
    "CrKey",
    "MIBOX",
    "HbbTV",
    "VIDAA",
    "Roku/",
    "Roku4",
];
const CONSOLES: [&str; 3] = ["Xbox", "PlayStation", "Nintendo"];
const TABLETS: [&str; 5] = ["iPad", "Tablet", "PlayBook", "Kindle", "Silk/"];
const PHONES: [&str; 11] = [
    "Mobile",
    "iPhone",
    "iPod",
    "Windows Phone",
    "KAIOS",
    "Opera Mini",
    "Opera Mobi",
    "J2ME",
    "MIDP",
    "Series40",
    "Series60",
];
/// What desktops say that can be written on.
const TABLET_PC: &str = "Tablet PC";

/// The family of the operating system.
pub(super) fn os(user_agent: &str) -> &'static str {
    let found = SYSTEMS.iter().find(|(part, _)| user_agent.contains(part));
    found.map_or(OTHER, |(_, system)| system)
}

/// The class of the device, one of [`DEVICES`].
pub(super) fn device(user_agent: &str) -> &'static str {
    let user_agent = &*user_agent.replace(TABLET_PC, "");
    let has = |parts: &[&str]| parts.iter().any(|part| user_agent.contains(part));
    let is_phone = has(&PHONES);
    // A tablet with Android does not call itself mobile.
    let is_tablet = has(&TABLETS) || (user_agent.contains("Android") && !is_phone);
    match () {
        () if has(&CONSOLES) => "console",
        () if has(&TELEVISIONS) || is_television(user_agent) => "tv",
        () if is_tablet => "tablet",
        () if is_phone => "mobile",
        () => "desktop",
    }
}

/// Whether it is a television by its system, or one of Amazon's models: `AFTMM`, `AFTKA`.
fn is_television(user_agent: &str) -> bool {
    let mut words = user_agent.split(|c: char| !c.is_ascii_alphanumeric());
    let is_model = |word: &str| {
        let model = word.strip_prefix("AFT").unwrap_or_default();
        model.starts_with(|c: char| c.is_ascii_uppercase())
    };
    let is_tizen = user_agent.contains("Tizen");
    words.any(|word| is_model(word) || (is_tizen && word == "TV"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_user_agents_have_a_system_and_a_device() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
                "Windows desktop",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
                "macOS desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "iOS mobile",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
                "iOS tablet",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
                "Android mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
                "Android tablet",
            ),
            (
                "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
                "Android mobile",
            ),
            (
                "Mozilla/5.0 (Android 15; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0",
                "Android tablet",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
                "ChromeOS desktop",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Linux desktop",
            ),
            (
                "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.211 Safari/537.36",
                "webOS tv",
            ),
            (
                "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
                "PlayStation console",
            ),
            (
                "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) Presto/2.5.25 Version/10.54",
                "Other mobile",
            ),
            (
                "Mozilla/5.0 (Series40; Nokia311/03.81; Profile/MIDP-2.1 Configuration/CLDC-1.1) Gecko/20100401 S40OviBrowser/2.2.0.0.31",
                "Other mobile",
            ),
            (
                "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.225 Safari/537.36 CrKey/1.54.250320",
                "Linux tv",
            ),
            (
                "Mozilla/5.0 (Linux; Android 7.1.2; AFTMM Build/NS6265; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36",
                "Android tv",
            ),
            (
                "Mozilla/5.0 (Linux; Android 9; MIBOX4 Build/PI) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.91 Safari/537.36",
                "Android tv",
            ),
            (
                "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
                "Android tv",
            ),
            (
                "Mozilla/5.0 (Linux; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.5 TV Safari/537.36",
                "Tizen tv",
            ),
            (
                "Mozilla/5.0 (Linux; Tizen 2.3; SAMSUNG SM-Z130H) AppleWebKit/537.3 (KHTML, like Gecko) SamsungBrowser/1.0 Mobile Safari/537.3",
                "Tizen mobile",
            ),
            ("Roku/DVP-12.0 (12.0.0.4182-88)", "Other tv"),
            ("AppleTV11,1/11.1", "Other tv"),
            (
                "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)",
                "Windows desktop",
            ),
            (
                "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile",
                "HarmonyOS mobile",
            ),
            (
                "Mozilla/5.0 (New Nintendo 3DS like iPhone) AppleWebKit/536.30 (KHTML, like Gecko) NX/3.0.0.5.23 Mobile NintendoBrowser/1.10.10166.EU",
                "Nintendo console",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) CRAFTED AFTer Gecko/20100101",
                "Linux desktop",
            ),
            ("", "Other desktop"),
        ] {
            assert!(DEVICES.contains(&device(user_agent)), "{user_agent}");
            assert_eq!(
                format!("{} {}", os(user_agent), device(user_agent)),
                expected,
                "{user_agent}"
            );
        }
    }
}

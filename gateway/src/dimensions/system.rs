//! The operating system and the class of the device, by the user agent. Browsers tell no more than the
//! family: their version of the system is frozen.

/// A part of a user agent, and the system whose it is; the first that occurs decides.
const SYSTEMS: [(&str, &str); 17] = [
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
/// What none of them is.
const OTHER: &str = "Other";

/// Parts of the user agents of devices that stand in living rooms.
const TELEVISIONS: [&str; 8] =
    ["SmartTV", "SMART-TV", "Smart TV", "Web0S", "AppleTV", "Android TV", "GoogleTV", "BRAVIA"];
const CONSOLES: [&str; 3] = ["Xbox", "PlayStation", "Nintendo"];
const TABLETS: [&str; 5] = ["iPad", "Tablet", "PlayBook", "Kindle", "Silk/"];
const PHONES: [&str; 5] = ["Mobile", "iPhone", "iPod", "Windows Phone", "KAIOS"];

/// The family of the operating system.
pub(super) fn os(user_agent: &str) -> &'static str {
    let found = SYSTEMS.iter().find(|(part, _)| user_agent.contains(part));
    found.map_or(OTHER, |(_, system)| system)
}

/// The class of the device: `desktop`, `mobile`, `tablet`, `tv` or `console`.
pub(super) fn device(user_agent: &str) -> &'static str {
    let has = |parts: &[&str]| parts.iter().any(|part| user_agent.contains(part));
    let is_phone = has(&PHONES);
    // A tablet with Android does not call itself mobile.
    let is_tablet = has(&TABLETS) || (user_agent.contains("Android") && !is_phone);
    match () {
        () if has(&CONSOLES) => "console",
        () if has(&TELEVISIONS) => "tv",
        () if is_tablet => "tablet",
        () if is_phone => "mobile",
        () => "desktop",
    }
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
            ("", "Other desktop"),
        ] {
            assert_eq!(
                format!("{} {}", os(user_agent), device(user_agent)),
                expected,
                "{user_agent}"
            );
        }
    }
}

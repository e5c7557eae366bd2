//! The sources of visits: search engines and social networks under one name each, whatever host or
//! app of theirs a visitor came from; any other site by its host.

/// Sources that have their name before a country's ending: `google.at`, `www.google.co.uk`.
const IN_MANY_COUNTRIES: [(&str, &str); 6] = [
    ("amazon", "Amazon"),
    ("ebay", "eBay"),
    ("google", "Google"),
    ("pinterest", "Pinterest"),
    ("yahoo", "Yahoo"),
    ("yandex", "Yandex"),
];

/// The hosts of sources; a host below one belongs to it.
const HOSTS: [(&str, &str); 58] = [
    ("com.google.android.googlequicksearchbox", "Google"),
    ("com.google.android.gm", "Gmail"),
    ("mail.google.com", "Gmail"),
    ("news.google.com", "Google News"),
    ("bing.com", "Bing"),
    ("duckduckgo.com", "DuckDuckGo"),
    ("ecosia.org", "Ecosia"),
    ("qwant.com", "Qwant"),
    ("startpage.com", "Startpage"),
    ("search.brave.com", "Brave"),
    ("baidu.com", "Baidu"),
    ("naver.com", "Naver"),
    ("seznam.cz", "Seznam"),
    ("sogou.com", "Sogou"),
    ("so.com", "360 Search"),
    ("ya.ru", "Yandex"),
    ("ask.com", "Ask"),
    ("aol.com", "AOL"),
    ("kagi.com", "Kagi"),
    ("mojeek.com", "Mojeek"),
    ("swisscows.com", "Swisscows"),
    ("coccoc.com", "Cốc Cốc"),
    ("perplexity.ai", "Perplexity"),
    ("chatgpt.com", "ChatGPT"),
    ("chat.openai.com", "ChatGPT"),
    ("claude.ai", "Claude"),
    ("gemini.google.com", "Gemini"),
    ("copilot.microsoft.com", "Copilot"),
    ("facebook.com", "Facebook"),
    ("fb.com", "Facebook"),
    ("fb.me", "Facebook"),
    ("instagram.com", "Instagram"),
    ("threads.net", "Threads"),
    ("threads.com", "Threads"),
    ("whatsapp.com", "WhatsApp"),
    ("wa.me", "WhatsApp"),
    ("t.co", "X"),
    ("twitter.com", "X"),
    ("x.com", "X"),
    ("linkedin.com", "LinkedIn"),
    ("lnkd.in", "LinkedIn"),
    ("com.linkedin.android", "LinkedIn"),
    ("reddit.com", "Reddit"),
    ("com.reddit.frontpage", "Reddit"),
    ("youtube.com", "YouTube"),
    ("youtu.be", "YouTube"),
    ("tiktok.com", "TikTok"),
    ("pin.it", "Pinterest"),
    ("vk.com", "VK"),
    ("t.me", "Telegram"),
    ("telegram.org", "Telegram"),
    ("org.telegram.messenger", "Telegram"),
    ("discord.com", "Discord"),
    ("bsky.app", "Bluesky"),
    ("mastodon.social", "Mastodon"),
    ("news.ycombinator.com", "Hacker News"),
    ("quora.com", "Quora"),
    ("xing.com", "XING"),
];

/// The source of a visitor from a page on `host`, a name in lower case.
pub(super) fn source(host: &str) -> String {
    let host = without_www(host);
    // The most specific host first: mail and news are not the search.
    let ends = host.char_indices().filter(|(_, c)| *c == '.').map(|(at, _)| &host[at + 1..]);
    let known = |end: &str| HOSTS.iter().find(|(of, _)| *of == end).map(|(_, name)| *name);
    let found = std::iter::once(host).chain(ends).find_map(known);
    found.or_else(|| in_some_country(host)).unwrap_or(host).to_owned()
}

/// A host without `www.` before it, which names the same site.
pub(super) fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}

/// The source whose name stands right before an ending such as `com`, `at` or `co.uk`.
fn in_some_country(host: &str) -> Option<&'static str> {
    let labels: Vec<&str> = host.rsplit('.').collect();
    let name = match labels.as_slice() {
        [country, "co" | "com", name, ..] if country.len() == 2 => name,
        [country, name, ..] if country.len() == 2 || *country == "com" => name,
        _ => return None,
    };
    IN_MANY_COUNTRIES.iter().find(|(of, _)| of == name).map(|(_, source)| *source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_engines_and_social_networks_have_one_name_each() {
        for (host, expected) in [
            ("google.com", "Google"),
            ("www.google.co.uk", "Google"),
            ("www.google.com.br", "Google"),
            ("google.at", "Google"),
            ("mail.google.com", "Gmail"),
            ("com.google.android.googlequicksearchbox", "Google"),
            ("search.yahoo.com", "Yahoo"),
            ("cn.bing.com", "Bing"),
            ("l.facebook.com", "Facebook"),
            ("m.facebook.com", "Facebook"),
            ("out.reddit.com", "Reddit"),
            ("t.co", "X"),
            ("news.ycombinator.com", "Hacker News"),
            ("de.pinterest.com", "Pinterest"),
        ] {
            assert_eq!(source(host), expected, "{host}");
        }
    }

    #[test]
    fn any_other_site_is_its_host() {
        for (host, expected) in [
            ("www.example.org", "example.org"),
            ("blog.example.org", "blog.example.org"),
            ("notgoogle.com", "notgoogle.com"),
            ("google.example.org", "google.example.org"),
            ("mybing.com", "mybing.com"),
            ("www.com", "www.com"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(source(host), expected, "{host}");
        }
    }
}

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
const HOSTS: [(&str, &str); 86] = [
    ("com.google.android.googlequicksearchbox", "Google"),
    ("com.google.android.gm", "Gmail"),
    ("mail.google.com", "Gmail"),
    ("google.cat", "Google"),
    ("syndicatedsearch.goog", "Google"),
    ("ntp.msn.com", "Bing"),
    ("search.daum.net", "Daum"),
    ("wikipedia.org", "Wikipedia"),
    ("linktr.ee", "Linktree"),
    ("bard.google.com", "Gemini"),
    ("teams.microsoft.com", "Microsoft Teams"),
    ("teams.live.com", "Microsoft Teams"),
    ("statics.teams.cdn.office.net", "Microsoft Teams"),
    ("slack.com", "Slack"),
    ("com.slack", "Slack"),
    ("snapchat.com", "Snapchat"),
    ("com.snapchat.android", "Snapchat"),
    ("messenger.com", "Messenger"),
    ("com.facebook.orca", "Messenger"),
    ("com.facebook.katana", "Facebook"),
    ("com.facebook.lite", "Facebook"),
    ("com.instagram.android", "Instagram"),
    ("com.instagram.barcelona", "Threads"),
    ("com.twitter.android", "X"),
    ("com.pinterest", "Pinterest"),
    ("com.google.android.youtube", "YouTube"),
    ("com.zhiliaoapp.musically", "TikTok"),
    ("com.ss.android.ugc.trill", "TikTok"),
    ("com.whatsapp", "WhatsApp"),
    ("com.whatsapp.w4b", "WhatsApp"),
    ("com.discord", "Discord"),
    ("discordapp.com", "Discord"),
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

/// Other names of sources, in lower case.
const NICKNAMES: [(&str, &str); 4] =
    [("twitter", "X"), ("fb", "Facebook"), ("ig", "Instagram"), ("hackernews", "Hacker News")];

/// Sources whose hosts have other services before their name: mail, documents, accounts.
const SEARCHES: [&str; 3] = ["google", "yahoo", "yandex"];
/// What may stand before the name of those, besides a country.
const PARTS_OF_SEARCH: [&str; 8] =
    ["cse", "encrypted", "image", "images", "lens", "m", "search", "www"];

/// The source that is called so, in any case.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let mut names = HOSTS.iter().chain(&IN_MANY_COUNTRIES).map(|(_, source)| *source);
    let is_it = |(nickname, _): &&(&str, &str)| nickname.eq_ignore_ascii_case(name);
    let nickname = || NICKNAMES.iter().find(is_it).map(|(_, source)| *source);
    names.find(|source| source.to_lowercase() == name.to_lowercase()).or_else(nickname)
}

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
    let (name, before) = match labels.as_slice() {
        [country, "co" | "com", name, before @ ..] if country.len() == 2 => (name, before),
        [country, name, before @ ..] if country.len() == 2 || *country == "com" => (name, before),
        _ => return None,
    };
    if *name == "google" && before == ["news"] {
        return Some("Google News");
    }
    let is_search = |label: &&str| label.len() == 2 || PARTS_OF_SEARCH.contains(label);
    let is_source = !SEARCHES.contains(name) || before.iter().all(is_search);
    let found = IN_MANY_COUNTRIES.iter().find(|(of, _)| of == name).filter(|_| is_source);
    found.map(|(_, source)| *source)
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
            ("images.google.de", "Google"),
            ("www.google.cat", "Google"),
            ("syndicatedsearch.goog", "Google"),
            ("news.google.com", "Google News"),
            ("news.google.co.uk", "Google News"),
            ("de.search.yahoo.com", "Yahoo"),
            ("search.yahoo.co.jp", "Yahoo"),
            ("bard.google.com", "Gemini"),
            ("ntp.msn.com", "Bing"),
            ("de.m.wikipedia.org", "Wikipedia"),
            ("statics.teams.cdn.office.net", "Microsoft Teams"),
            ("discordapp.com", "Discord"),
            ("l.messenger.com", "Messenger"),
            ("search.daum.net", "Daum"),
            ("linktr.ee", "Linktree"),
            ("com.facebook.orca", "Messenger"),
            ("com.instagram.barcelona", "Threads"),
            ("com.zhiliaoapp.musically", "TikTok"),
            ("com.slack", "Slack"),
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
            ("accounts.google.com", "accounts.google.com"),
            ("docs.google.com", "docs.google.com"),
            ("classroom.google.com", "classroom.google.com"),
            ("translate.google.de", "translate.google.de"),
            ("drive.google.co.uk", "drive.google.co.uk"),
            ("mail.yahoo.com", "mail.yahoo.com"),
            ("mail.yandex.ru", "mail.yandex.ru"),
            ("msn.com", "msn.com"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(source(host), expected, "{host}");
        }
    }

    #[test]
    fn a_source_is_known_by_its_name_in_any_case() {
        let cases = [("google", "Google"), ("CỐC CỐC", "Cốc Cốc"), ("Twitter", "X")];
        for (name, expected) in cases {
            assert_eq!(known(name), Some(expected), "{name}");
        }
        assert_eq!([known("partner"), known(""), known("goog")], [None; 3]);
    }
}

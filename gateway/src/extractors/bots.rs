//! Which user agents are programs, and not people with a browser.

use crate::formats::user_agent;

/// Words in the user agent of a program or in its family, in lower case. Each is so specific that
/// no person's browser has it.
const TOKENS: [&str; 63] = [
    "apachebench",
    "apache-httpclient",
    "archiver",
    "axios",
    "bot",
    "catchpoint",
    "chatgpt-user",
    "checkly",
    "chrome-lighthouse",
    "claude-user",
    "claude-web",
    "crawl",
    "curl",
    "cypress",
    "dareboost",
    "datadog",
    "embedly",
    "externalhit",
    "feedfetcher",
    "feedly",
    "fetcher",
    "go-http-client",
    "googleother",
    "google-inspectiontool",
    "google-read-aloud",
    "gtmetrix",
    "headless",
    "httpclient",
    "httpie",
    "httrack",
    "httpx",
    "insomnia",
    "libwww",
    "lighthouse",
    "mediapartners",
    "meta-externalagent",
    "monitor",
    "newrelic",
    "node-fetch",
    "nutch",
    "okhttp",
    "page speed",
    "pagespeed",
    "perplexity-user",
    "phantomjs",
    "pingdom",
    "playwright",
    "postman",
    "prerender",
    "preview",
    "ptst/",
    "puppeteer",
    "python",
    "scrape",
    "scrapy",
    "selenium",
    "site24x7",
    "slurp",
    "spider",
    "statuscake",
    "uptime",
    "wget",
    "whatsapp/",
];
/// Phones with names that end like a robot's.
const NO_BOTS: [&str; 2] = ["cubot", "talkbot"];

/// Whether a program sent it.
pub(crate) fn is_bot(user_agent: &[u8]) -> bool {
    let user_agent = String::from_utf8_lossy(user_agent);
    has_token(&user_agent) || has_token(&user_agent::family(&user_agent))
}

fn has_token(name: &str) -> bool {
    let name = NO_BOTS.iter().fold(name.to_lowercase(), |name, phone| name.replace(phone, ""));
    TOKENS.iter().any(|token| name.contains(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_bots() {
        for name in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; \
             +http://www.bing.com/bingbot.htm) Chrome/103.0.5060.134 Safari/537.36",
            "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
            "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
            "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; \
             +https://openai.com/gptbot)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "Twitterbot/1.0",
            "WhatsApp/2.23.20.0",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
             HeadlessChrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like \
             Gecko) Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse",
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) \
             PhantomJS/2.1.1 Safari/538.1",
            "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
            "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
            "Mozilla/5.0 (compatible; SkypeUriPreview Preview/0.5)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/111.0.0.0 Safari/537.36 PTST/230315.203243",
            "curl/8.5.0",
            "python-requests/2.31.0",
            "Go-http-client/1.1",
            "okhttp/4.12.0",
        ] {
            assert!(is_bot(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn people_with_browsers_are_not() {
        for name in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
             Gecko) Version/17.2 Safari/605.1.15",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, \
             like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/441.0.0.0]",
            "Mozilla/5.0 (Linux; Android 13; SM-G991B; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
             Version/4.0 Chrome/115.0.0.0 Mobile Safari/537.36 Instagram 300.0.0.0.0 Android",
            "Mozilla/5.0 (Linux; Android 9; CUBOT NOVA) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/96.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/120.0.0.0 YaBrowser/24.1.0.0 Safari/537.36",
            "Opera/9.80 (Android; Opera Mini/36.2/119.132; U; id) Presto/2.12.423 Version/12.16",
            "Mozilla/5.0",
            "my shop's own program",
        ] {
            assert!(!is_bot(name.as_bytes()), "{name}");
        }
    }
}

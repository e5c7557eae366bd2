//! Takes personal data and secrets out of a batch of access logs before it leaves the gateway, and
//! bounds what it keeps of each text.

use std::borrow::Cow;
use std::collections::HashMap;

use common::access_log::{Entry, Rejected};
use common::page::PageRules;
use common::tenant::TenantId;

use crate::formats::ReadEntries;
use crate::public_path::public_request;
use crate::redacted::redacted;
use crate::rejected_text::without_people;
use crate::settings::GatewaySettings;

/// The longest user agent that is kept, in bytes.
const MAX_AGENT_BYTES: usize = 1 << 10;
/// The longest referer and the longest query that are kept, in bytes.
const MAX_URL_BYTES: usize = 2 << 10;
/// The longest text of a rejected entry that is kept, in bytes.
const MAX_REJECTED_BYTES: usize = 1 << 10;
/// The longest reason of a rejected entry that is kept, in bytes.
const MAX_REASON_BYTES: usize = 256;
/// Stands at the end of a text that was cut.
const CUT: char = '…';

/// Makes the batches of a request public. Most of their texts occur often, so each is looked at
/// once; the size of the body bounds what is remembered.
pub(crate) struct PublicTexts<'s> {
    settings: &'s GatewaySettings,
    known: HashMap<String, String>,
}

impl<'s> PublicTexts<'s> {
    pub(crate) fn new(settings: &'s GatewaySettings) -> Self {
        Self { settings, known: HashMap::new() }
    }

    /// Makes the entries of a batch public if the settings say so, and the rejected ones always: an
    /// access log begins with the client's address, and what is not understood cannot be taken
    /// apart.
    pub(crate) fn of_batch(&mut self, tenant: &TenantId, read: &mut ReadEntries) {
        let rules = self.settings.page_rules(tenant);
        read.entries.iter_mut().for_each(|entry| self.of_entry(rules, entry));
        read.rejects.kept.iter_mut().for_each(of_rejected);
    }

    fn of_entry(&mut self, rules: PageRules, entry: &mut Entry) {
        entry.request = public_request(self.settings, rules, &entry.request);
        let shown = |text: String, most| public(self.settings, &text, most);
        entry.query = entry.query.take().map(|query| shown(query, MAX_URL_BYTES));
        entry.agent = entry.agent.take().map(|agent| self.known(agent, MAX_AGENT_BYTES));
        entry.referer = entry.referer.take().map(|referer| self.known(referer, MAX_URL_BYTES));
        // Without its address, such a name would not be one.
        entry.host.take_if(|host| public(self.settings, host, MAX_URL_BYTES) != *host);
    }

    fn known(&mut self, text: String, most: usize) -> String {
        if let Some(shown) = self.known.get(&text) {
            return shown.clone();
        }
        let shown = public(self.settings, &text, most);
        self.known.insert(text, shown.clone());
        shown
    }
}

fn of_rejected(rejected: &mut Rejected) {
    let text = without_people(&rejected.text);
    rejected.text = cut(redacted(&text), MAX_REJECTED_BYTES);
    rejected.reason = cut(redacted(&rejected.reason), MAX_REASON_BYTES);
}

/// The text as it may be kept. A text that is much too long is cut first, so that a hostile one
/// costs no more than others. That cut is so far past the end that it tears no match in what is
/// kept.
fn public(settings: &GatewaySettings, text: &str, most: usize) -> String {
    if !settings.redact_paths {
        return cut(text.into(), most);
    }
    let is_long = text.len() > 2 * most;
    let near = &text[..text.floor_char_boundary(2 * most)];
    let shown = redacted(near);
    if is_long { cut(format!("{shown}{CUT}").into(), most) } else { cut(shown, most) }
}

fn cut(text: Cow<'_, str>, most: usize) -> String {
    let mut text = text.into_owned();
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - CUT.len_utf8()));
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{self, Format, Rejects};
    use crate::settings::tests::settings;

    fn shown(options: &[&str], entry: Entry) -> Entry {
        let mut read = ReadEntries { entries: vec![entry], ..ReadEntries::default() };
        PublicTexts::new(&settings(options)).of_batch(&TenantId::default(), &mut read);
        read.entries.remove(0)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn personal() -> Entry {
        Entry {
            request: "GET /unsubscribe/ann@example.com".to_owned(),
            query: some("mail=ann%40example.com&a=b"),
            referer: some("https://x.example/u/ann@example.com"),
            agent: some("app/1.0 (ann@example.com; 203.0.113.7)"),
            host: some("203-0-113-7.dsl.example.net"),
            ..Entry::default()
        }
    }

    #[test]
    fn personal_data_are_taken_out_of_every_text() {
        let entry = shown(&[], personal());
        let expected = Entry {
            request: "GET /unsubscribe/[REDACTED]".to_owned(),
            query: some("mail=[REDACTED]&a=b"),
            referer: some("https://x.example/u/[REDACTED]"),
            agent: some("app/1.0 ([REDACTED]; [REDACTED])"),
            host: None,
            ..Entry::default()
        };
        assert_eq!(entry, expected);
        assert_eq!(shown(&["--redact-paths", "false"], personal()), personal());
    }

    #[test]
    fn a_user_agent_of_a_browser_stays_as_it_is() {
        for line in include_str!("formats/sample.log").lines() {
            let agent = line.rsplit('"').nth(1).filter(|agent| !agent.contains('@'));
            let agent = Entry { agent: agent.map(str::to_owned), ..Entry::default() };
            assert_eq!(shown(&[], agent.clone()), agent);
        }
    }

    #[test]
    fn a_text_is_cut_and_no_part_of_an_address_stays_at_its_end() {
        for length in 0..80 {
            let text = format!("{}&mail=ann@example.com", "x".repeat(2_000 + length));
            let entry = Entry { query: some(&text), ..Entry::default() };
            let query = shown(&[], entry).query.expect("a query");
            assert!(query.len() <= MAX_URL_BYTES && !query.contains("ann"), "{query}");
        }
        let entry = Entry { agent: some(&"ü".repeat(100_000)), ..Entry::default() };
        for options in [&[][..], &["--redact-paths", "false"]] {
            let agent = shown(options, entry.clone()).agent.expect("an agent");
            assert!(agent.len() <= MAX_AGENT_BYTES && agent.ends_with("ü…"), "{agent}");
        }
    }

    #[test]
    fn a_rejected_line_never_keeps_an_address() {
        let rejected = Rejected {
            index: 0,
            reason: "ann@example.com is required".to_owned(),
            text: format!("203.0.113.7 - - {}", "x".repeat(1_500)),
        };
        let rejects = Rejects { kept: vec![rejected], ..Rejects::default() };
        let mut read = ReadEntries { rejects, ..ReadEntries::default() };
        let as_sent = settings(&["--redact-paths", "false"]);
        PublicTexts::new(&as_sent).of_batch(&TenantId::default(), &mut read);
        let kept = &read.rejects.kept[0];
        assert_eq!(kept.reason, "[REDACTED] is required");
        assert!(kept.text.starts_with("[REDACTED] - - x") && kept.text.ends_with("x…"));
        assert!(kept.text.len() <= MAX_REJECTED_BYTES);
    }

    #[test]
    fn a_rejected_line_of_any_format_never_keeps_the_name_of_a_user() {
        let iis =
            "#Fields: date time cs-method cs-uri-stem cs-username c-ip cs(User-Agent) sc-status\n";
        for (format, body) in [
            ("csv", "ts,path,user,note\nsoon,/a,annuser,x\n".to_owned()),
            ("csv", "\u{feff}ts;path;\"cs-username\";note\nsoon;/a;\"ann;user annuser\";x\n".to_owned()),
            ("csv", "ts,path,user,note\n1431857103,/a,b,annuser,x\n".to_owned()),
            ("csv", "user,ts,path,note\nannuser,1431857103,\"/a\n".to_owned()),
            ("auto", format!("{iis}2025-05-17 10:05:03 GET /a b annuser 192.0.2.1 x 200\n")),
            ("w3c", format!("{iis}2025-05-17 soon GET /a annuser 192.0.2.1 x 200\n")),
            ("auto", format!("{iis}2025-05-17 10:05:03 GET /a annuser\n")),
            (
                "w3c",
                "2025-05-17 10:05:03 s /a GET - 80 annuser 10.0.0.7 x - 200 0 0 15\n".to_owned(),
            ),
            ("auto", "2025-05-17 10:05:03 10.0.0.5 GET / - 80 CONTOSO\\annuser 10.0.0.7 x\n".to_owned()),
            ("auto", "at=info method=GET user=annuser path=\"/a\"\n".to_owned()),
            ("auto", "at=info method=GET user=\"annuser\" path=\"/a\"\n".to_owned()),
            ("json", r#"[{"usr.name":"annuser"},{"account":"annuser"},{"usr":{"id":"annuser"}}]"#.to_owned()),
            (
                "s3",
                "79a5 b [06/Feb/2019:00:00:38 +0000] 192.0.2.3 arn:aws:iam::1:user/annuser 3E57 x\n"
                    .to_owned(),
            ),
        ] {
            let format = Format::named(format).expect("it is known");
            let mut read = formats::read(format, &body).expect("it is read");
            PublicTexts::new(&settings(&[])).of_batch(&TenantId::default(), &mut read);
            assert!(!read.rejects.kept.is_empty(), "{body}");
            for kept in read.rejects.kept {
                assert!(!kept.text.contains("annuser"), "{body} {}", kept.text);
            }
        }
    }
}

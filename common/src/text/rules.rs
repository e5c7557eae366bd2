//! The redaction rules, one row each, with samples that it matches and samples that it leaves
//! alone.
//!
//! Every quantifier is bounded. A pattern matches only the beginning that identifies a token; the
//! check then follows the token to its end, so that no end of a long one stays readable.

use std::ops::Range;

use super::{checks, phones};

/// Narrows, widens or rejects the range that a pattern matched.
pub(super) type Check = fn(&str, Range<usize>) -> Option<Range<usize>>;

/// The traits of a line that rules require: a cheap way to skip most rules on most lines.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traits {
    /// The number of digits.
    pub digits: usize,
    /// The number of colons.
    pub colons: usize,
    /// The number of `@` and `%` signs.
    pub ats: usize,
    /// The length of the longest run of token characters, in bytes.
    pub run: usize,
}

/// One kind of personal data or secret.
pub(super) struct Rule {
    #[cfg_attr(not(test), expect(dead_code, reason = "names the rule for readers of the table"))]
    pub name: &'static str,
    pub pattern: &'static str,
    /// The least that a line needs to contain a match.
    pub needs: Traits,
    pub check: Check,
    /// Texts in which something is replaced.
    #[cfg_attr(not(test), expect(dead_code, reason = "samples are for the tests"))]
    pub takes: &'static [&'static str],
    /// Texts that no rule changes.
    #[cfg_attr(not(test), expect(dead_code, reason = "samples are for the tests"))]
    pub spares: &'static [&'static str],
}

impl Traits {
    /// The traits of a line.
    pub(super) fn of(line: &str) -> Self {
        let mut traits = Self::default();
        let mut run = 0;
        for byte in line.bytes() {
            traits.digits += usize::from(byte.is_ascii_digit());
            traits.colons += usize::from(byte == b':');
            traits.ats += usize::from(byte == b'@' || byte == b'%');
            run = if checks::token(char::from(byte)) { run + 1 } else { 0 };
            traits.run = traits.run.max(run);
        }
        traits
    }

    pub(super) fn meet(&self, needs: &Self) -> bool {
        self.digits >= needs.digits
            && self.colons >= needs.colons
            && self.ats >= needs.ats
            && self.run >= needs.run
    }
}

const fn digits(digits: usize) -> Traits {
    Traits { digits, colons: 0, ats: 0, run: 0 }
}

const fn run(run: usize) -> Traits {
    Traits { digits: 0, colons: 0, ats: 0, run }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "e-mail address",
        pattern: r"[A-Za-z0-9À-ӿ_+.'-]{1,64}(?:@|%40)[A-Za-z0-9À-ӿ][A-Za-z0-9À-ӿ-]{0,62}(?:\.[A-Za-z0-9À-ӿ-]{1,63}){0,4}\.(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-zÀ-ӿ]{2,63})",
        needs: Traits { digits: 0, colons: 0, ats: 1, run: 0 },
        check: checks::email,
        takes: &["mail a@b.co.", "to=<first.last+tag@sub.example.org>", "?m=bob%40example.com"],
        spares: &["lodash@4.17.21", "root@web-01", "user@", "@scope/package", "a @ b.co"],
    },
    Rule {
        name: "IPv4 address",
        pattern: r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
        needs: digits(4),
        check: checks::ipv4,
        takes: &["from 10.0.0.1:8080", "[203.0.113.7]", "net 10.0.0.0/8", "seen 192.0.2.1."],
        spares: &[
            "v1.2.3.4",
            "version 1.2.3.4",
            "\"app_version\":\"1.2.3.4\"",
            "1.2.3.4.5",
            "256.1.1.1",
            "Chrome/120.0.0.0",
            "v10.0.19041.1",
            "1.2.3.4-beta",
            "lib-1.2.3.4.jar",
            "01.05.2025",
        ],
    },
    Rule {
        name: "IPv6 address",
        pattern: r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.[0-9]{1,3}){0,3}",
        needs: Traits { digits: 0, colons: 2, ats: 0, run: 0 },
        check: checks::ipv6,
        takes: &["[2001:db8::1]:443", "fe80::1%eth0", "::ffff:192.0.2.1", "source:2001:db8::1: no"],
        spares: &["12:30:45", "00:1a:2b:3c:4d:5e", "cafe::babe", "std::vec", "[::]:80", "::"],
    },
    Rule {
        name: "payment card",
        pattern: r"[2-6](?:[ -]?[0-9]){12,18}",
        needs: digits(13),
        check: checks::card,
        takes: &["4111 1111 1111 1111 12/27", "3782-822463-10005", "7 5555555555554444"],
        spares: &["4111 1111 1111 1112", "1714557600000", "1234567890123456"],
    },
    Rule {
        name: "IBAN",
        pattern: r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}",
        needs: digits(8),
        check: checks::iban,
        takes: &["DE89 3704 0044 0532 0130 00 was", "iban gb82west12345698765432"],
        spares: &["DE89 3704 0044 0532 0130 01", "DE98ZZZ09999999999"],
    },
    Rule {
        name: "social security number",
        pattern: r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        needs: digits(9),
        check: checks::social_security,
        takes: &["123-45-6789", "applicant 457-55-5462."],
        spares: &["000-12-3456", "order 123-45-6789", "1123-45-6789", "ORD-123-45-6789"],
    },
    Rule {
        name: "social security number, named",
        pattern: r#"(?i:ssn|social security(?: (?:number|no\.?))?)["']?[ :=#"']{0,4}[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}"#,
        needs: digits(9),
        check: checks::named_social_security,
        takes: &["ssn=219099999", "Social Security No. 457 55 5462"],
        spares: &["ssn=000990000", "classn 219099999"],
    },
    Rule {
        name: "phone number, international",
        pattern: r"(?:\+|%2[Bb])[1-9](?:[ ().\-/]{0,3}[0-9]){6,14}",
        needs: digits(8),
        check: phones::international_phone,
        takes: &["+44 20 7946 0958", "+44 (0)20 7946 0958 200", "%2B14155552671"],
        spares: &["+1000 2025", "+1048576 bytes", "+52.520008+13.404954", "1+14155552671"],
    },
    Rule {
        name: "phone number, international with 00",
        pattern: r"00[1-9][0-9]{0,2}(?:[ ()./-]{1,3}[0-9]{1,8}){2,5}",
        needs: digits(10),
        check: phones::prefixed_phone,
        takes: &["0044 20 7946 0958", "0049-30-1234567"],
        spares: &["00442079460958", "0042"],
    },
    Rule {
        name: "phone number, North America",
        pattern: r"(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[.-])[0-9]{3}[ .-][0-9]{4}",
        needs: digits(10),
        check: phones::phone,
        takes: &["(415) 555-2671", "415.555.2671", "1-800-555-0199", "212-555-0123x44"],
        spares: &["invoice 415-555-2671", "#415-555-2671", "415-555-2671-9", "0.415.555.2671"],
    },
    Rule {
        name: "phone number, North America, spaced",
        pattern: r"[2-9][0-9]{2} [2-9][0-9]{2} [0-9]{4}",
        needs: digits(10),
        check: phones::spaced_phone,
        takes: &["User 415 555 2671 called"],
        spares: &["\"GET /\" 200 512 1234", "200 415 555 2671"],
    },
    Rule {
        name: "phone number, local",
        pattern: r"[2-9][0-9]{2}-[0-9]{4}",
        needs: digits(7),
        check: phones::local_phone,
        takes: &[
            "User 555-0199 accessed",
            "电话555-0199",
            "tel:555-0199",
            "/users/555-0199/profile",
        ],
        spares: &["20250501-0042", "ORD-555-0199", "bytes 200-1023", "200-1023/5000", "2025-05-01"],
    },
    Rule {
        name: "phone number, national",
        pattern: r"0[1-9][0-9]{0,4}(?:/ |[ ./-])[0-9]{2,8}(?:[ .-][0-9]{2,5}){0,3}",
        needs: digits(9),
        check: phones::trunk_phone,
        takes: &[
            "020 7946 0958",
            "06 12 34 56 78",
            "0170/1234567",
            "03-1234-5678",
            "079 123 45 67",
        ],
        spares: &["01/05/2025", "01.05.2025 10:00", "09:30", "0042"],
    },
    Rule {
        name: "phone number, area in parentheses",
        pattern: r"\([0-9]{2,5}\)[ -]?[0-9]{3,5}[ -]?[0-9]{3,5}",
        needs: digits(9),
        check: phones::phone,
        takes: &["(11) 91234-5678", "(020) 7946 0958", "(02) 9876 5432"],
        spares: &["(12) 345", "sshd(1234) 5678 9012"],
    },
    Rule {
        name: "phone number, Russia",
        pattern: r"8[ -]?\(?[0-9]{3}\)?[ -]?[0-9]{3}-[0-9]{2}-[0-9]{2}",
        needs: digits(11),
        check: phones::phone,
        takes: &["8 (495) 123-45-67", "8-800-555-35-35"],
        spares: &["18 (495) 123-45-678"],
    },
    Rule {
        name: "phone number, China",
        pattern: r"1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}",
        needs: digits(11),
        check: phones::spaced_phone,
        takes: &["138-0013-8000", "138 0013 8000"],
        spares: &["138-0013-80001"],
    },
    Rule {
        name: "phone number, named",
        pattern: r#"(?i:telephone|phone|tel|mobile|fax|msisdn|whatsapp|sms|handy|telefono|teléfono|telefone|telefon|téléphone|телефон|тел|电话|電話|手机|手機|전화)(?i:[ _-]?(?:number|num|no|nr))?[ .:=#"'：]{0,5}[+(]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9]){6,14}"#,
        needs: digits(7),
        check: phones::named_phone,
        takes: &[
            "phone=4155552671",
            "\"phone_number\": \"2025550143\"",
            "tel. 612 345 678",
            "手机13800138000",
        ],
        spares: &["phone 2025-05-01 10:00", "hotel 4155552671", "phone_id=4155552671"],
    },
    Rule {
        name: "Authorization header",
        pattern: r#"(?i:authorization)["']?[ \t]{0,2}[:=][ \t]{0,2}\[?["']?(?i:bearer|basic|token)(?:[ \t]{1,4}|%20)[A-Za-z0-9_.~+/=-]{3}"#,
        needs: run(3),
        check: checks::credentials,
        takes: &["Authorization: Bearer xyz", "'authorization': 'Basic dXNlcjpwYXNz'"],
        spares: &["Authorization: none", "authorization: Digest"],
    },
    Rule {
        name: "bearer token",
        pattern: r#"(?i:bearer)(?:[ \t]{1,4}|%20|[:=] ?["']?)[A-Za-z0-9_.~+/=-]{3}"#,
        needs: run(6),
        check: checks::bearer,
        takes: &["Bearer abc123xyz", "sent bearer=2YotnFZFEjr1zCsicMWpAA"],
        spares: &["bearer token missing", "Bearer realm=\"x\"", "Bearer authentication failed"],
    },
    Rule {
        name: "JSON web token",
        pattern: r"eyJ[A-Za-z0-9_-]{13}",
        needs: run(16),
        check: checks::jointed_key,
        takes: &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N."],
        spares: &["eyJ is a start", "keyJhbGciOiJIUzI1NiJ9"],
    },
    Rule {
        name: "AWS access key",
        pattern: r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}",
        needs: run(20),
        check: checks::key,
        takes: &[concat!("id=AK", "IAIOSFODNN7EXAMPLE")],
        spares: &["AKIA", "AKIAiosfodnn7example"],
    },
    Rule {
        name: "GitHub, GitLab and npm token",
        pattern: r"(?:gh[pousr]_|github_pat_|npm_)[A-Za-z0-9]{20}|(?:glpat|gldt|glrt|glptt|glcbt)-[A-Za-z0-9_-]{16}",
        needs: run(20),
        check: checks::key,
        takes: &[
            concat!("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"),
            concat!("github", "_pat_11ABCDEFG0abcdefghijkl_mnop"),
            concat!("npm", "_a1B2c3D4e5F6g7H8i9J0k1L2"),
            concat!("gl", "pat-Ab1Cd2Ef3Gh4Ij5Kl6Mn"),
        ],
        spares: &["npm_config_registry_and_the_rest", "ghp_short"],
    },
    Rule {
        name: "Google key",
        pattern: r"AIza[A-Za-z0-9_-]{30}|ya29\.[A-Za-z0-9_-]{20}|GOCSPX-[A-Za-z0-9_-]{20}",
        needs: run(24),
        check: checks::key,
        takes: &[concat!("AI", "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q")],
        spares: &["AIza", "ya29.short"],
    },
    Rule {
        name: "Slack token",
        pattern: r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10}",
        needs: run(15),
        check: checks::key,
        takes: &[concat!("xo", "xb-123456789012-AbCdEfGhIj")],
        spares: &["xoxb-1", "foxox-1234567890"],
    },
    Rule {
        name: "Slack web hook",
        pattern: r"hooks\.slack\.com/services/[A-Za-z0-9_/]{10}",
        needs: run(30),
        check: checks::hook,
        takes: &[concat!("https://hooks.slack.com/serv", "ices/T00000000/B00000000/XXXX")],
        spares: &["https://hooks.slack.com/services/"],
    },
    Rule {
        name: "Stripe key",
        pattern: r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10}|whsec_[A-Za-z0-9]{16}",
        needs: run(18),
        check: checks::key,
        takes: &[
            concat!("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"),
            concat!("rk_", "live_51H8aBcDeFgHiJ"),
        ],
        spares: &["sk_live_", "task_live_0123456789"],
    },
    Rule {
        name: "key after sk-",
        pattern: r"sk-[A-Za-z0-9_-]{20}",
        needs: run(23),
        check: checks::random_key,
        takes: &[
            concat!("sk", "-proj-Ab12Cd34Ef56Gh78Ij90"),
            concat!("sk", "-ant-api03-Ab12Cd34Ef56Gh78"),
        ],
        spares: &["sk-loading-spinner-container-wrapper", "task-Ab12Cd34Ef56Gh78Ij90Kl12"],
    },
    Rule {
        name: "key of another service",
        pattern: r"hf_[A-Za-z0-9]{20}|(?:dop|doo|dor)_v1_[a-f0-9]{20}|shp(?:at|ss|ca|pa)_[a-f0-9]{20}|pypi-[A-Za-z0-9_-]{30}|dckr_pat_[A-Za-z0-9_-]{16}|lin_api_[A-Za-z0-9]{20}|hvs\.[A-Za-z0-9_-]{20}|ATATT3[A-Za-z0-9_-]{20}|PMAK-[A-Za-z0-9-]{20}",
        needs: run(20),
        check: checks::key,
        takes: &[
            concat!("hf", "_AbCdEfGhIjKlMnOpQrStUvWxYz"),
            concat!("hv", "s.CAESIAbCdEfGhIjKlMnOp"),
        ],
        spares: &["hf_hub_download_is_a_function", "pypi-mirror"],
    },
    Rule {
        name: "SendGrid key",
        pattern: r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16}",
        needs: run(36),
        check: checks::jointed_key,
        takes: &[concat!("SG", ".ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmb")],
        spares: &["SG.short.short"],
    },
    Rule {
        name: "opaque run",
        pattern: r"(?:^|[^A-Za-z0-9_.~+/=-])[A-Za-z0-9_.~+/=-]{64}",
        needs: run(checks::LOOKAHEAD),
        check: checks::opaque,
        takes: &[],
        spares: &["4bf92f3577b34da6a3ce929d0e0e47364bf92f3577b34da6a3ce929d0e0e4736aaaa"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::redact::redact;

    #[test]
    fn every_rule_redacts_its_samples() {
        for rule in RULES {
            for sample in rule.takes {
                assert!(redact(sample).count > 0, "{}: {sample}", rule.name);
            }
        }
    }

    #[test]
    fn no_rule_changes_a_text_that_must_stay() {
        for rule in RULES {
            for sample in rule.spares {
                assert_eq!(redact(sample).text, *sample, "{}", rule.name);
            }
        }
    }

    #[test]
    fn every_pattern_matches_its_samples_on_its_own() {
        for rule in RULES.iter().filter(|rule| !rule.takes.is_empty()) {
            let pattern = regex::Regex::new(rule.pattern).expect("a pattern");
            let taken = rule
                .takes
                .iter()
                .all(|sample| pattern.is_match(sample) && Traits::of(sample).meet(&rule.needs));
            assert!(taken, "{}", rule.name);
        }
    }
}

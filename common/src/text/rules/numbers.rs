//! Numbers of cards, accounts and persons.

use super::super::checks::numbers;
use super::super::rule::{Reach, Rule, digits};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "payment card",
        pattern: r"[0-9](?:[ .+_/-]?[0-9]){11,40}",
        needs: digits(13),
        takes_in: Reach::Run(24),
        check: numbers::card,
        takes: &[
            "4111 1111 1111 1111 12/27",
            "3782-822463-10005",
            "7 5555555555554444",
            "%B4111111111111111^CARDUSER/JOHN",
            "cc=4111+1111+1111+1111",
            "2200 0000 0000 0004",
            "B4012888888881881^X Y",
            "4012/8888/8888/1881",
            "4111 1111 1111 1111 5555 5555 5555 4444",
        ],
        spares: &[
            "4111 1111 1111 1112",
            "1714557600000",
            "1234567890123456",
            "channels 1 2 3 4 5 6 7 8 9 10 11 12 13 36 40 44 48",
            "snowflake 4175928847299117063",
            "order id 4111111111111111",
            "orderId: 4111111111111111",
            "txn=4111111111111111",
            "5180 5200 5220 5240 5260 5280 5300 5320",
            "2412 2417 2422 2427 2432 2437 2442 2447 2452 2457 2462",
            "5500 5520 5540 5560 5580 5600 5620 5640",
            "/files/4012/8888/8888/1881/a",
            "AB4012888888881881^X",
        ],
    },
    Rule {
        name: "IBAN",
        pattern: r"[A-Za-z]{2}[0-9]{2}[ +._-]?[A-Za-z0-9]{3}",
        needs: digits(8),
        takes_in: Reach::Word,
        check: numbers::iban,
        takes: &[
            "DE89 3704 0044 0532 0130 00 was",
            "iban gb82west12345698765432",
            "DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
        ],
        spares: &["DE89 3704 0044 0532 0130 01", "DE98ZZZ09999999999"],
    },
    Rule {
        name: "social security number",
        // The second alternative never matches. Without it, the search would begin at each hyphen and
        // look back, which is slow where there are many.
        pattern: r"[0-9]{3}-[0-9]{2}-[0-9]{4}|\x00{9}",
        needs: digits(9),
        takes_in: Reach::Word,
        check: numbers::social_security,
        takes: &[
            "123-45-6789",
            "applicant 457-55-5462.",
            "/ssn/123-45-6789",
            "/people/219-09-9999/x",
        ],
        spares: &[
            "/orders/123-45-6789",
            "/files/123-45-6789",
            "12/123-45-6789",
            "000-12-3456",
            "order 123-45-6789",
            "1123-45-6789",
            "ORD-123-45-6789",
        ],
    },
    Rule {
        name: "social security number, named",
        pattern: r#"(?i:ssn|social[ _-]?security(?:[ _-]?(?:number|num|no\.?))?)[ :=#"'\\>\[\]/]{0,8}[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}"#,
        needs: digits(9),
        takes_in: Reach::Word,
        check: numbers::named_social_security,
        takes: &[
            "ssn=219099999",
            "Social Security No. 457 55 5462",
            r#"{"log":"{\"ssn\":\"219099999\"}"}"#,
            "<ssn>219099999</ssn>",
            "socialSecurityNumber=219099999",
            "/ssn/219099999",
        ],
        spares: &["ssn=000990000", "classn 219099999"],
    },
];

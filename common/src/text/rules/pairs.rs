//! Secrets whose name stands in a field of its own, or that a sentence or a command introduces.

use super::super::checks::{named, pairs, statements};
use super::super::rule::{self, Reach, Rule, Traits};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "name and value in two fields",
        pattern: r#"(?i-u:name|key|header|field)(?:\\{0,3}["'])?[ ]?(?:=>|[:=])[ ]?(?:\\{0,3}["'][A-Za-z0-9_.\[\]-]{2,64}\\{0,3}["']|[A-Za-z0-9_.-]{2,64})"#,
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: pairs::fields,
        takes: &[
            r#"{"name":"DB_PASSWORD","value":"hunter2"}"#,
            r#"{"key":"password","required":true,"value":"hunter2"}"#,
            r#"{\"name\":\"X-Api-Key\",\"value\":\"abc123xyz\"}"#,
            r#"{"name":"Cookie","value":"sid=abc123"}"#,
            r#"<add key="Password" value="hunter2"/>"#,
            r#"<property name="javax.persistence.jdbc.password" value="hunter2"/>"#,
            r#"<entry key="password">hunter2</entry>"#,
            r#"<entry key="password" type="text">hunter2</entry>"#,
            r#"<property name="password"><value>hunter2</value></property>"#,
            "&EnvVar{Name:DB_PASSWORD,Value:hunter2,ValueFrom:nil,}",
        ],
        spares: &[
            r#"{"name":"DB_HOST","value":"db-01"}"#,
            r#"{"name":"DB_PASSWORD","valueFrom":"db-secret"}"#,
            r#"{"name":"password","value":""},{"name":"a","value":"b"}"#,
            r#"{"name":"next_page_token","value":"abc123def"}"#,
            r#"<input name="password" value="[REDACTED]">"#,
            r#"name="password" -> hunter2"#,
        ],
    },
    Rule {
        name: "name and value in two elements",
        pattern: r"<(?i-u:(?:[a-z]{1,16}-)?(?:name|key))>[A-Za-z0-9_.-]{2,64}</(?i-u:(?:[a-z]{1,16}-)?(?:name|key))>[ ]{0,8}<(?i-u:(?:[a-z]{1,16}-)?(?:value|string))(?: [^<>]{0,64})?>",
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: pairs::elements,
        takes: &[
            "<name>javax.jdo.option.ConnectionPassword</name><value>hunter2</value>",
            "<key>password</key> <string>hunter2</string>",
            "<param-name>password</param-name><param-value>hunter2</param-value>",
        ],
        spares: &["<name>host</name><value>db-01</value>", "<key>token</key><string></string>"],
    },
    Rule {
        name: "pair of a name and a value",
        pattern: r#"[(\[]b?\\{0,3}["'][A-Za-z0-9_.-]{2,64}\\{0,3}["'], ?"#,
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: pairs::pair,
        takes: &[r#"("x-api-key", "abc123xyz")"#, "(b'cookie', b'sid=abc123')"],
        spares: &[
            r#"["password", "token"]"#,
            r#"("user", "abc123xyz")"#,
            r#"("readToken", "Reads need it if `READ_TOKEN` is set")"#,
        ],
    },
    Rule {
        name: "counted value after its name",
        pattern: r#"s:[0-9]{1,3}:\\{0,3}"[A-Za-z0-9_.-]{2,64}\\{0,3}";s:[0-9]{1,5}:"#,
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: pairs::counted,
        takes: &[r#"a:1:{s:8:"password";s:7:"hunter2";}"#],
        spares: &[r#"a:1:{s:4:"name";s:7:"hunter2";}"#],
    },
    Rule {
        name: "password in a sentence",
        pattern: r"(?i-u:(?:(?:generated|temporary|initial|default) (?:[a-z]{1,16} )?)?password)(?: [A-Za-z@_.'-]{1,40}){1,8}?: {1,3}",
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: statements::sentence,
        takes: &[
            "A temporary password is generated for root@localhost: aB3dE6gH9jK1",
            "The generated password for the elastic built-in superuser is: abcDEF123",
            "Generated password for user admin: abcDEF123456",
            "A temporary password is generated for root@localhost: kj;Hs8_d/2sA",
        ],
        spares: &[
            "Failed password for invalid user: admin42",
            "A temporary password was sent for user: bob42x",
        ],
    },
    Rule {
        name: "password in a statement",
        pattern: r"(?:machine [^ ]{1,64}|default) login [^ ]{1,64} password |ENV [A-Z0-9_]{0,32}(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY)[ ]",
        needs: Traits::NONE,
        takes_in: Reach::Word,
        check: named::option,
        takes: &[
            "machine api.example.com login ann password S3cretPw",
            "Step 3/9 : ENV DB_PASSWORD hunter2",
        ],
        spares: &["machine learning login failed password wrong", "ENV PASSWORD_FILE /run/x"],
    },
    Rule {
        name: "cookies of curl",
        pattern: r"curl (?:[^ ]+ ){0,8}?(?:-b|--cookie)[ =]",
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: statements::curl_cookies,
        takes: &[
            "curl -b 'session=abc123def456' https://a.example",
            "curl -s --cookie \"session=abc123def456\" https://a.example",
        ],
        spares: &["git checkout -b 'feature=x'", "curl -b cookies.txt https://a.example"],
    },
    Rule {
        name: "login of curl in one word",
        pattern: r"curl (?:[^ ]+ ){0,8}?-u[A-Za-z0-9_.@-]{1,64}:",
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: named::option,
        takes: &["curl -uann:hunter2 https://a.example"],
        spares: &["tool -uann:hunter", "docker run -u1000:1000"],
    },
];

//! Secrets that are known by the name, the header or the URL that they stand in.

use super::super::rule::{self, Reach, Rule, Traits, digits, run};
use super::super::{keys, named, pem, urls};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "password by name",
        pattern: r#"(?i:pass(?:word|wd|phrase|code|wort)|pwd|passw|contrase(?:ñ|n)a|senha|mot_?de_?passe|парол[ья]|密码|密碼|パスワード|비밀번호)[0-9]?(?:\\{0,3}["'])?\]?[ \t]{0,3}(?:=>|:=|==?|:)[ \t]{0,3}"#,
        needs: rule::named(),
        takes_in: Reach::Name,
        check: named::password,
        takes: &[
            "login failed user=bob password=hunter2",
            r#"{"password": "hunter2"}"#,
            r#"{\"password\":\"hunter2\"}"#,
            "DB_PASSWORD=hunter2",
            "Password=hunter2;Server=db",
            "?user=a&pwd=hunter2&x=1",
        ],
        spares: &[
            "using password: YES",
            "password: required",
            "PWD=/home/ann",
            "password=********",
            "password=${DB_PASSWORD}",
            "password_length=8",
            "Failed password for root",
        ],
    },
    Rule {
        name: "password by its short name",
        pattern: r#"(?:^|[^A-Za-z0-9])(?i-u:(?:[A-Za-z0-9]{1,16}[_-])?pass)(?:=|(?:\\{0,3}["'])[ ]?(?::|=>)[ ]?)"#,
        needs: rule::named(),
        takes_in: Reach::Name,
        check: named::password,
        takes: &[
            "user=bob pass=hunter2",
            r#"{"pass":"hunter2"}"#,
            "db_pass=hunter2",
        ],
        spares: &[
            "check pass; user unknown",
            "--- PASS: TestLogin (0.00s)",
            "pass=5 fail=0",
            "bypass=hunter2",
        ],
    },
    Rule {
        name: "secret, token or key by name",
        pattern: r#"(?i-u:secret|token|credentials?|(?:api|access|secret|private|encryption|encrypt|signing|account|auth|subscription|shared|sharedaccess|master|storage|consumer|app|service|deploy|session|client|admin)[_. -]?key|jsessionid|phpsessid|sessionid|session_?token|signature|authkey)[0-9]?(?:\\{0,3}["'])?\]?[ \t]{0,3}(?:=>|:=|==?|:)[ \t]{0,3}"#,
        needs: rule::named(),
        takes_in: Reach::Name,
        check: named::secret,
        takes: &[
            "X-Api-Key: 9f86d081884c7d659a2feaa0c55ad015",
            "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "client_secret=abc123xyz",
            r#"{"refresh_token":"1a2b3c4d"}"#,
            "AccountKey=Zm9vYmFyMTIzNDU2Nzg5MA==;EndpointSuffix=x",
            "X-Auth-Token: gAAAAABh1234",
        ],
        spares: &[
            "next_page_token=abcdef123",
            "max_tokens=4096",
            "Unexpected token: identifier",
            "secret: none",
            "token_type=Bearer",
            "primary key: id",
        ],
    },
    Rule {
        name: "signature of a signed URL",
        pattern: r"[?&;](?i-u:sig|signature|x-amz-signature|x-goog-signature)=",
        needs: rule::named(),
        takes_in: Reach::Name,
        check: named::secret,
        takes: &[
            "https://a.example/b?sv=2022&sig=Ab1Cd2Ef3Gh4Ij5%3D",
            "X-Amz-Expires=60&X-Amz-Signature=0123456789abcdef0123",
        ],
        spares: &[
            "?sig=",
        ],
    },
    Rule {
        name: "password in an option",
        pattern: r"(?:^|[ \t])--?(?:[A-Za-z0-9]{1,20}-){0,3}(?i-u:password|passwd|passphrase|pass|token|secret|api-?key|access-?key|secret-?key|auth-?token)[ \t]{1,3}",
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: named::option,
        takes: &[
            "mysql --password hunter2 -h db",
            "deploy --api-key abc123 --force",
        ],
        spares: &[
            "login --password --user ann",
            "--token-file x",
            "mkdir -p dir",
        ],
    },
    Rule {
        name: "password in XML",
        pattern: r"<(?i-u:[A-Za-z0-9_:.-]{0,32}(?:password|passwd|secret|token|apikey))>",
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: named::option,
        takes: &[
            "<password>hunter2</password>",
        ],
        spares: &[
            "<password></password>",
            "<Token>null</Token>",
        ],
    },
    Rule {
        name: "password in quotes",
        pattern: r#"(?i-u:identified (?:with [a-z_0-9]{1,32} )?by|password|passwd)[ \t]{1,3}["']"#,
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: named::quoted,
        takes: &[
            "CREATE USER ann IDENTIFIED BY 'hunter2'",
            "ALTER ROLE ann WITH PASSWORD 'hunter2'",
        ],
        spares: &[
            "option 'password' missing",
            "field password 'required'",
        ],
    },
    Rule {
        name: "login of curl",
        pattern: r#"(?:^|[ \t])(?:-u|-U|--user|--proxy-user)[ =]"#,
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: named::login,
        takes: &[
            "curl -u bob:hunter2 https://a.example",
        ],
        spares: &[
            "docker run -u 1000:1000",
            "date -u +%H:%M",
        ],
    },
    Rule {
        name: "security code of a card",
        pattern: r#"(?i-u:cvv2?|cvc2?)["']?[ ]?[:=][ ]?"#,
        needs: digits(3),
        takes_in: Reach::Name,
        check: named::code,
        takes: &[
            "cvv=123",
            r#"{"cvc":"1234"}"#,
        ],
        spares: &[
            "cvv ***",
            "cvc=12345",
        ],
    },
    Rule {
        name: "Authorization header",
        pattern: r#"(?i-u:authorization)\]?(?:\\{0,3}["'])?[ \t]{0,2}(?:[:=]|=>)[ \t]{0,2}\[?(?:\\{0,3}["'])?"#,
        needs: Traits { run: 3, ..Traits::NONE },
        takes_in: Reach::Beginning,
        check: named::authorization,
        takes: &[
            "Authorization: Bearer xyz",
            "'authorization': 'Basic dXNlcjpwYXNz'",
            "HTTP_AUTHORIZATION=Basic dXNlcjpwYXNz",
            "Authorization: ApiKey VnVhQ2ZHY0JDZGJr",
            r#"Authorization: Digest username="bob", nonce="abc", response="6629fae4""#,
            "Authorization: AWS4-HMAC-SHA256 Credential=AK/2025/us, SignedHeaders=host, Signature=abc",
        ],
        spares: &[
            "Authorization: none",
            "authorization: Digest",
            "authorization: failed for ann",
        ],
    },
    Rule {
        name: "Basic credentials",
        pattern: r"(?i-u:basic)[ \t]{1,3}[A-Za-z0-9+/]{8}",
        needs: run(8),
        takes_in: Reach::Beginning,
        check: keys::basic,
        takes: &[
            "auth: Basic dXNlcjpwYXNzd29yZA==",
        ],
        spares: &[
            "Basic authentication failed",
            "a basic structure of",
        ],
    },
    Rule {
        name: "bearer token",
        pattern: r#"(?i-u:bearer)(?:[ \t]{1,4}|[:=] ?["']?)[A-Za-z0-9_.~+/=-]{3}"#,
        needs: run(6),
        takes_in: Reach::Beginning,
        check: keys::bearer,
        takes: &["Bearer abc123xyz", "sent bearer=2YotnFZFEjr1zCsicMWpAA"],
        spares: &["bearer token missing", "Bearer realm=\"x\"", "Bearer authentication failed"],
    },
    Rule {
        name: "Cookie header",
        pattern: r#"(?i-u:(?:set[-_])?cookie2?)(?:\\{0,3}["'])?[ \t]{0,2}(?::|=>|=)[ \t]{0,2}\[?(?:\\{0,3}["'])?"#,
        needs: rule::named(),
        takes_in: Reach::Beginning,
        check: named::cookies,
        takes: &[
            "Cookie: PHPSESSID=298zf09hf012fh2; csrftoken=u32t4o3tb3gg43",
            "Set-Cookie: sid=abc123; Path=/; HttpOnly",
            "HTTP_COOKIE=a=b; c=d",
        ],
        spares: &[
            "cookie: none",
            "cookies=3",
        ],
    },
    Rule {
        name: "credentials in a URL",
        pattern: r"(?i-u:[a-z][a-z0-9+.-]{1,20})://",
        needs: Traits { ats: 1, colons: 1, ..Traits::NONE },
        takes_in: Reach::Beginning,
        check: urls::credentials,
        takes: &[
            "postgres://ann:hunter2@backend-db:5432/app",
            "redis://:hunter2@redis:6379/0",
            "https://bob:hunter2@git.example.com/x.git",
            "https://0123456789abcdef0123@github.com/o/r",
            "postgres://ann:p%40ss/word@db/app",
        ],
        spares: &[
            "http://example.com:8080/@ann",
            "ssh://git@github.com/o/r",
            "redis://[REDACTED]@redis",
            "http://db:5432/a",
        ],
    },
    Rule {
        name: "password of a data source",
        pattern: r"@(?:tcp|unix|udp)\(|@(?://)?[A-Za-z0-9.-]{1,64}:[0-9]{2,5}[:/]",
        needs: Traits { ats: 1, ..Traits::NONE },
        takes_in: Reach::Beginning,
        check: urls::data_source,
        takes: &[
            "ann:hunter2@tcp(127.0.0.1:3306)/app",
            "jdbc:oracle:thin:ann/hunter2@//db:1521/app",
        ],
        spares: &[
            "user@tcp(db)",
        ],
    },
    Rule {
        name: "private key in one line",
        pattern: r"-----BEGIN [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)?-----",
        needs: Traits { signs: 5, ..Traits::NONE },
        takes_in: Reach::Beginning,
        check: pem::in_line,
        takes: &[
            concat!("-----BEGIN ", r"PRIVATE KEY-----\nMIIEowIBAAKCAQEAu1SU1LfV\n-----END PRIVATE KEY-----"),
        ],
        spares: &[
            concat!("-----BEGIN ", "CERTIFICATE-----"),
        ],
    },
    Rule {
        name: "token in a path",
        pattern: r"/(?i-u:[a-z_-]{0,24}(?:reset|verify|verification|confirm|confirmation|activate|activation|invite|invitation|magic|magic-link|unsubscribe|token|password))/",
        needs: run(16),
        takes_in: Reach::Beginning,
        check: named::path_token,
        takes: &[
            "GET /reset/4f9aB2c81d77e0a6b3",
        ],
        spares: &[
            "/reset/my-long-page-name-here",
            "/verify/1234567890123456",
        ],
    },
];

//! Addresses of people and machines.

use super::super::rule::{Reach, Rule, Traits, digits};
use super::super::{hosts, ipv6, mail};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "e-mail address",
        pattern: r"@",
        needs: Traits { ats: 1, ..Traits::NONE },
        takes_in: Reach::Beginning,
        check: mail::email,
        takes: &[
            "mail a@b.co.", "to=<first.last+tag@sub.example.org>", "?m=bob%40example.com",
            r#"{"m":"ann\u0040example.com"}"#,
            "mail 用户@例子.公司 ok",
            "?m=ann%2540example.com",
            "to a!b#c$d@example.com",
            "\"ann smith\"@example.com",
        ],
        spares: &[
            "lodash@4.17.21", "root@web-01", "user@", "@scope/package", "a @ b.co",
            "GET /img/logo@2x.png",
            "getty@tty1.service",
            "x86_64@v1.so",
            "git@github.com:acme/app.git",
        ],
    },
    Rule {
        name: "IPv4 address",
        pattern: r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
        needs: digits(4),
        takes_in: Reach::Beginning,
        check: hosts::ipv4,
        takes: &[
            "from 10.0.0.1:8080", "[203.0.113.7]", "net 10.0.0.0/8", "seen 192.0.2.1.",
            "Connected to LAPTOP/192.168.1.5:9092",
            "peer_10.20.30.40 up",
            "IP 192.0.2.1.443 > 198.51.100.2.51234: Flags",
        ],
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
            "okhttp/3.12.0.1",
            "rv:1.8.1.20",
            "linux-image 4.15.0.20",
            "jQuery UI 1.12.1.0",
            "1.3.6.1",
            "upgrade from 1.2.3.4 to 1.2.3.5",
        ],
    },
    Rule {
        name: "host name with an address",
        pattern: r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9]{1,3}(?:-[0-9]{1,3}){3}",
        needs: digits(4),
        takes_in: Reach::Beginning,
        check: hosts::named_host,
        takes: &[
            "rhost=220-135-151-1.hinet-ip.hinet.net",
            "(dsl-Chn-static-059.45.101.203.touchtelindia.net)",
            "ip-10-0-0-1.ec2.internal",
            "node ip-10-0-0-12 is ready",
            "4.3.2.1.in-addr.arpa",
        ],
        spares: &["foo-1.2.3.4.tar.gz", "libfoo.so.1.2.3.4", "2025-05-01-10.example.com", "a-1-2-3-4"],
    },
    Rule {
        name: "IPv6 address",
        pattern: r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*(?:\.[0-9]{1,5}){0,3}",
        needs: Traits { colons: 2, ..Traits::NONE },
        takes_in: Reach::Run,
        check: ipv6::ipv6,
        takes: &[
            "[2001:db8::1]:443", "fe80::1%eth0", "::ffff:192.0.2.1", "source:2001:db8::1: no",
            "beef::cafe:dead:face",
            "IP6 2001:db8::1.443 > 2001:db8::2.51234",
        ],
        spares: &[
            "12:30:45", "00:1a:2b:3c:4d:5e", "cafe::babe", "std::vec", "[::]:80", "::",
            "fe::ed",
            "at 10::5",
            "deadbeef::1",
            "time 10:05:03:17",
        ],
    },
];

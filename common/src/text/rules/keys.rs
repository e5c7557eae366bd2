//! Keys and tokens of the common vendors, by their published forms.

use super::super::keys;
use super::super::rule::{Reach, Rule, run};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "JSON web token",
        pattern: r"(?:ops_)?eyJ[A-Za-z0-9_-]{13}",
        needs: run(16),
        takes_in: Reach::Beginning,
        check: keys::jointed_key,
        takes: &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N."],
        spares: &["eyJ is a start", "keyJhbGciOiJIUzI1NiJ9"],
    },
    Rule {
        name: "AWS access key",
        pattern: r"(?:A(?:KI|SI|BI|CC)A[A-Z0-9]{16}|ABSK[A-Za-z0-9+/]{60})",
        needs: run(20),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[concat!("id=AK", "IAIOSFODNN7EXAMPLE")],
        spares: &["AKIA", "AKIAiosfodnn7example"],
    },
    Rule {
        name: "code hosting",
        pattern: r"(?:gh[pousr]_|github_pat_)[A-Za-z0-9]{20}|(?:glpat|gldt|glrt|glptt|glcbt|glsoat|glimt|glagent|glft|glffct|glrtr)-[A-Za-z0-9_-]{16}|GR1348941[A-Za-z0-9_-]{20}|ATBB[A-Za-z0-9]{24}",
        needs: run(20),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"),
            concat!("github", "_pat_11ABCDEFG0abcdefghijkl_mnop"),
            concat!("gl", "pat-Ab1Cd2Ef3Gh4Ij5Kl6Mn"),
        ],
        spares: &[
            "ghp_short",
        ],
    },
    Rule {
        name: "package registry",
        pattern: r"npm_[A-Za-z0-9]{20}|pypi-[A-Za-z0-9_-]{30}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{16}|rubygems_[a-f0-9]{40}|oy2[a-z0-9]{43}|cio[A-Za-z0-9]{32}",
        needs: run(20),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("npm", "_a1B2c3D4e5F6g7H8i9J0k1L2"),
            concat!("dckr", "_pat_Ab1Cd2Ef3Gh4Ij5Kl6"),
        ],
        spares: &[
            "npm_config_registry_and_the_rest",
            "pypi-mirror",
        ],
    },
    Rule {
        name: "Google key",
        pattern: r"AIza[A-Za-z0-9_-]{30}|ya29\.[A-Za-z0-9_-]{20}|GOCSPX-[A-Za-z0-9_-]{20}|1//0[A-Za-z0-9_-]{30}",
        needs: run(24),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("AI", "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
            concat!("ya", "29.a0AfH6SMBx1234567890abcdef"),
        ],
        spares: &[
            "AIza",
            "ya29.short",
        ],
    },
    Rule {
        name: "Azure key",
        pattern: r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{30}",
        needs: run(34),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("abc8", "Q~Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"),
        ],
        spares: &[
            "8Q~short",
        ],
    },
    Rule {
        name: "chat",
        pattern: r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10}|xoxe\.xox[a-z]-[A-Za-z0-9-]{10}",
        needs: run(15),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("xo", "xb-123456789012-AbCdEfGhIj"),
            concat!("xa", "pp-1-A0123-456-abcdef"),
        ],
        spares: &[
            "xoxb-1",
            "foxox-1234567890",
        ],
    },
    Rule {
        name: "chat bot",
        pattern: r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
        needs: run(58),
        takes_in: Reach::Beginning,
        check: keys::exact_key,
        takes: &[
            concat!("MTIzNDU2Nzg5MDEyMzQ1Njc4", ".Ab1Cd2.Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9"),
        ],
        spares: &[
            "MTIz.Ab1Cd2.x",
        ],
    },
    Rule {
        name: "chat bot by number",
        pattern: r"[0-9]{8,10}:AA[A-Za-z0-9_-]{30}",
        needs: run(32),
        takes_in: Reach::Beginning,
        check: keys::bot_token,
        takes: &[
            concat!("bot110201543:AA", "HdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"),
        ],
        spares: &[
            "12345678:AAshort",
        ],
    },
    Rule {
        name: "web hook",
        pattern: r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/]{10}|discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{10}|webhook\.office\.com/webhookb2/[A-Za-z0-9-]{8}",
        needs: run(30),
        takes_in: Reach::Beginning,
        check: keys::hook,
        takes: &[
            concat!("https://hooks.slack.com/serv", "ices/T00000000/B00000000/XXXX"),
            concat!("https://discord.com/api/web", "hooks/123456789012345678/Ab1Cd2Ef3"),
        ],
        spares: &[
            "https://hooks.slack.com/services/",
        ],
    },
    Rule {
        name: "telephony and mail",
        pattern: r"SK[0-9a-f]{32}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}|xkeysib-[0-9a-f]{32}[0-9a-f-]{0,64}|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,30}",
        needs: run(32),
        takes_in: Reach::Beginning,
        check: keys::exact_key,
        takes: &[
            concat!("S", "K0123456789abcdef0123456789abcdef"),
            concat!("key", "-0123456789abcdef0123456789abcdef"),
            concat!("0123456789abcdef0123456789abcdef", "-us12"),
        ],
        spares: &[
            "AC0123456789abcdef0123456789abcdef",
        ],
    },
    Rule {
        name: "SendGrid key",
        pattern: r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16}",
        needs: run(36),
        takes_in: Reach::Beginning,
        check: keys::jointed_key,
        takes: &[concat!("SG", ".ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmb")],
        spares: &["SG.short.short"],
    },
    Rule {
        name: "payment",
        pattern: r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10}|whsec_[A-Za-z0-9]{16}|sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20}|EAAA[A-Za-z0-9_-]{50}|access_token\$(?:production|sandbox)\$[0-9a-z]{12}|access-(?:sandbox|development|production)-[0-9a-f-]{30}|FLWSECK(?:_TEST)?-[0-9a-z]{20}|EZ[AT]K[A-Za-z0-9]{50}",
        needs: run(18),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"),
            concat!("rk_", "live_51H8aBcDeFgHiJ"),
            concat!("sq0", "atp-Ab1Cd2Ef3Gh4Ij5Kl6Mn7O"),
        ],
        spares: &[
            "sk_live_",
            "task_live_0123456789",
            "pk_live_4eC39HqLyjWDarjtT1zdp7dc",
        ],
    },
    Rule {
        name: "shop",
        pattern: r"shp(?:at|ss|ca|pa|ua|tka)_[a-fA-F0-9]{20}",
        needs: run(26),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("shp", "at_0123456789abcdef0123456789abcdef"),
        ],
        spares: &[
            "shpat_short",
        ],
    },
    Rule {
        name: "key after sk-",
        pattern: r"sk-[A-Za-z0-9_-]{20}",
        needs: run(23),
        takes_in: Reach::Beginning,
        check: keys::random_key,
        takes: &[
            concat!("sk", "-proj-Ab12Cd34Ef56Gh78Ij90"),
            concat!("sk", "-ant-api03-Ab12Cd34Ef56Gh78"),
        ],
        spares: &["sk-loading-spinner-container-wrapper", "task-Ab12Cd34Ef56Gh78Ij90Kl12"],
    },
    Rule {
        name: "model API",
        pattern: r"hf_[A-Za-z0-9]{20}|api_org_[A-Za-z0-9]{20}|gsk_[A-Za-z0-9]{30}|r8_[A-Za-z0-9]{30}|pplx-[A-Za-z0-9]{30}|xai-[A-Za-z0-9]{40}|dapi[0-9a-f]{32}|pcsk_[A-Za-z0-9_]{30}|lsv2_(?:pt|sk)_[0-9a-f]{30}|nvapi-[A-Za-z0-9_-]{40}|tvly-[A-Za-z0-9-]{20}",
        needs: run(20),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("hf", "_AbCdEfGhIjKlMnOpQrStUvWxYz"),
            concat!("dapi", "0123456789abcdef0123456789abcdef"),
        ],
        spares: &[
            "hf_hub_download_is_a_function",
        ],
    },
    Rule {
        name: "cloud and infrastructure",
        pattern: r"(?:dop|doo|dor)_v1_[a-f0-9]{20}|hv[sbr]\.[A-Za-z0-9_-]{20}|HRKU-[A-Za-z0-9_-]{30}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40}|fo1_[A-Za-z0-9_-]{40}|fm[12]_[A-Za-z0-9_+/=-]{40}|rnd_[A-Za-z0-9]{20}|nfp_[A-Za-z0-9]{30}|dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{30}|sbp_[a-f0-9]{30}|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_-]{30}|LTAI[A-Za-z0-9]{16}|AKID[A-Za-z0-9]{32}|tskey-[a-z]{2,8}-[A-Za-z0-9-]{16}|pul-[a-f0-9]{30}|AGE-SECRET-KEY-1[A-Z0-9]{30}",
        needs: run(20),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("hv", "s.CAESIAbCdEfGhIjKlMnOp"),
            concat!("dop", "_v1_0123456789abcdef0123456789abcdef"),
        ],
        spares: &[
            "hvs.short",
            "dop_v1_x",
        ],
    },
    Rule {
        name: "work and monitoring",
        pattern: r"lin_(?:api|oauth)_[A-Za-z0-9]{20}|AT(?:ATT|CTT)3[A-Za-z0-9_-]{20}|PMAK-[A-Za-z0-9-]{20}|secret_[A-Za-z0-9]{40}|ntn_[A-Za-z0-9]{40}|pat[A-Za-z0-9]{14}\.[a-f0-9]{40}|figd_[A-Za-z0-9_-]{30}|glsa_[A-Za-z0-9_]{30}|glc_[A-Za-z0-9+/=]{30}|NRAK-[A-Z0-9]{20}|NRJS-[a-f0-9]{19}|sntry[su]_[A-Za-z0-9_+/=-]{30}|dt0[a-z][0-9]{2}\.[A-Z0-9]{20}|CFPAT-[A-Za-z0-9_-]{30}|tfp_[A-Za-z0-9_-]{30}|phx_[A-Za-z0-9]{30}|sgp_[A-Za-z0-9_]{30}|rdme_[a-z0-9]{40}",
        needs: run(20),
        takes_in: Reach::Beginning,
        check: keys::key,
        takes: &[
            concat!("lin", "_api_Ab1Cd2Ef3Gh4Ij5Kl6Mn7"),
            concat!("gl", "sa_Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"),
        ],
        spares: &[
            "secret_name_of_the_thing_that_is_long",
        ],
    },
    Rule {
        name: "opaque run",
        pattern: r"(?:^|[^A-Za-z0-9_.~+/=-])[A-Za-z0-9_.~+/=-]{64}",
        needs: run(keys::LOOKAHEAD),
        takes_in: Reach::Beginning,
        check: keys::opaque,
        takes: &[],
        spares: &["4bf92f3577b34da6a3ce929d0e0e47364bf92f3577b34da6a3ce929d0e0e4736aaaa"],
    },
];

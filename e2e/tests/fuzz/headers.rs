//! Changes of a request's headers and query, and of how the body is packed.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::draft::{Draft, Envelope, Packing};
use crate::events::SITES;

type Mutation = fn(&mut Draft, &mut StdRng);

const MUTATIONS: [Mutation; 9] =
    [kind, kind, sender, sender, origin, tenant, coding, query, other_headers];

pub(crate) fn mutate(draft: &mut Draft, chance: &mut StdRng) {
    MUTATIONS.choose(chance).expect("a mutation")(draft, chance);
}

/// Another content type, and at times the form that it promises.
fn kind(draft: &mut Draft, chance: &mut StdRng) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let kinds = [
        "",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=\"UTF-8\";",
        "application/json; charset=latin1",
        "text/json",
        "text/plain;charset=UTF-8",
        "application/vnd.shop+json; v=\"1;2\"",
        "application/xml",
        "text/html",
        "json",
        "*/*",
        "multipart/form-data",
        "\u{e9}/\u{e9}",
    ];
    match chance.random_range(0..5) {
        0 => draft.without("content-type"),
        1 => draft.headers.push(("content-type", b"text/plain".to_vec())),
        2 => {
            draft.header("content-type", FORM);
            draft.envelope = *[Envelope::None, Envelope::Form].choose(chance).expect("an envelope");
        }
        3 => {
            draft.header("content-type", "multipart/form-data; boundary=b");
            draft.envelope = Envelope::Multipart;
        }
        _ => draft.header("content-type", *kinds.choose(chance).expect("a type")),
    }
}

/// Programs, browsers, and names that are neither.
fn sender(draft: &mut Draft, chance: &mut StdRng) {
    let agents = [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0",
        "facebookexternalhit/1.1",
        "curl/8.5.0",
        "python-requests/2.31.0",
        "Mozilla/5.0 (Linux; Android 9; CUBOT NOVA) Chrome/96.0.0.0 Mobile",
        "",
        "b\u{f6}t",
        "((((((((((;;;;;;;;;;",
    ];
    let agent = match chance.random_range(0..12) {
        0 => vec![0xff, 0x80, b'b', b'o', b't'],
        1 => b"Mozilla/5.0 (bot ".repeat(400),
        _ => agents.choose(chance).expect("an agent").as_bytes().to_vec(),
    };
    draft.header("user-agent", agent);
}

/// Where the page is, how it was loaded, and through whom it came.
fn origin(draft: &mut Draft, chance: &mut StdRng) {
    let others: [(&'static str, &[u8]); 12] = [
        ("origin", b"http://localhost:3000"),
        ("origin", b"http://[::1]"),
        ("origin", b"null"),
        ("origin", b"file://"),
        ("origin", b"https://xn--nxasmq6b.example"),
        ("origin", b"\xff"),
        ("sec-purpose", b"prefetch;prerender"),
        ("purpose", b"prefetch"),
        ("x-moz", b"prefetch"),
        ("sec-fetch-site", b"cross-site"),
        ("x-forwarded-for", b"203.0.113.7, [2001:db8::1]:443, <script>"),
        ("x-forwarded-for", b","),
    ];
    let (name, value) = *others.choose(chance).expect("a header");
    draft.header(name, value);
}

/// The tenant in another place, twice, as another one, or as none that there can be.
fn tenant(draft: &mut Draft, chance: &mut StdRng) {
    let site = *SITES.choose(chance).expect("a site");
    match chance.random_range(0..7) {
        0 => draft.header("x-tenant-id", site),
        1 => draft.headers.push(("x-tenant-id", site.into())),
        2 => draft.query.push(format!("tenant_id={site}")),
        3 => draft.query.push(format!("site_id={site}&customer_id={site}")),
        4 => {
            draft.header("x-tenant-id", *["../x", "", "\u{e9}", "a b"].choose(chance).expect("one"))
        }
        5 => draft.without("x-tenant-id"),
        _ => {
            if let Some(named) = draft.event.remove("site_id").as_ref().and_then(|it| it.as_str()) {
                draft.header("x-tenant-id", named);
            }
        }
    }
}

/// Compression, and names of it that are not true.
fn coding(draft: &mut Draft, chance: &mut StdRng) {
    let (name, packing) = *[
        ("gzip", Packing::Gzip),
        ("x-gzip", Packing::Gzip),
        ("GZIP", Packing::Gzip),
        ("deflate", Packing::Deflate),
        ("deflate", Packing::Gzip),
        ("gzip", Packing::None),
        ("zstd", Packing::None),
        ("identity", Packing::None),
        ("br", Packing::None),
        ("gzip, gzip", Packing::Gzip),
    ]
    .choose(chance)
    .expect("a coding");
    draft.header("content-encoding", name);
    draft.packing = packing;
}

fn query(draft: &mut Draft, chance: &mut StdRng) {
    let queries = [
        "strict=true",
        "strict=true",
        "strict=false",
        "strict=maybe",
        "strict",
        "strict=true&strict=false",
        "allow=localhost,frames,bots",
        "allow=%ff&allow=prefetch",
        "utm=1&&=&",
        "%zz=%",
        "a=%ff%00",
    ];
    draft.query.push((*queries.choose(chance).expect("a query")).to_owned());
}

fn other_headers(draft: &mut Draft, chance: &mut StdRng) {
    let own: u64 = chance.random();
    match chance.random_range(0..6) {
        0 => draft.header("idempotency-key", format!("\"{own:x}\"")),
        1 => draft.header("idempotency-key", [format!("{own:x}").as_bytes(), b" \xff"].concat()),
        2 => draft.header("idempotency-key", "\"\""),
        3 => draft.header("traceparent", "00-zz"),
        4 => draft.header("x-request-id", [&b"\xff"[..], &b"a".repeat(200)].concat()),
        _ => draft.header("accept", "image/png"),
    }
}

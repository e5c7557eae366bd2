//! Words before and after the number of a thing (an order, for example) that may look like a phone
//! number, a card or a social security number.

use super::surroundings::word_before;

/// The singular covers the plural.
const THINGS: &[&str] = &[
    "article",
    "auftrag",
    "batch",
    "bestellung",
    "bug",
    "build",
    "bytes",
    "case",
    "channel",
    "chunk",
    "code",
    "commande",
    "commit",
    "count",
    "delay",
    "din",
    "duration",
    "elapsed",
    "en",
    "error",
    "facture",
    "factura",
    "frame",
    "frequency",
    "height",
    "ieee",
    "interval",
    "inv",
    "invoice",
    "iso",
    "isbn",
    "issn",
    "issue",
    "item",
    "job",
    "latency",
    "limit",
    "lines",
    "lot",
    "model",
    "offset",
    "ord",
    "order",
    "page",
    "pages",
    "part",
    "pedido",
    "pid",
    "port",
    "ports",
    "product",
    "range",
    "rechnung",
    "record",
    "ref",
    "reference",
    "rfc",
    "room",
    "row",
    "rows",
    "sample",
    "seat",
    "seq",
    "sequence",
    "serial",
    "shipment",
    "size",
    "sku",
    "slot",
    "sn",
    "step",
    "temperature",
    "ticket",
    "took",
    "tracking",
    "vlan",
    "volume",
    "vorgang",
    "width",
    "window",
    "year",
];

/// Words for the id of a record.
const IDS: &[&str] = &[
    "id",
    "ids",
    "uid",
    "uuid",
    "guid",
    "nonce",
    "snowflake",
    "span",
    "trace",
    "ts",
    "timestamp",
    "epoch",
    "time",
    "tweet",
    "ean",
    "gtin",
    "imei",
    "isbn",
    "upc",
    "hash",
    "inode",
    "transaction",
    "txn",
];

/// What the id of a record may belong to, right before `id`: `spanId`.
const OWNERS: &[&str] = &["span", "trace", "request", "parent", "correlation", "transaction"];

/// Words that may come between such a word and its number.
pub(crate) const FILLERS: &[&str] = &["id", "is", "nr", "no", "num", "number"];

/// Units after a number, and what is counted, which make a range of it.
const UNITS: &[&str] = &[
    "ms",
    "s",
    "sec",
    "secs",
    "seconds",
    "us",
    "ns",
    "min",
    "mins",
    "minutes",
    "h",
    "hours",
    "days",
    "b",
    "bytes",
    "kb",
    "mb",
    "gb",
    "kib",
    "mib",
    "gib",
    "hz",
    "khz",
    "mhz",
    "ghz",
    "rpm",
    "px",
    "pt",
    "mm",
    "cm",
    "m",
    "km",
    "nm",
    "kg",
    "g",
    "v",
    "w",
    "kw",
    "rows",
    "lines",
    "items",
    "requests",
    "entries",
    "records",
    "pages",
    "words",
    "eur",
    "usd",
    "gbp",
    "percent",
    "points",
    "errors",
    "error",
    "warnings",
    "failures",
    "hits",
    "events",
    "messages",
    "files",
    "jobs",
    "users",
    "tokens",
    "connections",
    "packets",
    "samples",
    "objects",
    "keys",
    "retries",
    "tests",
    "cases",
    "steps",
    "chars",
    "characters",
    "responses",
    "tasks",
    "documents",
    "nodes",
    "rules",
    "blocks",
    "frames",
    "meters",
    "miles",
];

/// Whether the number at a position is that of a thing, such as an order.
pub(crate) fn numbers_a_thing(text: &str, at: usize) -> bool {
    let (mut name, start) = word_before(&text.as_bytes()[..at]);
    if FILLERS.contains(&name.as_str()) {
        let before = text.as_bytes()[..start].trim_ascii_end();
        (name, _) = word_before(before.strip_suffix(b"_").unwrap_or(before));
    }
    let is_serial = name == "n" && text[..start].to_ascii_lowercase().ends_with("s/");
    is_serial
        || THINGS.contains(&name.as_str())
        || ["s", "id", "no", "nr", "number"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|n| THINGS.contains(&n)))
}

/// Whether the number at a position is the id of a record.
pub(crate) fn identifies(text: &str, at: usize) -> bool {
    let (name, _) = word_before(&text.as_bytes()[..at]);
    let owner = name.strip_suffix("id").unwrap_or("");
    let is_owned = OWNERS.iter().any(|end| owner.ends_with(end));
    is_owned || IDS.contains(&name.as_str()) || numbers_a_thing(text, at)
}

/// Whether a unit follows, as after `200-1000 ms`.
pub(crate) fn measured(text: &str, at: usize) -> bool {
    let rest = text[at..].strip_prefix(' ').unwrap_or(&text[at..]);
    let end = rest.bytes().take(12).take_while(u8::is_ascii_alphabetic).count();
    UNITS.contains(&rest[..end].to_ascii_lowercase().as_str()) || rest.starts_with(['%', '°'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_across_signs_and_fillers() {
        assert!(numbers_a_thing("part no. 555-0199", 9));
        assert!(!numbers_a_thing("user id 555-0199", 8));
    }

    #[test]
    fn a_unit_is_found_after_the_number() {
        assert!(measured("200-1000 ms", 8));
        assert!(!measured("555-0199 said", 8));
    }
}

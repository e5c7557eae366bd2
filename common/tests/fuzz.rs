//! Mutated ids and texts.

use std::path::{Path, PathBuf};

use common::path::{Collection, CollectionPath};
use common::record::RecordId;
use common::tenant::TenantId;
use common::text::redact::redact;
use common::text::segment::{MAX_CHARACTERS, segment};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

/// Each line is an id and a tenant too.
#[test]
fn no_id_leaves_its_tenant() {
    corpus::try_all(&folder("ids"), |input| {
        let key = RecordId::from_key(input);
        if RecordId::parse(key.as_str()).as_ref() != Ok(&key) {
            return Err(format!("a key became {key}"));
        }
        let text = String::from_utf8_lossy(input);
        let tenants = text.lines().filter_map(|line| TenantId::parse(line).ok());
        for tenant in tenants.chain(TenantId::parse("acme").ok()) {
            let path = CollectionPath::of(&tenant, Collection::Events).record(&key).to_string();
            let segments: Vec<_> = path.split('/').collect();
            if segments != ["tenants", tenant.as_str(), "events", key.as_str()] {
                return Err(path);
            }
        }
        Ok(())
    });
}

#[test]
fn no_text_is_a_panic_and_its_parts_redact_to_the_redacted_whole() {
    corpus::try_all(&folder("texts"), |input| {
        let text = String::from_utf8_lossy(input);
        // Long enough to be cut, wherever the mutation is.
        let text = text.repeat(1 + MAX_CHARACTERS / text.len().max(1));
        let parts = segment(&text);
        if parts.concat() != text {
            return Err("the parts are not the text".to_owned());
        }
        let joined: String = parts.iter().map(|part| redact(part).text).collect();
        if joined != redact(&text).text {
            return Err("the parts redact to something else than the whole".to_owned());
        }
        Ok(())
    });
}

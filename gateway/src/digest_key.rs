//! Keyed digests. Where originals are not kept, a plain digest would be a way to guess them: whoever
//! reads it tries one phone number after the other. So the digest is hashed with a key that nobody can
//! read through the API. Equal content still has equal digests.
//!
//! All gateways share the key through the store. It is made once and stays.

use std::sync::Arc;

use common::hash;
use common::path::CollectionPath;
use common::store::{DocumentStore, StoreError, Value, Write, fields};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use tokio::sync::OnceCell;

/// How digests leave the gateway.
pub(crate) enum Digests {
    /// As they are: originals are kept anyway.
    Plain,
    /// Keyed.
    Keyed(DigestKey),
}

impl Digests {
    /// The form of `digest` that may be stored.
    pub(crate) async fn of(&self, digest: String) -> Result<String, StoreError> {
        match self {
            Self::Plain => Ok(digest),
            Self::Keyed(key) => key.of(&digest).await,
        }
    }
}

/// The key, read from the store once.
pub(crate) struct DigestKey {
    store: Arc<dyn DocumentStore>,
    key: OnceCell<[u8; 64]>,
}

impl DigestKey {
    /// The key in `store`.
    pub(crate) fn new(store: Arc<dyn DocumentStore>) -> Self {
        Self { store, key: OnceCell::new() }
    }

    /// The keyed form of a digest.
    pub(crate) async fn of(&self, digest: &str) -> Result<String, StoreError> {
        let key = self.key.get_or_try_init(|| self.shared()).await?;
        let mut keyed = Hmac::<Sha256>::new(&(*key).into());
        keyed.update(digest.as_bytes());
        Ok(hash::hexadecimal(&keyed.finalize().into_bytes()))
    }

    /// The store's key; the first gateway to ask makes it.
    async fn shared(&self) -> Result<[u8; 64], StoreError> {
        let path = CollectionPath::salts().hashed(&["digests"]);
        for _ in 0..2 {
            let found = self.store.get_many(std::slice::from_ref(&path)).await?.pop().flatten();
            if let Some(key) = found.and_then(|mut document| document.fields.remove("key")) {
                return read(key);
            }
            let key: [u8; 64] = rand::rng().random();
            let fields = fields([("key", Value::Bytes(key.to_vec()))]);
            match self.store.commit(vec![Write::Create { path: path.clone(), fields }]).await {
                Ok(()) => return Ok(key),
                Err(StoreError::AlreadyExists) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::AlreadyExists)
    }
}

fn read(value: Value) -> Result<[u8; 64], StoreError> {
    let key = match value {
        Value::Bytes(bytes) => bytes.try_into().ok(),
        _ => None,
    };
    key.ok_or_else(|| StoreError::Deployment("the key of the digests is damaged".into()))
}

#[cfg(test)]
mod tests {
    use common::store::embedded::EmbeddedStore;
    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn all_gateways_share_one_key_and_digests_do_not_tell_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = || Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
        let keys: Vec<_> = (0..8).map(|_| DigestKey::new(store())).collect();
        let plain = hash::sha256("call 555-0199");
        let keyed = join_all(keys.iter().map(|key| key.of(&plain))).await;
        let keyed: Vec<_> = keyed.into_iter().map(|digest| digest.expect("a digest")).collect();
        assert!(keyed.iter().all(|digest| *digest == keyed[0]), "{keyed:?}");
        assert_eq!(DigestKey::new(store()).of(&plain).await.ok(), Some(keyed[0].clone()));
        assert_ne!(keyed[0], plain);
        assert_eq!(keyed[0].len(), 64);
        let other = keys[0].of(&hash::sha256("call 555-0198")).await.expect("a digest");
        assert_ne!(keyed[0], other);
    }
}

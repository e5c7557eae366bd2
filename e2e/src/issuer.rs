//! Stands in for Google: signs the tokens that pushes carry.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use chrono::Utc;
use serde_json::{Value, json};

/// What Cloud Run puts in place of a signature that it has checked.
pub const CUT_OFF: &str = "SIGNATURE_REMOVED_BY_GOOGLE";

/// Signs tokens with a key of its own.
#[derive(Debug)]
pub struct Issuer {
    key: KeyPair,
    key_id: String,
}

impl Issuer {
    /// An issuer with a new key, which the key server publishes under `key_id`.
    ///
    /// # Panics
    /// If no key can be generated.
    pub fn new(key_id: &str) -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        Self { key, key_id: key_id.to_owned() }
    }

    /// The public key as the key server publishes it.
    pub fn jwk(&self) -> Value {
        let public = self.key.public_key();
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.key_id,
            "n": BASE64.encode(public.modulus().big_endian_without_leading_zero()),
            "e": BASE64.encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// The public key in each form that an attacker might use as a shared secret.
    pub fn public_key(&self) -> Vec<Vec<u8>> {
        let public = self.key.public_key();
        let der: &[u8] = public.as_ref();
        let pem = format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
            STANDARD.encode(der)
        );
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        vec![der.to_vec(), pem.into_bytes(), modulus, self.jwk().to_string().into_bytes()]
    }

    /// The header of an ordinary token.
    pub fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id})
    }

    /// Whether the token has a signature of this issuer.
    pub fn has_signed(&self, token: &str) -> bool {
        let Some((content, signature)) = token.rsplit_once('.') else { return false };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key());
        let signature = BASE64.decode(signature);
        signature.is_ok_and(|signature| key.verify(content.as_bytes(), &signature).is_ok())
    }

    /// An ordinary token.
    pub fn token(&self, claims: &Value) -> String {
        self.signed(&self.header(), claims)
    }

    /// A token with this header, signed with RS256 whatever the header says.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let content = content(header, claims);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{content}.{}", BASE64.encode(signature))
    }
}

/// The token without its signature, as Cloud Run hands it on.
pub fn cut_off(token: &str) -> String {
    let content = token.rsplit_once('.').map_or("", |(content, _)| content);
    format!("{content}.{CUT_OFF}")
}

/// A token with `signature` in place of a real one.
pub fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    format!("{}.{signature}", content(header, claims))
}

/// A token signed with HS256 and a shared secret.
pub fn signed_with_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let content = content(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), content.as_bytes());
    format!("{content}.{}", BASE64.encode(tag))
}

/// The claims of a push by `account` to `audience`, as Google writes them.
pub fn claims(account: &str, audience: &str) -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": "https://accounts.google.com", "aud": audience, "azp": "112233445566778899",
        "sub": "112233445566778899", "email": account, "email_verified": true,
        "iat": now, "exp": now + 3_600,
    })
}

fn content(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

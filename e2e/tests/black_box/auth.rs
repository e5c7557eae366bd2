//! Push authentication of the real worker: only the subscription's account may push, with a token
//! that Google signed for this worker or that Cloud Run has checked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use common::hash;
use e2e::api::{Api, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::deployment::{Deployment, Settings};
use e2e::emulators::{Emulators, project};
use e2e::issuer::{CUT_OFF, Issuer, claims, signed_with_secret, unsigned};
use e2e::key_server::{Answer, KeyServer};
use e2e::service::{Service, ServiceError};
use futures::future::join_all;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method};
use serde_json::{Value, json};

const ACCOUNT: &str = "invoker@spillway.iam.gserviceaccount.com";
const AUDIENCE: &str = "https://worker.example";

/// A worker that accepts pushes of [`ACCOUNT`] only, with an issuer and its keys.
struct Guarded {
    worker: Service,
    issuer: Issuer,
    keys: KeyServer,
    client: Client,
}

fn push_settings(how: &str, keys_url: &str) -> Settings {
    vec![
        ("PUSH_AUTH", how.to_owned()),
        ("PUSH_AUDIENCE", AUDIENCE.to_owned()),
        ("PUSH_SERVICE_ACCOUNT", ACCOUNT.to_owned()),
        ("PUSH_JWKS_URL", keys_url.to_owned()),
    ]
}

async fn start_worker(settings: Settings) -> Result<Service, ServiceError> {
    Service::start(Binaries::shared().await.path("worker"), &settings).await
}

impl Guarded {
    async fn start(how: &str) -> Self {
        let issuer = Issuer::new("current");
        let answer = Answer::keys(&[issuer.jwk()], 3_600);
        Self::with(how, issuer, answer).await
    }

    async fn with(how: &str, issuer: Issuer, answer: Answer) -> Self {
        let keys = KeyServer::start(answer).await.expect("a key server");
        let mut settings = push_settings(how, keys.url());
        let emulators = Emulators::shared().await;
        settings.push(("GOOGLE_CLOUD_PROJECT", project()));
        settings.push(("FIRESTORE_EMULATOR_HOST", emulators.firestore_host().to_owned()));
        let worker = start_worker(settings).await.expect("a worker");
        Self { worker, issuer, keys, client: Client::new() }
    }

    fn good_token(&self) -> String {
        self.issuer.token(&claims(ACCOUNT, AUDIENCE))
    }

    /// The status of the answer, and its reason.
    async fn push(&self, token: &str) -> (u16, String) {
        let value = format!("Bearer {token}");
        self.push_with(&[HeaderValue::from_str(&value).expect("a header's value")]).await
    }

    async fn push_with(&self, authorizations: &[HeaderValue]) -> (u16, String) {
        let mut headers = HeaderMap::new();
        for value in authorizations {
            headers.append(AUTHORIZATION, value.clone());
        }
        let url = format!("{}/push", self.worker.url());
        let answer = self.client.post(url).headers(headers).body(record()).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        if status == 401 {
            let header = answer.headers()["www-authenticate"].to_str().expect("a text");
            assert!(header.starts_with("Bearer"), "{header}");
        }
        if status >= 400 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
        let body: Value = answer.json().await.unwrap_or_default();
        (status, body["reason"].as_str().unwrap_or_default().to_owned())
    }

    async fn assert_refused(&self, what: &str, token: &str, status: u16, reason: &str) {
        assert_eq!(self.push(token).await, (status, reason.to_owned()), "{what}");
    }

    async fn metric(&self, series: &str) -> f64 {
        Api::new(self.worker.url()).metric(series).await
    }

    /// Asserts that it still accepts good tokens, and that nothing panicked.
    async fn assert_sound(&self, good_token: &str) {
        assert_eq!(self.push(good_token).await, (204, String::new()));
        let log = self.worker.log().text();
        assert!(!log.contains("panicked"), "{log}");
        assert!(self.keys.most_at_once() <= 1, "{} fetches at once", self.keys.most_at_once());
    }
}

/// An event in its envelope; the second push of it is a duplicate.
fn record() -> String {
    let data = r#"{"event_type":"click","timestamp":"2026-01-01T00:00:00Z"}"#;
    let attributes = json!({
        "v": "1", "kind": "event", "tenant_id": "acme", "record_id": "1", "source": "event",
        "digest": hash::sha256(data), "received_at": "2026-01-01T00:00:00.000Z",
        "part": "1", "parts": "1",
    });
    json!({"message": {"data": STANDARD.encode(data), "attributes": attributes}}).to_string()
}

/// Changed claims, each with the expected answer.
fn bad_claims() -> Vec<(&'static str, Value, u16, &'static str)> {
    let now = chrono::Utc::now().timestamp();
    let somebody = "somebody@spillway.iam.gserviceaccount.com";
    vec![
        ("iss", json!("https://accounts.example"), 401, "wrong-issuer"),
        ("iss", json!("https://accounts.google.com/"), 401, "wrong-issuer"),
        ("iss", json!(""), 401, "wrong-issuer"),
        ("iss", Value::Null, 401, "malformed"),
        ("aud", json!("https://gateway.example"), 401, "wrong-audience"),
        ("aud", json!(format!("{AUDIENCE}/")), 401, "wrong-audience"),
        ("aud", json!(""), 401, "wrong-audience"),
        ("aud", json!([AUDIENCE, "https://other.example"]), 401, "malformed"),
        ("aud", json!({"is": AUDIENCE}), 401, "malformed"),
        ("aud", Value::Null, 401, "malformed"),
        ("exp", json!(now - 60), 401, "expired"),
        ("exp", json!(0), 401, "expired"),
        ("exp", json!(-1), 401, "expired"),
        ("exp", json!("tomorrow"), 401, "malformed"),
        ("exp", json!([now + 60]), 401, "malformed"),
        ("exp", Value::Null, 401, "malformed"),
        ("iat", json!(now + 3_600), 401, "not-yet-valid"),
        ("iat", json!("now"), 401, "malformed"),
        ("nbf", json!(now + 3_600), 401, "not-yet-valid"),
        ("email", json!(somebody), 403, "other-account"),
        ("email", json!(ACCOUNT.to_uppercase()), 403, "other-account"),
        ("email", json!(format!("{ACCOUNT} ")), 403, "other-account"),
        ("email", json!(""), 403, "other-account"),
        ("email", json!([ACCOUNT]), 401, "malformed"),
        ("email", Value::Null, 401, "no-email"),
        ("email_verified", json!(false), 401, "email-not-verified"),
        ("email_verified", json!("true"), 401, "malformed"),
        ("email_verified", Value::Null, 401, "email-not-verified"),
    ]
}

/// The claims of a good push with one of them changed; null removes it.
fn changed(name: &str, value: &Value) -> Value {
    let mut claims = claims(ACCOUNT, AUDIENCE);
    match value {
        Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
        value => claims[name] = value.clone(),
    }
    claims
}

#[tokio::test]
async fn every_claim_must_be_right() {
    let oidc = Guarded::start("oidc").await;
    let behind_iam = Guarded::start("cloud-run-iam").await;
    for (name, value, status, reason) in bad_claims() {
        // The full check does not accept negative times.
        let negative = value == json!(-1);
        let expected = if negative { "malformed" } else { reason };
        let (what, claims) = (format!("{name} {value}"), changed(name, &value));
        oidc.assert_refused(&what, &oidc.issuer.token(&claims), status, expected).await;
        let cut = unsigned(&oidc.issuer.header(), &claims, CUT_OFF);
        behind_iam.assert_refused(&what, &cut, status, reason).await;
    }
    for issuer in ["https://accounts.google.com", "accounts.google.com"] {
        let claims = changed("iss", &json!(issuer));
        oidc.assert_sound(&oidc.issuer.token(&claims)).await;
        behind_iam.assert_sound(&unsigned(&oidc.issuer.header(), &claims, CUT_OFF)).await;
    }
    assert_eq!((oidc.keys.fetches(), behind_iam.keys.fetches()), (1, 0));
    let series = "spillway_pushes_refused_total{reason=\"other-account\"}";
    assert_eq!((oidc.metric(series).await, behind_iam.metric(series).await), (4.0, 4.0));
}

#[tokio::test]
async fn only_a_signature_by_google_is_accepted() {
    let guarded = Guarded::start("oidc").await;
    let (good, claims) = (guarded.good_token(), claims(ACCOUNT, AUDIENCE));
    let header = guarded.issuer.header();
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let forger = Issuer::new("current");
    let own_key = |name| forger.signed(&with(name, forger.jwk()), &claims);
    let own_url = forger.signed(&with("jku", json!("http://127.0.0.1:1/keys")), &claims);
    let (content, _) = good.rsplit_once('.').expect("a signature");
    let changed = changed("sub", &json!("0"));
    let swapped = BASE64.encode(changed.to_string());
    let parts: Vec<_> = good.split('.').collect();
    let tampered = format!("{}.{swapped}.{}", parts[0], parts[2]);
    let no_key_id = json!({"alg": "RS256", "typ": "JWT"});
    let cases = [
        ("another key under the same id", forger.token(&claims), "bad-signature"),
        ("a key in the header", own_key("jwk"), "bad-signature"),
        ("a key's place in the header", own_url, "bad-signature"),
        ("changed claims", tampered, "bad-signature"),
        ("no signature", format!("{content}."), "bad-signature"),
        ("half a signature", good[..good.len() - 102].to_owned(), "bad-signature"),
        ("a removed signature", format!("{content}.{CUT_OFF}"), "bad-signature"),
        ("no Base64", format!("{content}.%%%"), "malformed"),
        ("no key id", guarded.issuer.signed(&no_key_id, &claims), "unknown-key"),
        ("an unknown key id", Issuer::new("old").token(&claims), "unknown-key"),
    ];
    for (what, token, reason) in cases {
        guarded.assert_refused(what, &token, 401, reason).await;
    }
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = with("alg", json!(algorithm));
        for signature in ["", CUT_OFF, parts[2]] {
            let token = unsigned(&header, &claims, signature);
            guarded.assert_refused(algorithm, &token, 401, "malformed").await;
        }
    }
    for algorithm in ["HS256", "HS512", "ES256", "PS256", "RS512", "EdDSA"] {
        let header = with("alg", json!(algorithm));
        for secret in guarded.issuer.public_key() {
            let token = signed_with_secret(&header, &claims, &secret);
            guarded.assert_refused(algorithm, &token, 401, "malformed").await;
        }
        let token = guarded.issuer.signed(&header, &claims);
        guarded.assert_refused(algorithm, &token, 401, "malformed").await;
    }
    for secret in guarded.issuer.public_key() {
        let token = signed_with_secret(&header, &claims, &secret);
        guarded.assert_refused("HS256 that says RS256", &token, 401, "bad-signature").await;
    }
    guarded.assert_sound(&good).await;
    assert_eq!(guarded.keys.fetches(), 1);
}

#[tokio::test]
async fn behind_cloud_run_only_a_removed_signature_is_accepted() {
    let guarded = Guarded::start("cloud-run-iam").await;
    let (header, claims) = (guarded.issuer.header(), claims(ACCOUNT, AUDIENCE));
    let signed = guarded.good_token();
    guarded.assert_refused("a signature", &signed, 401, "not-checked").await;
    for signature in ["", "SIGNATURE_REMOVED", "signature_removed_by_google", "AAAA"] {
        let token = unsigned(&header, &claims, signature);
        guarded.assert_refused(signature, &token, 401, "not-checked").await;
    }
    let none = unsigned(&json!({"alg": "none"}), &claims, CUT_OFF);
    guarded.assert_refused("alg none", &none, 401, "malformed").await;
    guarded.assert_sound(&unsigned(&header, &claims, CUT_OFF)).await;
    assert_eq!(guarded.keys.fetches(), 0);
}

#[tokio::test]
async fn no_token_causes_a_panic() {
    for how in ["oidc", "cloud-run-iam"] {
        let guarded = Guarded::start(how).await;
        let good = match how {
            "oidc" => guarded.good_token(),
            _ => unsigned(&guarded.issuer.header(), &claims(ACCOUNT, AUDIENCE), CUT_OFF),
        };
        let header = BASE64.encode(guarded.issuer.header().to_string());
        let (deep, large) = ("[".repeat(20_000), "x".repeat(20_000));
        let bodies = ["", "null", "[]", "{}", "1", "\"", &deep, &large, "{\"aud\":", "\u{0}"];
        let mut tokens: Vec<String> =
            ["", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "=.=.=", "e30.e30.e30"]
                .map(str::to_owned)
                .into();
        for body in bodies {
            let body = BASE64.encode(body);
            tokens.push(format!("{header}.{body}.{CUT_OFF}"));
            tokens.push(format!("{body}.{body}.{body}"));
            tokens.push(format!("{header}.{}.{}", STANDARD.encode(&body), "A".repeat(342)));
        }
        for token in tokens {
            let (status, _) = guarded.push(&token).await;
            assert_eq!(status, 401, "{how} {token:.80}");
        }
        let bearer = |text: &str| HeaderValue::from_str(text).expect("a header's value");
        let good_value = bearer(&format!("Bearer {good}"));
        let opaque = HeaderValue::from_bytes(b"Bearer \xff\xfe").expect("a header's value");
        let cases = [
            (vec![], "no-token"),
            (vec![bearer("")], "no-token"),
            (vec![bearer("Bearer")], "no-token"),
            (vec![bearer("Basic YTpi")], "no-token"),
            (vec![bearer(&good)], "no-token"),
            (vec![opaque], "no-token"),
            (vec![good_value.clone(), good_value.clone()], "two-tokens"),
            (vec![bearer("Bearer a.b.c"), good_value.clone()], "two-tokens"),
        ];
        for (values, reason) in cases {
            assert_eq!(guarded.push_with(&values).await, (401, reason.to_owned()), "{values:?}");
        }
        let lower = bearer(&format!("bearer {good}"));
        assert_eq!(guarded.push_with(&[lower]).await.0, 204);
        guarded.assert_too_large_is_refused().await;
        guarded.assert_sound(&good).await;
    }
}

impl Guarded {
    /// The server closes the connection on a head of more than 128 KiB.
    async fn assert_too_large_is_refused(&self) {
        let url = format!("{}/push", self.worker.url());
        let request = Client::new().post(url).bearer_auth("x".repeat(1 << 20)).body(record());
        let refused = request.send().await;
        assert!(refused.is_err() || refused.is_ok_and(|answer| answer.status().as_u16() >= 400));
    }
}

#[tokio::test]
async fn two_hundred_pushes_at_once_fetch_the_keys_once() {
    let issuer = Issuer::new("current");
    let slow = Duration::from_millis(300);
    let answer = Answer { delay: slow, ..Answer::keys(&[issuer.jwk()], 3_600) };
    let guarded = Guarded::with("oidc", issuer, answer).await;
    let token = guarded.good_token();
    let answers = join_all((0..200).map(|_| guarded.push(&token))).await;
    assert!(answers.iter().all(|(status, _)| *status == 204), "{answers:?}");
    assert_eq!((guarded.keys.fetches(), guarded.keys.most_at_once()), (1, 1));
    assert_eq!(guarded.metric("spillway_key_fetches_total{outcome=\"fetched\"}").await, 1.0);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_fetches_keys_again_only_after_half_a_minute() {
    let guarded = Guarded::start("oidc").await;
    let good = guarded.good_token();
    guarded.assert_sound(&good).await;
    let next = Issuer::new("next");
    let token = next.token(&claims(ACCOUNT, AUDIENCE));
    let answers = join_all((0..200).map(|_| guarded.push(&token))).await;
    assert!(answers.iter().all(|answer| *answer == (401, "unknown-key".to_owned())));
    assert_eq!(guarded.keys.fetches(), 1);
    // The keys are rotated: the new one is found, the old one is no longer valid.
    guarded.keys.answer(Answer::keys(&[next.jwk()], 3_600));
    eventually("the new key is known", async || {
        let answers = join_all((0..20).map(|_| guarded.push(&token))).await;
        answers.iter().all(|(status, _)| *status == 204).then_some(())
    })
    .await;
    assert_eq!(guarded.keys.fetches(), 2);
    guarded.assert_refused("the old key", &good, 401, "unknown-key").await;
    guarded.assert_sound(&token).await;
}

#[tokio::test]
async fn without_keys_pushes_are_nacked_until_keys_are_there() {
    let issuer = Issuer::new("current");
    let good = Answer::keys(&[issuer.jwk()], 3_600);
    let down = Answer { status: "500 Oops", ..good.clone() };
    let guarded = Guarded::with("oidc", issuer, down).await;
    let token = guarded.good_token();
    let answers = join_all((0..50).map(|_| guarded.push(&token))).await;
    assert!(answers.iter().all(|answer| *answer == (503, "no-keys".to_owned())), "{answers:?}");
    // One fetch, of three tries.
    assert_eq!((guarded.keys.fetches(), guarded.keys.most_at_once()), (3, 1));
    guarded.keys.answer(good);
    eventually("the keys are there", async || (guarded.push(&token).await.0 == 204).then_some(()))
        .await;
    guarded.assert_sound(&token).await;
}

#[tokio::test]
async fn known_keys_are_valid_until_they_expire() {
    let issuer = Issuer::new("current");
    let down = Answer { status: "500 Oops", ..Answer::keys(&[], 0) };
    let good_for = |seconds| Answer::keys(&[issuer.jwk()], seconds);
    let (long, short) = (good_for(3_600), good_for(3));
    let guarded = Guarded::with("oidc", issuer, long).await;
    let token = guarded.good_token();
    guarded.assert_sound(&token).await;
    guarded.keys.answer(down.clone());
    let unknown = Issuer::new("next").token(&claims(ACCOUNT, AUDIENCE));
    // They have not expired, so the server is not asked.
    guarded.assert_refused("an unknown key", &unknown, 401, "unknown-key").await;
    guarded.assert_sound(&token).await;
    assert_eq!(guarded.keys.fetches(), 1);

    let guarded = Guarded::with("oidc", Issuer::new("current"), short).await;
    // This worker knows the first issuer's keys, for three seconds.
    assert_eq!(guarded.push(&token).await.0, 204);
    guarded.keys.answer(down);
    eventually("the keys have expired", async || {
        (guarded.push(&token).await == (503, "no-keys".to_owned())).then_some(())
    })
    .await;
    assert_eq!(guarded.keys.most_at_once(), 1);
}

#[tokio::test]
async fn a_key_server_that_never_answers_delays_pushes_only_briefly() {
    let issuer = Issuer::new("current");
    let hanging = Duration::from_secs(3_600);
    let answer = Answer { delay: hanging, ..Answer::keys(&[issuer.jwk()], 3_600) };
    let guarded = Guarded::with("oidc", issuer, answer).await;
    let token = guarded.good_token();
    let pushes = join_all((0..100).map(|_| guarded.push(&token)));
    let answers = tokio::time::timeout(Duration::from_secs(30), pushes).await.expect("answers");
    assert!(answers.iter().all(|answer| *answer == (503, "no-keys".to_owned())), "{answers:?}");
    assert_eq!(guarded.keys.most_at_once(), 1);
    assert!(!guarded.worker.log().text().contains("panicked"));
}

#[tokio::test]
async fn an_answer_that_is_not_a_key_set_counts_as_no_keys() {
    let jwk = Issuer::new("current").jwk();
    let good = Answer::keys(std::slice::from_ref(&jwk), 3_600);
    let mut anonymous = jwk.clone();
    drop(anonymous.as_object_mut().expect("an object").remove("kid"));
    let bodies = ["", "<html>", "{}", "[]", r#"{"keys":[]}"#, r#"{"keys":{}}"#, r#"{"keys":[1]}"#];
    let mut answers: Vec<_> =
        bodies.iter().map(|body| Answer { body: (*body).to_owned(), ..good.clone() }).collect();
    answers.push(Answer { body: "[".repeat(100_000), ..good.clone() });
    answers.push(Answer::keys(&[anonymous], 3_600));
    answers.push(Answer { status: "404 Not Found", ..good.clone() });
    // A redirect is not followed, even to good keys.
    let elsewhere = KeyServer::start(good.clone()).await.expect("a key server");
    let location = format!("location: {}\r\n", elsewhere.url());
    answers.push(Answer { status: "302 Found", headers: location, ..good });
    join_all(answers.into_iter().map(async |answer| {
        let guarded = Guarded::with("oidc", Issuer::new("current"), answer.clone()).await;
        let pushed = guarded.push(&guarded.good_token()).await;
        assert_eq!(pushed, (503, "no-keys".to_owned()), "{answer:.200?}");
        assert!(!guarded.worker.log().text().contains("panicked"));
    }))
    .await;
    assert_eq!(elsewhere.fetches(), 0);
}

/// Unusable keys harm neither the other keys nor the worker.
#[tokio::test]
async fn odd_keys_among_good_ones_are_skipped() {
    let issuer = Issuer::new("current");
    let odd = [
        json!({"kty": "RSA", "kid": "a", "n": "%", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "b", "n": "", "e": ""}),
        json!({"kty": "oct", "kid": "c", "k": BASE64.encode("secret")}),
        json!({"kty": "EC", "kid": "d", "crv": "P-256", "x": "AA", "y": "AA"}),
    ];
    let keys: Vec<_> = odd.into_iter().chain([issuer.jwk()]).collect();
    let guarded = Guarded::with("oidc", issuer, Answer::keys(&keys, 3_600)).await;
    guarded.assert_sound(&guarded.good_token()).await;
    let claims = claims(ACCOUNT, AUDIENCE);
    for (key_id, algorithm) in [("a", "RS256"), ("b", "RS256"), ("c", "RS256"), ("d", "RS256")] {
        let header = json!({"alg": algorithm, "kid": key_id});
        let (status, _) = guarded.push(&guarded.issuer.signed(&header, &claims)).await;
        assert_eq!(status, 401, "{key_id}");
        let token = signed_with_secret(&header, &claims, b"secret");
        assert_eq!(guarded.push(&token).await.0, 401, "{key_id}");
    }
    guarded.assert_sound(&guarded.good_token()).await;
}

/// The body is not read, but the sender still gets the answer.
#[tokio::test]
async fn a_large_push_is_refused_too() {
    let guarded = Guarded::start("oidc").await;
    let api = Api::new(guarded.worker.url());
    for bytes in [10_000, 300_000, 900_000] {
        let pushes = (0..20).map(|_| {
            let request = api.request(Method::POST, "/push").bearer_auth("a.b.c");
            e2e::api::answer(request.body(vec![b'x'; bytes]))
        });
        let answers = join_all(pushes).await;
        assert!(answers.iter().all(|answer| answer.status == 401), "{bytes}");
    }
    guarded.assert_sound(&guarded.good_token()).await;
}

#[tokio::test]
async fn only_the_routes_for_messages_need_a_token() {
    for how in ["oidc", "cloud-run-iam"] {
        let guarded = Guarded::start(how).await;
        let api = Api::new(guarded.worker.url());
        for path in ["/health", "/ready", "/metrics"] {
            eventually(path, async || (api.get(path).await.status == 200).then_some(())).await;
        }
        for path in ["/push", "/dead-letter"] {
            let answer = e2e::api::answer(api.request(Method::POST, path).body(record())).await;
            assert_eq!(answer.status, 401, "{how} {path}");
        }
    }
}

/// Each case is a missing or wrong setting, with words that the error must contain.
#[tokio::test]
async fn without_its_settings_the_worker_does_not_start() {
    let all = |how| {
        let mut settings = push_settings(how, "http://127.0.0.1:1/certs");
        settings.push(("GOOGLE_CLOUD_PROJECT", "spillway".to_owned()));
        settings
    };
    let without = |name| {
        let mut settings = all("oidc");
        settings.retain(|(given, _)| *given != name);
        settings
    };
    let with = |name, value: &str| {
        let mut settings = without(name);
        settings.push((name, value.to_owned()));
        settings
    };
    let cases = [
        (without("PUSH_AUTH"), vec!["PUSH_AUTH", "cloud-run-iam", "oidc"]),
        (without("PUSH_AUDIENCE"), vec!["PUSH_AUDIENCE"]),
        (without("PUSH_SERVICE_ACCOUNT"), vec!["PUSH_SERVICE_ACCOUNT"]),
        (with("PUSH_AUTH", ""), vec!["push-auth", "cloud-run-iam", "oidc"]),
        (with("PUSH_AUTH", "none"), vec!["push-auth", "cloud-run-iam", "oidc"]),
        (with("PUSH_AUDIENCE", ""), vec!["push-audience"]),
        (with("PUSH_SERVICE_ACCOUNT", ""), vec!["push-service-account"]),
        (with("PUSH_JWKS_URL", "http://keys.example/certs"), vec!["push-jwks-url", "https"]),
        (with("FIRESTORE_EMULATOR_HOST", ""), vec!["firestore-emulator-host"]),
    ];
    for (settings, names) in cases {
        let Err(ServiceError::Silent { log, .. }) = start_worker(settings.clone()).await else {
            panic!("it starts with {settings:?}");
        };
        assert!(names.iter().all(|name| log.contains(name)), "{settings:?}: {log}");
    }
    for how in ["oidc", "cloud-run-iam"] {
        assert!(start_worker(all(how)).await.is_ok(), "{how}");
    }
}

/// Pub/Sub keeps what is refused, and delivers it once the token is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_is_stored_once_it_carries_a_good_token() {
    let issuer = Issuer::new("current");
    let keys = KeyServer::start(Answer::keys(&[issuer.jwk()], 3_600)).await.expect("a server");
    let mut settings = push_settings("oidc", keys.url());
    settings.push(("WORK_SECONDS_PER_CHAR", "0".to_owned()));
    let deployment = Deployment::cloud(settings).await;
    let Deployment::Cloud(cloud) = &deployment else {
        unreachable!("the cloud's shape was started")
    };
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    assert_eq!(api.ingest_json(&tenant, "1", "a text").await.status, 202);
    let worker = Api::new(cloud.worker().url());
    eventually("the push is refused", async || {
        let series = "spillway_pushes_refused_total{reason=\"no-token\"}";
        (worker.metric(series).await > 0.0).then_some(())
    })
    .await;
    assert_eq!(api.all(&tenant, "processed_logs").await, [] as [Value; 0]);
    cloud.use_token(&issuer.token(&claims(ACCOUNT, AUDIENCE)));
    assert_eq!(api.processed_log(&tenant, "1").await["original_text"], "a text");
    assert_eq!(api.all(&tenant, "quarantine").await, [] as [Value; 0]);
}

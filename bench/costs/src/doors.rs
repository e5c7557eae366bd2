//! The doors for other systems' clients, each beside Spillway's own door with the same records.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::paths::{LINES, Path, VIEW, post};
use crate::request::Request;
use crate::samples::{REFERRER, TITLE, all_lines, of_browser, page};

/// How many times as many instructions as Spillway's own a door may take.
pub(crate) const MOST: f64 = 1.5;
/// By how much two counts of the same ratio differ.
pub(crate) const NOISE: f64 = 0.04;
/// Events of a request that has several.
const SEVERAL: u64 = 20;

/// A door, and what it is compared with.
pub(crate) struct Door {
    pub(crate) path: Path,
    /// The path that takes the same records through Spillway's own door.
    pub(crate) own: &'static str,
    /// How many requests of that path have as many records as one of this.
    pub(crate) requests: u64,
    #[cfg(test)]
    request: fn(u64) -> Request,
}

macro_rules! doors {
    ($($name:literal: $request:path, $own:expr, $requests:expr, $repeats:literal;)*) => {
        /// All doors.
        pub(crate) const DOORS: &[Door] = &[$(Door {
            path: Path { name: $name, repeats: $repeats, follow: |n| post(n, $request) },
            own: $own,
            requests: $requests,
            #[cfg(test)]
            request: $request,
        }),*];
    };
}

doors! {
    "door-plausible": plausible, VIEW, 1, 200;
    "door-umami": umami, VIEW, 1, 200;
    "door-goatcounter": goatcounter, VIEW, SEVERAL, 20;
    "door-segment": segment, VIEW, SEVERAL, 20;
    "door-posthog": posthog, VIEW, SEVERAL, 20;
    "door-matomo": matomo, VIEW, 1, 200;
    "door-snowplow": snowplow, VIEW, SEVERAL, 20;
    "door-cloudevents": cloud_event, VIEW, 1, 200;
    "door-otlp": otlp, LINES, 1, 10;
    "door-loki": loki, LINES, 1, 10;
    "door-elasticsearch": elasticsearch, LINES, 1, 10;
    "door-splunk": splunk, LINES, 1, 10;
    "door-records": records, LINES, 1, 10;
    "door-journald": journald, LINES, 1, 10;
}

fn plausible(n: u64) -> Request {
    let body = json!({
        "n": "pageview", "u": page(n), "d": "acme", "r": REFERRER, "p": {"title": TITLE}, "w": 1280,
    });
    of_browser(Request::new("/api/event", "text/plain", body.to_string()))
}

fn umami(n: u64) -> Request {
    let payload = json!({
        "website": "acme", "hostname": "acme.example", "url": page(n), "referrer": REFERRER,
        "title": TITLE, "language": "de-DE", "screen": "1280x1024",
    });
    of_browser(Request::json("/api/send", &json!({"type": "event", "payload": payload})))
}

fn several(n: u64, one: impl Fn(u64) -> Value) -> Vec<Value> {
    (n * SEVERAL..(n + 1) * SEVERAL).map(one).collect()
}

fn goatcounter(n: u64) -> Request {
    let hit = |n| {
        json!({"path": format!("/shop/item-{}", n % 50), "query": "?utm_source=mail", "ref": REFERRER,
            "title": TITLE, "session": format!("session-{n}")})
    };
    let body = json!({"no_sessions": true, "hits": several(n, hit)});
    Request::json("/api/v0/count", &body).with("X-Tenant-ID", "acme")
}

fn segment(n: u64) -> Request {
    let call = |n| {
        let context = json!({"page": {"url": page(n), "referrer": REFERRER, "title": TITLE}});
        json!({"type": "page", "messageId": format!("m-{n}"), "anonymousId": format!("user-{}", n % 100),
            "context": context})
    };
    let account = format!("Basic {}", STANDARD.encode("acme:"));
    Request::json("/v1/batch", &json!({"batch": several(n, call)})).with("Authorization", &account)
}

fn posthog(n: u64) -> Request {
    let event = |n| {
        let seen = json!({"distinct_id": format!("user-{}", n % 100), "$current_url": page(n),
            "$referrer": REFERRER, "title": TITLE});
        json!({"event": "$pageview", "uuid": format!("01890a5d-ac96-774b-bcce-{n:012}"),
            "properties": seen})
    };
    Request::json("/batch", &json!({"api_key": "acme", "batch": several(n, event)}))
}

fn matomo(n: u64) -> Request {
    let url =
        page(n).replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
    let body = format!(
        "idsite=acme&rec=1&action_name=The%20shop&url={url}&urlref=https%3A%2F%2Fwww.example.org%2Fsearch\
         &res=1280x1024"
    );
    of_browser(Request::new("/matomo.php", "application/x-www-form-urlencoded", body))
}

fn snowplow(n: u64) -> Request {
    let view = |n| {
        json!({"e": "pv", "aid": "acme", "eid": format!("4f5c0b4e-8d36-4f0e-9f3b-{n:012}"),
            "url": page(n), "refr": REFERRER, "page": TITLE, "duid": format!("user-{}", n % 100)})
    };
    let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
    let body = json!({"schema": schema, "data": several(n, view)});
    of_browser(Request::json("/com.snowplowanalytics.snowplow/tp2", &body))
}

fn cloud_event(n: u64) -> Request {
    let body = json!({
        "specversion": "1.0", "id": format!("c-{n}"), "source": "/shop", "type": "page_view",
        "tenantid": "acme", "data": {"url": page(n), "referrer": REFERRER, "title": TITLE},
    });
    of_browser(Request::new("/event", "application/cloudevents+json", body.to_string()))
}

fn bare_lines(n: u64) -> Vec<String> {
    all_lines(n).iter().map(|line| line.trim_end().to_owned()).collect()
}

fn of_acme(request: Request) -> Request {
    request.with("X-Tenant-ID", "acme")
}

fn otlp(n: u64) -> Request {
    let record = |line| {
        json!({"timeUnixNano": "1748779200000000000", "severityNumber": 9,
            "body": {"stringValue": line}})
    };
    let records: Vec<_> = bare_lines(n).into_iter().map(record).collect();
    let scopes = json!([{"scope": {"name": "nginx"}, "logRecords": records}]);
    let body = json!({"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": scopes}]});
    of_acme(Request::json("/v1/logs", &body))
}

fn loki(n: u64) -> Request {
    let values: Vec<_> =
        bare_lines(n).into_iter().map(|line| json!(["1748779200000000000", line])).collect();
    let body = json!({"streams": [{"stream": {"job": "nginx"}, "values": values}]});
    of_acme(Request::json("/loki/api/v1/push", &body))
}

fn elasticsearch(n: u64) -> Request {
    let document = |line| format!("{}\n{}\n", json!({"create": {}}), json!({"message": line}));
    let body: String = bare_lines(n).into_iter().map(document).collect();
    of_acme(Request::new("/_bulk", "application/x-ndjson", body))
}

fn splunk(n: u64) -> Request {
    let event = |line| json!({"event": line, "sourcetype": "access_combined"}).to_string();
    let body: String = bare_lines(n).into_iter().map(event).collect();
    of_acme(Request::new("/services/collector/event", "application/json", body))
}

fn records(n: u64) -> Request {
    let record = |line| json!({"date": 1_748_779_200.5, "log": line});
    of_acme(Request::json("/records", &bare_lines(n).into_iter().map(record).collect()))
}

fn journald(n: u64) -> Request {
    let entry = |(number, line): (usize, String)| {
        format!(
            "__CURSOR=c-{n}-{number}\n__REALTIME_TIMESTAMP=1748779200000000\nMESSAGE={line}\n\n"
        )
    };
    let body: String = bare_lines(n).into_iter().enumerate().map(entry).collect();
    of_acme(Request::new("/upload", "application/vnd.fdo.journal", body))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use common::access_log;
    use common::broker::{Broker, Message, PublishError};
    use common::record::{Kind, Record};

    use super::*;
    use crate::paths::post_to;
    use crate::samples;

    /// Keeps what is published.
    #[derive(Default)]
    struct Recorder(Mutex<Vec<Message>>);

    #[async_trait]
    impl Broker for Recorder {
        async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
            let results = messages.iter().map(|_| Ok(())).collect();
            self.0.lock().expect("nobody panicked").extend(messages);
            results
        }

        async fn probe(&self) -> Result<(), PublishError> {
            Ok(())
        }

        async fn flush(&self) {}
    }

    /// The tenant's events and lines of access logs in a request.
    fn records_of(name: &str, request: fn(u64) -> Request) -> u64 {
        let recorder = Arc::new(Recorder::default());
        post_to(Arc::clone(&recorder) as _, 1, request)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let messages = recorder.0.lock().expect("nobody panicked");
        let count = |message: &Message| {
            let record = Record::try_from(message).expect("a record");
            assert_eq!(record.tenant.as_str(), "acme", "{name}");
            match record.kind {
                Kind::Event => 1,
                Kind::AccessLog => access_log::entries(&record.data).expect("lines").len(),
                other => panic!("{name}: {other:?}"),
            }
        };
        messages.iter().map(count).sum::<usize>() as u64
    }

    #[test]
    fn a_door_is_compared_with_a_path_that_takes_as_many_records() {
        for (name, request) in
            [(VIEW, samples::view as fn(u64) -> Request), (LINES, samples::lines)]
        {
            let own = records_of(name, request);
            for door in DOORS.iter().filter(|door| door.own == name) {
                let taken = records_of(door.path.name, door.request);
                assert_eq!(taken, own * door.requests, "{}", door.path.name);
            }
        }
    }
}

//! The contract of a broker. Each case is one test; [`broker_contract`](crate::broker_contract)
//! makes them for an adapter.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use common::broker::{Attributes, Broker, Message};
use futures::future::join_all;

/// Reads back what a broker delivers.
#[async_trait]
pub trait Deliveries: Send {
    /// Waits for the next message, and acknowledges it.
    async fn next(&mut self) -> Message;
}

/// Makes a test of each case. `$open` is an async function that opens a new broker for each test:
/// it returns a `Box<dyn Broker>`, a `Box<dyn Deliveries>` of the same broker, and whatever must
/// stay alive meanwhile.
#[macro_export]
macro_rules! broker_contract {
    ($adapter:ident, $open:path) => {
        mod $adapter {
            $crate::broker_contract!(@cases $open;
                data_and_attributes_are_delivered_as_they_were_published,
                every_message_has_its_result,
                an_empty_list_has_no_results,
                a_thousand_publishes_at_once_are_all_delivered,
                a_large_request_is_delivered_whole,
                a_flush_and_a_probe_publish_nothing,
            );
        }
    };
    (@cases $open:path; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (broker, mut deliveries, _alive) = $open().await;
                $crate::broker::$case(&*broker, &mut *deliveries).await;
            }
        )*
    };
}

/// Any bytes and any text arrive unchanged.
pub async fn data_and_attributes_are_delivered_as_they_were_published(
    broker: &dyn Broker,
    deliveries: &mut dyn Deliveries,
) {
    let every_byte = (0..=u8::MAX).collect();
    let sent = vec![
        message(every_byte, [("v", "1"), ("empty", "")]),
        message("größe 🦀 \0 end".into(), [("tenant_id", "größe 🦀")]),
        message(Vec::new(), [("only", "attributes")]),
        message(b"only data".to_vec(), []),
        message(vec![b'x'; 256 * 1_024], [("part", "0001")]),
    ];
    publish_all(broker, sent.clone()).await;
    let delivered = receive(deliveries, sent.len()).await;
    assert_eq!(delivered, sent.into_iter().map(as_key).collect());
}

/// One result for each message, in the same order.
pub async fn every_message_has_its_result(broker: &dyn Broker, deliveries: &mut dyn Deliveries) {
    let results = broker.publish(numbered(0..300)).await;
    assert_eq!(results.len(), 300);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(receive(deliveries, 300).await.len(), 300);
}

/// It is not an error.
pub async fn an_empty_list_has_no_results(broker: &dyn Broker, _: &mut dyn Deliveries) {
    assert!(broker.publish(Vec::new()).await.is_empty());
}

/// Each request gets the results of its own messages only.
pub async fn a_thousand_publishes_at_once_are_all_delivered(
    broker: &dyn Broker,
    deliveries: &mut dyn Deliveries,
) {
    let publishes = (0..1_000).map(|n| publish_all(broker, numbered(n..n + 1)));
    join_all(publishes).await;
    let delivered = receive(deliveries, 1_000).await;
    assert_eq!(delivered, numbered(0..1_000).into_iter().map(as_key).collect());
}

/// The largest text: 4 MiB in parts of 4,000 bytes.
pub async fn a_large_request_is_delivered_whole(
    broker: &dyn Broker,
    deliveries: &mut dyn Deliveries,
) {
    let parts: Vec<_> = (0..1_049_u32)
        .map(|n| message(format!("{n:04000}").into_bytes(), [("kind", "text")]))
        .collect();
    publish_all(broker, parts.clone()).await;
    let delivered = receive(deliveries, parts.len()).await;
    assert_eq!(delivered, parts.into_iter().map(as_key).collect());
}

/// Neither adds a message of its own.
pub async fn a_flush_and_a_probe_publish_nothing(
    broker: &dyn Broker,
    deliveries: &mut dyn Deliveries,
) {
    broker.flush().await;
    broker.probe().await.expect("the broker is up");
    publish_all(broker, numbered(0..1)).await;
    broker.flush().await;
    let delivered = receive(deliveries, 1).await;
    assert_eq!(delivered, numbered(0..1).into_iter().map(as_key).collect());
}

type Key = (Vec<u8>, Attributes);

fn as_key(message: Message) -> Key {
    (message.data, message.attributes)
}

fn message<const N: usize>(data: Vec<u8>, attributes: [(&str, &str); N]) -> Message {
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect::<BTreeMap<_, _>>();
    Message { data, attributes }
}

fn numbered(numbers: std::ops::Range<u32>) -> Vec<Message> {
    numbers.map(|n| message(n.to_string().into_bytes(), [("n", &n.to_string())])).collect()
}

async fn publish_all(broker: &dyn Broker, messages: Vec<Message>) {
    for result in broker.publish(messages).await {
        result.expect("the broker is up");
    }
}

/// The next `count` different messages: a message may be delivered twice.
async fn receive(deliveries: &mut dyn Deliveries, count: usize) -> BTreeSet<Key> {
    let mut delivered = BTreeSet::new();
    while delivered.len() < count {
        delivered.insert(as_key(deliveries.next().await));
    }
    delivered
}

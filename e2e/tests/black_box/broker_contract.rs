//! Pub/Sub keeps the contract of its port, and says when it is down.

use std::any::Any;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use common::broker::pubsub::PubsubBroker;
use common::broker::{Broker, Message, PublishError};
use common::google_address::GoogleAddress;
use contract::broker::Deliveries;
use e2e::emulators::{Emulator, Emulators, Service, free_port, project};
use e2e::pubsub_admin::{PubsubAdmin, SubscriptionSettings};
use futures::future::join_all;
use google_cloud_pubsub::subscriber::MessageStream;
use tokio::net::TcpListener;

contract::broker_contract!(pubsub, super::pubsub_and_its_subscription);

type Opened = (Box<dyn Broker>, Box<dyn Deliveries>, Box<dyn Any>);

async fn pubsub_and_its_subscription() -> Opened {
    let host = Emulators::shared().await.pubsub_host();
    let project = project();
    let stream = topic_with_subscription(host, &project).await;
    let broker = connect(&project, host).await;
    (Box::new(broker), Box::new(Pulled(stream)), Box::new(()))
}

async fn topic_with_subscription(host: &str, project: &str) -> MessageStream {
    let admin = PubsubAdmin::connect(host, project).await.expect("a client");
    admin.create_topic("records").await.expect("a topic");
    admin
        .create_subscription("reader", "records", SubscriptionSettings::default())
        .await
        .expect("a subscription");
    let subscriber = admin.subscriber().await.expect("a client");
    subscriber.subscribe(admin.subscription("reader")).build()
}

async fn connect(project: &str, host: &str) -> PubsubBroker {
    let address = GoogleAddress::Emulator(host.to_owned());
    PubsubBroker::connect(project, "records", &address)
        .await
        .expect("the emulator needs no credentials")
}

struct Pulled(MessageStream);

#[async_trait]
impl Deliveries for Pulled {
    async fn next(&mut self) -> Message {
        let (message, handler) = self
            .0
            .next()
            .await
            .expect("the stream lasts as long as the test")
            .expect("the emulator is up");
        handler.ack();
        Message {
            data: message.data.to_vec(),
            attributes: message.attributes.into_iter().collect(),
        }
    }
}

/// Longest wait that the port allows.
const AT_MOST: Duration = Duration::from_secs(10);

fn record() -> Message {
    Message { data: b"record".to_vec(), ..Message::default() }
}

#[tokio::test]
async fn a_broker_that_refuses_connections_is_unavailable_within_10_s() {
    let host = format!("127.0.0.1:{}", free_port().expect("a port"));
    let broker = connect(&project(), &host).await;
    let start = Instant::now();
    let results = broker.publish(vec![record(), record()]).await;
    assert!(start.elapsed() < AT_MOST, "{:?}", start.elapsed());
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(matches!(result, Err(PublishError::Unavailable(_))), "{result:?}");
    }
    let probed = broker.probe().await;
    assert!(matches!(probed, Err(PublishError::Unavailable(_))), "{probed:?}");
}

/// The worst outage: connections are accepted, but nothing is ever answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_never_answers_holds_64_mib_at_most_and_fails_the_rest_within_10_s() {
    const MESSAGE: usize = 32 * 1_024;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = silent.local_addr().expect("an address").to_string();
    let broker = connect(&project(), &host).await;
    let message = || Message { data: vec![b'x'; MESSAGE], ..Message::default() };

    let start = Instant::now();
    let publishes = (0..3_000).map(|_| broker.publish(vec![message()]));
    let results: Vec<_> = join_all(publishes).await.into_iter().flatten().collect();
    assert!(start.elapsed() < AT_MOST, "{:?}", start.elapsed());

    let taken = |result: &&Result<(), PublishError>| !matches!(result, Err(PublishError::Full(_)));
    assert!(results.iter().all(Result::is_err));
    assert_eq!(results.iter().filter(taken).count(), (64 << 20) / MESSAGE);
    let start = Instant::now();
    broker.flush().await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_broker_that_comes_back_is_used_again() {
    let port = free_port().expect("a port");
    let host = format!("127.0.0.1:{port}");
    let project = project();
    let broker = connect(&project, &host).await;
    let before = broker.publish(vec![record()]).await.remove(0);
    assert!(matches!(before, Err(PublishError::Unavailable(_))), "{before:?}");

    let _emulator =
        Emulator::start_on(Service::Pubsub, port).await.unwrap_or_else(|error| panic!("{error}"));
    let mut delivered = Pulled(topic_with_subscription(&host, &project).await);
    broker.probe().await.expect("it is up now");
    broker.publish(vec![record()]).await.remove(0).expect("it is up now");
    assert_eq!(delivered.next().await, record());
}

#[tokio::test]
async fn a_missing_topic_refuses_messages() {
    let broker = connect(&project(), Emulators::shared().await.pubsub_host()).await;
    let published = broker.publish(vec![record()]).await.remove(0);
    assert!(matches!(published, Err(PublishError::Refused(_))), "{published:?}");
    let probed = broker.probe().await;
    assert!(matches!(probed, Err(PublishError::Refused(_))), "{probed:?}");
}

#[tokio::test]
async fn a_message_past_pubsub_s_limits_is_refused_and_its_neighbours_are_not() {
    let (broker, mut delivered, _alive) = pubsub_and_its_subscription().await;
    let long = Message { attributes: [("v".to_owned(), "x".repeat(1_025))].into(), ..record() };
    let results = broker.publish(vec![record(), long, record()]).await;
    assert!(matches!(results[..], [Ok(()), Err(PublishError::Refused(_)), Ok(())]));
    assert_eq!(delivered.next().await, record());
}

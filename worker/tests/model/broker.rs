//! The broker's port, between the real gateway and the queue of the process that lives now: it can
//! refuse, and it can lose its answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue};
use common::broker::{Broker, Message, PublishError};

use crate::control::Control;

/// What goes wrong with one publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublishFault {
    /// Nothing.
    None,
    /// Nothing is published, and the answer says so.
    Refused,
    /// All is published, and the answer is a fault.
    Lost,
}

/// What came of one request's publish.
#[derive(Clone, Debug, Default)]
pub(crate) struct Published {
    /// What the gateway wanted to publish.
    pub(crate) asked: Vec<Message>,
    /// What the queue has.
    pub(crate) durable: Vec<Message>,
}

/// The broker that the gateway publishes to.
#[derive(Default)]
pub(crate) struct UnreliableBroker(Mutex<State>);

struct State {
    queue: Option<Arc<EmbeddedQueue>>,
    fault: PublishFault,
    control: Control,
    published: Published,
}

impl Default for State {
    fn default() -> Self {
        let (fault, control) = (PublishFault::None, Control::None);
        Self { queue: None, fault, control, published: Published::default() }
    }
}

impl UnreliableBroker {
    /// Publishes to `queue` from now on, with this fault.
    pub(crate) fn connect(&self, queue: Arc<EmbeddedQueue>, fault: PublishFault, control: Control) {
        *self.state() = State { queue: Some(queue), fault, control, ..State::default() };
    }

    /// Lets go of the queue. Returns what was published since [`Self::connect`].
    pub(crate) fn disconnect(&self) -> Published {
        std::mem::take(&mut *self.state()).published
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes to the queue; true if it is durable.
    async fn pass_on(&self, messages: Vec<Message>) -> bool {
        let Some(queue) = self.state().queue.clone() else { return false };
        let results = EmbeddedBroker(queue).publish(messages.clone()).await;
        let is_durable = results.iter().all(Result::is_ok);
        if is_durable {
            self.state().published.durable.extend(messages);
        }
        is_durable
    }
}

#[async_trait]
impl Broker for UnreliableBroker {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let (count, mut passed_on) = (messages.len(), messages.clone());
        let (fault, control) = {
            let mut state = self.state();
            state.published.asked.extend(messages);
            (state.fault, state.control)
        };
        if control == Control::PartDropped && count > 1 {
            passed_on.pop();
        }
        let is_durable = fault != PublishFault::Refused && self.pass_on(passed_on).await;
        let is_told = fault == PublishFault::None && is_durable;
        let is_told = is_told || control == Control::PublishIgnored;
        let result =
            || if is_told { Ok(()) } else { Err(PublishError::Unavailable("down".into())) };
        (0..count).map(|_| result()).collect()
    }

    async fn probe(&self) -> Result<(), PublishError> {
        Ok(())
    }

    async fn flush(&self) {}
}

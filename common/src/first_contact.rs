//! Logs once why a service cannot be reached, in the service's own words: a client is only told
//! that it cannot.

use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::program::chain;

const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

/// Asks the service until it answers. Logs why it does not, and again only if the reason changes.
pub async fn first_contact<E: Error, F: Future<Output = Result<(), E>>>(
    service: &str,
    probe: impl Fn() -> F,
) {
    let (mut said, mut waits) = (String::new(), BACKOFF.waits());
    while let Err(error) = probe().await {
        let error = chain(&error);
        if error != said {
            tracing::error!(service, error, "the service cannot be used");
            said = error;
        }
        sleep(waits.next_wait()).await;
    }
    if !said.is_empty() {
        tracing::info!(service, "the service can be used now");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::ready;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::store::StoreError;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics here").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while the service answers these, one after the other.
    async fn logged(answers: &[Result<(), &'static str>]) -> Vec<String> {
        let (lines, answers) = (Lines::default(), RefCell::new(answers.iter()));
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
        let _guard = tracing::subscriber::set_default(subscriber.without_time().finish());
        first_contact("Firestore", || {
            let answer = answers.borrow_mut().next().copied().unwrap_or(Ok(()));
            ready(answer.map_err(|cause| StoreError::Deployment(cause.into())))
        })
        .await;
        let text = lines.0.lock().expect("no test panics here").clone();
        String::from_utf8(text).expect("text").lines().map(str::to_owned).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_logged_once_in_the_service_s_own_words_and_again_if_it_changes() {
        let missing = Err("The database (default) does not exist for project acme");
        let denied = Err("Missing or insufficient permissions.");
        let lines = logged(&[missing, missing, missing, denied, denied, Ok(())]).await;
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].contains("The database (default) does not exist for project acme"));
        assert!(lines[1].contains("Missing or insufficient permissions."));
        assert!(lines[2].contains("the service can be used now"));
        assert!(lines.iter().all(|line| line.contains("Firestore")), "{lines:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_answers_is_not_mentioned() {
        assert!(logged(&[Ok(())]).await.is_empty());
    }
}

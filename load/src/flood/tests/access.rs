//! A flood does not begin without a server that lets it read.

use tokio_util::sync::CancellationToken;

use super::{flood, run};
use crate::flood::FloodError;
use crate::flood::peer::{self, Behaviour};
use crate::setup::SetupError;
use crate::test_server::nowhere;

#[tokio::test]
async fn the_token_is_sent_with_reads_and_a_wrong_one_is_reported_before_the_flood() {
    let behaviour = Behaviour { token: Some("s3cret"), ..Behaviour::default() };
    let (_, report) = run(behaviour.clone(), &["--token", "s3cret"]).await;
    assert!(report.ok, "{report}");

    let (peer, target) = peer::start(behaviour);
    let refused = flood(&target, &["--token", "other"]).run(&CancellationToken::new()).await;
    assert!(matches!(refused, Err(FloodError::Setup(SetupError::NotAllowed { status: 401, .. }))));
    assert_eq!(peer.posts(), 0);
}

#[tokio::test]
async fn if_nothing_listens_the_error_says_how_to_start_a_server() {
    let target = nowhere();
    let error = flood(&target, &[]).run(&CancellationToken::new()).await.expect_err("nobody");
    let told = error.to_string();
    let expected = format!("nothing listens on {target} ");
    assert!(told.starts_with(&expected) && told.contains("`cargo run`"), "{told}");
}

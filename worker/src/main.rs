//! The worker as it is deployed: pushes from Pub/Sub, documents in Firestore.
fn main() {}

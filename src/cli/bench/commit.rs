//! The bench's own commits: it plays queue and settlement alone. No site of the service, hence no crash point of a story.

use crate::db::{DbResult, Tx};

/// Name of every commit made here.
const POINT: &str = "bench";

/// Commits.
pub(super) async fn commit(tx: Tx) -> DbResult<()> {
    tx.commit(POINT).await
}

//! Waiting for what an outsider can see, with a real deadline.

use super::stage::Stage;
use std::time::{Duration, Instant};

/// Longest wait for one observation.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// A step that was not observed.
#[derive(Debug, thiserror::Error)]
#[error("{expected}")]
pub(super) struct Missed {
    /// What should have been seen, in the reader's language.
    pub(super) expected: String,
}

impl Stage {
    /// Looks until `look` sees something.
    ///
    /// # Errors
    /// [`Missed`] with the text of `expected` after [`PATIENCE`].
    pub(super) async fn until<T>(&self, expected: &str, look: impl AsyncFn(&Self) -> Option<T>) -> Result<T, Missed> {
        let began = Instant::now();
        loop {
            if let Some(seen) = look(self).await {
                return Ok(seen);
            }
            if began.elapsed() > PATIENCE {
                return Err(Missed { expected: self.narrator.text(expected, &[("seconds", &PATIENCE.as_secs().to_string())]) });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

//! Waiting for the portal's budget while a person waits for us: jobs come again later, an open page cannot.

use super::Ctx;
use crate::bitrix::BitrixError;
use crate::domain::clock::{Ms, SECOND};
use std::time::Duration;

/// How long a page waits in all.
const ALL: Ms = 4 * SECOND;
/// Shortest wait: others want the same place.
const LEAST: Ms = 60;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Patience(Ms);

impl Patience {
    /// For one question of a page.
    pub(super) fn new() -> Self {
        Self(ALL)
    }

    /// Whether to ask once more: the budget was spent, and its next place has been waited for.
    pub(super) async fn again<T>(&mut self, ctx: &Ctx, told: &Result<T, BitrixError>) -> bool {
        let Err(BitrixError::Budget { at }) = told else { return false };
        let wait = at.saturating_sub(ctx.clock.now()).max(LEAST);
        self.0 = self.0.saturating_sub(wait);
        if self.0 < 0 {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
        true
    }
}

//! What a decision changes besides messages and answers: stored in the decision's own transaction, for calls that were won.

use crate::db::entity::number_check;
use crate::db::store::number_check as checks;
use crate::db::{DbResult, Tx};
use crate::flow::Ctx;
use crate::flow::consent::{self, Change};

/// One change.
#[derive(Debug)]
pub(super) enum Effect {
    /// A word about consent.
    Consent(Change),
    /// The provider was asked about a number.
    NumberCheck {
        /// What it told.
        row: number_check::Model,
        /// Whose quota it used.
        month: String,
    },
}

/// Stores them.
pub(super) async fn store(tx: &Tx, ctx: &Ctx, portal: &str, effects: &[Effect]) -> DbResult<()> {
    for effect in effects {
        match effect {
            Effect::Consent(change) => drop(consent::apply(tx, ctx, portal, None, change).await?),
            Effect::NumberCheck { row, month } => {
                checks::put(tx, row.clone()).await?;
                checks::spend(tx, portal, &row.channel_id, month).await?;
            }
        }
    }
    Ok(())
}

//! The free entry period (reference/whatsapp.md 2.2): a client came through an advertisement, and was answered within a day. Three days
//! from that answer on all messages are free. A fact of billing only: it opens no window and lets nothing pass.

use super::settle::Moved;
use crate::db::store::conversation;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::state::Status;
use std::collections::BTreeMap;

/// Notes periods that these messages began, if they are the first answers to clients who came that way.
pub(super) async fn begin(tx: &Tx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<()> {
    let mut answers: BTreeMap<&str, Ms> = BTreeMap::new();
    for one in moved {
        let went = Status::parse(&one.message.status).and_then(Status::rank).is_some();
        let before = one.before.rank().is_some();
        if went && !before {
            let at = one.message.sending_at.or(one.message.accepted_at).unwrap_or(now);
            let first = answers.entry(one.message.conversation_id.as_str()).or_insert(at);
            *first = at.min(*first);
        }
    }
    if answers.is_empty() {
        return Ok(());
    }
    let answers: Vec<(&str, Ms)> = answers.into_iter().collect();
    conversation::begin_free_entry(tx, portal, &answers, now).await
}

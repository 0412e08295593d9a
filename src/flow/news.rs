//! Whether something that a page shows has changed since the last look, in one word for each part of the page.
//!
//! Nothing of a conversation leaves here: a page that hears of a change reads it through the ordinary routes, under their rights.

use super::Ctx;
use super::card::Card;
use crate::db::DbResult;
use crate::db::store::{api_news as store, channel, conversation as conversations};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Journal and overview.
    Portal,
    /// A document's tab.
    Document(&'a Card),
}

/// The parts of a page as they were at a look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    messages: u64,
    calls: u64,
    follow_ups: u64,
    windows: u64,
}

impl Seen {
    /// Words of the parts that differ: `messages calls follow_ups windows`.
    pub fn differs_from(&self, before: &Self) -> Vec<&'static str> {
        let parts = [
            ("messages", self.messages, before.messages),
            ("calls", self.calls, before.calls),
            ("follow_ups", self.follow_ups, before.follow_ups),
            ("windows", self.windows, before.windows),
        ];
        parts.into_iter().filter(|(_, now, then)| now != then).map(|(word, ..)| word).collect()
    }
}

/// Looks.
///
/// # Errors
/// The database failed.
pub async fn look(ctx: &Ctx, portal: &str, scope: Scope<'_>) -> DbResult<Seen> {
    let db = ctx.db.read();
    match scope {
        Scope::Portal => Ok(Seen {
            messages: mark(&store::messages(db, portal).await?),
            calls: mark(&store::calls(db, portal, None).await?),
            follow_ups: mark(&store::waiting(db, portal, None).await?),
            windows: 0,
        }),
        Scope::Document(card) => {
            let keys: Vec<_> = channel::list(db, portal).await?.iter().flat_map(|row| card.keys(&row.id)).collect();
            let talks = conversations::by_keys(db, portal, &keys).await?;
            let ids: BTreeSet<&String> = talks.values().map(|talk| &talk.id).collect();
            let ids: Vec<String> = ids.into_iter().cloned().collect();
            let windows: BTreeSet<_> = talks.values().map(|talk| (&talk.id, talk.window_until, talk.last_inbound_at)).collect();
            let document = Some(card.document_id.as_str());
            Ok(Seen {
                messages: mark(&store::messages_of(db, portal, &ids).await?),
                calls: mark(&store::calls(db, portal, document).await?),
                follow_ups: mark(&store::waiting(db, portal, document).await?),
                windows: mark(&windows.into_iter().collect::<Vec<_>>()),
            })
        }
    }
}

/// Compared within one process only.
fn mark<T: std::hash::Hash>(rows: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    rows.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_by_its_own_word() {
        let before = Seen { messages: 1, calls: 2, follow_ups: 3, windows: 4 };
        assert!(before.differs_from(&before).is_empty());
        assert_eq!(Seen { calls: 9, windows: 9, ..before }.differs_from(&before), ["calls", "windows"]);
        assert_ne!(mark(&[("a", "sent")]), mark(&[("a", "read")]));
    }
}

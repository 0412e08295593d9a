//! Where people stand, read for a group at once.

use super::people;
use crate::db::crypto::Sealer;
use crate::db::entity::{consent, conversation};
use crate::db::store::consent::{self as store, Key};
use crate::db::{Conn, DbResult};
use crate::domain::consent::{Choice, Standing};
use crate::domain::identity::Identity;
use crate::flow::Ctx;
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of a group of people.
#[derive(Debug)]
pub(in crate::flow) struct Standings {
    rows: HashMap<Key, consent::Model>,
    sealer: Arc<Sealer>,
    portal: String,
}

impl Standings {
    /// Reads it: one statement when nobody of them ever said anything.
    pub(in crate::flow) async fn read(
        ctx: &Ctx,
        db: &impl Conn,
        portal: &str,
        people: &[(Identity, Option<&conversation::Model>)],
    ) -> DbResult<Self> {
        let mut keys: Vec<Key> = people.iter().flat_map(|(who, talk)| people::wanted(&ctx.sealer, portal, who, *talk)).collect();
        keys.sort_unstable();
        keys.dedup();
        let rows = store::by_keys(db, portal, &keys).await?;
        Ok(Self { rows, sealer: Arc::clone(&ctx.sealer), portal: portal.to_owned() })
    }

    /// One of the people read. Several rows of one person are taken together: what any of them refuses is refused.
    pub(in crate::flow) fn of(&self, who: &Identity, talk: Option<&conversation::Model>) -> Standing {
        if self.rows.is_empty() {
            return Standing::default();
        }
        let keys = people::wanted(&self.sealer, &self.portal, who, talk);
        keys.iter().filter_map(|key| self.rows.get(key)).map(of_row).fold(Standing::default(), Standing::and)
    }
}

/// What a row says.
pub fn of_row(row: &consent::Model) -> Standing {
    Standing { marketing: Choice::read(&row.marketing), everything: Choice::read(&row.everything), capped_until: row.capped_until }
}

/// Where the people of these conversations stand, in the same order.
///
/// # Errors
/// The database failed.
pub async fn of_conversations(ctx: &Ctx, portal: &str, talks: &[conversation::Model]) -> DbResult<Vec<Standing>> {
    let people: Vec<(Identity, Option<&conversation::Model>)> = talks.iter().map(|talk| (Identity::default(), Some(talk))).collect();
    let standings = Standings::read(ctx, ctx.db.read(), portal, &people).await?;
    Ok(talks.iter().map(|talk| standings.of(&Identity::default(), Some(talk))).collect())
}

//! The `channel` select of robots: what `Catalog::registration` shows.

use super::{Ctx, resolve};
use crate::db::DbResult;
use crate::db::store;
use crate::domain::clock::{DAY, Ms};
use crate::i18n;
use std::collections::BTreeMap;

/// A deleted channel stays in the list while calls used it this recently (ROBOTS.md).
const REMEMBERED: Ms = 90 * DAY;

/// (id, label) pairs: first the empty one that names the default channel, then the live ones, then deleted ones still in use, marked.
///
/// # Errors
/// The database failed.
pub async fn options(ctx: &Ctx, portal: &str, lang: &str) -> DbResult<Vec<(String, String)>> {
    let db = ctx.db.read();
    let live = store::channel::list(db, portal).await?;
    let default = store::channel::default_id(db, portal).await?;
    let label = |key: &str, name: &str| i18n::text(lang, key, &BTreeMap::from([("name".to_owned(), name.to_owned())]));
    let first = match resolve(&live, default.as_deref(), "") {
        Ok(row) => label("channel-option-default", &row.name),
        Err(_) => i18n::text(lang, "channel-option-none", &BTreeMap::new()),
    };
    let mut options = vec![(String::new(), first)];
    options.extend(live.iter().map(|row| (row.id.clone(), row.name.clone())));
    let since = ctx.clock.now().saturating_sub(REMEMBERED);
    let deleted = store::channel::list_deleted_in_use(db, portal, since).await?;
    options.extend(deleted.iter().map(|row| (row.id.clone(), label("channel-option-deleted", &row.name))));
    Ok(options)
}

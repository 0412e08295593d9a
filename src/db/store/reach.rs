//! Tables `portfolio`, `reached`, `reach_wait`: how many people a business wrote to outside their windows in the last 24 hours.
//!
//! Exact under concurrency: whoever counts holds the portfolio's row until the end of the transaction that marks the messages as
//! sending. Cheap: people whose 24 hours are over are removed as the first step, so `used` is the number of rows and nothing is scanned.

use super::bulk::{self, int, text};
use crate::db::entity::{portfolio, reach_wait, reached};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, ExprTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A portfolio held by this transaction, as it is now.
///
/// # Errors
/// The database failed.
pub async fn hold(tx: &Tx, portal: &str, name: &str, now: Ms) -> DbResult<portfolio::Model> {
    use portfolio::Column;
    let fresh =
        portfolio::Model { portal: portal.to_owned(), name: name.to_owned(), used: 0, told_limit: None, told_at: None, updated_at: now };
    let touched = OnConflict::columns([Column::Portal, Column::Name]).update_column(Column::UpdatedAt).to_owned();
    let mut row = portfolio::Entity::insert(fresh.into_active_model()).on_conflict(touched).exec_with_returning(&**tx).await?;
    let over = reached::Entity::delete_many()
        .filter(reached::Column::Portal.eq(portal))
        .filter(reached::Column::Portfolio.eq(name))
        .filter(reached::Column::ReachedAt.lte(now.saturating_sub(DAY)));
    let gone = i64::try_from(over.exec(&**tx).await?.rows_affected).unwrap_or_default();
    if gone > 0 {
        row.used = Ord::max(row.used.saturating_sub(gone), 0);
        put_used(tx, &row).await?;
    }
    Ok(row)
}

/// Writes the count of a held portfolio.
///
/// # Errors
/// The database failed.
pub async fn put_used(tx: &Tx, row: &portfolio::Model) -> DbResult<()> {
    let update = portfolio::Entity::update_many().col_expr(portfolio::Column::Used, Expr::value(row.used));
    update.filter(portfolio::Column::Portal.eq(&row.portal)).filter(portfolio::Column::Name.eq(&row.name)).exec(&**tx).await?;
    Ok(())
}

/// Which of these people the portfolio has reached in the last 24 hours.
///
/// # Errors
/// The database failed.
pub async fn among(db: &impl Conn, portal: &str, name: &str, people: &[String]) -> DbResult<HashSet<String>> {
    use reached::Column;
    let wanted = bulk::among(db.get_database_backend(), "person", people);
    let rows = reached::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Portfolio.eq(name)).filter(wanted).all(db).await?;
    Ok(rows.into_iter().map(|row| row.person).collect())
}

/// Notes that these messages go to these people now; of several to one person the last counts.
///
/// # Errors
/// The database failed.
pub async fn note(tx: &Tx, portal: &str, name: &str, sends: &[(String, String)], now: Ms) -> DbResult<()> {
    let last: BTreeMap<&str, &str> = sends.iter().map(|(person, message)| (person.as_str(), message.as_str())).collect();
    let rows: Vec<Value> = last.iter().map(|(person, message)| json!([portal, name, person, now, message])).collect();
    let columns = [text("portal"), text("portfolio"), text("person"), int("reached_at"), text("message_id")];
    // A message that is tried again is no second contact.
    let again = "ON CONFLICT (portal, portfolio, person) DO UPDATE SET reached_at = excluded.reached_at, message_id = excluded.message_id, \
                 former_at = CASE WHEN reached.message_id = excluded.message_id THEN reached.former_at ELSE reached.reached_at END";
    bulk::insert(&**tx, "reached", &columns, again, "person", &rows).await.map(drop)
}

/// Gives back what messages took that certainly did not go.
///
/// # Errors
/// The database failed.
pub async fn give_back(tx: &Tx, portal: &str, message_ids: &[String], now: Ms) -> DbResult<()> {
    use reached::Column;
    let mine = || bulk::among(tx.get_database_backend(), "message_id", message_ids);
    let rows = reached::Entity::find().filter(mine()).filter(bulk::owned_by(portal)).all(&**tx).await?;
    let names: BTreeSet<String> = rows.into_iter().map(|row| row.portfolio).collect();
    for name in names {
        let mut held = hold(tx, portal, &name, now).await?;
        let own = || Column::Portal.eq(portal).and(Column::Portfolio.eq(name.as_str()));
        // Written to before within the 24 hours: that still counts.
        reached::Entity::update_many()
            .col_expr(Column::ReachedAt, Expr::col(Column::FormerAt))
            .col_expr(Column::MessageId, Expr::value(""))
            .filter(mine())
            .filter(own())
            .filter(Column::FormerAt.gt(now.saturating_sub(DAY)))
            .exec(&**tx)
            .await?;
        let gone = reached::Entity::delete_many().filter(mine()).filter(own()).exec(&**tx).await?.rows_affected;
        if gone > 0 {
            held.used = Ord::max(held.used.saturating_sub(i64::try_from(gone).unwrap_or_default()), 0);
            put_used(tx, &held).await?;
        }
    }
    Ok(())
}

/// People reached in the last 24 hours.
///
/// # Errors
/// The database failed.
pub async fn used(db: &impl Conn, portal: &str, name: &str, now: Ms) -> DbResult<u64> {
    use reached::Column;
    let live = Column::ReachedAt.gt(now.saturating_sub(DAY));
    Ok(reached::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Portfolio.eq(name)).filter(live).count(db).await?)
}

/// When the people at these places of the line (0 = reached first) were reached.
///
/// # Errors
/// The database failed.
pub async fn reached_at(db: &impl Conn, portal: &str, name: &str, places: &BTreeSet<u64>, now: Ms) -> DbResult<BTreeMap<u64, Ms>> {
    use reached::Column;
    let mut found = BTreeMap::new();
    let mut rest: Vec<u64> = places.iter().copied().collect();
    while let Some(first) = rest.first().copied() {
        // One statement for each unbroken run.
        let run = rest.iter().zip(first..).take_while(|(place, expected)| **place == *expected).count();
        let rows = reached::Entity::find()
            .select_only()
            .column(Column::ReachedAt)
            .filter(Column::Portal.eq(portal))
            .filter(Column::Portfolio.eq(name))
            .filter(Column::ReachedAt.gt(now.saturating_sub(DAY)))
            .order_by_asc(Column::ReachedAt)
            .offset(first)
            .limit(u64::try_from(run).unwrap_or(1))
            .into_tuple::<Ms>()
            .all(db)
            .await?;
        found.extend((first..).zip(rows));
        rest.drain(..run.max(1));
    }
    Ok(found)
}

/// Messages that wait for a slot later than now.
///
/// # Errors
/// The database failed.
pub async fn waiting(db: &impl Conn, portal: &str, name: &str, now: Ms) -> DbResult<u64> {
    use reach_wait::Column;
    let later = Column::SlotAt.gt(now);
    Ok(reach_wait::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Portfolio.eq(name)).filter(later).count(db).await?)
}

/// Promises a slot to each message.
///
/// # Errors
/// The database failed.
pub async fn promise(tx: &Tx, portal: &str, name: &str, slots: &[(String, Ms)]) -> DbResult<()> {
    let rows: Vec<Value> = slots.iter().map(|(message, at)| json!([message, portal, name, at])).collect();
    let columns = [text("message_id"), text("portal"), text("portfolio"), int("slot_at")];
    let newer = "ON CONFLICT (message_id) DO UPDATE SET slot_at = excluded.slot_at, portfolio = excluded.portfolio";
    bulk::insert(&**tx, "reach_wait", &columns, newer, "message_id", &rows).await.map(drop)
}

/// Takes promises back, kept or not.
///
/// # Errors
/// The database failed.
pub async fn forget_promises(tx: &Tx, portal: &str, message_ids: &[String]) -> DbResult<()> {
    if message_ids.is_empty() {
        return Ok(());
    }
    let mine = bulk::among(tx.get_database_backend(), "message_id", message_ids);
    reach_wait::Entity::delete_many().filter(mine).filter(bulk::owned_by(portal)).exec(&**tx).await?;
    Ok(())
}

/// What the provider said about a portfolio, if anything.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, name: &str) -> DbResult<Option<portfolio::Model>> {
    let key = (portal.to_owned(), name.to_owned());
    bulk::only(db, portfolio::Entity::find_by_id(key)).await
}

/// The provider told a limit (`None` = unlimited) at that moment; an older word does not replace a newer one. True when it changed.
///
/// # Errors
/// The database failed.
pub async fn told(tx: &Tx, portal: &str, name: &str, limit: Option<i64>, at: Ms, now: Ms) -> DbResult<bool> {
    use portfolio::Column;
    let held = hold(tx, portal, name, now).await?;
    let stored = limit.unwrap_or(-1);
    if held.told_at.is_some_and(|told| told > at) || held.told_limit == Some(stored) {
        return Ok(false);
    }
    let update =
        portfolio::Entity::update_many().col_expr(Column::ToldLimit, Expr::value(stored)).col_expr(Column::ToldAt, Expr::value(at));
    update.filter(Column::Portal.eq(portal)).filter(Column::Name.eq(name)).exec(&**tx).await?;
    Ok(true)
}

//! Synced templates of a channel. A row that left the provider's list stays, marked: calls in the journal name it.

use super::bulk;
use crate::db::entity::template::{Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::event::TemplateEvent;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Rows in one statement: 18 binds each, and old SQLite builds stop at 999.
const ROWS: usize = 50;
/// Ids in one statement.
const IDS: usize = 500;

/// Stores rows of the provider's list as they are now; a row that had vanished is back.
///
/// # Errors
/// The database failed.
pub async fn upsert(tx: &Tx, portal: &str, channel_id: &str, rows: Vec<Model>) -> DbResult<()> {
    let own = |row: Model| Model { portal: portal.to_owned(), channel_id: channel_id.to_owned(), ..row }.into_active_model();
    let mut rows = rows.into_iter().map(own).collect::<Vec<_>>();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(ROWS));
        let newest = OnConflict::columns([Column::ChannelId, Column::ProviderId])
            .update_columns([
                Column::Name,
                Column::Language,
                Column::Category,
                Column::Status,
                Column::HeaderKind,
                Column::HeaderText,
                Column::Body,
                Column::Footer,
                Column::Buttons,
                Column::ParamKeys,
                Column::Quality,
                Column::Reason,
                Column::Raw,
                Column::SyncedAt,
                Column::VanishedAt,
            ])
            .to_owned();
        Entity::insert_many(rows).on_conflict(newest).exec_without_returning(&**tx).await?;
        rows = rest;
    }
    Ok(())
}

/// Provider ids of the rows that have not vanished.
///
/// # Errors
/// The database failed.
pub async fn list_ids(db: &impl Conn, portal: &str, channel_id: &str) -> DbResult<Vec<String>> {
    let live = of_channel(portal, channel_id).filter(Column::VanishedAt.is_null());
    Ok(live.select_only().column(Column::ProviderId).into_tuple().all(db).await?)
}

fn of_channel(portal: &str, channel_id: &str) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::Portal.eq(portal)).filter(Column::ChannelId.eq(channel_id))
}

/// Templates of a channel that have not vanished, by name and language.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, channel_id: &str) -> DbResult<Vec<Model>> {
    let live = of_channel(portal, channel_id).filter(Column::VanishedAt.is_null());
    Ok(live.order_by_asc(Column::Name).order_by_asc(Column::Language).all(db).await?)
}

/// Marks rows that are no longer in the provider's list.
///
/// # Errors
/// The database failed.
pub async fn mark_vanished(tx: &Tx, portal: &str, channel_id: &str, provider_ids: &[String], now: Ms) -> DbResult<u64> {
    let mut marked = 0;
    for ids in provider_ids.chunks(IDS) {
        let gone = Entity::update_many()
            .col_expr(Column::VanishedAt, Expr::value(now))
            .filter(Column::Portal.eq(portal))
            .filter(Column::ChannelId.eq(channel_id))
            .filter(Column::ProviderId.is_in(ids))
            .filter(Column::VanishedAt.is_null());
        marked += gone.exec(&**tx).await?.rows_affected;
    }
    Ok(marked)
}

/// The template that a robot's `template` names: the provider's id, `name:language`, or a name that only one live template has.
///
/// Among several rows of one name and language an approved one wins, then the one synced last.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, channel_id: &str, choice: &str) -> DbResult<Option<Model>> {
    let choice = choice.trim();
    let by_id = bulk::only(db, of_channel(portal, channel_id).filter(Column::ProviderId.eq(choice))).await?;
    if by_id.is_some() {
        return Ok(by_id);
    }
    let live = || of_channel(portal, channel_id).filter(Column::VanishedAt.is_null());
    if let Some((name, language)) = choice.rsplit_once(':') {
        let rows = live().filter(Column::Name.eq(name.trim())).filter(Column::Language.eq(language.trim())).all(db).await?;
        if let Some(best) = best(rows) {
            return Ok(Some(best));
        }
    }
    let rows = live().filter(Column::Name.eq(choice)).all(db).await?;
    let one_language = rows.iter().all(|row| Some(&row.language) == rows.first().map(|first| &first.language));
    Ok(if one_language { best(rows) } else { None })
}

fn best(rows: Vec<Model>) -> Option<Model> {
    rows.into_iter().max_by_key(|row| (row.status == "APPROVED", row.synced_at))
}

/// Applies what a webhook said about a template; returns how many rows changed.
///
/// # Errors
/// The database failed.
pub async fn apply_event(tx: &Tx, portal: &str, channel_id: &str, event: &TemplateEvent, now: Ms) -> DbResult<u64> {
    let mut news = Entity::update_many().col_expr(Column::SyncedAt, Expr::value(now));
    for (column, value) in [(Column::Status, &event.status), (Column::Category, &event.category)] {
        if let Some(value) = value {
            news = news.col_expr(column, Expr::value(value.as_str()));
        }
    }
    for (column, value) in [(Column::Reason, &event.reason), (Column::Quality, &event.quality)] {
        if let Some(value) = value {
            news = news.col_expr(column, Expr::value(value.as_str()));
        }
    }
    news = news.filter(Column::Portal.eq(portal)).filter(Column::ChannelId.eq(channel_id));
    news = match (&event.provider_id, &event.name) {
        (Some(id), _) => news.filter(Column::ProviderId.eq(id.as_str())),
        (None, Some(name)) => news.filter(Column::Name.eq(name.as_str())),
        (None, None) => return Ok(0),
    };
    if let (None, Some(language)) = (&event.provider_id, &event.language) {
        news = news.filter(Column::Language.eq(language.as_str()));
    }
    Ok(news.exec(&**tx).await?.rows_affected)
}

//! Channels of a portal. Secrets arrive sealed and leave sealed; nothing here opens them.

use super::bulk;
use crate::db::entity::channel::{ActiveModel, Column, Entity, Model};
use crate::db::entity::message;
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, ExprTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};
use serde_json::Value;
use std::collections::HashMap;

/// Columns that an administrator's change may touch; `None` = as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Name.
    pub name: Option<String>,
    /// The provider's name of our number.
    pub sender: Option<String>,
    /// JSON, nothing secret.
    pub settings: Option<String>,
    /// Sealed JSON.
    pub secrets: Option<String>,
    /// State with its reason.
    pub state: Option<(String, Option<String>)>,
}

/// Stores a new channel.
///
/// # Errors
/// The database failed.
pub async fn insert(tx: &Tx, portal: &str, row: Model) -> DbResult<()> {
    let row = Model { portal: portal.to_owned(), ..row };
    Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

/// A channel that is not deleted.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, channel_id: &str) -> DbResult<Option<Model>> {
    Ok(find_any(db, portal, channel_id).await?.filter(|row| row.deleted_at.is_none()))
}

/// A channel, deleted or not: messages outlive it.
///
/// # Errors
/// The database failed.
pub async fn find_any(db: &impl Conn, portal: &str, channel_id: &str) -> DbResult<Option<Model>> {
    bulk::only(db, Entity::find_by_id(channel_id).filter(Column::Portal.eq(portal))).await
}

/// The channel whose webhook address was called: the caller does not know the portal yet and proves itself by the address's secret.
///
/// # Errors
/// The database failed.
pub async fn find_for_hook(db: &impl Conn, channel_id: &str) -> DbResult<Option<Model>> {
    bulk::only(db, Entity::find_by_id(channel_id)).await
}

/// Live channels of a portal, oldest first.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str) -> DbResult<Vec<Model>> {
    let live = Entity::find().filter(Column::Portal.eq(portal)).filter(Column::DeletedAt.is_null());
    Ok(live.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(db).await?)
}

/// All channels of a portal, oldest first, the deleted ones included: a rule that names one is told its name.
///
/// # Errors
/// The database failed.
pub async fn list_with_deleted(db: &impl Conn, portal: &str) -> DbResult<Vec<Model>> {
    let all = Entity::find().filter(Column::Portal.eq(portal));
    Ok(all.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(db).await?)
}

/// Names of a portal's channels by id, the deleted ones included: old messages still show theirs.
///
/// # Errors
/// The database failed.
pub async fn names(db: &impl Conn, portal: &str) -> DbResult<HashMap<String, String>> {
    let pairs = Entity::find().select_only().column(Column::Id).column(Column::Name).filter(Column::Portal.eq(portal));
    Ok(pairs.into_tuple::<(String, String)>().all(db).await?.into_iter().collect())
}

/// Deleted channels through which messages went since a moment, oldest first.
///
/// # Errors
/// The database failed.
pub async fn list_deleted_in_use(db: &impl Conn, portal: &str, since: Ms) -> DbResult<Vec<Model>> {
    let deleted = Entity::find().filter(Column::Portal.eq(portal)).filter(Column::DeletedAt.is_not_null());
    let mut in_use = Vec::new();
    for row in deleted.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(db).await? {
        let message = message::Entity::find()
            .select_only()
            .column(message::Column::Id)
            .filter(message::Column::Portal.eq(portal))
            .filter(message::Column::CreatedAt.gte(since))
            .filter(message::Column::ChannelId.eq(&row.id))
            .limit(1)
            .into_tuple::<String>()
            .one(db)
            .await?;
        if message.is_some() {
            in_use.push(row);
        }
    }
    Ok(in_use)
}

/// The live channel of a kind with that sender: by the provider's name of the number, else by any setting that names it (app id, number).
///
/// # Errors
/// The database failed.
pub async fn find_by_sender(db: &impl Conn, portal: &str, kind: &str, sender: &str) -> DbResult<Option<Model>> {
    let rows = list(db, portal).await?;
    let same_kind = || rows.iter().filter(|row| row.kind == kind);
    let by_name = same_kind().find(|row| row.sender == sender);
    Ok(by_name.or_else(|| same_kind().find(|row| names_setting(row, sender))).cloned())
}

fn names_setting(row: &Model, sender: &str) -> bool {
    let settings: Value = serde_json::from_str(&row.settings).unwrap_or(Value::Null);
    ["app_id", "source"].iter().any(|key| settings.get(key).and_then(Value::as_str).is_some_and(|value| value == sender))
}

/// Changes a live channel; `false` when there is none.
///
/// # Errors
/// The database failed.
pub async fn update(tx: &Tx, portal: &str, channel_id: &str, change: Change, now: Ms) -> DbResult<bool> {
    let mut row = ActiveModel { updated_at: Set(now), ..ActiveModel::default() };
    if let Some(name) = change.name {
        row.name = Set(name);
    }
    if let Some(sender) = change.sender {
        row.sender = Set(sender);
    }
    if let Some(settings) = change.settings {
        row.settings = Set(settings);
    }
    if let Some(secrets) = change.secrets {
        row.secrets = Set(secrets);
    }
    if let Some((state, reason)) = change.state {
        (row.state, row.state_reason) = (Set(state), Set(reason));
    }
    let live = Entity::update_many().set(row).filter(Column::Portal.eq(portal)).filter(Column::Id.eq(channel_id));
    Ok(live.filter(Column::DeletedAt.is_null()).exec(&**tx).await?.rows_affected > 0)
}

/// Which rows a change of state is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When<'a> {
    /// Whatever the channel's state is.
    Always,
    /// Only from one of these states: somebody may have paused the channel meanwhile.
    From(&'a [&'a str]),
    /// Only while nothing changed the channel after this moment: what was seen before may be mended by now.
    Unchanged(Ms),
}

/// Sets the state of a live channel; `false` when it was so already, or the condition does not hold.
///
/// # Errors
/// The database failed.
pub async fn set_state(
    tx: &Tx,
    portal: &str,
    channel_id: &str,
    (state, reason): (&str, Option<&str>),
    when: When<'_>,
    now: Ms,
) -> DbResult<bool> {
    let mut fits = Condition::all();
    match when {
        When::Always => {}
        When::From(states) => fits = fits.add(Column::State.is_in(states.iter().copied())),
        When::Unchanged(since) => fits = fits.add(Column::UpdatedAt.lte(since)),
    }
    let changed = Entity::update_many()
        .filter(fits)
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::StateReason, Expr::value(reason.map(str::to_owned)))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(channel_id))
        .filter(Column::DeletedAt.is_null())
        .filter(Column::State.ne(state))
        .exec(&**tx)
        .await?;
    Ok(changed.rows_affected > 0)
}

/// The provider asked everybody to wait until then; an earlier end does not shorten a later one.
///
/// # Errors
/// The database failed.
pub async fn hold_until(tx: &Tx, portal: &str, channel_id: &str, until: Ms, now: Ms) -> DbResult<()> {
    let shorter = Column::HeldUntil.is_null().or(Column::HeldUntil.lt(until));
    Entity::update_many()
        .col_expr(Column::HeldUntil, Expr::value(until))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(channel_id))
        .filter(shorter)
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Notes a complete reading of the template list.
///
/// # Errors
/// The database failed.
pub async fn mark_synced(tx: &Tx, portal: &str, channel_id: &str, at: Ms) -> DbResult<()> {
    let synced = Entity::update_many().col_expr(Column::TemplatesSyncedAt, Expr::value(at)).filter(Column::Portal.eq(portal));
    synced.filter(Column::Id.eq(channel_id)).exec(&**tx).await?;
    Ok(())
}

/// Deletes a live channel by mark: its messages and robots still name it. `false` when there is none.
///
/// # Errors
/// The database failed.
pub async fn delete(tx: &Tx, portal: &str, channel_id: &str, now: Ms) -> DbResult<bool> {
    let deleted = Entity::update_many()
        .col_expr(Column::State, Expr::value("disconnected"))
        .col_expr(Column::DeletedAt, Expr::value(now))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(channel_id))
        .filter(Column::DeletedAt.is_null())
        .exec(&**tx)
        .await?;
    Ok(deleted.rows_affected > 0)
}

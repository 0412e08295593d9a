//! Copies of files that providers fetch from us. The token itself is never stored, only its keyed hash.

use crate::db::entity::media::{Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _};

/// Files looked at when they are counted.
const MOST_COUNTED: u64 = 10_000;
/// Bytes that a file under way is taken for.
const ARRIVING: u64 = 100 * 1024 * 1024;

/// Stores a row before its file is there: a file without a row would never be removed. `size_bytes` is 0 until then.
///
/// # Errors
/// The database failed.
pub async fn insert(tx: &Tx, portal: &str, row: Model) -> DbResult<()> {
    let row = Model { portal: portal.to_owned(), ..row };
    Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

/// The file is whole: what it is, how it is called and how long.
///
/// # Errors
/// The database failed.
pub async fn complete(tx: &Tx, portal: &str, token_hash: &str, mime: &str, file_name: &str, size_bytes: i64) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Mime, Expr::value(mime))
        .col_expr(Column::FileName, Expr::value(file_name))
        .col_expr(Column::SizeBytes, Expr::value(size_bytes))
        .filter(Column::Portal.eq(portal))
        .filter(Column::TokenHash.eq(token_hash))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// A file by the hash of its token: whoever fetches it knows nothing but the token.
///
/// # Errors
/// The database failed.
pub async fn find_by_token(db: &impl Conn, token_hash: &str) -> DbResult<Option<Model>> {
    Ok(Entity::find_by_id(token_hash).one(db).await?)
}

/// How many files of a portal wait for a message, and their bytes; those that end within `life` (from, to).
///
/// # Errors
/// The database failed.
pub async fn waiting(db: &impl Conn, portal: &str, life: (Ms, Ms)) -> DbResult<(u64, u64)> {
    let of_portal = Entity::find().select_only().column(Column::SizeBytes).filter(Column::Portal.eq(portal));
    let waiting = of_portal.filter(Column::MessageId.is_null()).filter(Column::ExpiresAt.gt(life.0)).filter(Column::ExpiresAt.lte(life.1));
    let sizes: Vec<i64> = waiting.limit(MOST_COUNTED).into_tuple().all(db).await?;
    // One that is still arriving counts as a large one.
    let bytes = sizes.iter().filter_map(|size| u64::try_from(*size).ok()).map(|size| if size == 0 { ARRIVING } else { size }).sum();
    Ok((u64::try_from(sizes.len()).unwrap_or(u64::MAX), bytes))
}

/// Gives a staged file to its message and keeps it until `expires_at`.
///
/// # Errors
/// The database failed.
pub async fn keep(tx: &Tx, portal: &str, token_hash: &str, message_id: &str, expires_at: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::MessageId, Expr::value(message_id))
        .col_expr(Column::ExpiresAt, Expr::value(expires_at))
        .filter(Column::Portal.eq(portal))
        .filter(Column::TokenHash.eq(token_hash))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Forgets a file.
///
/// # Errors
/// The database failed.
pub async fn remove(tx: &Tx, portal: &str, token_hash: &str) -> DbResult<()> {
    Entity::delete_many().filter(Column::Portal.eq(portal)).filter(Column::TokenHash.eq(token_hash)).exec(&**tx).await?;
    Ok(())
}

/// Stores the row of a client's file before the file; one that is there already stays. `about` = message and path, `time` = from, to.
///
/// # Errors
/// The database failed.
pub async fn reserve(tx: &Tx, portal: &str, token_hash: &str, about: (&str, &str), time: (Ms, Ms)) -> DbResult<()> {
    use super::bulk::{self, int, text};
    let columns = [
        text("token_hash"),
        text("portal"),
        text("message_id"),
        text("path"),
        text("mime"),
        text("file_name"),
        int("size_bytes"),
        int("created_at"),
        int("expires_at"),
    ];
    let row = serde_json::json!([token_hash, portal, about.0, about.1, "", "", 0, time.0, time.1]);
    bulk::insert(&**tx, "media", &columns, "ON CONFLICT (token_hash) DO NOTHING", "token_hash", &[row]).await.map(drop)
}

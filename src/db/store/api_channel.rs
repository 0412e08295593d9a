//! Reads of channels and their templates for the API.

use super::api_page::{Page, narrowed};
use crate::db::entity::{channel, template};
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// Channels, newest first, without deleted ones.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, page: &Page) -> DbResult<Vec<channel::Model>> {
    use channel::Column;
    let select = channel::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::DeletedAt.is_null());
    Ok(page.apply(select, Column::CreatedAt, Column::Id).all(db).await?)
}

/// One channel that is not deleted.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, channel_id: &str) -> DbResult<Option<channel::Model>> {
    use channel::Column;
    Ok(channel::Entity::find_by_id(channel_id).filter(Column::Portal.eq(portal)).filter(Column::DeletedAt.is_null()).one(db).await?)
}

/// What a list of templates is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct TemplateFilter {
    /// Element name.
    pub name: Option<String>,
    /// Language code.
    pub language: Option<String>,
    /// Upper-case status.
    pub status: Option<String>,
    /// MARKETING, UTILITY or AUTHENTICATION.
    pub category: Option<String>,
}

/// Templates of a channel in the order of the last sync, the newest first; vanished ones are told as such by `vanished_at`.
///
/// # Errors
/// The database failed.
pub async fn templates(
    db: &impl Conn,
    portal: &str,
    channel_id: &str,
    filter: &TemplateFilter,
    page: &Page,
) -> DbResult<Vec<template::Model>> {
    use template::Column;
    let select = template::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::ChannelId.eq(channel_id));
    let select = narrowed(
        select,
        [
            (Column::Name, &filter.name),
            (Column::Language, &filter.language),
            (Column::Status, &filter.status),
            (Column::Category, &filter.category),
        ],
    );
    Ok(page.apply(select, Column::SyncedAt, Column::ProviderId).all(db).await?)
}

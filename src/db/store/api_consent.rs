//! Reads of consents for the API.

use super::api_page::Page;
use crate::db::entity::consent;
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

/// What a list of consents is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct ConsentFilter {
    /// Only these rows.
    pub ids: Option<Vec<String>>,
    /// `marketing` or `all`: the scope that `choice` is about.
    pub scope: Option<String>,
    /// `unknown opted_in opted_out`.
    pub choice: Option<String>,
}

/// Consents that changed last first.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, filter: &ConsentFilter, page: &Page) -> DbResult<Vec<consent::Model>> {
    use consent::Column;
    let mut select = consent::Entity::find().filter(Column::Portal.eq(portal));
    if let Some(ids) = &filter.ids {
        select = select.filter(Column::Id.is_in(ids));
    }
    if let Some(choice) = &filter.choice {
        let marketing = Column::Marketing.eq(choice.as_str());
        let everything = Column::Everything.eq(choice.as_str());
        select = match filter.scope.as_deref() {
            Some("marketing") => select.filter(marketing),
            Some(_) => select.filter(everything),
            None => select.filter(Condition::any().add(marketing).add(everything)),
        };
    }
    Ok(page.apply(select, Column::UpdatedAt, Column::Id).all(db).await?)
}

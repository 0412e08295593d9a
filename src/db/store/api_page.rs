//! Keyset paging of the API's lists: newest first by (moment, id), so that a page never shifts while rows arrive.

use crate::domain::clock::Ms;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// Where the last page ended, and how many rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Moment and id of the last row seen.
    pub after: Option<(Ms, String)>,
    /// Rows wanted, 1–100.
    pub limit: u64,
}

/// Narrows a list to the values asked for; what is not asked for narrows nothing.
pub(super) fn narrowed<E: EntityTrait, const N: usize>(select: Select<E>, wanted: [(E::Column, &Option<String>); N]) -> Select<E> {
    wanted.into_iter().fold(select, |select, (column, value)| match value {
        Some(value) => select.filter(column.eq(value.as_str())),
        None => select,
    })
}

impl Page {
    /// Applies order, position and limit; one row more than wanted tells whether there is a next page.
    pub(super) fn apply<E, C>(&self, select: Select<E>, moment: C, id: C) -> Select<E>
    where
        E: EntityTrait,
        C: ColumnTrait,
    {
        let select = match &self.after {
            None => select,
            Some((at, last)) => {
                let same_moment = Condition::all().add(moment.eq(*at)).add(id.lt(last.as_str()));
                select.filter(Condition::any().add(moment.lt(*at)).add(same_moment))
            }
        };
        select.order_by_desc(moment).order_by_desc(id).limit(self.limit.saturating_add(1))
    }
}

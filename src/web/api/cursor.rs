//! Cursors of lists: opaque to callers, bound to the list that gave them.

use crate::db::store::api_page::Page;
use crate::web::problem::{Code, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Rows of a list when the caller does not say.
const DEFAULT_LIMIT: u64 = 50;
/// Most rows of a list.
const MOST: u64 = 100;

/// Position and size of a page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows wanted, 1–100; 50 when absent.
    pub limit: Option<String>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListOf<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Give it as `after` for the next page; null at the end.
    pub next: Option<String>,
}

impl PageQuery {
    /// The page asked of the list with this name.
    ///
    /// # Errors
    /// `query_invalid` for a limit outside 1–100, `cursor_invalid` for a foreign or damaged cursor.
    pub(super) fn page(&self, list: &str) -> Result<Page, Problem> {
        let limit = match &self.limit {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| Problem::new(Code::QueryInvalid).with("name", "limit").with("allowed", format!("1–{MOST}")))?,
        };
        // A script that pages in a loop sends the parameter empty the first time.
        let after = match self.after.as_ref().filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(read(list, cursor).ok_or_else(|| Problem::new(Code::CursorInvalid))?),
        };
        Ok(Page { after, limit })
    }
}

/// Cuts the row too many and names the position of the last row shown.
pub(super) fn close<R, T>(
    list: &str,
    page: &Page,
    mut rows: Vec<R>,
    position: impl Fn(&R) -> (i64, &str),
    show: impl Fn(R) -> T,
) -> ListOf<T> {
    let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|last| {
        let (at, id) = position(last);
        write(list, at, id)
    });
    ListOf { items: rows.into_iter().map(show).collect(), next }
}

fn write(list: &str, at: i64, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\n{at}\n{id}"))
}

fn read(list: &str, cursor: &str) -> Option<(i64, String)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(3, '\n');
    let (named, at, id) = (parts.next()?, parts.next()?, parts.next()?);
    (named == list).then_some(())?;
    Some((at.parse().ok()?, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_own_list_only() {
        let cursor = write("calls", 17, "call_1\n2");
        assert_eq!(read("calls", &cursor), Some((17, "call_1\n2".to_owned())));
        for (list, cursor) in [("messages", cursor.as_str()), ("calls", "%%%"), ("calls", ""), ("calls", "AAAA")] {
            assert_eq!(read(list, cursor), None, "{list} {cursor}");
        }
    }

    #[test]
    fn limits_outside_the_range_are_refused() {
        for (limit, fine) in [("1", true), ("100", true), ("0", false), ("101", false), ("-1", false), ("ten", false), ("", false)] {
            let query = PageQuery { limit: Some(limit.to_owned()), after: None };
            assert_eq!(query.page("calls").is_ok(), fine, "{limit}");
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = Page { after: None, limit: 2 };
        let list = close("calls", &page, vec![3, 2, 1], |row| (*row, "x"), |row| row);
        assert_eq!((list.items, list.next.is_some()), (vec![3, 2], true));
        assert!(close("calls", &page, vec![3, 2], |row| (*row, "x"), |row| row).next.is_none());
    }
}

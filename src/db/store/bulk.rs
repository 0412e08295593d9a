//! One statement for many rows, the same text on both engines: the rows travel as one JSON array of arrays.
//!
//! `json_each` (SQLite) and `jsonb_array_elements` (PostgreSQL) give the same `value ->> n`. A loop of single statements costs a
//! thread hop each (reference/engine.md 4); this costs one. Used by the store files beside it, by nobody else.
//!
//! A trap kept in one place: without statistics SQLite prefers an index that begins with `portal` to the primary key as soon as
//! two ids are asked for, and walks the whole portal. [`owned_by`] keeps the tenant check out of the planner's hands.

use crate::db::{Conn, DbResult};
use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{DbBackend, EntityTrait, Select, Statement, Value as Bind};
use serde_json::Value;

/// A column of the rows given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    int: bool,
}

/// A TEXT column.
pub(super) const fn text(name: &'static str) -> Column {
    Column { name, int: false }
}

/// A BIGINT column.
pub(super) const fn int(name: &'static str) -> Column {
    Column { name, int: true }
}

/// `SELECT … AS id, … FROM` the JSON in `$1`.
fn source(backend: DbBackend, columns: &[Column]) -> String {
    let fields = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let name = column.name;
            if column.int { format!("CAST(value ->> {at} AS BIGINT) AS {name}") } else { format!("value ->> {at} AS {name}") }
        })
        .collect::<Vec<_>>()
        .join(", ");
    format!("SELECT {fields} FROM {}", elements(backend))
}

fn elements(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "jsonb_array_elements($1::jsonb) AS given(value)",
        _ => "json_each($1) AS given",
    }
}

/// The rows as text. U+0000 cannot be stored in PostgreSQL's text, and means nothing in a message.
fn json_text(rows: &[Value]) -> String {
    let text = Value::Array(rows.to_vec()).to_string();
    if text.contains("\\u0000") { without_nul(&text) } else { text }
}

fn without_nul(text: &str) -> String {
    // Only an escape that is itself not escaped: `\\u0000` is a backslash and five characters.
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = escape.strip_prefix("\\u0000") {
            rest = after;
        } else {
            let width = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
            let (pair, after) = escape.split_at(width);
            out.push_str(pair);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Inserts rows (JSON arrays in the order of `columns`); `conflict` is empty or an `ON CONFLICT …` clause. Returns the `returning`
/// column of the rows inserted.
pub(super) async fn insert(
    db: &impl Conn,
    table: &'static str,
    columns: &[Column],
    conflict: &'static str,
    returning: &'static str,
    rows: &[Value],
) -> DbResult<Vec<String>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = db.get_database_backend();
    let names = columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    // `WHERE true` lets SQLite tell a join's ON from ON CONFLICT.
    let sql = format!("INSERT INTO {table} ({names}) {} WHERE true {conflict} RETURNING {returning}", source(backend, columns));
    returned(db, Statement::from_sql_and_values(backend, sql, [Bind::from(json_text(rows))])).await
}

/// Updates rows: `set` and `filter` see the stored row as `{table}.…` and the given one as `v.…`; `portal` is bound as `$2` and checked
/// always. Returns the `returning` column of the rows that the filter let through.
pub(super) async fn update(
    db: &impl Conn,
    table: &'static str,
    portal: &str,
    columns: &[Column],
    clause: Clause,
    rows: &[Value],
) -> DbResult<Vec<String>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = db.get_database_backend();
    let Clause { set, filter, returning } = clause;
    let sql = format!(
        "UPDATE {table} SET {set} FROM ({}) AS v WHERE {filter} AND {table}.portal || '' = $2 RETURNING {table}.{returning}",
        source(backend, columns)
    );
    returned(db, Statement::from_sql_and_values(backend, sql, [Bind::from(json_text(rows)), Bind::from(portal.to_owned())])).await
}

/// The parts of a bulk update that differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clause {
    /// `column = expression, …`.
    pub(super) set: &'static str,
    /// Which rows: the key and the fence.
    pub(super) filter: &'static str,
    /// Column told back.
    pub(super) returning: &'static str,
}

async fn returned(db: &impl Conn, statement: Statement) -> DbResult<Vec<String>> {
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index::<String>(0)?)).collect()
}

/// The row of a look-up by a whole key. Not `Select::one`, which binds a LIMIT: SQLite prepares such a statement anew at each execution.
pub(super) async fn only<E: EntityTrait>(db: &impl Conn, select: Select<E>) -> DbResult<Option<E::Model>> {
    Ok(select.all(db).await?.into_iter().next())
}

/// `portal = …`, written so that SQLite does not choose an index by it.
pub(super) fn owned_by(portal: &str) -> SimpleExpr {
    Expr::cust("portal || ''").eq(portal)
}

/// `column IN (…)` for any number of values in one bound parameter, so that the statement's text stays the same and stays prepared.
pub(super) fn among(backend: DbBackend, column: &'static str, values: &[String]) -> SimpleExpr {
    let json = json_text(&values.iter().map(|value| Value::String(value.clone())).collect::<Vec<_>>());
    let list = match backend {
        DbBackend::Postgres => Expr::cust_with_values("(SELECT jsonb_array_elements_text($1::jsonb))", [json]),
        _ => Expr::cust_with_values("(SELECT value FROM json_each(?))", [json]),
    };
    Expr::cust(column).binary(sea_orm::sea_query::BinOper::In, list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nul_is_cut_and_its_look_alikes_are_kept() {
        let rows = [json!(["a\u{0}b", "\\u0000", "я\u{0}\u{0}"])];
        let back: Value = serde_json::from_str(&json_text(&rows)).unwrap();
        assert_eq!(back, json!([["ab", "\\u0000", "я"]]));
    }
}

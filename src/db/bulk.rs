//! Many rows in one statement, on both engines.
//!
//! SQLite reads the rows out of one JSON text (`json_each`), PostgreSQL out of one array for each column (`unnest`). A loop of single
//! statements costs a thread hop or a round trip a row (reference/engine.md 4). Arrays travel as text literals, so no driver feature is needed.
//! Inserts on SQLite are bound as `VALUES` of a few fixed sizes instead: measured 14 us against 34 us for a row of 1.5 KB, and no size is
//! prepared twice.
//! Nothing here knows a table: callers name columns and add their own conflict clause.

use super::{Conn, DbResult};
use sea_orm::{DbBackend, Statement, Value};
use std::borrow::Cow;

/// Rows of one `INSERT` on SQLite; the largest stays far below its limit of 32766 parameters.
const INSERT_SIZES: [usize; 4] = [128, 32, 8, 1];

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// TEXT.
    Text(Cow<'a, str>),
    /// BIGINT.
    Int(i64),
    /// NULL.
    Null,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// TEXT.
    Text,
    /// BIGINT.
    Int,
}

impl Kind {
    fn array(self) -> &'static str {
        match self {
            Self::Text => "text[]",
            Self::Int => "bigint[]",
        }
    }
}

/// A named column of a row set.
pub type Column = (&'static str, Kind);

/// Rows to hand to one statement.
#[derive(Debug)]
pub struct Rows<'a> {
    columns: &'static [Column],
    rows: Vec<Vec<Cell<'a>>>,
}

impl<'a> Rows<'a> {
    /// An empty set of these columns.
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; `cells` are in the order of the columns, missing ones are NULL.
    pub fn push(&mut self, cells: Vec<Cell<'a>>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has as many cells as the set has columns");
        self.rows.push(cells);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The set as an item of `FROM`, named `alias`, its parameters numbered from `first`.
    pub fn source(&self, backend: DbBackend, alias: &str, first: usize) -> (String, Vec<Value>) {
        if backend == DbBackend::Postgres {
            let casts: Vec<String> = (first..).zip(self.columns).map(|(n, (_, kind))| format!("${n}::{}", kind.array())).collect();
            let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
            let values = (0..self.columns.len()).map(|column| text(self.array(column))).collect();
            (format!("unnest({}) AS {alias}({})", casts.join(", "), names.join(", ")), values)
        } else {
            let picks: Vec<String> = self.columns.iter().enumerate().map(|(at, (name, _))| format!("value->>{at} AS {name}")).collect();
            (format!("(SELECT {} FROM json_each(${first})) AS {alias}", picks.join(", ")), vec![text(self.json())])
        }
    }

    fn array(&self, column: usize) -> String {
        array_literal(self.rows.iter().map(|row| row.get(column).unwrap_or(&Cell::Null)))
    }

    fn json(&self) -> String {
        // Texts and integers always serialize.
        serde_json::to_string(&self.rows).unwrap_or_default()
    }
}

/// `INSERT` of all rows; `conflict` is the `ON CONFLICT` clause or empty. Returns how many were stored. Several statements on SQLite: call it
/// in a transaction.
///
/// # Errors
/// [`super::DbError`] when any row is refused: the transaction must be dropped.
pub async fn insert(conn: &impl Conn, table: &str, rows: &Rows<'_>, conflict: &str) -> DbResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let backend = conn.get_database_backend();
    let names: Vec<&str> = rows.columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    if backend == DbBackend::Postgres {
        let (source, values) = rows.source(backend, "r", 1);
        let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {source} {conflict}");
        return Ok(conn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected());
    }
    let row = format!("({})", vec!["?"; rows.columns.len()].join(","));
    let mut stored = 0;
    let mut left = rows.rows.as_slice();
    while !left.is_empty() {
        let size = INSERT_SIZES.into_iter().find(|size| *size <= left.len()).unwrap_or(1);
        let (now, later) = left.split_at(size);
        let sql = format!("INSERT INTO {table} ({names}) VALUES {} {conflict}", vec![row.as_str(); size].join(","));
        let values = now.iter().flatten().map(bound);
        stored += conn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected();
        left = later;
    }
    Ok(stored)
}

fn bound(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Text(value) => text(storable(value).into_owned()),
        Cell::Int(value) => Value::from(*value),
        Cell::Null => Value::String(None),
    }
}

/// Which of these ids a table has: after an [`insert`] that stored fewer rows than it was given, those that were new.
///
/// # Errors
/// [`super::DbError`] when the database fails.
pub async fn present(conn: &impl Conn, table: &str, ids: &[&str]) -> DbResult<Vec<String>> {
    let backend = conn.get_database_backend();
    let sql = format!("SELECT id FROM {table} WHERE {}", one_of(backend, "id", 1, Kind::Text));
    let values = [list(backend, ids.iter().map(|id| Cell::from(*id)))];
    let rows = conn.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index::<String>(0)?)).collect()
}

/// `column IN (…)` over a bound list (parameter number `n`).
pub fn one_of(backend: DbBackend, column: &str, n: usize, kind: Kind) -> String {
    if backend == DbBackend::Postgres {
        format!("{column} = ANY(${n}::{})", kind.array())
    } else {
        format!("{column} IN (SELECT value FROM json_each(${n}))")
    }
}

/// The list for [`one_of`].
pub fn list<'a>(backend: DbBackend, cells: impl IntoIterator<Item = Cell<'a>>) -> Value {
    let cells: Vec<Cell<'a>> = cells.into_iter().collect();
    if backend == DbBackend::Postgres { text(array_literal(cells.iter())) } else { text(serde_json::to_string(&cells).unwrap_or_default()) }
}

fn text(value: String) -> Value {
    Value::from(value)
}

impl serde::Serialize for Cell<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(value) => serializer.serialize_str(&storable(value)),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Null => serializer.serialize_none(),
        }
    }
}

/// PostgreSQL's text form of an array; every text element is quoted, so an empty text and the word NULL stay what they are.
fn array_literal<'a, 'b: 'a>(cells: impl Iterator<Item = &'a Cell<'b>>) -> String {
    let mut out = String::from("{");
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        match cell {
            Cell::Null => out.push_str("NULL"),
            Cell::Int(value) => out.push_str(&value.to_string()),
            Cell::Text(value) => {
                out.push('"');
                for char in storable(value).chars() {
                    if matches!(char, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(char);
                }
                out.push('"');
            }
        }
    }
    out.push('}');
    out
}

/// A NUL cannot live in a PostgreSQL TEXT, and one such row would fail its whole batch: it becomes U+FFFD on both engines.
fn storable(value: &str) -> Cow<'_, str> {
    if value.contains('\0') { Cow::Owned(value.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_elements_keep_quotes_backslashes_commas_and_the_word_null() {
        let cells = [
            Cell::from("a,b"),
            Cell::from("say \"x\\y\""),
            Cell::from(""),
            Cell::from("NULL"),
            Cell::Null,
            Cell::from(-7),
            Cell::from("{}\n"),
        ];
        assert_eq!(
            array_literal(cells.iter()),
            r#"{"a,b","say \"x\\y\"","","NULL",NULL,-7,"{}
"}"#
        );
    }

    #[test]
    fn a_nul_never_reaches_either_engine() {
        assert_eq!(array_literal([Cell::from("a\0b")].iter()), "{\"a\u{fffd}b\"}");
        assert_eq!(serde_json::to_value(Cell::from("a\0b")).unwrap(), serde_json::json!("a\u{fffd}b"));
    }

    #[test]
    fn the_row_source_numbers_its_parameters() {
        let mut rows = Rows::new(&[("id", Kind::Text), ("at", Kind::Int)]);
        rows.push(vec!["x".into(), 5.into()]);
        let (sql, values) = rows.source(DbBackend::Postgres, "r", 3);
        assert_eq!(sql, "unnest($3::text[], $4::bigint[]) AS r(id, at)");
        assert_eq!(values, vec![text("{\"x\"}".to_owned()), text("{5}".to_owned())]);
        let (sql, values) = rows.source(DbBackend::Sqlite, "r", 3);
        assert_eq!(sql, "(SELECT value->>0 AS id, value->>1 AS at FROM json_each($3)) AS r");
        assert_eq!(values, vec![text("[[\"x\",5]]".to_owned())]);
    }
}

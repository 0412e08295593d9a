//! Databases of one's own on a PostgreSQL server: `courier24 bench` measures on one that is made for it and removed.

use super::{DbError, DbResult};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Makes a database; returns its address. `name` consists of lower-case letters, digits and `_`.
///
/// # Errors
/// [`DbError::Failed`] when the server refuses, or for another kind of name.
pub async fn create_database(server_url: &str, name: &str) -> DbResult<String> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        return Err(DbError::Failed(format!("{name} is no name of a database")));
    }
    run(server_url, format!("CREATE DATABASE {name}")).await?;
    let (address, options) = server_url.split_once('?').map_or((server_url, String::new()), |(a, o)| (a, format!("?{o}")));
    let base = match address.rsplit_once('/') {
        Some((base, _)) if !base.ends_with('/') => base,
        _ => address,
    };
    Ok(format!("{base}/{name}{options}"))
}

/// Removes a database made by [`create_database`], whoever is connected.
///
/// # Errors
/// [`DbError::Failed`] when the server refuses.
pub async fn drop_database(server_url: &str, url: &str) -> DbResult<()> {
    let address = url.split_once('?').map_or(url, |(address, _)| address);
    let name = address.rsplit_once('/').map(|(_, name)| name).unwrap_or_default();
    run(server_url, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

async fn run(server_url: &str, sql: String) -> DbResult<()> {
    // Never the address: it may carry a password.
    let failed = |error: sqlx::Error| DbError::Failed(error.to_string());
    let mut connection = PgConnection::connect(server_url).await.map_err(failed)?;
    connection.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
    connection.close().await.map_err(failed)
}

//! Claims due jobs: finds who has any, chooses whose turn it is, and takes the groups in one statement.
//!
//! An empty poll is one probe of the index over due times, however many jobs wait for later. With few due jobs the oldest window names
//! every portal and lane; only when it is full are the pairs walked through `job_fair` (a loose index scan, one step a pair), so a
//! portal with ten thousand due jobs cannot hide one with a single job. Limits are bound as `$n + 0`: SQLite prepares a statement whose
//! LIMIT is a bare parameter anew at each execution.

use super::pick::{self, Busy, Due, Limits, Pick};
use super::{Claimed, Group, Job, Lane, SHARDS, bury};
use crate::db::bulk::{Cell, Column, Kind, Rows, list, one_of};
use crate::db::{Conn, Db, DbError, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::ids::Ids;
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Due jobs looked at before the pairs are walked.
const WINDOW: i64 = 200;
/// Pairs visited in one walk; the next turn goes on behind the portal served last.
const STEPS: i64 = 500;
/// Groups in one statement.
const MOST_GROUPS: usize = 32;

/// What a worker asks for.
#[derive(Debug)]
pub struct ClaimRequest<'a> {
    /// Shards this process owns.
    pub shards: &'a [i64],
    /// The moment of the claim.
    pub now: Ms,
    /// Length of the lease, ms.
    pub lease_ms: Ms,
    /// Most groups.
    pub groups: usize,
    /// Most jobs.
    pub jobs: u64,
    /// Groups at work already.
    pub busy: &'a Busy,
    /// How many may be.
    pub limits: Limits,
    /// Portal served last.
    pub after: &'a str,
}

/// What it got.
#[derive(Debug, Default)]
pub struct Turn {
    /// Groups under their leases.
    pub groups: Vec<Group>,
    /// Portal served last; the next request's `after`.
    pub after: String,
}

/// Claims due jobs fairly: portals take turns, at most `Lane::group_size` of one portal and lane in a group.
///
/// # Errors
/// [`DbError`] when the database fails; then nothing is claimed.
pub async fn claim(db: &Db, ids: &dyn Ids, shards: &[i64], now: Ms, lease_ms: Ms, limit: u64) -> DbResult<Vec<Group>> {
    let limits = Limits { portal: usize::MAX, deliver: usize::MAX };
    let request = ClaimRequest { shards, now, lease_ms, groups: MOST_GROUPS, jobs: limit, busy: &Busy::default(), limits, after: "" };
    Ok(claim_turn(db, ids, &request).await?.groups)
}

/// [`claim`] for a worker that knows what is at work already and whose turn it was.
///
/// # Errors
/// [`DbError`] when the database fails; then nothing is claimed.
pub async fn claim_turn(db: &Db, ids: &dyn Ids, request: &ClaimRequest<'_>) -> DbResult<Turn> {
    let due = due_pairs(db.read(), request).await?;
    let groups = request.groups.min(MOST_GROUPS);
    let picks = pick::pick(&due, request.busy, request.limits, request.after, groups, request.jobs);
    let Some(last) = picks.last() else {
        return Ok(Turn { groups: Vec::new(), after: request.after.to_owned() });
    };
    let after = last.portal.clone();
    let tx = db.begin().await?;
    let groups = take(&tx, &ids.id("lease", request.now), &picks, request).await?;
    tx.commit("queue.claim").await?;
    Ok(Turn { groups, after })
}

/// When the next ready job is due (it may be due already), for the timer's sleep.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn next_due(db: &impl Conn) -> DbResult<Option<Ms>> {
    next_due_after(db, Ms::MIN).await
}

/// When the next ready job is due, of those due later than `now`.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn next_due_after(db: &impl Conn, now: Ms) -> DbResult<Option<Ms>> {
    let sql = "SELECT run_at FROM job WHERE state = 'ready' AND run_at > $1 ORDER BY run_at LIMIT 1";
    let found = db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, [Value::from(now)])).await?;
    Ok(found.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Portals and lanes with due jobs in our shards.
async fn due_pairs(db: &impl Conn, request: &ClaimRequest<'_>) -> DbResult<Vec<Due>> {
    let ours: BTreeSet<i64> = request.shards.iter().copied().collect();
    let backend = db.get_database_backend();
    let sql = "SELECT portal, lane, shard, count(*) FROM (SELECT portal, lane, shard FROM job WHERE state = 'ready' AND run_at <= $1 \
               ORDER BY run_at LIMIT $2 + 0) AS oldest GROUP BY portal, lane, shard";
    let values = [Value::from(request.now), Value::from(WINDOW)];
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let mut seen = 0;
    let mut pairs = Pairs::new();
    for row in &rows {
        let count: i64 = row.try_get_by_index(3)?;
        seen += count;
        note(&mut pairs, row, &ours, u64::try_from(count).unwrap_or_default())?;
    }
    if seen >= WINDOW {
        let visited = walk(db, request, "", &ours, &mut pairs).await?;
        if visited >= STEPS && !request.after.is_empty() {
            walk(db, request, request.after, &ours, &mut pairs).await?;
        }
        // There may be more than the window showed; whether a group fills is counted where it matters.
        for ((portal, lane), jobs) in &mut pairs {
            *jobs = if request.busy.gathers(portal, *lane, request.now) { due_of(db, portal, *lane, request.now).await? } else { u64::MAX };
        }
    }
    pairs.retain(|(portal, lane), jobs| !request.busy.waits(portal, *lane, *jobs, request.now));
    Ok(pairs.into_iter().map(|((portal, lane), jobs)| Due { portal, lane, jobs }).collect())
}

/// Due jobs of a portal's lane, counted up to a group's size.
async fn due_of(db: &impl Conn, portal: &str, lane: Lane, now: Ms) -> DbResult<u64> {
    let sql = "SELECT count(*) FROM (SELECT id FROM job WHERE state = 'ready' AND portal = $1 AND lane = $2 AND run_at <= $3 LIMIT $4 + 0) AS due";
    let most = i64::try_from(lane.group_size()).unwrap_or(i64::MAX);
    let values = [Value::from(portal), Value::from(lane.number()), Value::from(now), Value::from(most)];
    let row = db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

type Pairs = BTreeMap<(String, Lane), u64>;

/// Visits the pairs behind `after`, noting those with a due job. Returns how many were visited.
async fn walk(db: &impl Conn, request: &ClaimRequest<'_>, after: &str, ours: &BTreeSet<i64>, pairs: &mut Pairs) -> DbResult<i64> {
    let backend = db.get_database_backend();
    let sql = if backend == DbBackend::Postgres { WALK_POSTGRES } else { WALK_SQLITE };
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, [Value::from(after), Value::from(STEPS)])).await?;
    for row in &rows {
        if row.try_get_by_index::<i64>(3)? <= request.now {
            note(pairs, row, ours, 1)?;
        }
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Two look-ups a step: compared as a row value, `(portal, lane)` would make SQLite run through all jobs of a portal's lane to its next lane.
const WALK_SQLITE: &str = "WITH RECURSIVE walk(portal, lane, shard, run_at) AS (\
    SELECT * FROM (SELECT portal, lane, shard, run_at FROM job WHERE state = 'ready' AND portal > $1 ORDER BY portal, lane, run_at, id LIMIT 1) \
    UNION ALL \
    SELECT job.portal, job.lane, job.shard, job.run_at FROM walk CROSS JOIN job WHERE job.rowid = COALESCE(\
        (SELECT n.rowid FROM job AS n WHERE n.state = 'ready' AND n.portal = walk.portal AND n.lane > walk.lane \
         ORDER BY n.lane, n.run_at, n.id LIMIT 1), \
        (SELECT n.rowid FROM job AS n WHERE n.state = 'ready' AND n.portal > walk.portal ORDER BY n.portal, n.lane, n.run_at, n.id LIMIT 1)) \
    LIMIT $2 + 0) SELECT portal, lane, shard, run_at FROM walk";

const WALK_POSTGRES: &str = "WITH RECURSIVE walk(portal, lane, shard, run_at) AS (\
    (SELECT portal, lane, shard, run_at FROM job WHERE state = 'ready' AND portal > $1 ORDER BY portal, lane, run_at, id LIMIT 1) \
    UNION ALL \
    SELECT n.portal, n.lane, n.shard, n.run_at FROM walk, LATERAL (\
        SELECT portal, lane, shard, run_at FROM job WHERE state = 'ready' AND (portal, lane) > (walk.portal, walk.lane) \
        ORDER BY portal, lane, run_at, id LIMIT 1) AS n) \
    SELECT portal, lane, shard, run_at FROM walk LIMIT $2";

fn note(pairs: &mut Pairs, row: &QueryResult, ours: &BTreeSet<i64>, jobs: u64) -> DbResult<()> {
    let lane: i64 = row.try_get_by_index(1)?;
    if ours.contains(&row.try_get_by_index::<i64>(2)?) {
        // A lane of a later release stays where it is until a binary that knows it comes.
        if let Some(lane) = Lane::from_number(lane) {
            *pairs.entry((row.try_get_by_index(0)?, lane)).or_default() += jobs;
        }
    }
    Ok(())
}

/// Takes the picked groups in one statement.
async fn take(tx: &Tx, lease: &str, picks: &[Pick], request: &ClaimRequest<'_>) -> DbResult<Vec<Group>> {
    let backend = tx.get_database_backend();
    let mut values = vec![Value::from(lease), Value::from(request.now.saturating_add(request.lease_ms)), Value::from(request.now)];
    let (picked, bound) = if backend == DbBackend::Postgres { picked_postgres(picks) } else { picked_sqlite(picks) };
    values.extend(bound);
    let mut shards = String::new();
    if i64::try_from(request.shards.len()).unwrap_or(SHARDS) < SHARDS {
        shards = format!(" AND {}", one_of(backend, "job.shard", values.len() + 1, Kind::Int));
        values.push(list(backend, request.shards.iter().map(|shard| Cell::Int(*shard))));
    }
    let sql = format!(
        "{picked} UPDATE job SET state = 'running', attempt = attempt + 1, lease_id = $1 || '/' || lane || '/' || portal, lease_until = $2, \
         updated_at = $3 WHERE id IN (SELECT id FROM picked) AND state = 'ready'{shards} \
         RETURNING id, portal, lane, payload, attempt, max_attempts, lease_id, run_at, created_at"
    );
    let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    gather(tx, &rows).await
}

/// SQLite has no LATERAL: one limited subselect a group.
fn picked_sqlite(picks: &[Pick]) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let mut parts = Vec::new();
    for pick in picks {
        let n = values.len() + 4;
        parts.push(format!(
            "SELECT id FROM (SELECT id FROM job WHERE state = 'ready' AND portal = ${n} AND lane = ${} AND run_at <= $3 \
             ORDER BY run_at, id LIMIT ${} + 0)",
            n + 1,
            n + 2
        ));
        values.extend([
            Value::from(pick.portal.as_str()),
            Value::from(pick.lane.number()),
            Value::from(i64::try_from(pick.size).unwrap_or(i64::MAX)),
        ]);
    }
    (format!("WITH picked(id) AS MATERIALIZED ({})", parts.join(" UNION ALL ")), values)
}

const PICKS: &[Column] = &[("portal", Kind::Text), ("lane", Kind::Int), ("size", Kind::Int)];

/// The CTE is materialized so that the planner cannot run a limited, locking subselect twice and lock more than it was asked for.
fn picked_postgres(picks: &[Pick]) -> (String, Vec<Value>) {
    let mut rows = Rows::new(PICKS);
    for pick in picks {
        rows.push(vec![(&pick.portal).into(), pick.lane.number().into(), i64::try_from(pick.size).unwrap_or(i64::MAX).into()]);
    }
    let (source, values) = rows.source(DbBackend::Postgres, "p", 4);
    let sql = format!(
        "WITH picked(id) AS MATERIALIZED (SELECT j.id FROM {source}, LATERAL (SELECT id FROM job WHERE state = 'ready' AND portal = p.portal \
         AND lane = p.lane AND run_at <= $3 ORDER BY run_at, id LIMIT p.size FOR UPDATE SKIP LOCKED) AS j)"
    );
    (sql, values)
}

/// Rows to groups, oldest job first; what cannot be read is buried at once.
async fn gather(tx: &Tx, rows: &[QueryResult]) -> DbResult<Vec<Group>> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for row in rows {
        let (job, lane) = match read(row)? {
            Ok(read) => read,
            Err((unreadable, why)) => {
                bury(tx, &unreadable, &why).await.map_err(|error| DbError::Failed(error.to_string()))?;
                continue;
            }
        };
        let group = groups.entry(job.lease_id.clone()).or_insert_with(|| Group { portal: job.portal.clone(), lane, jobs: Vec::new() });
        group.jobs.push(job);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.jobs.sort_by(|a, b| (a.run_at, &a.id).cmp(&(b.run_at, &b.id)));
    }
    Ok(groups)
}

/// A claimed row; inner error = its payload is of no kind this binary knows.
fn read(row: &QueryResult) -> DbResult<Result<(Claimed, Lane), (Claimed, String)>> {
    let payload: String = row.try_get_by_index(3)?;
    let parsed = serde_json::from_str::<Job>(&payload);
    let lane = Lane::from_number(row.try_get_by_index(2)?);
    let claimed = |job: Job| -> DbResult<Claimed> {
        Ok(Claimed {
            id: row.try_get_by_index(0)?,
            portal: row.try_get_by_index(1)?,
            job,
            attempt: row.try_get_by_index(4)?,
            max_attempts: row.try_get_by_index(5)?,
            lease_id: row.try_get_by_index(6)?,
            run_at: row.try_get_by_index(7)?,
            created_at: row.try_get_by_index(8)?,
        })
    };
    Ok(match (parsed, lane) {
        (Ok(job), Some(lane)) => Ok((claimed(job)?, lane)),
        (Ok(job), None) => Err((claimed(job)?, "lane unknown to this release".to_owned())),
        // Only the id and the lease of an unreadable job are used.
        (Err(error), _) => Err((claimed(Job::Purge { scope: String::new() })?, format!("payload unreadable: {error}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::connect::{OpenOptions, open};
    use crate::db::migrate;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_walk_steps_over_the_jobs_of_a_lane() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("walk.db").display());
        let db = open(&OpenOptions { create: true, ..OpenOptions::new(url) }, Arc::default()).await.expect("opens");
        migrate::up(&db).await.expect("migrates");
        let explain =
            Statement::from_sql_and_values(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {WALK_SQLITE}"), ["".into(), STEPS.into()]);
        let rows = db.read().query_all_raw(explain).await.expect("explains");
        let steps: Vec<String> = rows.iter().map(|row| row.try_get_by_index(3).expect("a step")).collect();
        let own: Vec<&str> = steps.iter().filter_map(|step| step.strip_prefix("SEARCH n USING COVERING INDEX ")).collect();
        assert_eq!(own, ["job_fair (portal=? AND lane>?)", "job_fair (portal>?)"], "{steps:?}");
        assert!(steps.iter().all(|step| !step.contains("SCAN job") && !step.contains("TEMP B-TREE")), "{steps:?}");
        db.close().await;
    }
}

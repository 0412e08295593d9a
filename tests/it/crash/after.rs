//! The town comes to rest after a story, and what must be true then, whatever happened before.

use crate::support::town::{CLIENT, Town};
use courier24::db::Db;
use courier24::domain::clock::{DAY, HOUR, MINUTE, Ms, SECOND};
use courier24::sim::portal::StepState;
use courier24::sim::whatsapp::message::Status;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Leases and shards of the dead run out, callbacks are repeated, retries come, waits end.
const PAUSES: [Ms; 9] = [11 * SECOND, 11 * SECOND, 40 * SECOND, 2 * MINUTE, 12 * MINUTE, HOUR, DAY + HOUR, HOUR, HOUR];

/// Lets everything happen that is still to come.
pub(super) async fn rest(town: &mut Town) {
    for (round, pause) in PAUSES.into_iter().enumerate() {
        town.settle().await;
        town.advance(pause);
        town.settle().await;
        if round == 2 || round == 6 {
            bring_authorization_back(town).await;
        }
        if round == 5 {
            town.network.user(CLIENT).reads();
        }
    }
}

/// An administrator who sees the notice opens the application.
async fn bring_authorization_back(town: &mut Town) {
    if first(&town.ctx().db, "SELECT status FROM portal").await.as_deref() != Some("auth_lost") {
        return;
    }
    let reply = town.portal.frame(&town.url("/b24/app")).by(1).open().await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(
        first(&town.ctx().db, "SELECT status FROM portal").await.as_deref(),
        Some("active"),
        "an administrator's visit brings it back"
    );
    town.settle().await;
}

/// Everything the promises are about, read at rest.
pub(super) struct Seen {
    died: bool,
    forgets: bool,
    wrong: Vec<String>,
}

impl Seen {
    pub(super) async fn of(town: &Town, died: bool, forgets: bool) -> Self {
        let mut seen = Self { died, forgets, wrong: Vec::new() };
        seen.calls(town).await;
        seen.messages(town).await;
        seen.timeline(town).await;
        seen.jobs(town).await;
        seen
    }

    pub(super) fn faults(self) -> Vec<String> {
        self.wrong
    }

    fn check(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(sentence());
        }
    }

    /// Every call answered 200 has ended, its journal can be read, and its process goes on or the journal says why not.
    async fn calls(&mut self, town: &Town) {
        let db = &town.ctx().db;
        let live = first(db, "SELECT status FROM portal").await.as_deref() == Some("active");
        let known: BTreeMap<String, Vec<String>> = rows(
            db,
            "SELECT c.event_token, c.id, c.state, COALESCE(a.answer_end, '-'), COALESCE(a.last_error, ''), COALESCE(c.finished_at, 0) \
             FROM robot_call c LEFT JOIN answer a ON a.call_id = c.id",
            6,
        )
        .await
        .into_iter()
        .map(|row| (row[0].clone(), row))
        .collect();
        for delivery in town.portal.deliveries().iter().filter(|delivery| delivery.kind == "robot" && delivery.accepted()) {
            let Some(step) = delivery.step.and_then(|id| town.portal.step(id)) else { continue };
            let Some(row) = known.get(&step.event_token) else {
                self.check(self.forgets, || format!("call of step {} was answered 200 and is lost", step.id));
                continue;
            };
            let (id, state, end, error) = (&row[1], &row[2], &row[3], &row[4]);
            self.check(["answered", "done", "refused", "dead"].contains(&state.as_str()), || format!("call {id} never ended: {state}"));
            if !live {
                continue;
            }
            let (status, journal) = town.request("GET", &format!("/api/v1/portals/{}/calls/{id}", town.portal.member_id()), None).await;
            self.check(status == 200 && journal["state"].is_string(), || format!("journal of {id}: {status} {journal}"));
            // A call that waited when the application was removed ends there, with a moment; one whose job was buried has none.
            if state == "dead" && row[5] != "0" {
                let removed = town.portal.deliveries().iter().any(|delivery| delivery.kind.eq_ignore_ascii_case("ONAPPUNINSTALL"));
                self.check(removed, || format!("call {id} ended as if the application had been removed"));
                continue;
            }
            self.check(state != "dead", || format!("call {id} was given up"));
            match step.state {
                StepState::Waiting => self.check(false, || format!("process of {id} hangs; state {state}, end {end} {error}")),
                StepState::Answered => {
                    self.check(matches!(end.as_str(), "delivered" | "unknown"), || format!("{id} was answered, journal: {end}"))
                }
                StepState::TimedOut | StepState::Terminated => {
                    self.check(matches!(end.as_str(), "delivered" | "unknown" | "too_late"), || {
                        format!("{id} is gone, journal: {end} {error}")
                    });
                }
                StepState::NotWaiting => {}
            }
            let resumed = step.answers.iter().filter(|answer| json_word(&answer.effect) == "resumed").count();
            self.check(resumed <= 1, || format!("{id} resumed its process {resumed} times"));
        }
    }

    /// No message twice; what we know of each message is what the network knows.
    async fn messages(&mut self, town: &Town) {
        let twice = town.network.duplicates();
        self.check(twice.is_empty(), || format!("sent twice: {twice:?}"));
        let own = rows(
            &town.ctx().db,
            "SELECT id, COALESCE(provider_id, ''), COALESCE(wa_id, ''), status, attempts FROM message WHERE direction = 'out'",
            5,
        )
        .await;
        let live = first(&town.ctx().db, "SELECT status FROM portal").await.as_deref() == Some("active");
        let mut matched = BTreeSet::new();
        for real in town.network.messages() {
            let found = own.iter().find(|row| row[1] == real.provider_id || row[2] == real.wamid || row[2] == real.provider_id);
            let Some(row) = found else {
                self.check(self.forgets, || {
                    format!("the network has a message that we do not know as ours ({}): {own:?}", real.status.word())
                });
                continue;
            };
            matched.insert(row[0].clone());
            let truth = match real.status {
                Status::Accepted | Status::Enqueued => "accepted",
                other => other.word(),
            };
            self.check(row[3] == truth || !live, || format!("message {} is {} here and {truth} there", row[0], row[3]));
        }
        for row in own.iter().filter(|row| !matched.contains(&row[0])) {
            let ended =
                matches!(row[3].as_str(), "failed" | "skipped" | "cancelled") || (row[3] == "unknown" && (self.died || row[4] != "0"));
            self.check(ended, || format!("message {} never left and is {}", row[0], row[3]));
        }
    }

    /// At most one timeline entry a message, and it shows the message's status; fields are written.
    async fn timeline(&mut self, town: &Town) {
        let db = &town.ctx().db;
        let mut entries: BTreeMap<String, usize> = BTreeMap::new();
        let document = courier24::sim::portal::Document::deal(512);
        for activity in town.portal.activities(document.clone()) {
            let origin = activity.fields.get("originId").and_then(Value::as_str).unwrap_or_default().to_owned();
            *entries.entry(origin).or_default() += 1;
        }
        let ids: Vec<String> =
            rows(db, "SELECT id, portal FROM message WHERE direction = 'out'", 2).await.into_iter().map(|row| row[0].clone()).collect();
        for comment in town.portal.timeline(document).iter().filter(|entry| entry.kind == "comment") {
            for id in ids.iter().filter(|id| comment.text.contains(id.as_str())) {
                *entries.entry(id.clone()).or_default() += 1;
            }
        }
        for (message, count) in entries {
            self.check(count == 1, || format!("message {message} stands {count} times in the timeline"));
        }
        if first(db, "SELECT status FROM portal").await.as_deref() != Some("active") {
            return;
        }
        let unwritten = rows(db, "SELECT id, kind, state, COALESCE(last_error, '') FROM write_back WHERE state <> 'done'", 4).await;
        self.check(unwritten.is_empty(), || format!("not written back: {unwritten:?}"));
        let stale = rows(
            db,
            // What was erased is written nowhere any more: its entry keeps the status it showed last.
            "SELECT m.id, m.status, COALESCE(w.shown, '-') FROM write_back w JOIN message m ON m.id = w.message_id \
             WHERE w.kind = 'timeline' AND m.recipient <> 'erased' AND (w.shown IS NULL OR w.shown <> m.status)",
            3,
        )
        .await;
        self.check(stale.is_empty(), || format!("the timeline shows an older status: {stale:?}"));
    }

    /// Nothing is under way, nothing is overdue, nothing was given up, no event is unread.
    async fn jobs(&mut self, town: &Town) {
        let db = &town.ctx().db;
        let now = town.now();
        let stuck = rows(
            db,
            &format!("SELECT kind, state, CAST(run_at - {now} AS TEXT), COALESCE(last_error, '') FROM job WHERE state <> 'ready' OR run_at <= {now}"),
            4,
        )
        .await;
        self.check(stuck.is_empty(), || format!("jobs are left: {stuck:?}"));
        let unread = rows(db, "SELECT id, label, state FROM inbox_event WHERE state = 'stored'", 3).await;
        self.check(unread.is_empty(), || format!("events were never read: {unread:?}"));
        let pending = town.network.pending_callbacks();
        let live = first(db, "SELECT status FROM portal").await.as_deref() == Some("active");
        self.check(pending == 0 || !live, || format!("{pending} callbacks were never taken"));
    }
}

fn json_word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The first column of the first row.
pub(crate) async fn first(db: &Db, sql: &str) -> Option<String> {
    rows(db, sql, 1).await.into_iter().next().map(|row| row[0].clone())
}

/// Rows of text columns; numbers are shown as text.
pub(crate) async fn rows(db: &Db, sql: &str, columns: usize) -> Vec<Vec<String>> {
    use sea_orm::ConnectionTrait as _;
    let statement = sea_orm::Statement::from_string(db.read().get_database_backend(), sql);
    let found = db.read().query_all_raw(statement).await.unwrap();
    let cell = |row: &sea_orm::QueryResult, column: usize| {
        row.try_get_by_index::<String>(column).or_else(|_| row.try_get_by_index::<i64>(column).map(|number| number.to_string())).unwrap()
    };
    found.iter().map(|row| (0..columns).map(|column| cell(row, column)).collect()).collect()
}

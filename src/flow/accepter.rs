//! Group commit of everything that is answered with 200: robot calls and provider events.
//!
//! One task owns a bounded buffer. It takes whatever arrived while the previous commit was under way, stores it with its jobs in one
//! transaction, and only then answers all waiters; it never waits for a batch to fill. One bad row fails alone. Callers wait up to
//! [`ACCEPT_WAIT`] for room and commit together. Nothing here looks at what a call asks for.

use crate::db::store::accepted::{self, NewCall, NewInbox};
use crate::db::{Db, DbResult};
use crate::domain::clock::Clock;
use crate::domain::ids::Ids;
use crate::queue::{self, Job, NewJob};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

/// How long a caller waits before it is told that nothing was committed.
pub const ACCEPT_WAIT: Duration = Duration::from_secs(5);
/// Requests in the buffer.
const BUFFER: usize = 4096;
/// Bytes in the buffer, KiB: bodies may have megabytes.
const BUFFER_KIB: u32 = 64 * 1024;
/// Requests in one transaction.
const BATCH: usize = 512;
/// Whose turn at writing its commits take.
const OWNER: &str = "accept";
/// So many bad rows in succession are no bad rows but a database that is out of order.
const GIVE_UP_AFTER: u32 = 3;

/// The database did not commit in time: the caller answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AcceptRefusal {
    /// Not committed; it may still be, but nobody was promised anything.
    #[error("not committed")]
    NotCommitted,
}

/// What one request stores.
#[derive(Debug)]
pub(super) enum Entry {
    /// One robot call.
    Call(Box<NewCall>),
    /// All events of one webhook: all or none.
    Events(Vec<NewInbox>),
}

impl Entry {
    /// Size in the buffer, KiB.
    fn kib(&self) -> u32 {
        let bytes = match self {
            Self::Call(call) => call.input.len(),
            Self::Events(events) => events.iter().map(|event| event.body.len()).sum(),
        };
        u32::try_from(bytes / 1024 + 1).unwrap_or(BUFFER_KIB).min(BUFFER_KIB)
    }

    fn calls(&self) -> Option<&NewCall> {
        match self {
            Self::Call(call) => Some(call),
            Self::Events(_) => None,
        }
    }

    fn events(&self) -> &[NewInbox] {
        match self {
            Self::Call(_) => &[],
            Self::Events(events) => events,
        }
    }

    /// How many of its rows are new.
    fn fresh(&self, stored: &BTreeSet<String>) -> usize {
        self.calls().map_or(0, |call| usize::from(stored.contains(&call.id)))
            + self.events().iter().filter(|event| stored.contains(&event.id)).count()
    }
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    done: oneshot::Sender<Option<usize>>,
    _room: OwnedSemaphorePermit,
}

/// The way into the buffer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accepter {
    buffer: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl Accepter {
    /// Starts the writer task. It ends when the last [`Accepter`] is gone; if it ends before, the process has to.
    pub fn start(db: Db, ids: Arc<dyn Ids>, clock: Arc<dyn Clock>, wake: Arc<Notify>) -> (Self, JoinHandle<()>) {
        Self::with_batches(BATCH, Writer { db: db.on_behalf_of(OWNER), ids, clock, wake })
    }

    /// The same with a transaction for each request: what the group commit is measured against.
    pub fn one_by_one(db: Db, ids: Arc<dyn Ids>, clock: Arc<dyn Clock>, wake: Arc<Notify>) -> (Self, JoinHandle<()>) {
        Self::with_batches(1, Writer { db: db.on_behalf_of(OWNER), ids, clock, wake })
    }

    fn with_batches(most: usize, writer: Writer) -> (Self, JoinHandle<()>) {
        let (buffer, arrivals) = mpsc::channel(BUFFER);
        let task = tokio::spawn(writer.run(arrivals, most));
        (Self { buffer, room: Arc::new(Semaphore::new(usize::try_from(BUFFER_KIB).unwrap_or(Semaphore::MAX_PERMITS))) }, task)
    }

    /// Stores one request's rows; returns how many were new (0 = a duplicate, which is fine).
    ///
    /// # Errors
    /// [`AcceptRefusal::NotCommitted`].
    pub(super) async fn store(&self, entry: Entry) -> Result<usize, AcceptRefusal> {
        let stored = tokio::time::timeout(ACCEPT_WAIT, async {
            let room = Arc::clone(&self.room).acquire_many_owned(entry.kib()).await.ok()?;
            let (done, committed) = oneshot::channel();
            self.buffer.send(Waiting { entry, done, _room: room }).await.ok()?;
            committed.await.ok()?
        });
        stored.await.ok().flatten().ok_or(AcceptRefusal::NotCommitted)
    }
}

struct Writer {
    db: Db,
    ids: Arc<dyn Ids>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
}

impl Writer {
    async fn run(self, mut arrivals: mpsc::Receiver<Waiting>, most: usize) {
        let mut batch = Vec::with_capacity(most);
        while arrivals.recv_many(&mut batch, most).await > 0 {
            self.write(std::mem::take(&mut batch)).await;
        }
    }

    async fn write(&self, batch: Vec<Waiting>) {
        let started = Instant::now();
        let (entries, waiters): (Vec<Entry>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.entry, (waiting.done, waiting._room))).unzip();
        let results = match self.store(&entries).await {
            Ok(stored) => entries.iter().map(|entry| Some(entry.fresh(&stored))).collect(),
            Err(error) => {
                tracing::error!(error = %error, batch = entries.len(), "accepted requests were not committed together");
                self.store_one_by_one(&entries).await
            }
        };
        self.wake.notify_waiters();
        metrics::histogram!("courier24_accept_batch_size").record(f64::from(u32::try_from(results.len()).unwrap_or(u32::MAX)));
        metrics::histogram!("courier24_accept_commit_seconds").record(started.elapsed().as_secs_f64());
        for ((done, _room), result) in waiters.into_iter().zip(results) {
            // A caller that went away has its rows stored all the same.
            let _ = done.send(result);
        }
    }

    /// A poisoned row must not fail its neighbours.
    async fn store_one_by_one(&self, entries: &[Entry]) -> Vec<Option<usize>> {
        let mut results = Vec::with_capacity(entries.len());
        let mut failures = 0;
        for entry in entries {
            // Alone in its batch it has just been tried.
            let result =
                if entries.len() == 1 || failures >= GIVE_UP_AFTER { None } else { self.store(std::slice::from_ref(entry)).await.ok() };
            failures = if result.is_some() { 0 } else { failures + 1 };
            results.push(result.map(|stored| entry.fresh(&stored)));
        }
        results
    }

    /// Stores rows and their jobs in one transaction; returns the ids of new rows.
    async fn store(&self, entries: &[Entry]) -> DbResult<BTreeSet<String>> {
        // One order for all replicas: two that store the same duplicates never wait for each other in a circle.
        let mut calls: Vec<&NewCall> = entries.iter().filter_map(Entry::calls).collect();
        calls.sort_by(|a, b| (&a.portal, &a.event_token).cmp(&(&b.portal, &b.event_token)));
        let mut events: Vec<&NewInbox> = entries.iter().flat_map(Entry::events).collect();
        events.sort_by(|a, b| (&a.channel_id, &a.event_key).cmp(&(&b.channel_id, &b.event_key)));
        let tx = self.db.begin().await?;
        let mut stored: BTreeSet<String> = accepted::insert_calls(&*tx, &calls).await?.into_iter().collect();
        stored.extend(accepted::insert_inbox(&*tx, &events).await?);
        let now = self.clock.now();
        // The row is unique for ever, so its job needs no key of its own.
        let run = calls
            .iter()
            .filter(|call| stored.contains(&call.id))
            .map(|call| NewJob::at(&call.portal, Job::RunCall { call_id: call.id.clone() }, now));
        let receive = events
            .iter()
            .filter(|event| event.state == "stored" && stored.contains(&event.id))
            .map(|event| NewJob::at(&event.portal, Job::Receive { inbox_id: event.id.clone() }, now));
        let jobs: Vec<NewJob> = run.chain(receive).collect();
        queue::enqueue(&tx, self.ids.as_ref(), now, &jobs).await?;
        tx.commit("accept.store").await?;
        Ok(stored)
    }
}

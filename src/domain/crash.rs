//! Named instants at which a process may die.
//!
//! Every commit (`db::Tx::commit`) and every wire call (`outbound::Outbound::send`) passes through [`Crash::reach`] twice,
//! before and after. In production nothing is armed and the call is one relaxed load. A test arms one name;
//! when it is reached the task stops for good and the harness drops the whole application, as a kill would.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// Which side of the commit or wire call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Nothing has happened yet.
    Before,
    /// It has happened; nobody has been told.
    After,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Armed {
    point: String,
    moment: Moment,
    skip: u64,
}

/// The switchboard of crash points; one for an application.
#[derive(Debug, Default)]
pub struct Crash {
    armed: AtomicBool,
    plan: Mutex<Option<Armed>>,
    reached: Notify,
    hits: AtomicU64,
    passed: Mutex<BTreeMap<&'static str, u64>>,
}

impl Crash {
    /// Arms one point: the process "dies" at its `skip + 1`-th passage.
    pub fn arm(&self, point: &str, moment: Moment, skip: u64) {
        if let Ok(mut plan) = self.plan.lock() {
            *plan = Some(Armed { point: point.to_owned(), moment, skip });
            self.armed.store(true, Ordering::SeqCst);
        }
    }

    /// Counts passages from now on, without stopping anything.
    pub fn watch(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// How often each point was passed while armed or watching, in the order of names.
    pub fn passed(&self) -> BTreeMap<&'static str, u64> {
        self.passed.lock().map(|passed| passed.clone()).unwrap_or_default()
    }

    /// Disarms; later passages do nothing.
    pub fn disarm(&self) {
        self.armed.store(false, Ordering::SeqCst);
    }

    /// How often an armed point stopped the process.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::SeqCst)
    }

    /// Waits until an armed point was reached.
    pub async fn reached(&self) {
        let notified = self.reached.notified();
        if self.hits() == 0 {
            notified.await;
        }
    }

    /// Passes a point. Never returns when this point is armed.
    pub async fn reach(&self, point: &'static str, moment: Moment) {
        if !self.armed.load(Ordering::Relaxed) {
            return;
        }
        if moment == Moment::Before
            && let Ok(mut passed) = self.passed.lock()
        {
            *passed.entry(point).or_default() += 1;
        }
        let stop = match self.plan.lock() {
            Ok(mut plan) => match plan.as_mut() {
                Some(armed) if armed.point == point && armed.moment == moment => {
                    if armed.skip == 0 {
                        true
                    } else {
                        armed.skip -= 1;
                        false
                    }
                }
                _ => false,
            },
            Err(_) => false,
        };
        // After the first hit the process counts as dead: every later passage stops as well.
        if stop || self.hits() > 0 {
            self.hits.fetch_add(1, Ordering::SeqCst);
            self.reached.notify_waiters();
            std::future::pending::<()>().await;
        }
    }
}

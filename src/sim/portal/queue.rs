//! The vendor's queue: one POST, no retry, whatever the handler answers (reference/bitrix24.md C.6, G.3).
//!
//! Bodies are built by the form encoder; mishaps are wrongs that reached real handlers and can be ordered here.

use super::form::urlencode;
use super::simulation::Portal;
use super::steps::StepId;
use super::tokens::random32;
use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Instant;

/// Something unusual about one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mishap {
    /// The same body twice at once.
    Duplicate,
    /// The same body twice, the second after the first was answered.
    DuplicateLater,
    /// Parameters in reverse order.
    Reordered,
    /// Token fields missing, as when no user could be resolved.
    NoTokens,
    /// An `application_token` that is not (any more) valid.
    StaleApplicationToken,
    /// No `application_token`.
    NoApplicationToken,
    /// The longest property, or the first data value, grows to this many bytes.
    HugeText {
        /// Bytes.
        bytes: usize,
    },
    /// Percent sequences that are no UTF-8 in the last property.
    InvalidUtf8,
    /// Brackets of keys not encoded.
    RawBrackets,
    /// Never delivered.
    Lost,
}

/// One planned delivery.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) url: String,
    /// `robot`, or the event's name.
    pub(crate) kind: String,
    pub(crate) step: Option<StepId>,
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) mishaps: Vec<Mishap>,
}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// When it left, by the clock.
    pub at: Ms,
    /// `robot`, or the event's name.
    pub kind: String,
    /// Address.
    pub url: String,
    /// The step it carries.
    pub step: Option<StepId>,
    /// HTTP status; `None` when there was no complete answer.
    pub status: Option<u16>,
    /// Answer's body, at most 2,000 bytes, lossy.
    pub body: String,
    /// Real milliseconds until the answer.
    pub took_ms: u64,
    /// Why there was no answer.
    pub error: Option<String>,
}

impl Delivery {
    /// The handler answered 2xx.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// The queue's memory.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Some while the queue is held.
    pub(crate) held: Option<Vec<Post>>,
    /// Taken one by one by the next deliveries.
    pub(crate) mishaps: VecDeque<Mishap>,
    pub(crate) records: Vec<Delivery>,
}

impl Portal {
    /// Hands posts over to the queue. Each future ends with what became of it; dropping it changes nothing.
    pub(crate) fn dispatch(&self, posts: Vec<Post>) -> Vec<tokio::task::JoinHandle<Vec<Delivery>>> {
        let mut running = Vec::new();
        for mut post in posts {
            {
                let mut state = self.core.state();
                post.mishaps.extend(state.queue.mishaps.pop_front());
                if let Some(held) = &mut state.queue.held {
                    held.push(post);
                    continue;
                }
            }
            let Some(runtime) = self.core.runtime() else { continue };
            let portal = self.site();
            self.core.delivery_started();
            running.push(runtime.spawn(async move {
                let slot = portal.core.slots.acquire().await;
                let records = portal.deliver(post).await;
                drop(slot);
                portal.core.state().queue.records.extend(records.clone());
                portal.core.delivery_ended();
                records
            }));
        }
        running
    }

    async fn deliver(&self, post: Post) -> Vec<Delivery> {
        if post.mishaps.contains(&Mishap::Lost) {
            return Vec::new();
        }
        let body = encode(&post);
        let mut records = if post.mishaps.contains(&Mishap::Duplicate) {
            let (first, second) = futures::join!(self.attempt(&post, body.clone()), self.attempt(&post, body.clone()));
            vec![first, second]
        } else {
            vec![self.attempt(&post, body.clone()).await]
        };
        if post.mishaps.contains(&Mishap::DuplicateLater) {
            records.push(self.attempt(&post, body).await);
        }
        records
    }

    async fn attempt(&self, post: &Post, body: String) -> Delivery {
        let at = self.core.clock.now();
        let started = Instant::now();
        let mut record = Delivery {
            at,
            kind: post.kind.clone(),
            url: post.url.clone(),
            step: post.step,
            status: None,
            body: String::new(),
            took_ms: 0,
            error: None,
        };
        match self.core.post_form(&post.url, body).await {
            Ok((status, _, text)) => {
                record.status = Some(status);
                record.body = text.chars().take(2_000).collect();
            }
            Err(error) => record.error = Some(error.to_string()),
        }
        record.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        record
    }
}

/// The body with the ordered mishaps in it.
fn encode(post: &Post) -> String {
    let mut pairs = post.pairs.clone();
    for mishap in &post.mishaps {
        match mishap {
            Mishap::Reordered => pairs.reverse(),
            Mishap::NoTokens => pairs.retain(|(key, _)| !is_token_field(key)),
            Mishap::NoApplicationToken => pairs.retain(|(key, _)| key != "auth[application_token]"),
            Mishap::StaleApplicationToken => {
                pairs.iter_mut().filter(|(key, _)| key == "auth[application_token]").for_each(|(_, value)| *value = random32());
            }
            Mishap::HugeText { bytes } => swell(&mut pairs, *bytes),
            Mishap::Duplicate | Mishap::DuplicateLater | Mishap::InvalidUtf8 | Mishap::RawBrackets | Mishap::Lost => {}
        }
    }
    let raw = post.mishaps.contains(&Mishap::RawBrackets);
    let key_of = |key: &str| if raw { urlencode(key).replace("%5B", "[").replace("%5D", "]") } else { urlencode(key) };
    let broken = post.mishaps.contains(&Mishap::InvalidUtf8).then(|| payload_index(&pairs, false)).flatten();
    let encoded: Vec<String> = pairs
        .iter()
        .enumerate()
        .map(|(index, (key, value))| {
            let tail = if broken == Some(index) { "%FF%C3%28%E2%28" } else { "" };
            format!("{}={}{tail}", key_of(key), urlencode(value))
        })
        .collect();
    encoded.join("&")
}

fn is_token_field(key: &str) -> bool {
    const FIELDS: [&str; 7] = ["access_token", "refresh_token", "expires", "expires_in", "scope", "status", "user_id"];
    FIELDS.iter().any(|field| key.strip_prefix("auth[").and_then(|rest| rest.strip_suffix(']')) == Some(field))
}

/// The pair whose value people wrote: the longest property, or the last one.
fn payload_index(pairs: &[(String, String)], longest: bool) -> Option<usize> {
    let mut payload = pairs.iter().enumerate().filter(|(_, (key, _))| key.starts_with("properties[") || key.starts_with("data["));
    if longest {
        payload.max_by_key(|(_, (_, value))| value.len()).map(|(index, _)| index)
    } else {
        payload.next_back().map(|(index, _)| index)
    }
}

fn swell(pairs: &mut [(String, String)], bytes: usize) {
    let Some((_, value)) = payload_index(pairs, true).and_then(|at| pairs.get_mut(at)) else { return };
    let seed = if value.is_empty() { "x".to_owned() } else { value.clone() };
    while value.len() < bytes {
        value.push_str(&seed);
    }
}

//! What a test may look at afterwards: requests, callbacks, messages told twice.

use crate::domain::clock::Ms;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One request as it came.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// From 1, in order of arrival.
    pub number: u64,
    /// Arrival on the network's clock.
    pub at: Ms,
    /// GET, POST, …
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query pairs.
    pub query: Vec<(String, String)>,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Form as an object, JSON as it is, else text; nested JSON strings of a form stay strings.
    pub body: Value,
    /// The fault it met.
    pub fault: Option<String>,
    /// Our answer's status; none while it hangs or when the connection was closed.
    pub status: Option<u16>,
    /// Our answer's JSON.
    pub answer: Option<Value>,
}

/// One attempt to deliver a callback.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// When.
    pub at: Ms,
    /// `enqueued sent delivered read failed message user-event …`.
    pub event: String,
    /// Account.
    pub account: String,
    /// Address.
    pub url: String,
    /// wamid of the message it tells about.
    pub wamid: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// Status of the answer; none when there was none.
    pub status: Option<u16>,
    /// What was sent.
    pub body: Value,
}

/// A message that reached the network more than once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Duplicate {
    /// Destination.
    pub to: String,
    /// The vendor's body.
    pub body: Value,
    /// How many times.
    pub count: usize,
}

//! The load client: raw HTTP/1.1 over keep-alive connections, one thread of a process of its own, so that it is not measured.
//!
//! Each request carries a number of its own, patched into bytes prepared before: the client's cost is a write, a read and a clock.

use super::table::float;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Stands in a body for the twelve digits of the request's number.
pub(super) const NUMBER: &str = "@@@@@@@@@@@@";
/// Stands for the last seven of them: the changing part of a phone.
pub(super) const PHONE: &str = "#######";
/// Numbers apart of two connections.
const LANE: u64 = 1_000_000;

/// What to send where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Load {
    /// `127.0.0.1:8080`.
    pub(super) address: String,
    /// Path with a leading slash.
    pub(super) path: String,
    /// Form bodies, taken in turn.
    pub(super) bodies: Vec<String>,
    /// Connections at once.
    pub(super) connections: usize,
    /// Stop after this time.
    pub(super) seconds: f64,
    /// Stop after so many requests in all.
    pub(super) requests: usize,
    /// First number; the connections' ranges lie a million apart.
    pub(super) first: u64,
    /// The server may die: what was answered before counts.
    pub(super) may_break: bool,
}

/// What one run measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Requests answered 200.
    pub(super) ok: usize,
    /// Answered otherwise.
    pub(super) other: usize,
    /// Connections that broke.
    pub(super) broken: usize,
    /// Requests answered 200, a second.
    pub(super) rate: f64,
    /// Median time of one request, ms.
    pub(super) p50_ms: f64,
    /// 99th percentile, ms.
    pub(super) p99_ms: f64,
    /// Numbers answered 200: first and one behind the last of each stretch.
    pub(super) answered: Vec<(u64, u64)>,
}

/// Runs the load.
///
/// # Errors
/// The server cannot be reached, or breaks off where it may not.
pub(super) async fn run(load: Load) -> Result<Measured> {
    let load = Arc::new(Prepared::of(load)?);
    let mut lanes = Vec::new();
    for lane in 0..load.connections {
        lanes.push((lane, connect(load.address).await?));
    }
    let started = Instant::now();
    let deadline = started + load.time;
    let share = load.requests.div_ceil(load.connections.max(1));
    let tasks: Vec<_> = lanes
        .into_iter()
        .map(|(lane, stream)| {
            let load = Arc::clone(&load);
            let most = share.min(load.requests.saturating_sub(lane * share));
            tokio::spawn(async move { Lane::new(&load, stream, lane).run(most, deadline).await })
        })
        .collect();
    let mut all = Ran::default();
    for task in tasks {
        let ran = task.await??;
        if ran.broken > 0 && !load.may_break {
            bail!("the server broke off");
        }
        all.ok += ran.ok;
        all.other += ran.other;
        all.broken += ran.broken;
        all.times.extend(ran.times);
        all.answered.extend(ran.answered);
    }
    let seconds = started.elapsed().as_secs_f64();
    all.times.sort_unstable();
    let (p50_ms, p99_ms) = (percentile(&all.times, 50), percentile(&all.times, 99));
    Ok(Measured { ok: all.ok, other: all.other, broken: all.broken, rate: float(all.ok) / seconds, p50_ms, p99_ms, answered: all.answered })
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whole requests with the places of their numbers.
struct Prepared {
    address: SocketAddr,
    requests: usize,
    connections: usize,
    time: Duration,
    first: u64,
    may_break: bool,
    templates: Vec<Template>,
}

struct Template {
    bytes: Vec<u8>,
    numbers: Vec<usize>,
    phones: Vec<usize>,
}

impl Prepared {
    fn of(load: Load) -> Result<Self> {
        let templates = load.bodies.iter().map(|body| Template::of(&load, body)).collect();
        Ok(Self {
            address: load.address.parse().context("address")?,
            requests: load.requests,
            connections: load.connections,
            time: Duration::try_from_secs_f64(load.seconds)?,
            first: load.first,
            may_break: load.may_break,
            templates,
        })
    }
}

impl Template {
    fn of(load: &Load, body: &str) -> Self {
        let text = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            load.path,
            load.address,
            body.len()
        );
        let places = |mark: &str| text.match_indices(mark).map(|(at, _)| at).collect();
        Self { numbers: places(NUMBER), phones: places(PHONE), bytes: text.clone().into_bytes() }
    }

    /// The request of this number, in place.
    fn number(&self, bytes: &mut [u8], number: u64) {
        for at in &self.numbers {
            digits(bytes, *at, NUMBER.len(), number);
        }
        for at in &self.phones {
            digits(bytes, *at, PHONE.len(), number);
        }
    }
}

fn digits(bytes: &mut [u8], at: usize, width: usize, mut number: u64) {
    for place in bytes.iter_mut().skip(at).take(width).rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[derive(Default)]
struct Ran {
    ok: usize,
    other: usize,
    broken: usize,
    times: Vec<u32>,
    answered: Vec<(u64, u64)>,
}

struct Lane<'a> {
    load: &'a Prepared,
    stream: TcpStream,
    first: u64,
    turn: usize,
    buffer: Vec<u8>,
    ran: Ran,
}

impl<'a> Lane<'a> {
    fn new(load: &'a Prepared, stream: TcpStream, lane: usize) -> Self {
        let first = load.first + LANE * u64::try_from(lane).unwrap_or_default();
        Self { load, stream, first, turn: lane, buffer: Vec::with_capacity(4096), ran: Ran::default() }
    }

    async fn run(mut self, most: usize, deadline: Instant) -> Result<Ran> {
        let mut copies: Vec<Vec<u8>> = self.load.templates.iter().map(|template| template.bytes.clone()).collect();
        let last = self.first + u64::try_from(most).unwrap_or(LANE).min(LANE);
        for number in self.first..last {
            let started = Instant::now();
            if started >= deadline {
                break;
            }
            let at = self.turn % self.load.templates.len().max(1);
            self.turn += self.load.connections;
            let (Some(template), Some(bytes)) = (self.load.templates.get(at), copies.get_mut(at)) else { bail!("no body") };
            template.number(bytes, number);
            match self.exchange(at, &copies).await {
                Ok(200) => self.answered(number),
                Ok(_) => self.ran.other += 1,
                Err(_) => {
                    self.ran.broken += 1;
                    break;
                }
            }
            self.ran.times.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        Ok(self.ran)
    }

    fn answered(&mut self, number: u64) {
        self.ran.ok += 1;
        match self.ran.answered.last_mut() {
            Some((_, end)) if *end == number => *end += 1,
            _ => self.ran.answered.push((number, number + 1)),
        }
    }

    /// Sends one request and reads its answer, which has a Content-Length; returns its status.
    async fn exchange(&mut self, at: usize, copies: &[Vec<u8>]) -> Result<u16> {
        self.stream.write_all(copies.get(at).map(Vec::as_slice).unwrap_or_default()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("closed");
            }
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = self.buffer.get(..end).unwrap_or_default();
            let (status, whole) = (status(head).context("no status line")?, end + 4 + content_length(head));
            while self.buffer.len() < whole {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    bail!("closed in the middle of an answer");
                }
            }
            return Ok(status);
        }
    }
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    let line = head.split(|byte| *byte == b'\n').find(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)));
    let value = line.and_then(|line| std::str::from_utf8(line.get(NAME.len()..)?).ok());
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let index = (sorted.len().saturating_sub(1)) * percent / 100;
    sorted.get(index).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_patched_at_their_places_and_keep_the_length() {
        let load = Load {
            address: "127.0.0.1:1".to_owned(),
            path: "/x".to_owned(),
            bodies: Vec::new(),
            connections: 1,
            seconds: 1.0,
            requests: 1,
            first: 0,
            may_break: false,
        };
        let template = Template::of(&load, &format!("t={NUMBER}&p=7916{PHONE}"));
        let mut bytes = template.bytes.clone();
        template.number(&mut bytes, 123_000_004_567);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("t=123000004567&p=79160004567"), "{text}");
        assert_eq!(text.len(), template.bytes.len());
    }

    #[test]
    fn an_answer_is_read_by_status_and_length() {
        let head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: x\r\nContent-Length: 17\r\n";
        assert_eq!((status(head), content_length(head)), (Some(503), 17));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ndate: now"), 0);
    }
}

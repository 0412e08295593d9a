//! The load client: raw HTTP/1.1 over keep-alive connections, in a process of its own, so that it is not measured.
//!
//! Started as `courier24 bench --role client …`; prints one JSON line.

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What to send where.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// `127.0.0.1:8080`.
    pub(super) address: String,
    /// Path with a leading slash.
    pub(super) path: String,
    /// Form body; `@@` is replaced by a number unique to the request, of constant width.
    pub(super) body: String,
    /// Connections at once.
    pub(super) connections: usize,
    /// Requests in all.
    pub(super) requests: usize,
    /// First unique number.
    pub(super) first: usize,
}

/// What one run measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Requests answered 200.
    pub(super) ok: usize,
    /// Others.
    pub(super) other: usize,
    /// Requests a second.
    pub(super) rate: f64,
    /// Median time of one request, ms.
    pub(super) p50_ms: f64,
    /// 99th percentile, ms.
    pub(super) p99_ms: f64,
}

/// Runs the load.
pub(super) async fn run(load: Load) -> Result<Measured> {
    let started = Instant::now();
    let share = load.requests.div_ceil(load.connections.max(1));
    let tasks: Vec<_> = (0..load.connections)
        .map(|lane| {
            let load = load.clone();
            tokio::spawn(async move { lane_of(&load, lane * share, share.min(load.requests.saturating_sub(lane * share))).await })
        })
        .collect();
    let mut times = Vec::with_capacity(load.requests);
    let (mut ok, mut other) = (0, 0);
    for task in tasks {
        let (lane_ok, lane_other, lane_times) = task.await??;
        ok += lane_ok;
        other += lane_other;
        times.extend(lane_times);
    }
    let seconds = started.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Measured { ok, other, rate: number(times.len()) / seconds, p50_ms: percentile(&times, 50), p99_ms: percentile(&times, 99) })
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len().saturating_sub(1)) * percent / 100;
    sorted.get(index).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

/// Exact for every count a run can have.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn lane_of(load: &Load, offset: usize, count: usize) -> Result<(usize, usize, Vec<Duration>)> {
    let mut stream = TcpStream::connect(&load.address).await.with_context(|| format!("connect to {}", load.address))?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut times = Vec::with_capacity(count);
    let (mut ok, mut other) = (0, 0);
    for index in 0..count {
        let body = load.body.replace("@@", &format!("{:010}", load.first + offset + index));
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            load.path,
            load.address,
            body.len()
        );
        let started = Instant::now();
        stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await?;
        if answer(&mut stream, &mut buffer).await? == 200 { ok += 1 } else { other += 1 }
        times.push(started.elapsed());
    }
    Ok((ok, other, times))
}

/// Reads one answer with Content-Length; returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        while buffer.len() < end + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                bail!("the server closed the connection in the middle of an answer");
            }
        }
        return head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).context("no status line");
    }
}

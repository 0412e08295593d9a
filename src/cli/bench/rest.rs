//! REST requests a message: many calls at once to one portal whose answers take 20 ms each.
//!
//! The channel's provider takes 80 messages a second, as WhatsApp does: at Gupshup's start value of ten nothing would ever wait for the
//! portal, and an outbox that never waits has nothing to gather. Counted is every request that reaches the portal after it was set up.

use super::Bench;
use super::body;
use super::table::{Row, Spread, Target, float};
use super::world::{Plan, World};
use crate::sim::portal::{Document, Portal, StepState};
use anyhow::{Result, ensure};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const RESUME: Duration = Duration::from_millis(20);
/// Messages a second (reference/whatsapp.md 4.9).
const SENDS: usize = 80;
/// Requests a second in the measure with timeline: at the vendor's two it would take ten minutes, and more budget only makes gathering harder.
const RATE: u32 = 10;
const LOOK: Duration = Duration::from_millis(250);
const TELL: Duration = Duration::from_secs(10);
/// Longest wait for one wave of work.
const PATIENCE: Duration = Duration::from_secs(900);
const CREATE: &str = "crm.activity.configurable.add";
const UPDATE: &str = "crm.activity.configurable.update";

/// Both measures.
pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let calls = bench.scaled(10_000, 1_000);
    phone_given(bench, calls).await?;
    from_deal(bench, calls).await
}

async fn ready(bench: &Bench, rate: u32) -> Result<(World, String)> {
    let mut world = World::set(bench.folder.path(), Plan { resume: RESUME, rate, ..Plan::default() })?;
    world.service.start("web,worker").await?;
    world.install().await?;
    let channel = world.channel(world.portal()?, SENDS).await?;
    world.quiet().await?;
    world.portal()?.clear_requests();
    Ok((world, channel))
}

async fn phone_given(bench: &mut Bench, calls: usize) -> Result<()> {
    let (world, channel) = ready(bench, 2).await?;
    let portal = world.portal()?;
    world.fire_many(portal, calls, |index| (Document::deal(1), body::properties(&channel, index))).await?;
    wait(portal, "answered", calls, || portal.count_steps(StepState::Answered)).await?;
    add(bench, &world, format!("rest-per-message: phone given, {calls} calls, 2/s"), calls, 0.03)
}

async fn from_deal(bench: &mut Bench, calls: usize) -> Result<()> {
    let (world, channel) = ready(bench, RATE).await?;
    let portal = world.portal()?;
    for (number, id) in (0..calls).zip(1_i64..) {
        portal.contact(id).name("Ирина", "Петрова").phone(&format!("+{}", body::phone(number)));
        portal.deal(id).contact(id);
    }
    world
        .fire_many(portal, calls, |index| {
            let properties = json!({"channel": channel, "template": super::world::TEMPLATE, "params": ["1=Ирина", "2=512"]});
            (Document::deal(i64::try_from(index + 1).unwrap_or_default()), properties)
        })
        .await?;
    wait(portal, "answered", calls, || portal.count_steps(StepState::Answered)).await?;
    wait(portal, "in the timeline", calls, || portal.calls_of(CREATE)).await?;
    // One later status of each message: the phones get them now.
    world.network.deliver_events().await;
    wait(portal, "shown as delivered", calls, || portal.calls_of(UPDATE)).await?;
    add(bench, &world, format!("rest-per-message: deal → contact, timeline, {calls}, {RATE}/s"), calls, 0.15)
}

fn add(bench: &mut Bench, world: &World, name: String, calls: usize, most: f64) -> Result<()> {
    let portal = world.portal()?;
    let (messages, (peak, overflows)) = (world.network.messages().len(), portal.bucket_peak());
    ensure!(messages == calls, "{messages} messages left instead of {calls}");
    if overflows > 0 {
        println!("    {overflows} requests were refused by the portal's bucket (level {peak}); they count");
    }
    for (method, (requests, commands)) in by_method(portal) {
        println!("    {method}: {requests} requests of {:.1} commands", float(commands) / float(requests));
    }
    let requests = float(portal.request_count()) / float(calls);
    bench.table.add(Row { name, unit: "requests", subject: Spread::one(requests), reference: None, target: Target::AtMost(most) });
    Ok(())
}

/// Requests and their commands, by the first command's method: what a ratio is made of.
fn by_method(portal: &Portal) -> BTreeMap<String, (usize, usize)> {
    let mut by_method = BTreeMap::new();
    for request in portal.requests() {
        let method = request.commands.first().map_or(request.method, |command| command.method.clone());
        let (requests, commands): &mut (usize, usize) = by_method.entry(method).or_default();
        *requests += 1;
        *commands += request.commands.len();
    }
    by_method
}

/// Waits until `count` reaches `all`, and tells how far it is.
async fn wait(portal: &Portal, what: &str, all: usize, count: impl Fn() -> usize) -> Result<()> {
    let (began, mut told) = (Instant::now(), Instant::now());
    loop {
        let done = count();
        if done >= all {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{done} of {all} {what} after {} s", PATIENCE.as_secs());
        if told.elapsed() >= TELL {
            println!("    {done} of {all} {what}, {} requests", portal.request_count());
            told = Instant::now();
        }
        tokio::time::sleep(LOOK).await;
    }
}

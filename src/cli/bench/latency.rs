//! One call on an idle portal: how soon the provider is asked after our 200, and how soon the process is answered after the provider took it.

use super::Bench;
use super::accept::RUNS;
use super::body;
use super::table::{Row, Spread, Target};
use super::world::{Plan, World, until};
use crate::domain::clock::Ms;
use crate::sim::portal::{Document, Portal};
use anyhow::{Context as _, Result};
use serde_json::json;
use std::time::Duration;

/// Between two calls: long enough to be idle again.
const PAUSE: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(20);

/// Measures both.
pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let mut world = World::set(bench.folder.path(), Plan::default())?;
    world.service.start("web,worker").await?;
    world.install().await?;
    let channels = world.channels(world.portal()?, 1).await?;
    world.quiet().await?;
    let (mut requested, mut answered) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let sent = Sent::one(&world, world.portal()?, channels.first().context("channel")?, run).await?;
        requested.push(sent.leaves_ms());
        answered.push(millis(sent.answered_at(&world).await? - sent.taken_at));
        tokio::time::sleep(PAUSE).await;
    }
    for (name, times, most) in
        [("latency: provider asked after the 200", requested, 300.0), ("latency: process answered after that", answered, 500.0)]
    {
        let subject = Spread::of(&times);
        bench.table.add(Row { name: name.to_owned(), unit: "ms", subject, reference: None, target: Target::AtMost(most) });
    }
    Ok(())
}

/// One call and what became of it, by the one clock of this machine.
pub(super) struct Sent {
    step: crate::sim::portal::StepId,
    member_id: String,
    accepted_at: Ms,
    /// When the provider took the message.
    pub(super) taken_at: Ms,
}

impl Sent {
    /// Fires one call and waits until its message is at the provider.
    pub(super) async fn one(world: &World, portal: &Portal, channel: &str, number: usize) -> Result<Self> {
        let mut properties = body::properties(channel, number);
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("to_timeline".to_owned(), json!("Y"));
        }
        portal.deal(1).title("1");
        let step = portal.fires("send_template", Document::deal(1), properties).await?;
        let delivery = portal.deliveries_of(step).pop().filter(|delivery| delivery.accepted()).context("the call was not answered 200")?;
        let accepted_at = delivery.at + Ms::try_from(delivery.took_ms).unwrap_or_default();
        let phone = body::phone(number);
        let taken_at = until("the message at the provider", PATIENCE, async || {
            world.network.messages_to(&phone).first().map(|message| message.accepted_at)
        })
        .await?;
        Ok(Self { step, member_id: portal.member_id().to_owned(), accepted_at, taken_at })
    }

    /// From our 200 to the provider.
    pub(super) fn leaves_ms(&self) -> f64 {
        millis(self.taken_at - self.accepted_at)
    }

    async fn answered_at(&self, world: &World) -> Result<Ms> {
        let portal = world.portals.iter().find(|portal| portal.member_id() == self.member_id).context("portal")?;
        until("the answer in the portal", PATIENCE, async || portal.step(self.step)?.answers.first().map(|answer| answer.at)).await
    }
}

/// Times are told in whole milliseconds: what took less counts as one.
fn millis(time: Ms) -> f64 {
    f64::from(i32::try_from(time.max(1)).unwrap_or(i32::MAX))
}

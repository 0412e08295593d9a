//! `--story dialogue`: one deal and one client, from "your sofa is packed" to "stop", told as the chat that both sides see.
//!
//! An administrator placed robots and processes on the stages of a deal (`plan`); from then on the portal's stages, the client's hands and the
//! service play, over real HTTP. The scenes move the deal as a manager does, let the client answer or stay silent, and put the one clock
//! of all three forward (`time`). Each scene asserts what was seen (`seen`) before it is told (`transcript`).

mod plan;
mod scenes;
mod seen;
mod time;
mod transcript;

use super::stage::{APP, Stage};
use crate::domain::clock::{Clock as _, Ms};
use crate::sim::whatsapp::User;
use anyhow::Context as _;
use chrono::NaiveDate;
use chrono_tz::Tz;
use futures::future::LocalBoxFuture;

pub(super) use plan::app;

/// The deal of the story.
const DEAL_ID: i64 = 118;

type Scene = for<'a, 'b> fn(&'a mut Talk<'b>) -> LocalBoxFuture<'a, anyhow::Result<()>>;

const SCENES: &[(&str, Scene)] = &[
    ("talk-scene-packed", |talk| Box::pin(talk.deal_is_packed())),
    ("talk-scene-arranging", |talk| Box::pin(talk.delivery_is_arranged())),
    ("talk-scene-voice", |talk| Box::pin(talk.words_are_asked_for())),
    ("talk-scene-invoice", |talk| Box::pin(talk.invoice_goes())),
    ("talk-scene-paid", |talk| Box::pin(talk.client_pays())),
    ("talk-scene-silence", |talk| Box::pin(talk.client_is_silent())),
    ("talk-scene-feedback", |talk| Box::pin(talk.nobody_answers())),
    ("talk-scene-stop", |talk| Box::pin(talk.client_says_stop())),
    ("talk-scene-refused", |talk| Box::pin(talk.advertising_is_refused())),
    ("talk-scene-timeline", |talk| Box::pin(talk.manager_looks_back())),
];

/// A story under way.
struct Talk<'a> {
    stage: &'a mut Stage,
    zone: Tz,
    first_day: NaiveDate,
    /// Digits of the client.
    phone: String,
    /// The day whose line was printed last.
    day_shown: Option<NaiveDate>,
    /// Messages of the business that were shown.
    heard: usize,
    /// Messages of the client that were shown.
    said: usize,
    /// Steps begun before are not looked at.
    since: Ms,
    /// When the reminders are due, in the order of their arming.
    due: Vec<Ms>,
}

/// Plays all scenes; stops at the first step that was not observed.
pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let mut talk = Talk::set(stage)?;
    talk.prepares().await?;
    for (title, scene) in SCENES {
        talk.heading(title);
        scene(&mut talk).await?;
    }
    talk.ends();
    Ok(())
}

impl<'a> Talk<'a> {
    fn set(stage: &'a mut Stage) -> anyhow::Result<Self> {
        let zone: Tz = stage.narrator.text("talk-zone", &[]).parse().ok().context("talk-zone")?;
        let phone = stage.narrator.text("talk-phone", &[]);
        let (first_day, since) = (time::next_tuesday(stage.clock.now(), zone), stage.clock.now());
        Ok(Self { stage, zone, first_day, phone, day_shown: None, heard: 0, said: 0, since, due: Vec::new() })
    }

    fn word(&self, key: &str) -> String {
        self.text(key, &[])
    }

    fn text(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.stage.narrator.text(key, args)
    }

    fn client(&self) -> User {
        self.stage.network.user(&self.phone)
    }

    /// Service, portal, channel, templates; then the administrator's work.
    async fn prepares(&mut self) -> anyhow::Result<()> {
        let (portal, whatsapp) = (self.stage.portal.origin(), self.stage.network.gupshup_url());
        let home = self.stage.service.home.display().to_string();
        let opening = self.text("talk-opening", &[("portal", &portal), ("whatsapp", &whatsapp), ("folder", &home)]);
        self.stage.narrator.print(&opening);
        self.stage.narrator.quiet = true;
        self.stage.service_starts().await?;
        self.stage.portal_installs_the_application().await?;
        self.stage.robots_are_registered().await?;
        self.connects_the_channel().await?;
        let settings = serde_json::json!({"time_zone": self.word("talk-zone"), "opt_out_answer": self.word("talk-say-opted-out")});
        self.stage.put_settings(&settings).await?;
        self.stage.templates_are_synced().await?;
        self.at(0, 9, 30).await?;
        self.furnishes_the_portal();
        self.shows_the_plan();
        Ok(())
    }

    /// With the partner token the provider takes every kind, the request for a place too, and registers the webhook by itself.
    async fn connects_the_channel(&mut self) -> anyhow::Result<()> {
        let token = self.stage.network.app(APP).settings().partner_token;
        let name = self.word("talk-business");
        let (id, webhook) = self.stage.create_channel(&name, &serde_json::json!({"partner_token": token})).await?;
        let registered = async |stage: &Stage| {
            let app = stage.network.app(APP).settings();
            app.subscriptions.iter().any(|subscription| subscription.url == webhook).then_some(())
        };
        self.stage.until("talk-expect-webhook", registered).await?;
        self.stage.known.channel = id;
        Ok(())
    }

    fn ends(&self) {
        let count = SCENES.len().to_string();
        self.stage.narrator.print("");
        self.stage.narrator.print(&self.text("talk-end", &[("scenes", &count)]));
    }
}

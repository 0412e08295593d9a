//! The story as a list: read it from top to bottom. Each scene ends when its outcome was observed.

use super::stage::Stage;
use futures::future::LocalBoxFuture;

type Scene = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, anyhow::Result<()>>;

const STORY: &[(&str, Scene)] = &[
    ("demo-scene-service", |stage| Box::pin(stage.service_starts())),
    ("demo-scene-install", |stage| Box::pin(stage.portal_installs_the_application())),
    ("demo-scene-robots", |stage| Box::pin(stage.robots_are_registered())),
    ("demo-scene-channel", |stage| Box::pin(stage.operator_connects_a_channel())),
    ("demo-scene-templates", |stage| Box::pin(stage.templates_are_synced())),
    ("demo-scene-deal", |stage| Box::pin(stage.deal_fires_send_template())),
    ("demo-scene-accepted", |stage| Box::pin(stage.provider_accepts())),
    ("demo-scene-kill", |stage| Box::pin(stage.service_is_killed())),
    ("demo-scene-restart", |stage| Box::pin(stage.service_comes_back())),
    ("demo-scene-delivered", |stage| Box::pin(stage.message_is_delivered())),
    ("demo-scene-read", |stage| Box::pin(stage.client_reads())),
    ("demo-scene-updated", |stage| Box::pin(stage.deal_knows_the_truth())),
    ("demo-scene-reply", |stage| Box::pin(stage.client_answers())),
    ("demo-scene-text", |stage| Box::pin(stage.deal_fires_send_text())),
    ("demo-scene-second", |stage| Box::pin(stage.second_channel_sends())),
    ("demo-scene-proof", |stage| Box::pin(stage.nothing_went_twice())),
];

/// Plays all scenes; stops at the first that was not observed.
pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let home = stage.service.home.display().to_string();
    stage
        .narrator
        .say("demo-opening", &[("portal", &stage.portal.origin()), ("whatsapp", &stage.network.gupshup_url()), ("folder", &home)]);
    for (at, (title, scene)) in STORY.iter().enumerate() {
        stage.narrator.heading(at.saturating_add(1), STORY.len(), title);
        scene(stage).await?;
    }
    stage.narrator.print("");
    stage.narrator.say("demo-end", &[("scenes", &STORY.len().to_string())]);
    Ok(())
}

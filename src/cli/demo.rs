//! `courier24 demo`: stories played for real on loopback and told as they happen: the main job, or a whole dialogue with a client.
//!
//! Both simulators live in this process; the service is a child process of the same binary, because the main job kills it.
//! Nothing is taken for granted: every step waits for what an outsider can see, and says what was missing if it did not come.

mod child;
pub(in crate::cli) mod clock;
mod crm;
mod dialogue;
mod journal;
mod narrator;
mod scenes;
mod stage;
mod story;
mod watch;

use super::sim::sample_templates;
use crate::sim::whatsapp::gupshup::app::App;
use stage::Stage;
use std::path::PathBuf;

/// What can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Story {
    /// One message from a deal to a phone and back, through a kill of the service.
    MainJob,
    /// A client's whole conversation with robots, from the first template to "stop".
    Dialogue,
}

/// Options of `courier24 demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// What to play.
    #[arg(long, value_enum, default_value_t = Story::MainJob)]
    pub story: Story,
    /// End after the story: 0 only if every step was observed.
    #[arg(long)]
    pub once: bool,
    /// Keep the database and the service's log in this folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Language of the narration: ru or en; LANG decides when it is not given.
    #[arg(long, value_parser = ["ru", "en"])]
    pub lang: Option<String>,
}

/// Plays the story.
///
/// # Errors
/// A step that was not observed, or a demo that could not be set up.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let lang = language(args.lang.as_deref());
    let app = match args.story {
        Story::MainJob => App::new(stage::APP).with_templates(sample_templates()),
        Story::Dialogue => dialogue::app(&lang),
    };
    let mut stage = Stage::set(&lang, args.data.as_deref(), app)?;
    let played = tokio::select! {
        played = play(args.story, &mut stage) => played,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!(stage_interrupted(&lang))),
    };
    if let Err(missed) = &played {
        stage.tell_failure(missed);
    } else if !args.once {
        stage.stay_open();
        tokio::signal::ctrl_c().await?;
    }
    stage.strike(played.is_ok()).await;
    played
}

async fn play(story: Story, stage: &mut Stage) -> anyhow::Result<()> {
    match story {
        Story::MainJob => story::play(stage).await,
        Story::Dialogue => dialogue::play(stage).await,
    }
}

fn stage_interrupted(lang: &str) -> String {
    crate::i18n::text(lang, "demo-interrupted", &std::collections::BTreeMap::new())
}

fn language(asked: Option<&str>) -> String {
    let from_system = || std::env::var("LC_ALL").or_else(|_| std::env::var("LANG")).unwrap_or_default();
    let word = asked.map_or_else(from_system, str::to_owned);
    crate::i18n::language_for(word.get(..2).unwrap_or("en")).to_owned()
}

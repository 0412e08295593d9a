//! What a simulated network is started with. Defaults suit the stories: virtual time, one Gupshup app.

use super::gupshup::app::App;
use super::line::Line;
use crate::domain::clock::{Ms, SECOND};
use serde::{Deserialize, Serialize};

/// Start values of a network; accounts and people can be added later.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Gupshup apps.
    pub apps: Vec<App>,
    /// Accounts of the other vendors.
    pub lines: Vec<Line>,
    /// Events flow by themselves in real time (demo); else only `deliver_events` moves them.
    pub auto: bool,
    /// How long each thing takes.
    pub pace: Pace,
}

impl Config {
    /// One Gupshup app of that name, virtual time.
    pub fn with_app(name: &str) -> Self {
        Self { apps: vec![App::new(name)], ..Self::default() }
    }

    /// Real time with short delays, for the demo.
    pub fn lifelike(mut self) -> Self {
        self.auto = true;
        self.pace = Pace::lifelike();
        self
    }
}

/// Delays in milliseconds of the network's clock.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// From our request to `enqueued`.
    pub enqueued_ms: Ms,
    /// From `enqueued` to `sent`.
    pub sent_ms: Ms,
    /// From `sent` to `delivered` when the phone is on.
    pub delivered_ms: Ms,
    /// From `delivered` to `read` for people who read at once.
    pub read_ms: Ms,
    /// Gupshup holds inbound messages back, so that the answer to our own send is stored first (reference 4.10).
    pub inbound_hold_ms: Ms,
    /// Pause before a refused callback is repeated; doubled each time up to a minute.
    pub retry_ms: Ms,
}

impl Pace {
    /// Short but visible delays in real time.
    pub fn lifelike() -> Self {
        Self { enqueued_ms: 200, sent_ms: 400, delivered_ms: 600, read_ms: 800, inbound_hold_ms: 5 * SECOND, retry_ms: SECOND }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { enqueued_ms: 0, sent_ms: 0, delivered_ms: 0, read_ms: 0, inbound_hold_ms: 5 * SECOND, retry_ms: 3 * SECOND }
    }
}

//! The voice: one line a fact, with the time, in the reader's language. Words come from `locales/*/demo.ftl`.

use crate::domain::clock::Clock;
use crate::i18n;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

/// Tells the story on standard output.
#[derive(Debug, Clone)]
pub(super) struct Narrator {
    lang: String,
    clock: Arc<dyn Clock>,
    /// Only what is printed as it is, no facts: for what another story tells in full.
    pub(super) quiet: bool,
}

impl Narrator {
    pub(super) fn new(lang: &str, clock: Arc<dyn Clock>) -> Self {
        Self { lang: lang.to_owned(), clock, quiet: false }
    }

    /// Language of the narration, `ru` or `en`.
    pub(super) fn lang(&self) -> &str {
        &self.lang
    }

    /// Text of a key.
    pub(super) fn text(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: BTreeMap<String, String> = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        i18n::text(&self.lang, key, &args)
    }

    /// A heading: number of the step of how many, and its name.
    pub(super) fn heading(&self, number: usize, of: usize, key: &str) {
        self.print(&format!("\n{number}/{of}  {}", self.text(key, &[])));
    }

    /// A line of the story with the time in front.
    pub(super) fn say(&self, key: &str, args: &[(&str, &str)]) {
        if self.quiet {
            return;
        }
        let now = chrono::DateTime::from_timestamp_millis(self.clock.now()).map(|now| now.format("%H:%M:%S%.3f").to_string());
        self.print(&format!("  {}  {}", now.unwrap_or_default(), self.text(key, args)));
    }

    /// A line as it is.
    #[expect(clippy::unused_self, reason = "all output goes through the narrator")]
    pub(super) fn print(&self, line: &str) {
        // A closed pipe must not end the demo half-way through its clean-up.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    }
}

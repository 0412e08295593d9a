//! How the story looks on the page: days, the business's words on the left, the client's on the right, what the deal learnt between them.

use super::Talk;
use super::plan::field_key;
use super::time::local;
use crate::domain::clock::Ms;
use crate::sim::whatsapp::{Message, Status};
use chrono::Datelike as _;
use serde_json::Value;

/// Columns of the page.
const PAGE: usize = 96;
/// Columns of a speaker's words.
const WORDS: usize = 58;
/// Where the client's side begins.
const CLIENT_SIDE: usize = 50;
const CLIENT_WORDS: usize = 44;

impl Talk<'_> {
    fn print(&self, line: &str) {
        self.stage.narrator.print(line.trim_end());
    }

    pub(super) fn heading(&self, key: &str) {
        let title = self.word(key);
        self.print("");
        self.print(&format!("━━ {title} {}", "━".repeat(PAGE.saturating_sub(title.chars().count().saturating_add(4)))));
    }

    /// `10:04` on the portal's wall clock.
    pub(super) fn clock_text(&self, at: Ms) -> String {
        local(at, self.zone).format("%H:%M").to_string()
    }

    /// `25 November, 10:04`.
    pub(super) fn moment_text(&self, at: Ms) -> String {
        let at = local(at, self.zone);
        let month = self.word(&format!("talk-month-{}", at.month()));
        self.text("talk-moment", &[("day", &at.day().to_string()), ("month", &month), ("time", &at.format("%H:%M").to_string())])
    }

    /// The day's line, once a day.
    fn day(&mut self, at: Ms) {
        let at = local(at, self.zone);
        if self.day_shown == Some(at.date_naive()) {
            return;
        }
        self.day_shown = Some(at.date_naive());
        let weekday = self.word(&format!("talk-weekday-{}", at.weekday().number_from_monday()));
        let month = self.word(&format!("talk-month-{}", at.month()));
        let day = self.text("talk-day", &[("weekday", &weekday), ("day", &at.day().to_string()), ("month", &month)]);
        let side = "·".repeat(PAGE.saturating_sub(day.chars().count().saturating_add(2)) / 2);
        self.print("");
        self.print(&format!("{side} {day} {side}"));
    }

    /// What happens in CRM: stages, fields, answers of robots.
    pub(super) fn note(&mut self, key: &str, args: &[(&str, &str)]) {
        let now = self.now();
        self.day(now);
        for (at, line) in wrapped(&self.text(key, args), PAGE.saturating_sub(6)).into_iter().enumerate() {
            self.print(&format!("  {} {line}", if at == 0 { "▸" } else { " " }));
        }
    }

    /// A field of the deal has this value now.
    pub(super) fn field_note(&mut self, field: &str, value: &str) {
        let label = self.word(field_key(field));
        self.note("talk-note-field", &[("label", &label), ("value", value), ("field", field)]);
    }

    /// A stretch of time in which nobody said anything.
    pub(super) fn silence(&mut self, key: &str, args: &[(&str, &str)]) {
        let now = self.now();
        self.day(now);
        let text = self.text(key, args);
        self.print("");
        self.print(&format!("  {}  ( {text} )", self.clock_text(now)));
    }

    /// A message of the business as the client's phone shows it; `id` is ours, `robot` what sent it.
    pub(super) fn business(&mut self, message: &Message, id: &str, robot: &str) {
        self.day(message.accepted_at);
        self.print("");
        self.print(&format!("  {}  {}", self.clock_text(message.accepted_at), self.word("talk-business")));
        for line in self.on_the_phone(message) {
            self.print(&format!("         │ {line}"));
        }
        let read = message.history.iter().rev().find(|(status, _)| *status == Status::Read).map(|(_, at)| self.clock_text(*at));
        let ticks = match read {
            Some(at) => self.text("talk-ticks-read", &[("time", &at)]),
            None => self.word("talk-ticks-delivered"),
        };
        self.print(&format!("         {ticks} · {robot} · {id}"));
    }

    fn on_the_phone(&self, message: &Message) -> Vec<String> {
        let mut lines = Vec::new();
        let text = |pointers: &[&str]| {
            pointers.iter().find_map(|pointer| message.body.pointer(pointer).and_then(Value::as_str)).map(str::to_owned)
        };
        match message.kind.as_str() {
            "document" => {
                lines.push(format!("📎 {}", text(&["/document/filename", "/filename"]).unwrap_or_default()));
                lines.extend(wrapped(&message.text, WORDS));
            }
            "contacts" => {
                let phone = text(&["/contacts/0/phones/0/phone", "/contact/phones/0/phone"]).unwrap_or_default();
                lines.push(format!("👤 {}, {phone}", message.text));
            }
            _ => lines.extend(wrapped(&message.text, WORDS)),
        }
        match message.kind.as_str() {
            "list" => {
                lines.push(format!("[ ≡ {} ]", self.word("talk-button-hours")));
                let row =
                    |title: &str, note: &str| if note.is_empty() { format!("    • {title}") } else { format!("    • {title}, {note}") };
                lines.extend(message.buttons.iter().map(|button| row(&button.title, button.description.as_deref().unwrap_or_default())));
            }
            "location_request" => lines.push(format!("[ 📍 {} ]", self.word("talk-button-place"))),
            _ if !message.buttons.is_empty() => {
                lines.push(message.buttons.iter().map(|button| format!("[ {} ]", button.title)).collect::<Vec<_>>().join("  "));
            }
            _ => {}
        }
        lines
    }

    /// What the client did on the phone at this moment.
    pub(super) fn client_side(&mut self, at: Ms, words: &str, id: &str) {
        self.day(at);
        let (indent, name) = (" ".repeat(CLIENT_SIDE), self.word("talk-client"));
        self.print("");
        self.print(&format!("{indent}{}  {name}", self.clock_text(at)));
        for line in wrapped(words, CLIENT_WORDS) {
            self.print(&format!("{indent}       │ {line}"));
        }
        self.print(&format!("{indent}       {id}"));
    }

    /// Deal, client and stages with their robots, as the administrator set them up.
    pub(super) fn shows_the_plan(&self) {
        let (client, business) = (self.word("talk-client"), self.word("talk-business"));
        let source = self.stage.network.app(super::APP).settings().source;
        let deal = self.word("talk-deal");
        self.print("");
        self.print(&self.text(
            "talk-cast",
            &[
                ("deal", &deal),
                ("client", &client),
                ("phone", &format!("+{}", self.phone)),
                ("business", &business),
                ("source", &format!("+{source}")),
            ],
        ));
        self.print("");
        self.print(&self.word("talk-plan"));
        for stage in ["packed", "arranging", "payment", "booked", "delivered"] {
            let name = self.word(&format!("talk-stage-{stage}"));
            let gap = " ".repeat(26_usize.saturating_sub(name.chars().count()));
            for (at, line) in wrapped(&self.word(&format!("talk-plan-{stage}")), 64).into_iter().enumerate() {
                let before = if at == 0 { format!("  {name}{gap}") } else { " ".repeat(28) };
                self.print(&format!("{before}{line}"));
            }
        }
    }

    /// A line of the deal's timeline.
    pub(super) fn timeline_line(&self, at: Ms, incoming: bool, title: &str, text: &str) {
        let first: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = first.chars().take(52).collect();
        let more = if short.chars().count() < first.chars().count() { "…" } else { "" };
        let arrow = if incoming { "←" } else { "→" };
        self.print(&format!("  {:<21} {arrow} {title} — {short}{more}", self.moment_text(at)));
    }
}

/// Breaks a text into lines of so many characters, at spaces; its own line breaks stay.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let wide = line.chars().count().saturating_add(word.chars().count()).saturating_add(1) > width;
            if wide && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_break_at_spaces_and_lose_nothing() {
        assert_eq!(wrapped("один два три", 8), ["один два", "три"]);
        assert_eq!(wrapped("a\n\nb", 8), ["a", "", "b"]);
        assert_eq!(wrapped("оченьдлинноеслово да", 5), ["оченьдлинноеслово", "да"]);
    }
}

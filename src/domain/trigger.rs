//! The application's CRM triggers (ROBOTS.md, Details): by them an administrator lets a client's deed move a deal.
//!
//! Codes are promised: stages in customers' portals have them attached.

use super::document::CrmItem;

/// One trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The client wrote, and no live wait took it.
    ClientReplied,
    /// The client pressed a button or chose a row, and no live wait took it.
    ButtonPressed,
    /// A robot's message was read; off unless the portal switched it on.
    MessageRead,
    /// A robot's message failed for good, or nobody knows whether it went.
    MessageFailed,
    /// The conversation's window closes soon.
    WindowClosing,
    /// The conversation's window has closed.
    WindowClosed,
}

impl Trigger {
    /// All of them, in the order of registration.
    pub const ALL: [Self; 6] =
        [Self::ClientReplied, Self::ButtonPressed, Self::MessageRead, Self::MessageFailed, Self::WindowClosing, Self::WindowClosed];

    /// The word of ROBOTS.md.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClientReplied => "client_replied",
            Self::ButtonPressed => "button_pressed",
            Self::MessageRead => "message_read",
            Self::MessageFailed => "message_failed",
            Self::WindowClosing => "window_closing",
            Self::WindowClosed => "window_closed",
        }
    }

    /// CODE as registered: `[a-z0-9.\-_]` (reference/bitrix24.md D.2).
    pub fn code(self) -> String {
        format!("courier24_{}", self.word())
    }

    /// Locale key of its name.
    pub fn name_key(self) -> String {
        format!("trigger-{}-name", self.word())
    }
}

/// Whether documents of this type have triggers: lead, deal, quote, smart invoice, smart processes.
pub fn has_triggers(item: CrmItem) -> bool {
    matches!(item.entity_type_id, 1 | 2 | 7 | 31) || item.entity_type_id >= 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_the_portal_takes() {
        for trigger in Trigger::ALL {
            let code = trigger.code();
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)), "{code}");
        }
        let item = |entity_type_id| CrmItem { entity_type_id, id: 1 };
        assert!([1, 2, 7, 31, 128, 1046].into_iter().all(|kind| has_triggers(item(kind))));
        assert!([3, 4, 14].into_iter().all(|kind| !has_triggers(item(kind))));
    }
}

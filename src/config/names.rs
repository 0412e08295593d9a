//! The names of all settings, in the order of README.md. A new setting is one line here and one in `read`.

/// Names without the prefix.
pub const NAMES: &[&str] = &[
    "DATABASE_URL",
    "LISTEN",
    "METRICS_LISTEN",
    "PUBLIC_URL",
    "MASTER_KEY",
    "MASTER_KEY_OLD",
    "OPERATOR_TOKEN",
    "BITRIX_CLIENT_ID",
    "BITRIX_CLIENT_SECRET",
    "BITRIX_AUTH_HOSTS",
    "GUPSHUP_URL",
    "GUPSHUP_PARTNER_URL",
    "META_GRAPH_URL",
    "GREEN_API_URL",
    "TWILIO_URL",
    "ALLOW_PRIVATE_NETWORK",
    "PRIVATE_HOSTS",
    "MEDIA_DIR",
    "MEDIA_MAX_MB",
    "BITRIX_RATE",
    "BITRIX_BURST",
    "ROLES",
    "WORKERS",
    "LOG",
    "LOG_FORMAT",
];

/// Base addresses of providers and the vendors' own origins (reference/whatsapp.md 4.1, 5.1, 6.1, 8.1).
pub const PROVIDER_BASES: &[(&str, &str)] = &[
    ("GUPSHUP_URL", "https://api.gupshup.io"),
    ("GUPSHUP_PARTNER_URL", "https://partner.gupshup.io"),
    ("META_GRAPH_URL", "https://graph.facebook.com"),
    ("GREEN_API_URL", "https://api.green-api.com"),
    ("TWILIO_URL", "https://api.twilio.com"),
];

/// The known name nearest to a mistyped one, when it is near enough to be meant.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let best = NAMES.iter().map(|known| (distance(name, known), *known)).min()?;
    (best.0 <= 3.max(name.len() / 3)).then_some(best.1)
}

/// Levenshtein distance, one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (b, above) in right.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(a != *b);
            before = cost.min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (left, right, edits) in [("LOG", "LOG", 0), ("PUBLC_URL", "PUBLIC_URL", 1), ("", "LOG", 3), ("LISTEN_ADDR", "LISTEN", 5)] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("MASTERKEY"), Some("MASTER_KEY"));
        assert_eq!(nearest("COFFEE_MACHINE_TEMPERATURE"), None);
    }
}

//! The log filter: a bare level is ours alone, dependencies stay at `warn` unless they are named.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The crate whose level a bare word sets.
const OWN: &str = "courier24";

/// Reads a filter such as `info` or `debug,sqlx=info`.
///
/// # Errors
/// The text is not a tracing filter.
pub fn log_filter(text: &str) -> Result<EnvFilter, ParseError> {
    let directives = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let scoped = directives.map(|part| if is_level(part) { format!("{OWN}={part}") } else { part.to_owned() });
    EnvFilter::builder().parse(std::iter::once("warn".to_owned()).chain(scoped).collect::<Vec<_>>().join(","))
}

fn is_level(word: &str) -> bool {
    ["off", "error", "warn", "info", "debug", "trace"].contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_is_ours_and_dependencies_stay_at_warn() {
        for (text, shown) in
            [("info", "courier24=info"), ("debug,sqlx=info", "sqlx=info"), ("courier24::web=trace", "courier24::web=trace")]
        {
            let filter = log_filter(text).unwrap().to_string();
            assert!(filter.contains(shown) && filter.contains("warn"), "{filter}");
        }
        assert!(log_filter("courier24=[").is_err());
        assert!(log_filter("loud").is_err() || !log_filter("loud").unwrap().to_string().contains("courier24"));
    }
}

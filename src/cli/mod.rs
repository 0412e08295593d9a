//! One verb per file.

/// Parses the command line and runs the chosen verb.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}

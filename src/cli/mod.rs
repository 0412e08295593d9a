//! One verb per file.

#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "demo")]
pub mod sim;

/// Parses the command line and runs the chosen verb.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}

//! One verb per file.

#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "demo")]
pub mod sim;
pub mod backup;
pub mod migrate;
pub mod redrive;
pub mod reseal;

/// Parses the command line and runs the chosen verb.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}

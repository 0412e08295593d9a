//! The `courier24` binary: parses the command line and hands over to the library.

fn main() -> std::process::ExitCode {
    courier24::cli::run()
}

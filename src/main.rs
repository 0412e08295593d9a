//! The `courier24` binary: parses the command line and hands over to the library.

/// A robot call is parsed into some two hundred short strings, by several threads: measured, the system's allocator took a fifth of the
/// processor time of an accept.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    courier24::cli::run()
}

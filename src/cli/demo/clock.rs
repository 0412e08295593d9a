//! One clock for everything a demo plays with: portal and network in this process, the service in its own.
//!
//! A dialogue of weeks is told in a minute, and no timer of the service is shortened for it: between two lines this clock is put forward,
//! as the stories of the tests do. How far stands in a file that both processes look at. Only `serve --demo-clock` reads it, an option
//! that is absent without the `demo` feature and refused where real networks are reached. The clock never goes back.

use crate::domain::clock::{Clock, Ms, SystemClock};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

/// The operating system's clock, plus what stands in a file (milliseconds; a missing file is 0).
#[derive(Debug)]
pub(in crate::cli) struct DemoClock {
    file: PathBuf,
    ahead: AtomicI64,
}

impl DemoClock {
    pub(in crate::cli) fn of(file: &Path) -> Self {
        Self { file: file.to_path_buf(), ahead: AtomicI64::new(0) }
    }

    /// Where it reads how far it is ahead.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    fn ahead(&self) -> Ms {
        let told = std::fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        self.ahead.fetch_max(told, Ordering::SeqCst).max(told)
    }

    /// Puts the clock forward to this moment; a moment that has passed changes nothing.
    pub(super) fn put_forward_to(&self, moment: Ms) -> std::io::Result<()> {
        let ahead = moment.saturating_sub(SystemClock.now()).max(self.ahead());
        // Renamed, so that nobody reads half a number.
        let fresh = self.file.with_extension("new");
        std::fs::write(&fresh, ahead.to_string())?;
        std::fs::rename(fresh, &self.file)
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Ms {
        SystemClock.now().saturating_add(self.ahead())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{DAY, HOUR, MINUTE};

    #[test]
    fn two_processes_see_the_same_time_and_it_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let (here, there) = (DemoClock::of(&file), DemoClock::of(&file));
        let near = |clock: &DemoClock, moment: Ms| (clock.now() - moment).abs() < MINUTE;
        let now = SystemClock.now();
        assert!(near(&here, now) && near(&there, now), "nothing was put forward");
        here.put_forward_to(now + DAY).unwrap();
        assert!(near(&here, now + DAY) && near(&there, now + DAY));
        there.put_forward_to(now + HOUR).unwrap();
        assert!(near(&here, now + DAY), "not back");
        std::fs::remove_file(&file).unwrap();
        assert!(near(&here, now + DAY), "a lost file does not turn time back");
    }
}

//! Folders that are gone with their owner, and what their disk takes for a synced write.

use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::ids::{Ids as _, RandomIds};
use anyhow::Context as _;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A folder of this run; removed with all that is in it.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes one inside `parent`, or in the system's folder for temporary files.
    pub(super) fn make(parent: Option<&Path>) -> anyhow::Result<Self> {
        let name = RandomIds.id("courier24-bench", SystemClock.now());
        let path = parent.map_or_else(std::env::temp_dir, Path::to_path_buf).join(name);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path.canonicalize()?))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Median time of a synced write of 4 KB, µs.
pub(super) fn sync_us(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("sync");
    let mut file = std::fs::File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..101 {
        file.rewind()?;
        let started = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1_000_000.0);
    }
    std::fs::remove_file(path)?;
    Ok(super::table::Spread::of(&times).median)
}

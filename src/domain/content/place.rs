//! Points on the map.

use serde::{Deserialize, Serialize};

/// A point, in degrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// −90 to 90.
    pub latitude: f64,
    /// −180 to 180.
    pub longitude: f64,
    /// Shown in bold above the address.
    #[serde(default)]
    pub name: Option<String>,
    /// Shown only beside a name.
    #[serde(default)]
    pub address: Option<String>,
}

impl Place {
    /// Whether such a point exists.
    pub fn exists(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }

    /// `55.75,37.61`, as maps read it.
    pub fn coordinates(&self) -> String {
        format!("{},{}", self.latitude, self.longitude)
    }
}

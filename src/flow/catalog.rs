//! Ties the catalogue of robots to the words of the locales: neither of the two layers may import the other.

use crate::catalog::Catalog;
use crate::i18n;

impl Catalog {
    /// Reads and checks the embedded files with the embedded locales.
    ///
    /// # Errors
    /// A sentence naming the file and the mistake.
    pub fn load() -> Result<Self, String> {
        Self::with_words(i18n::find)
    }
}

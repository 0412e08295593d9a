//! Compiled patterns by their text, bounded by the bytes of text kept; the oldest goes first.
//!
//! Compiling costs about twenty renderings (reference/engine.md), and a portal's robots repeat a few patterns all day.

use super::{Fault, Pattern};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of pattern text kept.
const KEPT_BYTES: usize = 1024 * 1024;

/// A cache shared by all calls of the process.
#[derive(Debug, Default)]
pub struct PatternCache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_text: HashMap<Arc<str>, Arc<Pattern>>,
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

impl PatternCache {
    /// The compiled pattern; wrong ones are not kept.
    ///
    /// # Errors
    /// [`Fault::Invalid`].
    pub fn get(&self, text: &str) -> Result<Arc<Pattern>, Fault> {
        if let Some(known) = self.kept().by_text.get(text) {
            return Ok(Arc::clone(known));
        }
        // Compiled outside of the lock: two callers may do it twice, nobody waits for a large one.
        let pattern = Arc::new(Pattern::compile(text)?);
        self.kept().insert(text, Arc::clone(&pattern));
        Ok(pattern)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn insert(&mut self, text: &str, pattern: Arc<Pattern>) {
        let key: Arc<str> = Arc::from(text);
        if self.by_text.insert(Arc::clone(&key), pattern).is_some() {
            return;
        }
        self.bytes += key.len();
        self.order.push_back(key);
        while self.bytes > KEPT_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= oldest.len();
            self.by_text.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_stays_bounded_and_keeps_the_newest() {
        let cache = PatternCache::default();
        let text = |n: usize| format!("{n:05}{}{{{{deal.title}}}}", "x".repeat(10_000));
        for n in 0..300 {
            cache.get(&text(n)).unwrap();
        }
        let kept = cache.kept();
        assert!(kept.bytes <= KEPT_BYTES && kept.by_text.len() == kept.order.len() && kept.by_text.len() < 110);
        assert!(kept.by_text.contains_key(text(299).as_str()) && !kept.by_text.contains_key(text(0).as_str()));
    }
}

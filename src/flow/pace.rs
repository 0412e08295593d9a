//! How fast a channel and a recipient may be written to (reference/whatsapp.md 4.9 and 10.4): GCRA over our own clock.
//!
//! A message that has to wait gets a slot of its own and comes back at that moment: nothing spins, nobody is overtaken, and a backlog
//! of any length leaves at exactly the channel's rate. All work of a portal runs in one process, so the state is memory; where
//! another replica's portals are taken over it starts empty, because the former owner may have spent the burst a moment ago.

use crate::domain::clock::{MINUTE, Ms, SECOND};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Limits of one channel.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages a second for the whole channel, at least 1.
    pub channel_rate: u32,
    /// Pause between messages to one recipient, ms; 0 = none.
    pub pair_interval_ms: Ms,
    /// Messages to one recipient that may leave without that pause.
    pub pair_burst: u32,
}

/// Microseconds, so that 80 a second and 3 a second divide evenly enough.
type Us = i64;
const US: Us = 1_000;

/// A rate's memory: the theoretical arrival time of the next message.
#[derive(Debug, Clone, Copy, Default)]
struct Gcra {
    tat: Us,
}

impl Gcra {
    /// The moment at which one more may leave, which is thereby taken.
    fn take(&mut self, now: Ms, interval: Us, burst: u32) -> Ms {
        let now_us = now.saturating_mul(US);
        let tolerance = interval.saturating_mul(i64::from(burst.max(1)) - 1);
        let start = self.tat.max(now_us);
        self.tat = start.saturating_add(interval);
        let slot = start.saturating_sub(tolerance).max(now_us);
        // Rounded up: a slot must never come early.
        slot.saturating_add(US - 1) / US
    }

    fn spend_burst(&mut self, now: Ms, interval: Us, burst: u32) {
        self.tat = now.saturating_mul(US).saturating_add(interval.saturating_mul(i64::from(burst)));
    }
}

/// A place in the line.
#[derive(Debug, Clone, Copy)]
struct Slot {
    at: Ms,
    /// The recipient's pause is over by then; the channel's turn is still to be asked for.
    recipient_only: bool,
}

#[derive(Debug, Default)]
struct Channel {
    gcra: Gcra,
    pairs: HashMap<String, Gcra>,
    slots: HashMap<String, Slot>,
    /// Each 429 halves the rate; it comes back step by step.
    halvings: u32,
    eased_at: Ms,
}

/// All channels of this process.
#[derive(Debug, Default)]
pub struct Pace {
    channels: Mutex<HashMap<String, Channel>>,
    start_empty: AtomicBool,
}

/// Whether a message may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Turn {
    /// Now; the slot is used.
    Now,
    /// Come again then: the slot is kept for this message.
    At(Ms),
}

/// Pairs remembered for one channel before the idle ones are dropped.
const PAIRS_KEPT: usize = 10_000;
/// A quiet time after which one halving is taken back.
const EASE_AFTER: Ms = MINUTE;
/// The channel's burst is this much of a second's messages.
const BURST_MS: Ms = SECOND;

impl Pace {
    /// Portals came from another process: channels start with their burst spent, since what it sent is not known.
    pub fn start_empty(&self) {
        self.start_empty.store(true, Ordering::SeqCst);
        self.channels.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// Asks for a turn. The same message asks again at the moment it was told, and is let through.
    pub fn ask(&self, channel_id: &str, recipient: &str, message_id: &str, limits: Limits, now: Ms) -> Turn {
        // A poisoned lock means that a thread died while counting; the counts themselves are still sound.
        let mut channels = self.channels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let start_empty = self.start_empty.load(Ordering::SeqCst);
        let channel = channels.entry(channel_id.to_owned()).or_insert_with(|| Channel::first_seen(limits, now, start_empty));
        channel.ease(now);
        match channel.slots.get(message_id).copied() {
            Some(slot) if slot.at > now => return Turn::At(slot.at),
            Some(slot) => {
                channel.slots.remove(message_id);
                if !slot.recipient_only {
                    return Turn::Now;
                }
            }
            None => {
                let at = channel.take_pair(recipient, limits, now);
                if at > now {
                    channel.slots.insert(message_id.to_owned(), Slot { at, recipient_only: true });
                    return Turn::At(at);
                }
            }
        }
        let interval = channel.interval(limits);
        let at = channel.gcra.take(now, interval, burst(limits));
        if at > now {
            channel.slots.insert(message_id.to_owned(), Slot { at, recipient_only: false });
            return Turn::At(at);
        }
        Turn::Now
    }

    /// The provider said "too many": the rate halves, down to one a second.
    pub fn slow_down(&self, channel_id: &str, now: Ms) {
        let mut channels = self.channels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(channel) = channels.get_mut(channel_id) {
            // Many answers to one burst are one signal.
            if channel.halvings == 0 || now.saturating_sub(channel.eased_at) >= SECOND {
                channel.halvings = (channel.halvings + 1).min(10);
            }
            channel.eased_at = now;
        }
    }
}

/// A second's worth of messages may leave at once.
fn burst(limits: Limits) -> u32 {
    let burst = i64::from(limits.channel_rate).saturating_mul(BURST_MS) / SECOND;
    u32::try_from(burst).unwrap_or(1).max(1)
}

impl Channel {
    fn first_seen(limits: Limits, now: Ms, start_empty: bool) -> Self {
        let mut channel = Self { eased_at: now, ..Self::default() };
        if start_empty {
            let interval = channel.interval(limits);
            channel.gcra.spend_burst(now, interval, burst(limits));
        }
        channel
    }

    fn interval(&self, limits: Limits) -> Us {
        let rate = (limits.channel_rate >> self.halvings.min(31)).max(1);
        SECOND * US / i64::from(rate)
    }

    fn take_pair(&mut self, recipient: &str, limits: Limits, now: Ms) -> Ms {
        if limits.pair_interval_ms <= 0 {
            return now;
        }
        if self.pairs.len() > PAIRS_KEPT {
            let now_us = now.saturating_mul(US);
            self.pairs.retain(|_, pair| pair.tat > now_us);
        }
        let interval = limits.pair_interval_ms.saturating_mul(US);
        self.pairs.entry(recipient.to_owned()).or_default().take(now, interval, limits.pair_burst)
    }

    fn ease(&mut self, now: Ms) {
        while self.halvings > 0 && now.saturating_sub(self.eased_at) >= EASE_AFTER {
            self.halvings -= 1;
            self.eased_at = self.eased_at.saturating_add(EASE_AFTER);
        }
        if self.halvings == 0 {
            self.eased_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { channel_rate: 10, pair_interval_ms: 6_000, pair_burst: 5 };

    /// Runs `count` messages to different people from `now`; returns the moments they leave, obeying each answer.
    fn departures(pace: &Pace, count: usize, now: Ms) -> Vec<Ms> {
        let mut out: Vec<Ms> = (0..count)
            .map(|n| match pace.ask("ch", &format!("p{n}"), &format!("m{n}"), LIMITS, now) {
                Turn::Now => now,
                Turn::At(at) => {
                    assert_eq!(pace.ask("ch", &format!("p{n}"), &format!("m{n}"), LIMITS, at), Turn::Now, "a kept slot is honoured");
                    at
                }
            })
            .collect();
        out.sort_unstable();
        out
    }

    #[test]
    fn a_backlog_leaves_at_the_rate_after_one_burst() {
        let left = departures(&Pace::default(), 110, 1_000_000);
        assert_eq!(left.iter().filter(|at| **at == 1_000_000).count(), 10);
        assert_eq!(left[109], 1_000_000 + 10_000);
        for start in 0..90 {
            assert!(left[start + 20] - left[start] >= 1_000, "never more than the rate and one burst in a second: {left:?}");
        }
        for start in 10..100 {
            assert_eq!(left[start + 10] - left[start], 1_000, "after the burst exactly the rate");
        }
    }

    #[test]
    fn after_a_failover_there_is_no_burst() {
        let pace = Pace::default();
        pace.start_empty();
        let left = departures(&pace, 3, 1_000_000);
        assert!(left[0] > 1_000_000 || left[1] > 1_000_000, "{left:?}");
    }

    #[test]
    fn one_person_gets_five_and_then_one_in_six_seconds() {
        let pace = Pace::default();
        let fast = Limits { channel_rate: 80, ..LIMITS };
        let told: Vec<Turn> = (0..7).map(|n| pace.ask("ch", "79160000001", &format!("m{n}"), fast, 5_000)).collect();
        assert_eq!(told[..5], [Turn::Now; 5]);
        assert_eq!(told[5..], [Turn::At(11_000), Turn::At(17_000)]);
        assert_eq!(pace.ask("ch", "79160000002", "other", fast, 5_000), Turn::Now);
    }

    #[test]
    fn too_many_halves_the_rate_and_quiet_restores_it() {
        let pace = Pace::default();
        let _ = departures(&pace, 1, 0);
        pace.slow_down("ch", 100);
        pace.slow_down("ch", 120);
        let left = departures(&pace, 30, 20_000);
        assert_eq!(left[29] - left[28], 200, "halved once for one burst of answers");
        let left = departures(&pace, 30, 200_000);
        assert_eq!(left[29] - left[28], 100);
    }
}

//! How fast a channel and a recipient may be written to (reference/whatsapp.md 4.9 and 10.4): GCRA over our own clock.
//!
//! A message that has to wait gets a slot of its own and comes back at that moment: nothing spins, nobody is overtaken, and a backlog
//! of any length leaves at exactly the channel's rate. All work of a portal runs in one process, so the state is memory; for a shard
//! taken over from another replica it starts empty, because the former owner may have spent the burst a moment ago.

use super::breaker::Breakers;
use crate::domain::clock::{MINUTE, Ms, SECOND};
use crate::queue::shard_of;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Limits of one channel.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages a second for the whole channel, at least 1.
    pub channel_rate: u32,
    /// Pause between two messages instead of an even rate: from, to, ms.
    pub gap_ms: Option<(Ms, Ms)>,
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

    /// Nothing is left at that moment.
    fn spend_burst(&mut self, at: Ms, interval: Us, burst: u32) {
        self.tat = at.saturating_mul(US).saturating_add(interval.saturating_mul(i64::from(burst)));
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
    shard: i64,
    gcra: Gcra,
    pairs: HashMap<String, Gcra>,
    slots: HashMap<String, Slot>,
    /// Each 429 halves the rate; it comes back step by step.
    halvings: u32,
    eased_at: Ms,
}

#[derive(Debug, Default)]
struct State {
    channels: HashMap<String, Channel>,
    /// When shards were taken over: their channels' bursts begin to fill then.
    inherited: HashMap<i64, Ms>,
}

/// All channels of this process.
#[derive(Debug, Default)]
pub struct Pace {
    state: Mutex<State>,
    /// Channels whose provider does not answer.
    pub breakers: Breakers,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The tenant.
    pub portal: &'a str,
    /// Through which channel.
    pub channel_id: &'a str,
    /// To whom.
    pub recipient: &'a str,
    /// Which message.
    pub message_id: &'a str,
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
/// Slots of one channel before those that nobody came for (cancelled messages) are dropped.
const SLOTS_KEPT: usize = 100_000;
/// A quiet time after which one halving is taken back.
const EASE_AFTER: Ms = MINUTE;
/// The channel's burst is this much of a second's messages.
const BURST_MS: Ms = SECOND;

impl Pace {
    /// Asks for a turn. The same message asks again at the moment it was told, and is let through.
    pub fn ask(&self, asker: Asker<'_>, limits: Limits, now: Ms) -> Turn {
        let Asker { portal, channel_id, recipient, message_id } = asker;
        let mut state = self.state();
        let State { channels, inherited } = &mut *state;
        let channel = channels.entry(channel_id.to_owned()).or_insert_with(|| {
            let shard = shard_of(portal);
            Channel::first_seen(shard, limits, now, inherited.get(&shard).copied())
        });
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
        let at = match limits.gap_ms {
            Some(gap) => channel.gcra.take(now, varied(gap, message_id).saturating_mul(US), 1),
            None => channel.gcra.take(now, channel.interval(limits), burst(limits)),
        };
        if at > now {
            channel.forget_abandoned(now);
            channel.slots.insert(message_id.to_owned(), Slot { at, recipient_only: false });
            return Turn::At(at);
        }
        Turn::Now
    }

    /// The provider said "too many": the rate halves, down to one a second.
    pub fn slow_down(&self, channel_id: &str, now: Ms) {
        if let Some(channel) = self.state().channels.get_mut(channel_id) {
            // Many answers to one burst are one signal.
            if channel.halvings == 0 || now.saturating_sub(channel.eased_at) >= SECOND {
                channel.halvings = (channel.halvings + 1).min(10);
            }
            channel.eased_at = now;
        }
    }

    /// A shard was taken over from another replica: what that one spent is not known here, so its channels start without a burst.
    pub fn start_empty(&self, shard: i64, now: Ms) {
        let mut state = self.state();
        state.channels.retain(|_, channel| channel.shard != shard);
        state.inherited.insert(shard, now);
    }

    /// A poisoned lock means that a thread died while counting; the counts themselves are still sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pause that nobody can tell the rhythm of, ms: the same for the same message.
fn varied((from, to): (Ms, Ms), message_id: &str) -> Ms {
    let seed = message_id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let width = u64::try_from(to.saturating_sub(from)).unwrap_or(0).max(1);
    from.saturating_add(Ms::try_from((seed >> 16) % width).unwrap_or(0))
}

/// A second's worth of messages may leave at once.
fn burst(limits: Limits) -> u32 {
    let burst = i64::from(limits.channel_rate).saturating_mul(BURST_MS) / SECOND;
    u32::try_from(burst).unwrap_or(1).max(1)
}

impl Channel {
    fn first_seen(shard: i64, limits: Limits, now: Ms, inherited_at: Option<Ms>) -> Self {
        let mut channel = Self { shard, eased_at: now, ..Self::default() };
        if let Some(at) = inherited_at {
            let interval = channel.interval(limits);
            channel.gcra.spend_burst(at, interval, burst(limits));
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

    fn forget_abandoned(&mut self, now: Ms) {
        if self.slots.len() > SLOTS_KEPT {
            self.slots.retain(|_, slot| slot.at.saturating_add(MINUTE) > now);
        }
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

    const LIMITS: Limits = Limits { channel_rate: 10, gap_ms: None, pair_interval_ms: 6_000, pair_burst: 5 };

    fn ask(pace: &Pace, recipient: &str, message_id: &str, limits: Limits, now: Ms) -> Turn {
        pace.ask(Asker { portal: "acme", channel_id: "ch", recipient, message_id }, limits, now)
    }

    /// Runs `count` messages to different people from `now`; returns the moments they leave, obeying each answer.
    fn departures(pace: &Pace, count: usize, now: Ms) -> Vec<Ms> {
        let mut out: Vec<Ms> = (0..count)
            .map(|n| match ask(pace, &format!("p{n}"), &format!("m{n}"), LIMITS, now) {
                Turn::Now => now,
                Turn::At(at) => {
                    assert_eq!(ask(pace, &format!("p{n}"), &format!("m{n}"), LIMITS, at), Turn::Now, "a kept slot is honoured");
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
    fn a_shard_taken_over_starts_without_a_burst_and_fills_it_again() {
        let pace = Pace::default();
        pace.start_empty(shard_of("acme"), 1_000_000);
        assert!(departures(&pace, 3, 1_000_000)[0] > 1_000_000);
        let pace = Pace::default();
        pace.start_empty(shard_of("acme"), 1_000_000);
        assert_eq!(departures(&pace, 10, 1_002_000)[9], 1_002_000);
        pace.start_empty(shard_of("acme"), 1_002_000);
        assert!(departures(&pace, 1, 1_002_000)[0] > 1_002_000, "known channels are forgotten");
        assert_eq!(departures(&Pace::default(), 3, 1_000_000)[2], 1_000_000, "first sight is no failover");
    }

    #[test]
    fn one_person_gets_five_and_then_one_in_six_seconds() {
        let pace = Pace::default();
        let fast = Limits { channel_rate: 80, ..LIMITS };
        let told: Vec<Turn> = (0..7).map(|n| ask(&pace, "79160000001", &format!("m{n}"), fast, 5_000)).collect();
        assert_eq!(told[..5], [Turn::Now; 5]);
        assert_eq!(told[5..], [Turn::At(11_000), Turn::At(17_000)]);
        assert_eq!(ask(&pace, "79160000002", "other", fast, 5_000), Turn::Now);
    }

    #[test]
    fn a_phone_writes_at_an_uneven_pace() {
        let pace = Pace::default();
        let phone = Limits { gap_ms: Some((5_000, 15_000)), ..LIMITS };
        let mut left: Vec<Ms> = (0..40)
            .map(|n| match ask(&pace, &format!("p{n}"), &format!("msg_0197{n:04}"), phone, 1_000) {
                Turn::Now => 1_000,
                Turn::At(at) => at,
            })
            .collect();
        left.sort_unstable();
        let gaps: std::collections::BTreeSet<Ms> = left.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (5_000..15_000).contains(gap)) && gaps.len() > 30, "{gaps:?}");
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

//! The detector: four views of the series, a memory for each, and one figure out of them.

use crate::bytes::{BytesError, Reader, Writer};
use crate::memory::{Memory, Point, Second};
use crate::smooth::Mean;
use crate::still::Still;
use crate::tail::Tail;
use thiserror::Error;

/// The version of the state's bytes.
const VERSION: u8 = 2;
/// Nearer than this share of the range to something seen before is known.
const NEAR: f32 = 0.06;
/// The half-life of the level and of the movement, in samples. So many samples also pass before movement is looked at.
const LEVEL: f32 = 16.0;
const WARM: u32 = 16;
/// A sample's strangeness is heard on in those after it, at this share, halved every so many samples: what is strange
/// little by little adds up.
const ECHO: f32 = 0.2;
const ECHO_HALF_LIFE: f32 = 8.0;
/// For so many samples after an alarm, only what is stranger by [`STRANGER`] is one.
const REST: u32 = 120;
const STRANGER: f32 = 1.2;
/// The strangeness at which the score is a half. It is the sum of the views' rarities: 4 is, say, one in a thousand by
/// value and one in ten by level. Anything from 3 to 5 does.
const ALARM: f32 = 4.0;
/// Samples in a row inside of the expected range end an anomaly.
const CALM: u8 = 3;
/// How far from the time of day the expected range looks: an hour and a half, as a share of a day.
const AROUND: f32 = 1.5 / 24.0;
/// Values are held within this, so that differences of 32-bit floats stay finite.
const LARGEST: f64 = 1e30;

/// What a view looks at, and what a reading says was strange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// The value itself.
    Value,
    /// The value at this time of day.
    TimeOfDay,
    /// How much the series moves from sample to sample, at its level: livelier or calmer than before.
    Movement,
    /// The level at this time of day.
    LevelAtTime,
}

const VIEWS: [(Aspect, Second); 4] = [
    (Aspect::Value, Second::None),
    (Aspect::TimeOfDay, Second::Clock),
    (Aspect::Movement, Second::Range),
    (Aspect::LevelAtTime, Second::Clock),
];

/// A sample that can't be taken. The detector is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the value is not a finite number; leave such samples out")]
pub struct NotFinite;

/// What the detector says about one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// 0 as usual … 1 as strange as can be; 0.5 and above is an alarm. What goes on or comes back soon after an alarm
    /// scores 0, unless it is stranger still.
    pub score: f64,
    /// The lowest and the highest value known at about this time of day, before this sample, with the width that still
    /// counts as known. While an anomaly is under way, as it was at its alarm.
    pub expected: (f64, f64),
    /// One in how many samples is as strange as this, by this series' own history. At least 1.
    pub one_in: f64,
    /// When the anomaly began that is under way, if one is: the timestamp of its alarm. It ends when the value is back in
    /// the range that was expected then, or when it has lasted so long that it is the new normal.
    pub since: Option<i64>,
    /// How long the anomaly under way has lasted: its samples outside of the range that was expected at its alarm, less
    /// those inside. 0 while the value is inside, and where no anomaly is under way.
    pub lasting: u32,
    /// One in how many samples was as strange as the strangest of the anomaly under way; 1 where none is.
    pub rarest: f64,
    /// What was strangest.
    pub aspect: Aspect,
}

/// An anomaly under way.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Episode {
    since: i64,
    low: f32,
    high: f32,
    calm: u8,
    samples: u32,
    outside: u32,
    /// Of the strangest sample, as a power of ten.
    rarest: f32,
}

/// A detector for one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    samples: u32,
    /// The first value. All others are kept as their difference from it, in 32 bits.
    origin: f64,
    last: f32,
    level: Mean,
    movement: Mean,
    still: Still,
    views: [(Memory, Tail); VIEWS.len()],
    overall: Tail,
    /// What is still heard of the samples before, before the share is taken.
    echo: f32,
    /// The strangest of the last [`REST`] samples, and how long ago the last alarm was that was one because of it.
    strangest: f32,
    rested: u32,
    episode: Option<Episode>,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new() -> Self {
        Self {
            samples: 0,
            origin: 0.0,
            last: 0.0,
            level: Mean::new(),
            movement: Mean::new(),
            still: Still::default(),
            views: VIEWS.map(|(_, second)| (Memory::new(second), Tail::new())),
            overall: Tail::new(),
            echo: 0.0,
            strangest: 0.0,
            rested: 0,
            episode: None,
        }
    }

    /// How many samples it has taken.
    pub const fn samples(&self) -> u32 {
        self.samples
    }

    /// Takes the next sample of the series.
    ///
    /// Timestamps are seconds since 1970 in the clock by which the series has its days (UTC will do). They are used for
    /// the time of day alone: samples may be missing, repeated or out of order.
    pub fn observe(&mut self, timestamp_seconds: i64, value: f64) -> Result<Reading, NotFinite> {
        if !value.is_finite() {
            return Err(NotFinite);
        }
        let value = value.clamp(-LARGEST, LARGEST);
        if self.samples == 0 {
            self.origin = value;
        }
        #[expect(clippy::cast_possible_truncation, reason = "held within what 32 bits hold")]
        let (x, magnitude) = ((value - self.origin) as f32, value.abs().max(self.origin.abs()) as f32);
        let clock = time_of_day(timestamp_seconds);
        let (low, high) = self.expected(clock, x);
        let (now, aspect) = self.strangeness(x, clock, magnitude);
        self.echo *= (-std::f32::consts::LN_2 / ECHO_HALF_LIFE).exp();
        let strangeness = now + ECHO * self.echo;
        self.echo += now;
        self.samples = self.samples.saturating_add(1);
        let rarity = self.overall.rarity(strangeness);
        self.overall.add(strangeness);
        let score = f64::from(self.rest(strangeness));
        let score = score / (score + f64::from(ALARM));
        let alarm = (score >= 0.5).then_some(rarity);
        let (lasting, rarest) = self.follow(timestamp_seconds, x, (low, high), alarm);
        let (low, high) = self.episode.map_or((low, high), |episode| (episode.low, episode.high));
        Ok(Reading {
            score,
            expected: (self.origin + f64::from(low), self.origin + f64::from(high)),
            one_in: 10_f64.powf(f64::from(rarity.clamp(0.0, 12.0))),
            since: self.episode.map(|episode| episode.since),
            lasting,
            rarest: 10_f64.powf(f64::from(rarest.clamp(0.0, 12.0))),
            aspect,
        })
    }

    /// The range that is known at this time of day; `x` itself before anything is known.
    fn expected(&self, clock: f32, x: f32) -> (f32, f32) {
        let memory = &self.views[1].0;
        let slack = NEAR * memory.range();
        memory.around(clock, AROUND).map_or((x, x), |(low, high)| (low - slack, high + slack))
    }

    /// The sum of the rarities in all views, and the view in which the sample is rarest.
    fn strangeness(&mut self, x: f32, clock: f32, magnitude: f32) -> (f32, Aspect) {
        let moved = if self.samples == 0 { 0.0 } else { (x - self.last).abs() };
        self.last = x;
        let level = self.level.add(x, LEVEL);
        let movement = self.movement.add(moved, LEVEL);
        let points: [Point; VIEWS.len()] = [[x, 0.0], [x, clock], [level, movement], [level, clock]];
        let still = if self.samples == 0 { 0.0 } else { self.still.add(moved == 0.0, ALARM) };
        let (mut sum, mut most, mut aspect) = (still, still, Aspect::Movement);
        for ((point, (memory, tail)), (name, _)) in points.into_iter().zip(&mut self.views).zip(VIEWS) {
            if name == Aspect::Movement && self.samples < WARM {
                continue;
            }
            let distance = memory.meet(point, NEAR, magnitude);
            let rarity = if distance > NEAR { tail.rarity(distance) } else { 0.0 };
            tail.add(distance);
            sum += rarity;
            if rarity > most {
                (most, aspect) = (rarity, name);
            }
        }
        (sum, aspect)
    }

    /// What is left of the strangeness, given what came shortly before.
    fn rest(&mut self, strangeness: f32) -> f32 {
        self.rested = self.rested.saturating_add(1);
        if self.rested > REST {
            (self.strangest, self.rested) = (0.0, 0);
        }
        let stranger = strangeness > STRANGER * self.strangest;
        self.strangest = self.strangest.max(strangeness);
        if stranger {
            self.rested = 0;
            strangeness
        } else {
            0.0
        }
    }

    /// Follows the anomaly under way. Answers how long it has lasted and the rarity of its strangest sample.
    fn follow(&mut self, timestamp: i64, x: f32, (low, high): (f32, f32), alarm: Option<f32>) -> (u32, f32) {
        let Some(episode) = &mut self.episode else {
            let Some(rarest) = alarm else { return (0, 0.0) };
            let since = timestamp;
            self.episode = Some(Episode { since, low, high, calm: 0, samples: 0, outside: 1, rarest });
            return (1, rarest);
        };
        let inside = (episode.low..=episode.high).contains(&x);
        episode.calm = if inside { episode.calm.saturating_add(1) } else { 0 };
        episode.outside =
            if inside { episode.outside.saturating_sub(1) } else { episode.outside.saturating_add(1) };
        episode.samples = episode.samples.saturating_add(1);
        if let Some(rarity) = alarm {
            (episode.calm, episode.samples) = (0, 0);
            episode.outside = episode.outside.max(1);
            episode.rarest = episode.rarest.max(rarity);
        }
        let lasts = (if inside && alarm.is_none() { 0 } else { episode.outside }, episode.rarest);
        if episode.calm < CALM && episode.samples <= REST {
            return lasts;
        }
        self.episode = None;
        (0, 0.0)
    }

    /// The state, to be kept between samples. At most [`Self::MOST_BYTES`] bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new();
        to.byte(VERSION);
        to.count(self.samples);
        to.double(self.origin);
        to.float(self.last);
        for mean in [self.level, self.movement] {
            mean.write(&mut to);
        }
        self.still.write(&mut to);
        for (memory, tail) in &self.views {
            memory.write(&mut to);
            tail.write(&mut to);
        }
        self.overall.write(&mut to);
        to.float(self.echo);
        to.float(self.strangest);
        to.count(self.rested);
        to.byte(u8::from(self.episode.is_some()));
        if let Some(episode) = self.episode {
            to.time(episode.since);
            to.float(episode.low);
            to.float(episode.high);
            to.byte(episode.calm);
            to.count(episode.samples);
            to.count(episode.outside);
            to.float(episode.rarest);
        }
        to.done()
    }

    /// The most that [`Self::to_bytes`] answers with.
    pub const MOST_BYTES: usize = 4096;

    /// The detector whose state this is. It goes on exactly as the one that wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let mut from = Reader(bytes);
        let version = from.byte()?;
        if version != VERSION {
            return Err(BytesError::Version { found: version, reads: VERSION });
        }
        let mut read = Self::new();
        read.samples = from.count()?;
        read.origin = from.double()?;
        read.last = from.float()?;
        for mean in [&mut read.level, &mut read.movement] {
            *mean = Mean::read(&mut from)?;
        }
        read.still = Still::read(&mut from)?;
        for ((memory, tail), (_, second)) in read.views.iter_mut().zip(VIEWS) {
            *memory = Memory::read(second, &mut from)?;
            *tail = Tail::read(&mut from)?;
        }
        read.overall = Tail::read(&mut from)?;
        read.echo = from.amount()?;
        read.strangest = from.amount()?;
        read.rested = from.count()?;
        if from.byte()? != 0 {
            let (since, low, high) = (from.time()?, from.float()?, from.float()?);
            let (calm, samples, outside) = (from.byte()?, from.count()?, from.count()?);
            let rarest = from.amount()?;
            read.episode = Some(Episode { since, low, high, calm, samples, outside, rarest });
        }
        from.end()?;
        Ok(read)
    }
}

/// The time of day as a share of a day.
fn time_of_day(timestamp_seconds: i64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "below 86400")]
    let second = timestamp_seconds.rem_euclid(86_400) as f32;
    second / 86_400.0
}

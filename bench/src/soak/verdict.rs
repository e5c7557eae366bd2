//! Whether what a server takes stayed as it was once it was warm.

use super::sample::Sample;
use crate::send::Sent;

/// The part of the time that warms it.
const WARM_UP: usize = 5;
/// How many more descriptors or threads are no growth: a connection comes and goes.
const SPARE: u64 = 16;
/// The seconds of the rate that may be in the queue beyond what was there.
const QUEUE_SECONDS: u64 = 2;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The share by which memory may grow.
    pub(crate) growth: f64,
    /// Events a second.
    pub(crate) rate: u32,
}

/// What is wrong; nothing if all is well.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict(Vec<String>);

/// The first and the last third of what came after the warm-up.
struct Thirds<'a> {
    first: &'a [Sample],
    last: &'a [Sample],
}

impl Verdict {
    pub(crate) fn of(samples: &[Sample], sent: &[Sent], stored: bool, limits: Limits) -> Self {
        let mut wrong = Vec::new();
        let lost: u64 = sent.iter().map(|sent| sent.refused + sent.errors).sum();
        if lost > 0 {
            wrong
                .push(format!("{lost} requests were refused or failed: it does not hold the rate"));
        }
        if !stored {
            wrong.push("what is stored is not what was acknowledged".to_owned());
        }
        let thirds = Thirds::of(samples);
        let room = |first: u64| first + (first as f64 * limits.growth) as u64;
        let queue = u64::from(limits.rate) * QUEUE_SECONDS;
        wrong.extend(thirds.grown("memory", |it| it.memory, room));
        wrong.extend(thirds.grown("descriptors", |it| it.descriptors, |first| first + SPARE));
        wrong.extend(thirds.grown("threads", |it| it.threads, |first| first + SPARE));
        wrong.extend(thirds.grown("the queue", |it| it.queue, |first| first + queue));
        Self(wrong)
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn wrong(&self) -> &[String] {
        &self.0
    }
}

impl<'a> Thirds<'a> {
    fn of(samples: &'a [Sample]) -> Self {
        let warm = &samples[samples.len() / WARM_UP..];
        let third = warm.len().div_ceil(3);
        Self { first: &warm[..third], last: &warm[warm.len() - third..] }
    }

    fn grown(
        &self,
        what: &str,
        of: impl Fn(&Sample) -> u64,
        most: impl Fn(u64) -> u64,
    ) -> Option<String> {
        let (first, last) = (median(self.first, &of), median(self.last, &of));
        let most = most(first);
        (last > most).then(|| format!("{what} grew from {first} to {last}, and may be {most}"))
    }
}

/// The one in the middle; 0 of none.
pub(crate) fn median(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<u64> = samples.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::times;

    const LIMITS: Limits = Limits { growth: 0.1, rate: 1_000 };

    /// A minute of samples, each changed by its second.
    fn minute(change: impl Fn(u64, &mut Sample)) -> Vec<Sample> {
        let steady = Sample {
            memory: 100 << 20,
            descriptors: 300,
            threads: 20,
            queue: 50,
            ..Sample::default()
        };
        let sample = |second| {
            let mut sample = steady;
            change(second, &mut sample);
            sample
        };
        (0..60).map(sample).collect()
    }

    type Change = fn(u64, &mut Sample);

    fn wrong(samples: &[Sample]) -> Vec<String> {
        Verdict::of(samples, &[], true, LIMITS).0
    }

    #[test]
    fn what_stays_as_it_is_once_it_is_warm_is_well() {
        assert_eq!(wrong(&minute(|_, _| {})), [""; 0]);
        let warming = |second: u64, it: &mut Sample| it.memory = (second.min(12) * 10) << 20;
        assert_eq!(wrong(&minute(warming)), [""; 0]);
        let spikes = |second: u64, it: &mut Sample| {
            it.queue = if second.is_multiple_of(5) { 90_000 } else { 0 };
        };
        assert_eq!(wrong(&minute(spikes)), [""; 0]);
        assert_eq!(wrong(&[]), [""; 0]);
    }

    #[test]
    fn whatever_grows_is_named() {
        let grown: [(&str, Change); 4] = [
            ("memory", |second, it| it.memory += second << 20),
            ("descriptors", |second, it| it.descriptors += second),
            ("threads", |second, it| it.threads += second),
            ("the queue", |second, it| it.queue += 100 * second),
        ];
        for (what, change) in grown {
            let wrong = wrong(&minute(change));
            assert!(wrong.len() == 1 && wrong[0].starts_with(what), "{what}: {wrong:?}");
        }
    }

    #[test]
    fn a_refusal_and_a_lost_record_are_named() {
        let sent = Sent {
            acked: 9,
            refused: 1,
            errors: 0,
            took: std::time::Duration::ZERO,
            latency: times(),
        };
        let verdict = Verdict::of(&minute(|_, _| {}), &[sent], false, LIMITS);
        assert_eq!(verdict.wrong().len(), 2, "{verdict:?}");
        assert!(!verdict.holds());
    }
}

//! A trace of the program: what it did to its data folder, and what it answered.

use std::collections::BTreeMap;
use std::path::Path;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;

use super::answers::Answer;
use super::call::Call;
use super::disk::Disk;
use super::error::TraceError;
use super::reader::Reader;

/// How many lines a cut may come after the one that it is chosen for.
const NEAR: usize = 3;

/// What a program did.
#[derive(Debug)]
pub struct Trace {
    disk: Disk,
    answers: Vec<Answer>,
    places: BTreeMap<String, Vec<usize>>,
}

/// Where the power fails: before this line of the trace happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The line, from 0.
    pub line: usize,
    /// What happens near it.
    pub place: String,
}

impl Trace {
    /// Reads the trace of a program whose data folder is `folder`, and was empty.
    pub fn parse(trace: &str, folder: &Path) -> Result<Self, TraceError> {
        let calls = Call::all(trace)?;
        let answers = calls.iter().filter_map(|call| Answer::of(call).transpose());
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        let mut reader = Reader::of(folder);
        let mut in_order: Vec<&Call> = calls.iter().collect();
        in_order.sort_by_key(|call| Reader::time_of(call));
        in_order.into_iter().try_for_each(|call| reader.take(call))?;
        let (disk, mut places) = reader.read();
        places.insert("answer".to_owned(), answers.iter().map(|answer| answer.line).collect());
        Ok(Self { disk, answers, places })
    }

    /// The disk.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The answers, in order.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// The lines at which something happened to a file or kind of file, such as `write queue.db`.
    pub fn lines(&self, place: &str) -> &[usize] {
        self.places.get(place).map_or(&[], Vec::as_slice)
    }

    /// What happened once the program answered, and at which lines. What happened before is `start`.
    pub fn places(&self) -> BTreeMap<&str, Vec<usize>> {
        let first = self.answers.first().map_or(usize::MAX, |answer| answer.line);
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, lines) in &self.places {
            for line in lines {
                let place = if *line < first { "start" } else { place };
                places.entry(place).or_default().push(*line);
            }
        }
        places
    }

    /// A cut at, or close behind, one of the things that happened. Seldom things are as likely as
    /// frequent ones.
    pub fn cut(&self, random: &mut StdRng) -> Cut {
        let places = self.places();
        let Some((place, lines)) = places.iter().choose(random) else {
            return Cut { line: 0, place: "nothing".to_owned() };
        };
        let line = lines[random.random_range(0..lines.len())] + random.random_range(0..=NEAR);
        Cut { line, place: (*place).to_owned() }
    }
}

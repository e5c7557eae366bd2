//! Fuzzing on the stable toolchain: a committed corpus of inputs, and mutations of them for a bounded
//! time. An input that once broke something belongs into the corpus: each file is tried as it is.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// How long a target runs, in seconds, unless `FUZZ_SECONDS` says otherwise.
const SECONDS: f64 = 2.0;
/// Inputs between two looks at the clock.
const CASES: u32 = 64;
/// The most mutations of one input.
const MUTATIONS: usize = 6;

/// Bytes that mean something to some parser.
const TOKENS: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"{",
    b"}",
    b"[[[[[[[[",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"%00",
    b"../",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"@",
    b"+1 555-0199",
    b"2025-02-30T25:61:61Z",
    "\u{202e}é".as_bytes(),
];

/// One change of an input.
#[derive(Clone, Debug)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index, usize),
    /// The rest comes from another input.
    Splice(Index, Index, Index),
}

/// Gives `target` every file of `folder`, and then mutations of them until the time is over.
///
/// # Panics
/// If the target panics or returns an error; the message has the smallest input that was found.
pub fn try_all(folder: &Path, target: impl Fn(&[u8]) -> Result<(), String>) {
    let corpus = read(folder);
    for (name, input) in &corpus {
        target(input).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let inputs: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    let strategy = (any::<Index>(), vec(mutation(), 1..MUTATIONS))
        .prop_map(move |(at, mutations)| mutated(&inputs, at, &mutations));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let end = Instant::now() + time();
    let mut cases = 0;
    while Instant::now() < end {
        let tried = AssertUnwindSafe(|input: Vec<u8>| target(&input).map_err(TestCaseError::fail));
        // A runner that has had its cases runs no more.
        let mut runner = TestRunner::new(config.clone());
        if let Err(TestError::Fail(reason, input)) = runner.run(&strategy, *tried) {
            panic!("{reason}: {}", input.escape_ascii());
        }
        cases += CASES;
    }
    println!("{}: {cases} mutated inputs", folder.display());
}

fn time() -> Duration {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(SECONDS))
}

fn read(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("an input")))
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    inputs
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    let token =
        prop_oneof![select(TOKENS.as_slice()).prop_map(<[u8]>::to_vec), vec(any::<u8>(), 1..9),];
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (place(), token).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (place(), place()).prop_map(|(from, to)| Mutation::Remove(from, to)),
        (place(), place(), 2_usize..40).prop_map(|(a, b, times)| Mutation::Repeat(a, b, times)),
        (place(), place(), place()).prop_map(|(at, of, from)| Mutation::Splice(at, of, from)),
    ]
}

fn mutated(inputs: &[Vec<u8>], at: Index, mutations: &[Mutation]) -> Vec<u8> {
    let mut input = at.get(inputs).clone();
    for mutation in mutations {
        let place = |index: &Index| index.index(input.len() + 1);
        match mutation {
            Mutation::Set(at, byte) if place(at) < input.len() => {
                let at = place(at);
                input[at] = *byte;
            }
            Mutation::Set(_, byte) => input.push(*byte),
            Mutation::Insert(at, bytes) => {
                let at = place(at);
                input.splice(at..at, bytes.iter().copied());
            }
            Mutation::Remove(a, b) => {
                let (from, to) = (place(a).min(place(b)), place(a).max(place(b)));
                input.drain(from..to);
            }
            Mutation::Repeat(a, b, times) => {
                let (from, to) =
                    (place(a).min(place(b)), place(a).max(place(b)).min(place(a) + 200));
                let piece = input[from..to.max(from)].repeat(*times);
                input.splice(from..from, piece);
            }
            Mutation::Splice(at, of, from) => {
                let other = of.get(inputs);
                let rest = &other[from.index(other.len() + 1)..];
                input.truncate(place(at));
                input.extend_from_slice(rest);
            }
        }
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
    }

    #[test]
    #[should_panic(expected = "no z: ")]
    fn an_input_that_breaks_the_target_is_found_among_the_mutations() {
        try_all(
            &folder(),
            |input| if input.contains(&b'\xff') { Err("no z".into()) } else { Ok(()) },
        );
    }

    #[test]
    #[should_panic(expected = "an index is out of bounds")]
    fn a_panic_of_the_target_is_found() {
        try_all(&folder(), |input| {
            assert!(input.len() < 100, "an index is out of bounds");
            Ok(())
        });
    }
}

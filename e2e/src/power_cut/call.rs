//! The lines of a trace as system calls, with the lines at which each began and ended.

use std::collections::HashMap;

use super::error::TraceError;
use super::escape::{end_of_string, unquote};

/// What `strace` writes at the end of a line whose call has not ended.
const UNFINISHED: &str = "<unfinished ...>";
/// What `strace` appends to a call that it did not let happen.
const INJECTED: &str = "(INJECTED)";

/// When a call happened, in lines of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) begun: usize,
    /// `usize::MAX` if it never ended.
    pub(super) ended: usize,
}

impl Span {
    /// Whether it had an effect, or may have had one, before line `cut`.
    pub(super) fn is_begun(self, cut: usize) -> bool {
        self.begun < cut
    }

    /// Whether it was complete before line `cut`.
    pub(super) fn is_ended(self, cut: usize) -> bool {
        self.ended < cut
    }
}

/// A system call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) span: Span,
    arguments: String,
    /// Empty if it never ended.
    result: String,
}

impl Call {
    /// The calls of a trace, in the order in which they began.
    pub(super) fn all(trace: &str) -> Result<Vec<Self>, TraceError> {
        let (mut calls, mut open) = (Vec::new(), HashMap::new());
        for (number, line) in trace.lines().enumerate() {
            let unreadable = || TraceError::Line(number + 1);
            let (thread, text) = line.split_once(' ').ok_or_else(unreadable)?;
            let text = text.trim_start();
            if text.starts_with("+++") || text.starts_with("---") {
                continue;
            }
            if let Some(resumed) = text.strip_prefix("<... ") {
                let begun: usize = open.remove(thread).ok_or_else(unreadable)?;
                let call: &mut Self = calls.get_mut(begun).ok_or_else(unreadable)?;
                call.end(resumed, number).ok_or_else(unreadable)?;
            } else if let Some(begun) = text.strip_suffix(UNFINISHED) {
                open.insert(thread, calls.len());
                calls.push(Self::begin(begun, number).ok_or_else(unreadable)?);
            } else {
                calls.push(Self::whole(text, number).ok_or_else(unreadable)?);
            }
        }
        Ok(calls)
    }

    fn begin(text: &str, line: usize) -> Option<Self> {
        let (name, arguments) = text.split_once('(')?;
        let span = Span { begun: line, ended: usize::MAX };
        let arguments = arguments.trim_end().to_owned();
        Some(Self { name: name.to_owned(), span, arguments, result: String::new() })
    }

    fn whole(text: &str, line: usize) -> Option<Self> {
        let mut call = Self::begin(text, line)?;
        let all = std::mem::take(&mut call.arguments);
        call.finish(&all, line)?;
        Some(call)
    }

    /// Takes the line on which a call ends that others came in between of.
    fn end(&mut self, resumed: &str, line: usize) -> Option<()> {
        let (_, rest) = resumed.split_once("resumed>")?;
        self.finish(rest, line)
    }

    fn finish(&mut self, rest: &str, line: usize) -> Option<()> {
        let (arguments, result) = rest.rsplit_once(" = ")?;
        self.arguments.push_str(arguments.trim_end().strip_suffix(')')?);
        self.result = result.to_owned();
        // The program was killed meanwhile.
        self.span.ended = if result == "?" { usize::MAX } else { line };
        Some(())
    }

    /// What the call returned; `None` if it failed, never ended, or was not let happen.
    pub(super) fn returned(&self) -> Option<u64> {
        if self.is_skipped() {
            return None;
        }
        let digits = self.result.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }

    /// Whether it failed. A call that never ended may have had its effect.
    pub(super) fn has_failed(&self) -> bool {
        self.result.starts_with('-')
    }

    /// Whether it was not let happen.
    pub(super) fn is_skipped(&self) -> bool {
        self.result.ends_with(INJECTED)
    }

    /// Whether the arguments have this text.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.arguments.contains(text)
    }

    /// The arguments as they stand there.
    pub(super) fn arguments(&self) -> Vec<&str> {
        let (text, mut depth, mut from, mut at) = (self.arguments.as_str(), 0_u32, 0, 0);
        let (bytes, mut arguments) = (text.as_bytes(), Vec::new());
        while at < bytes.len() {
            match bytes[at] {
                b'"' => at += end_of_string(&bytes[at..]).unwrap_or(bytes.len() - at) - 1,
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => {
                    arguments.push(text[from..at].trim());
                    from = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        arguments.push(text[from.min(text.len())..].trim());
        arguments
    }

    /// The number of the descriptor in an argument, and what it is of.
    pub(super) fn descriptor(argument: &str) -> Option<(u64, &str)> {
        let (number, path) = argument.split_once('<')?;
        Some((number.parse().ok()?, path.strip_suffix('>')?))
    }

    /// All bytes of the strings in an argument: one, or those of a list.
    pub(super) fn bytes(&self, argument: &str) -> Result<Vec<u8>, TraceError> {
        let (mut bytes, mut rest) = (Vec::new(), argument);
        let cut_short = || TraceError::CutShort(self.span.begun + 1);
        while let Some(quote) = rest.find('"') {
            let (more, after) = unquote(&rest[quote..]).ok_or_else(cut_short)?;
            if after.starts_with("...") {
                return Err(cut_short());
            }
            bytes.extend(more);
            rest = after;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(trace: &str) -> Vec<Call> {
        Call::all(trace).expect("a trace")
    }

    #[test]
    fn a_call_that_others_come_in_between_of_spans_its_lines() {
        let calls = calls(
            "7  fsync(3</d/a> <unfinished ...>\n\
             8  write(4</d/b>, \"x = y) = 1\", 10) = 10\n\
             7  <... fsync resumed>)              = 0\n\
             8  pwrite64(4</d/b>, \"half\", 4, 0 <unfinished ...>\n\
             8  <... pwrite64 resumed>)           = ?\n\
             7  +++ killed by SIGKILL +++\n",
        );
        let spans: Vec<_> = calls.iter().map(|call| (call.span.begun, call.span.ended)).collect();
        assert_eq!(spans, [(0, 2), (1, 1), (3, usize::MAX)]);
        let returned: Vec<_> = calls.iter().map(Call::returned).collect();
        assert_eq!(returned, [Some(0), Some(10), None]);
        assert_eq!(calls[2].arguments(), ["4</d/b>", "\"half\"", "4", "0"]);
    }

    #[test]
    fn arguments_are_split_outside_of_strings_and_lists() {
        let calls = calls(
            "7 writev(9<socket:[1,2]>, [{iov_base=\"a, \\\"b\", iov_len=5}, \
             {iov_base=\"]c\", iov_len=2}], 2) = 7\n",
        );
        let arguments = calls[0].arguments();
        assert_eq!(arguments.len(), 3);
        assert_eq!(Call::descriptor(arguments[0]), Some((9, "socket:[1,2]")));
        assert_eq!(calls[0].bytes(arguments[1]).expect("whole"), b"a, \"b]c");
    }

    #[test]
    fn failed_and_injected_calls_did_nothing() {
        let calls = calls(
            "7 mkdir(\"/d\", 0777) = -1 EEXIST (File exists)\n\
             7 fsync(3</d/a>) = 0 (INJECTED)\n\
             7 openat(AT_FDCWD</>, \"/d/a\", O_RDWR) = 12</d/a>\n",
        );
        let failed: Vec<_> = calls.iter().map(Call::has_failed).collect();
        assert_eq!(failed, [true, false, false]);
        let returned: Vec<_> = calls.iter().map(Call::returned).collect();
        assert_eq!(returned, [None, None, Some(12)]);
    }

    #[test]
    fn what_is_not_a_trace_or_is_cut_short_is_an_error() {
        for bad in ["nonsense", "7 nonsense", "7 <... fsync resumed>) = 0", "7 fsync(3"] {
            assert!(matches!(Call::all(bad), Err(TraceError::Line(1))), "{bad}");
        }
        let calls = calls("7 write(4</d/b>, \"begin\"..., 10) = 10\n");
        let data = calls[0].arguments()[1];
        assert!(matches!(calls[0].bytes(data), Err(TraceError::CutShort(1))));
    }
}

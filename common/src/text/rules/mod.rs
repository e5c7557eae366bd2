//! The redaction rules, one row each, with samples that it matches and samples that it leaves
//! alone.
//!
//! A pattern matches only the beginning that identifies a value, or a whole run; the check then
//! follows the value to its end, so that the end of a long value never stays readable. All patterns
//! read the plain form of a line (`view.rs`).

mod addresses;
mod keys;
mod numbers;
mod pairs;
mod phones;
mod secrets;

use super::rule::Rule;

/// The rules, in groups of a kind. Their order does not matter.
pub(super) const RULES: [&[Rule]; 6] =
    [addresses::RULES, numbers::RULES, phones::RULES, secrets::RULES, pairs::RULES, keys::RULES];

#[cfg(test)]
mod tests {
    use super::super::redact::redact;
    use super::super::rule::Traits;
    use super::super::view::View;
    use super::*;

    fn rules() -> impl Iterator<Item = &'static Rule> {
        RULES.iter().copied().flatten()
    }

    #[test]
    fn every_rule_redacts_its_samples() {
        for rule in rules() {
            for sample in rule.takes {
                assert!(redact(sample).count > 0, "{}: {sample}", rule.name);
            }
        }
    }

    #[test]
    fn no_rule_changes_a_text_that_must_stay() {
        for rule in rules() {
            for sample in rule.spares {
                assert_eq!(redact(sample).text, *sample, "{}", rule.name);
            }
        }
    }

    #[test]
    fn every_pattern_matches_its_samples_on_its_own() {
        for rule in rules().filter(|rule| !rule.takes.is_empty()) {
            let pattern = regex::Regex::new(rule.pattern).expect("a pattern");
            for sample in rule.takes {
                let view = View::of(sample);
                let met = Traits::of(&view.text).meet(&rule.needs);
                assert!(met && pattern.is_match(&view.text), "{}: {sample}", rule.name);
            }
        }
    }
}

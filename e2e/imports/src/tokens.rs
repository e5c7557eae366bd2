//! Paths in the tokens of macros and attributes, which no parser knows.

use proc_macro2::{TokenStream, TokenTree};

/// The segments of a path, such as `crate`, `store`, `Write`.
pub(crate) type Segments = Vec<String>;

/// Every path in `tokens`, however deep. An identifier alone is a path of one segment; what follows
/// a dot is a field or a method, and no path.
pub(crate) fn paths(tokens: TokenStream) -> Vec<Segments> {
    let mut scan = Scan::default();
    for token in tokens {
        scan.take(token);
    }
    scan.end_path();
    scan.paths
}

/// The path that a string in an attribute holds, as in `#[serde(with = "crate::time")]`.
pub(crate) fn path_in_string(text: &str) -> Option<Segments> {
    let segments: Segments = text.split("::").map(str::to_owned).collect();
    let is_name = |segment: &String| {
        !segment.is_empty() && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (segments.len() > 1 && segments.iter().all(is_name)).then_some(segments)
}

#[derive(Default)]
struct Scan {
    paths: Vec<Segments>,
    path: Segments,
    /// The punctuation since the last identifier.
    between: String,
}

impl Scan {
    fn take(&mut self, token: TokenTree) {
        match token {
            TokenTree::Ident(name) => self.name(name.to_string()),
            TokenTree::Punct(mark) => self.between.push(mark.as_char()),
            TokenTree::Group(group) => {
                self.end_path();
                self.paths.extend(paths(group.stream()));
            }
            TokenTree::Literal(literal) => {
                self.end_path();
                let text = literal.to_string();
                self.paths.extend(path_in_string(text.trim_matches('"')));
            }
        }
    }

    fn name(&mut self, name: String) {
        if self.between != "::" || self.path.is_empty() {
            let before = std::mem::take(&mut self.between);
            self.end_path();
            let is_variable = before.ends_with('$') && name != "crate";
            let is_member = before.ends_with('.') && !before.ends_with("..");
            if is_variable || is_member || before.ends_with('\'') || before.ends_with("::") {
                return;
            }
        }
        self.between.clear();
        self.path.push(name);
    }

    fn end_path(&mut self) {
        self.between.clear();
        if !self.path.is_empty() {
            self.paths.push(std::mem::take(&mut self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tokens: &str) -> Vec<String> {
        let tokens = tokens.parse().expect("tokens");
        paths(tokens).into_iter().map(|segments| segments.join("::")).collect()
    }

    #[test]
    fn paths_are_found_at_any_depth() {
        assert_eq!(found("(a::B { c: [crate::d::e()] })"), ["a::B", "c", "crate::d::e"]);
    }

    #[test]
    fn members_variables_and_lifetimes_are_not_paths() {
        assert_eq!(found("a.b $c 'd $crate::e 0..f"), ["a", "crate::e", "f"]);
    }

    #[test]
    fn a_string_may_hold_a_path() {
        assert_eq!(
            found(r#"with = "crate::time", text = "a: b""#),
            ["with", "crate::time", "text"]
        );
    }
}

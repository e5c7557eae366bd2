//! The fenced blocks of a Markdown file, and the commands in them.

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    /// The line of its opening fence, counted from 1.
    pub(super) line: usize,
    /// The word after the fence, such as `console`; empty if the fence stands alone.
    pub(super) language: String,
    text: String,
}

/// One command of a block.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) command: String,
    /// What the block says that it prints; empty in blocks that show no output.
    pub(super) output: String,
}

/// The blocks of a Markdown text, in order. A row of a table that begins with a command of `cargo`
/// is a block of its own.
pub(super) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (line, text) in (1..).zip(markdown.lines()) {
        match text.trim_start().strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(language) => {
                is_open = true;
                let language = language.trim().to_owned();
                blocks.push(Block { line, language, text: String::new() });
            }
            None if is_open => {
                let block = blocks.last_mut().expect("an open block");
                block.text.extend([text, "\n"]);
            }
            None => blocks.extend(row(text).map(|command| Block {
                line,
                language: "sh".to_owned(),
                text: command.to_owned(),
            })),
        }
    }
    assert!(!is_open, "the last block is never closed");
    blocks
}

/// The command in the first cell of a table's row.
fn row(line: &str) -> Option<&str> {
    let cell = line.strip_prefix("| `")?.split('`').next()?;
    cell.starts_with("cargo ").then_some(cell)
}

impl Block {
    /// The commands after `$ `, each with the lines that follow it as its output.
    pub(super) fn examples(&self) -> Vec<Example> {
        let mut examples: Vec<Example> = Vec::new();
        for line in self.text.lines() {
            match (line.strip_prefix("$ "), examples.last_mut()) {
                (Some(command), _) => {
                    examples.push(Example { command: command.to_owned(), output: String::new() });
                }
                (None, Some(last)) if last.output.is_empty() && last.command.ends_with('\\') => {
                    last.command.extend(["\n", line.strip_prefix("> ").unwrap_or(line)]);
                }
                (None, Some(last)) => last.output.extend([line, "\n"]),
                (None, None) => panic!("output without a command: {line}"),
            }
        }
        examples
    }

    /// The commands of a script: its lines, each with the lines that continue it, comments apart.
    pub(super) fn commands(&self) -> Vec<String> {
        let whole = self.text.replace("\\\n", " ");
        let lines = whole.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    }
}

#[test]
fn blocks_are_found_with_their_commands_and_outputs() {
    let markdown = "text\n```console\n$ one \\\n>   more\n1\n2\n$ two\n```\n\n  ```sh\n  # why\n  a \\\n  b\n  ```\n| `cargo x` | y |\n";
    let found = blocks(markdown);
    let languages: Vec<_> = found.iter().map(|it| (it.line, it.language.as_str())).collect();
    assert_eq!(languages, [(2, "console"), (10, "sh"), (15, "sh")]);
    let examples = found[0].examples();
    let examples: Vec<_> =
        examples.iter().map(|it| (it.command.as_str(), it.output.as_str())).collect();
    assert_eq!(examples, [("one \\\n  more", "1\n2\n"), ("two", "")]);
    assert_eq!(found[1].commands(), ["a    b"]);
    assert_eq!(found[2].commands(), ["cargo x"]);
}

//! Prints which file of the workspace imports which: `cargo run -p imports [--dot] [CRATE]`.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let (options, crates): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let is_dot = options.iter().any(|option| option == "--dot");
    if options.iter().any(|option| option != "--dot") || crates.len() > 1 {
        return Err("usage: imports [--dot] [CRATE]".into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for drawing in imports::workspace(&root.canonicalize()?)? {
        if crates.iter().all(|name| drawing.root().starts_with(&format!("{name}/"))) {
            let drawn = if is_dot { drawing.graphviz() } else { drawing.text() };
            std::io::stdout().write_all(drawn.as_bytes())?;
        }
    }
    Ok(())
}

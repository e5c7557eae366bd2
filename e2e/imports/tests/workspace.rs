//! No files of this workspace import each other in a loop.

use std::path::Path;

#[test]
fn no_files_import_each_other_in_a_loop() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().expect("the workspace");
    let drawings = imports::workspace(&root).expect("the sources");
    assert!(drawings.iter().any(|drawing| drawing.files() > 20), "the sources were not found");
    let loops: Vec<String> = drawings.iter().flat_map(imports::Drawing::loops).collect();
    assert!(
        loops.is_empty(),
        "files import each other in a loop; each loop is listed with what its files take from each \
         other:\n\n{}",
        loops.join("\n")
    );
}

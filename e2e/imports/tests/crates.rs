//! What counts as an import, on small crates that are made up.

use std::fs;

use imports::Drawing;

/// The loops of the crate that has these files.
fn loops(files: &[(&str, &str)]) -> Vec<String> {
    drawing(files).loops()
}

fn drawing(files: &[(&str, &str)]) -> Drawing {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, code) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("its folder")).expect("its folder");
        fs::write(file, code).expect("a file");
    }
    Drawing::of(folder.path(), &folder.path().join("lib.rs")).expect("a crate")
}

#[test]
fn two_files_that_import_each_other_are_a_loop() {
    let found = loops(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use super::a; pub struct B(a::A);"),
    ]);
    assert_eq!(found, ["a.rs\n    -> b.rs: B\nb.rs\n    -> a.rs: A\n"]);
}

#[test]
fn an_import_of_tests_alone_makes_no_loop() {
    let found = loops(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_name_that_a_parent_re_exports_counts_for_the_file_that_defines_it() {
    let found = drawing(&[
        ("lib.rs", "mod a; mod c;"),
        ("a/mod.rs", "mod b; pub use self::b::B;"),
        ("a/b.rs", "pub struct B;"),
        ("c.rs", "use crate::a::B as Name; fn f(name: Name) {}"),
    ]);
    let text = found.text();
    assert!(text.contains("c.rs\n    -> a/b.rs: B"), "{text}");
    assert!(!text.contains("-> a/mod.rs"), "{text}");
}

#[test]
fn a_path_through_a_module_does_not_import_a_function_of_the_same_name() {
    let found = drawing(&[
        ("lib.rs", "mod a; mod b; mod c; pub use self::c::a;"),
        ("a.rs", "pub fn f() {}"),
        ("b.rs", "use super::a::f;"),
        ("c.rs", "pub fn a() {}"),
    ]);
    let text = found.text();
    assert!(text.contains("b.rs\n    -> a.rs: f\nc.rs"), "{text}");
}

#[test]
fn a_child_and_the_parent_that_calls_it_are_a_loop_when_it_takes_what_the_parent_defines() {
    let files = |child| [("lib.rs", "mod b; pub struct A; fn f() { b::g() }"), ("b.rs", child)];
    assert_eq!(loops(&files("use super::A; pub fn g() {}")).len(), 1);
    assert_eq!(loops(&files("pub fn g() {}")).len(), 0);
}

#[test]
fn a_parent_that_only_declares_its_children_does_not_import_them() {
    assert_eq!(loops(&[("lib.rs", "mod b; struct A;"), ("b.rs", "use super::A;")]), [""; 0]);
}

#[test]
fn an_inline_path_an_attribute_and_a_macro_s_argument_import() {
    for code in [
        "fn f() { crate::b::g() }",
        "#[call(crate::b::g)] fn f() {}",
        "fn f() { print!(\"{}\", crate::b::g()) }",
        "use crate::b::*; fn f() { g() }",
        "fn f() { use crate::b; b::g() }",
    ] {
        let found = loops(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", &format!("{code} pub struct A;")),
            ("b.rs", "pub fn g() -> crate::a::A { todo!() }"),
        ]);
        assert_eq!(found.len(), 1, "{code}");
    }
}

#[test]
fn what_a_macro_makes_belongs_to_the_file_that_calls_the_macro() {
    let found = loops(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "make! { pub struct A; } use crate::b::B;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ]);
    assert_eq!(found.len(), 1);
}

#[test]
fn names_of_other_crates_and_local_variables_import_nothing() {
    let found = drawing(&[
        ("lib.rs", "mod a; mod b; use std::fmt::Debug;"),
        ("a.rs", "use super::*; fn f(g: u8) -> String { String::from(g) }"),
        ("b.rs", "pub fn g() {}"),
    ]);
    assert_eq!(found.text(), "a.rs\nb.rs\nlib.rs\n");
}

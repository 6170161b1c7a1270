// SPDX-License-Identifier: GPL-3.0-or-later
//! Layouts and constants of the declarations are those that the C compiler sees in the headers.
#![cfg(feature = "mock")]
use std::fmt::Write;
use std::mem::{size_of, zeroed};
use std::process::Command;
use vres_sys::*;

/// Each field with its offset and size, as assertions in C.  The patterns name every field, or they do not compile.
macro_rules! layouts {
    ($($structure:ident { $($field:ident,)* })*) => {
        fn assertions(c: &mut String) {
            $({
                // SAFETY: zero is a value of each of these structures: integers, pointers and arrays of them.
                let whole: $structure = unsafe { zeroed() };
                let name = stringify!($structure);
                writeln!(c, "_Static_assert(sizeof({name}) == {}, \"{name}\");", size_of::<$structure>()).unwrap();
                let $structure { $($field: _,)* } = whole;
                $(
                    let offset = std::ptr::addr_of!(whole.$field) as usize - std::ptr::addr_of!(whole) as usize;
                    let field = stringify!($field).trim_end_matches('_'); // type_ is type in C
                    writeln!(c, "_Static_assert(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");").unwrap();
                    let bytes = std::mem::size_of_val(&whole.$field);
                    writeln!(c, "_Static_assert(sizeof((({name} *)0)->{field}) == {bytes}, \"{name}.{field}\");").unwrap();
                )*
            })*
        }
    };
}
include!("fields.rs");

/// `pub const NAME: TYPE = VALUE;` of the declarations, as assertions in C.
fn constants(c: &mut String, source: &str) -> usize {
    let mut count = 0;
    for line in source.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let (name, rest) = line.split_once(':').unwrap();
        let value = rest.split_once('=').unwrap().1.trim().trim_end_matches(';');
        writeln!(c, "_Static_assert({name} == {value}, \"{name}\");").unwrap();
        count += 1;
    }
    count
}

fn compile(program: &str) -> (bool, String) {
    let name = std::env::temp_dir().join(format!("vres-layout-{}-{}.c", std::process::id(), program.len()));
    std::fs::write(&name, program).unwrap();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let include = concat!("-I", env!("VRES_INCLUDE_DIR"));
    let run = Command::new(compiler).args(["-std=c11", "-fsyntax-only", include]).arg(&name).output();
    std::fs::remove_file(&name).unwrap();
    let run = run.unwrap();
    (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
}

fn program() -> (String, usize) {
    let mut c = String::from("#include <stddef.h>\n");
    for header in ["backend.h", "vres.h", "audit_file.h", "audit_check.h", "mock.h"] {
        writeln!(c, "#include <vres/{header}>").unwrap();
    }
    assertions(&mut c);
    let count =
        constants(&mut c, include_str!("../../src/vres.rs")) + constants(&mut c, include_str!("../../src/mock.rs"));
    writeln!(c, "_Static_assert(VRES_BYTES_UNKNOWN == {VRES_BYTES_UNKNOWN}u, \"unknown\");").unwrap();
    writeln!(c, "_Static_assert(VRES_VIOLATION_NEVER == {VRES_VIOLATION_NEVER}u, \"never\");").unwrap();
    (c, count)
}

#[test]
fn layouts_and_constants_are_those_of_the_headers() {
    let (program, count) = program();
    assert!(count > 100, "only {count} constants were found in the declarations");
    let (good, messages) = compile(&program);
    assert!(good, "{messages}");
}

#[test]
fn a_layout_that_differs_is_noticed() {
    let moved = program().0.replacen("offsetof(vres_error, reason) == ", "offsetof(vres_error, reason) == 1", 1);
    let (good, messages) = compile(&moved);
    assert!(!good && messages.contains("vres_error.reason"), "{messages}");
}

#[test]
fn the_library_that_is_loaded_has_the_version_of_the_declarations() {
    // SAFETY: returns a static string.
    let version = unsafe { std::ffi::CStr::from_ptr(vres_version()) };
    assert_eq!(version.to_str().unwrap(), VERSION);
}

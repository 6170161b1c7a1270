// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds libvres: where VRES_LIB_DIR and VRES_INCLUDE_DIR say, or else what the program pkg-config says.
use std::env;
use std::process::{exit, Command};

/// Where the C code of this repository has its headers, for a build inside of it.
const HEADERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../include");

fn main() {
    let mock = env::var_os("CARGO_FEATURE_MOCK").is_some();
    match env::var("VRES_LIB_DIR") {
        Ok(folders) => {
            for folder in folders.split(':').filter(|folder| !folder.is_empty()) {
                println!("cargo:rustc-link-search=native={folder}");
            }
            // What needs the other comes first.
            for library in ["vres-mock", "vres"].iter().skip(usize::from(!mock)) {
                println!("cargo:rustc-link-lib={library}");
            }
        }
        Err(_) => libraries(&ask("--libs", mock)),
    }
    let include = env::var("VRES_INCLUDE_DIR").unwrap_or_else(|_| {
        let asked = if env::var_os("VRES_LIB_DIR").is_none() { ask("--cflags-only-I", mock) } else { String::new() };
        let found = asked.split_whitespace().find_map(|flag| flag.strip_prefix("-I"));
        found.unwrap_or(HEADERS).to_string()
    });
    println!("cargo:include={include}");
    println!("cargo:rustc-env=VRES_INCLUDE_DIR={include}");
    for name in ["VRES_LIB_DIR", "VRES_INCLUDE_DIR", "PKG_CONFIG", "PKG_CONFIG_PATH"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}

fn libraries(flags: &str) {
    for flag in flags.split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        } else if let Some(library) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        }
    }
}

/// What pkg-config answers; a missing library is one line and the end of the build.
fn ask(what: &str, mock: bool) -> String {
    let package = if mock { "vres-mock" } else { "vres" };
    let program = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    match Command::new(&program).args([what, package]).output() {
        Ok(answer) if answer.status.success() => String::from_utf8_lossy(&answer.stdout).into_owned(),
        Ok(_) => fail(&format!(
            "package {package} not found by `{program} {what} {package}`: install it (`cmake --install build/release`) \
             and name its folder in PKG_CONFIG_PATH, or set VRES_LIB_DIR and VRES_INCLUDE_DIR"
        )),
        Err(why) => fail(&format!(
            "cannot run `{program} {what} {package}` ({why}): install pkg-config (`apt-get install pkg-config`), \
             or set VRES_LIB_DIR and VRES_INCLUDE_DIR"
        )),
    }
}

fn fail(why: &str) -> ! {
    eprintln!("vres-sys: {why}");
    exit(1)
}

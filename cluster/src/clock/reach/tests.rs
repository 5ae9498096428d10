//! Programs of every kind, the rare ones made here byte by byte: only headers, for nobody runs them.

use super::*;
use std::fs::{Permissions, set_permissions, write};

const X86_64: u16 = 62;
const AARCH64: u16 = 183;
const GLIBC_LINKER: &str = "/lib64/ld-linux-x86-64.so.2";

fn glibc_library() -> Traits {
    Traits {
        machine: elf::Machine(X86_64),
        is_64: true,
        glibc: true,
        breaks_absolute_sleeps: true,
    }
}

/// An ELF file of that machine, with that dynamic linker if any, and sections of these names and contents.
fn program(machine: u16, linker: Option<&str>, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = vec![0];
    let mut body = Vec::new();
    let segments = u16::from(linker.is_some());
    let body_from = 64 + 56 * u64::from(segments);
    let mut headers = vec![0; 64];
    let mut add = |names: &mut Vec<u8>, body: &mut Vec<u8>, name: &str, kind: u32, bytes: &[u8]| {
        let (name_at, at) = (names.len() as u32, body_from + body.len() as u64);
        names.extend(name.bytes().chain([0]));
        body.extend(bytes);
        let words = [0, 0, at, bytes.len() as u64];
        let mut header = [name_at, kind].map(u32::to_le_bytes).concat();
        header.extend(words.map(u64::to_le_bytes).concat());
        header.extend([0; 8]);
        header.extend([1u64, 0].map(u64::to_le_bytes).concat());
        headers.extend(header);
    };
    let linker = linker.map(|linker| [linker.as_bytes(), b"\0"].concat());
    body.extend(linker.iter().flatten());
    for (name, bytes) in sections {
        add(&mut names, &mut body, name, 1, bytes);
    }
    let mut all_names = names.clone();
    all_names.extend(b".shstrtab\0");
    add(&mut names, &mut body, ".shstrtab", 3, &all_names);
    let section_count = sections.len() as u16 + 2;
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend([2, machine].map(u16::to_le_bytes).concat());
    file.extend(1u32.to_le_bytes());
    file.extend(
        [0, 64, body_from + body.len() as u64]
            .map(u64::to_le_bytes)
            .concat(),
    );
    file.extend(0u32.to_le_bytes());
    file.extend(
        [64, 56, segments, 64, section_count, section_count - 1]
            .map(u16::to_le_bytes)
            .concat(),
    );
    if let Some(linker) = &linker {
        file.extend([3u32, 4].map(u32::to_le_bytes).concat());
        let size = linker.len() as u64;
        file.extend([body_from, 0, 0, size, size, 1].map(u64::to_le_bytes).concat());
    }
    file.extend(body);
    file.extend(headers);
    file
}

/// What is said of a program with this content.
fn judged(content: &[u8], library: &Traits) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("server");
    write(&file, content).unwrap();
    set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    let argv = [file.to_str().unwrap().to_owned()];
    let own = std::env::var_os("PATH").unwrap();
    reach(&argv, &own, library).map_err(|missing| {
        assert!(!missing.fix.is_empty());
        missing.reason.replace(dir.path().to_str().unwrap(), "")
    })
}

#[test]
fn a_dynamic_program_of_the_same_c_library_is_reached() {
    let content = program(X86_64, Some(GLIBC_LINKER), &[(".dynstr", b"\0libc.so.6\0")]);
    assert_eq!(judged(&content, &glibc_library()), Ok(()));
}

#[test]
fn a_static_program_is_refused_by_name() {
    let told = judged(&program(X86_64, None, &[]), &glibc_library()).unwrap_err();
    assert_eq!(
        told,
        "/server is statically linked, and libfaketime is loaded by the dynamic linker"
    );
}

#[test]
fn a_go_program_is_refused_by_name_even_where_it_is_dynamic() {
    for section in [".go.buildinfo", ".note.go.buildid", ".gopclntab"] {
        let content = program(X86_64, Some(GLIBC_LINKER), &[(section, b"go1.22")]);
        let told = judged(&content, &glibc_library()).unwrap_err();
        assert_eq!(
            told,
            "/server is a Go program, which does not ask the C library for the time"
        );
    }
}

#[test]
fn another_machine_or_c_library_is_refused() {
    let told = |content: &[u8]| judged(content, &glibc_library()).unwrap_err();
    let arm = program(AARCH64, Some("/lib/ld-linux-aarch64.so.1"), &[]);
    assert!(told(&arm).contains("another machine"));
    let musl = program(X86_64, Some("/lib/ld-musl-x86_64.so.1"), &[]);
    assert!(told(&musl).contains("another C library"));
    let of_musl = Traits {
        glibc: false,
        ..glibc_library()
    };
    assert_eq!(judged(&musl, &of_musl), Ok(()));
    let glibc = program(X86_64, Some(GLIBC_LINKER), &[]);
    assert!(
        judged(&glibc, &of_musl)
            .unwrap_err()
            .contains("another C library")
    );
}

#[test]
fn a_program_that_would_wait_for_ever_is_refused() {
    for name in ["pthread_condattr_setclock", "JLI_Launch", "Py_BytesMain"] {
        let names = format!("\0libc.so.6\0{name}\0");
        let content = program(X86_64, Some(GLIBC_LINKER), &[(".dynstr", names.as_bytes())]);
        let told = judged(&content, &glibc_library()).unwrap_err();
        assert!(
            told.starts_with("/server waits until a moment of the monotonic clock"),
            "{told}"
        );
    }
}

#[test]
fn a_script_is_as_good_as_what_runs_it() {
    // The shell of this machine, whatever it is, with a library made to fit.
    let shell = facts(Path::new("/bin/sh")).unwrap();
    let fitting = Traits {
        machine: shell.machine,
        is_64: shell.is_64,
        glibc: !shell.linker.contains("ld-musl"),
        breaks_absolute_sleeps: false,
    };
    assert_eq!(judged(b"#!/bin/sh\nexec server\n", &fitting), Ok(()));
    assert_eq!(judged(b"#! /usr/bin/env -S A=b sh -e\n", &fitting), Ok(()));
    let unfit = Traits {
        glibc: !fitting.glibc,
        ..fitting.clone()
    };
    let told = judged(b"#!/bin/sh\n", &unfit).unwrap_err();
    assert!(told.starts_with("/bin/sh uses another C library"), "{told}");
    let told = judged(b"#!/usr/bin/env no-such-program\n", &fitting).unwrap_err();
    assert_eq!(told, "there is no program no-such-program");
    assert!(judged(b"#!\n", &fitting).unwrap_err().contains("names nothing"));
    assert!(
        judged(b"#!/usr/bin/env\n", &fitting)
            .unwrap_err()
            .contains("nothing with it")
    );
}

#[test]
fn scripts_that_run_each_other_come_to_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ring");
    let name = file.to_str().unwrap().to_owned();
    write(&file, format!("#!{name}\n")).unwrap();
    set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    let told = reach(&[name], OsStr::new(""), &glibc_library()).unwrap_err();
    assert!(told.reason.contains("a script run by a script"));
}

#[test]
fn what_is_no_program_is_refused_without_a_panic() {
    let told = judged(b"hello", &glibc_library()).unwrap_err();
    assert_eq!(
        told,
        "/server cannot be looked at: it is neither an ELF program nor a script"
    );
    let whole = program(X86_64, Some(GLIBC_LINKER), &[(".dynstr", b"\0libc.so.6\0")]);
    for length in 0..whole.len() {
        // Cut short anywhere it may be refused, or reached when what is missing is not needed.
        let _ = judged(&whole[..length], &glibc_library());
    }
    let mut sizes = whole;
    for at in (16..sizes.len()).step_by(3) {
        sizes[at] = 0xff;
        let _ = judged(&sizes, &glibc_library());
    }
}

#[test]
fn programs_are_found_as_exec_finds_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().as_os_str();
    write(dir.path().join("server"), "").unwrap();
    assert_eq!(find("server", path), None, "it may not be executed");
    set_permissions(dir.path().join("server"), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(find("server", path), Some(dir.path().join("server")));
    assert_eq!(find("", path), None);
    assert_eq!(find("/no/such/server", path), None);
}

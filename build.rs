//! Names the build: a hash of all that the program is made of, so that results of two programs are never taken for one's.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=Cargo.lock");
    let mut files = below(Path::new("src"));
    files.push(PathBuf::from("Cargo.lock"));
    files.sort();
    let mut hasher = blake3::Hasher::new();
    // A package without its lock file is built, too.
    for path in files.iter().filter(|path| path.exists()) {
        let bytes = fs::read(path).expect("a source can be read");
        let name = path.to_string_lossy().replace('\\', "/");
        hasher.update(format!("{name} {}\n", bytes.len()).as_bytes());
        hasher.update(&bytes);
    }
    let hash = hasher.finalize().to_hex();
    println!("cargo:rustc-env=STALEGATE_BUILD={}+{}", env!("CARGO_PKG_VERSION"), &hash[..12]);
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources are there");
    let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
    paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

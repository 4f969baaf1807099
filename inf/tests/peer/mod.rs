//! Wine's setupapi as a peer: builds `infdump.c` with mingw and runs it, in a
//! Wine prefix of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler of the peer.
pub(crate) const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// A built peer, in a folder of its own that goes away with it.
pub(crate) struct Peer(tempfile::TempDir);

impl Peer {
    /// Builds the peer. `None`, and a word on standard error, if the compiler
    /// or Wine is not installed.
    pub(crate) fn build(test: &str) -> Option<Peer> {
        if !wimwright_testdata::program(COMPILER, test)
            || !wimwright_testdata::program("wine", test)
        {
            return None;
        }
        let peer = Peer(tempfile::tempdir().unwrap());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/infdump.c");
        let built = Command::new(COMPILER)
            .args(["-municode", "-O2", "-Wall", "-Werror", "-o"])
            .arg(peer.folder().join("infdump.exe"))
            .arg(source)
            .arg("-lsetupapi")
            .status()
            .unwrap();
        assert!(built.success(), "infdump.c compiles");
        Some(peer)
    }

    /// A folder for files that the peer shall read.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Runs the peer once over all files and returns what it wrote.
    pub(crate) fn run(&self, mode: &str, files: &[PathBuf]) -> String {
        let list: String = files.iter().map(|path| windows_path(path) + "\n").collect();
        fs::write(self.folder().join("list.txt"), list).unwrap();
        self.wine("wine", &["infdump.exe", mode, "list.txt", "out.txt"]);
        // The server of this prefix lives on for seconds and would still write
        // to the folder while it is removed.
        self.wine("wineserver", &["--wait"]);
        fs::read_to_string(self.folder().join("out.txt")).unwrap()
    }

    fn wine(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder())
            .env("WINEPREFIX", self.folder().join("prefix"))
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("DISPLAY")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {output:?}"
        );
    }
}

/// How Wine calls a file of the host.
pub(crate) fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_str().unwrap().replace('/', "\\"))
}

//! The program: everything is in the library, so that tests can call it.

use std::io::BufWriter;

use wimwright::Output;

fn main() -> std::process::ExitCode {
    let mut out = BufWriter::new(std::io::stdout());
    let mut err = std::io::stderr();
    let code = wimwright::run(
        std::env::args_os(),
        Output::stdout(&mut out),
        Output::stderr(&mut err),
    );
    code.into()
}

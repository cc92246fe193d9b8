//! Where commands print: results on standard output, complaints on standard error.

use std::io::Write;

/// Prints text; a reader that went away ends the process quietly, as `head` expects.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    if out
        .write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_err()
    {
        std::process::exit(0);
    }
}

/// Prints a line.
pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Prints a value as indented JSON.
pub(super) fn json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => line(&text),
        Err(error) => complain(&error.to_string()),
    }
}

/// Says what went wrong.
pub(super) fn complain(message: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "tongguan: {message}");
}

/// Tells a person how work goes on, on standard error; silent where that is no terminal.
pub(super) fn note(message: &str) {
    use std::io::IsTerminal;
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let _gone = writeln!(err, "{message}");
    }
}

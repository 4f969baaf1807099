//! Pages for a browser: one file, no scripts, nothing that is loaded from
//! elsewhere.

mod diff;
mod drivers_match;
mod report;

use std::fmt::Write as _;

pub(crate) use diff::{DiffPage, diff};
pub(crate) use drivers_match::drivers_match;
pub(crate) use report::report;

/// Plain enough to be printed; colours that are not all that tells good from
/// bad.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1b1b;--soft:#555;--page:#fff;--line:#c9c9c9;\
--band:#f0f0f0;--good:#e7f5e7;--bad:#fbe3e1}\
@media (prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#a5acb3;--page:#16191d;\
--line:#444b54;--band:#23282e;--good:#1d4429;--bad:#5c211e}}\
@media print{:root{--ink:#000;--soft:#333;--page:#fff;--line:#999;--band:#eee;--good:#e7f5e7;\
--bad:#fbe3e1}body{margin:0;max-width:none}tr,li{break-inside:avoid}h2,h3{break-after:avoid}\
thead{display:table-header-group}details::details-content{content-visibility:visible;\
display:block}}\
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;\
color:var(--ink);background:var(--page)}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem}a{color:inherit}\
table{border-collapse:collapse;margin:.6rem 0;width:100%}\
th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;\
overflow-wrap:break-word}td code,li{overflow-wrap:anywhere}\
thead th{background:var(--band)}td .name{white-space:nowrap}td.good{background:var(--good)}td.bad{background:var(--bad)}\
code{font-size:.92em}details{margin:.4rem 0}summary{cursor:pointer}\
.facts th{width:1%;white-space:nowrap;font-weight:500;background:var(--band)}.note{color:var(--soft)}ul{margin:.2rem 0;padding-left:1.2rem}";

/// A page that is being written.
pub(crate) struct Page {
    title: String,
    body: String,
}

impl Page {
    pub(crate) fn new(title: &str) -> Page {
        Page {
            title: title.to_owned(),
            body: String::new(),
        }
    }

    /// An element with text in it.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.body, "<{name}>{text}</{name}>");
    }

    /// Markup that was made here; text in it is escaped already.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
        self.body.push('\n');
    }

    /// A table; cells are markup.
    pub(crate) fn table(&mut self, header: &[&str], rows: &[Vec<Cell>]) {
        let mut markup = "<table><thead><tr>".to_owned();
        for title in header {
            let _ = write!(markup, "<th scope=\"col\">{}</th>", escaped(title));
        }
        markup.push_str("</tr></thead><tbody>\n");
        for row in rows {
            markup.push_str("<tr>");
            for cell in row {
                let class = match cell.mark {
                    Mark::Plain => "",
                    Mark::Good => " class=\"good\"",
                    Mark::Bad => " class=\"bad\"",
                };
                let _ = write!(markup, "<td{class}>{}</td>", cell.markup);
            }
            markup.push_str("</tr>\n");
        }
        markup.push_str("</tbody></table>");
        self.raw(&markup);
    }

    /// What is said of something, by labels.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        let mut markup = "<table class=\"facts\"><tbody>\n".to_owned();
        for (label, value) in facts {
            let _ = writeln!(
                markup,
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                escaped(label),
                escaped(value)
            );
        }
        markup.push_str("</tbody></table>");
        self.raw(&markup);
    }

    /// The page as it is written.
    pub(crate) fn finish(self) -> String {
        let title = escaped(&self.title);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n\
             <meta name=\"generator\" content=\"wimwright {}\"/>\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            self.body
        )
    }
}

/// How a cell is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Plain,
    Good,
    Bad,
}

/// A cell of a table.
pub(crate) struct Cell {
    markup: String,
    mark: Mark,
}

impl Cell {
    /// Text.
    pub(crate) fn text(text: &str) -> Cell {
        Cell {
            markup: escaped(text),
            mark: Mark::Plain,
        }
    }

    /// Text as it is typed.
    pub(crate) fn code(text: &str) -> Cell {
        Cell {
            markup: format!("<code>{}</code>", escaped(text)),
            mark: Mark::Plain,
        }
    }

    /// Markup whose text is escaped already.
    pub(crate) fn raw(markup: String) -> Cell {
        Cell {
            markup,
            mark: Mark::Plain,
        }
    }

    pub(crate) fn marked(self, mark: Mark) -> Cell {
        Cell { mark, ..self }
    }
}

/// Text as a browser shows it. What no page may hold, control characters, is
/// written out.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in super::text::printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_text_stays_text() {
        assert_eq!(
            escaped("<script>alert('a&b')</script>\u{1b}\u{ffff}"),
            "&lt;script&gt;alert(&#39;a&amp;b&#39;)&lt;/script&gt;\\u{1b}\u{fffd}"
        );
        let mut page = Page::new("a < b");
        page.element("p", "x > y");
        page.table(
            &["h"],
            &[vec![Cell::code("<"), Cell::text("&").marked(Mark::Bad)]],
        );
        let text = page.finish();
        assert!(text.contains("<title>a &lt; b</title>"), "{text}");
        assert!(text.contains("<td><code>&lt;</code></td><td class=\"bad\">&amp;</td>"));
    }
}

//! A command line of DISM, parsed.
//!
//! Words begin with a slash, case does not count, a value stands behind the
//! first colon, and quotes may stand around all of it or around the value.

use super::command::{Choice, Command, Effect, Takes};
use super::failure::{Failure, NOT_SUPPORTED};
use super::table;

/// What a line says.
#[derive(Default)]
pub(super) struct Line {
    pub(super) command: Option<&'static Command>,
    /// The value behind the command's own name.
    pub(super) argument: Option<String>,
    pub(super) image: Option<String>,
    pub(super) online: bool,
    pub(super) help: bool,
    pub(super) quiet: bool,
    pub(super) log: Option<String>,
    /// What was said that is not followed.
    pub(super) notes: Vec<String>,
    /// The command's options by the table's names.
    options: Vec<(&'static str, Option<String>)>,
}

/// A word: its name without the slash, and its value.
struct Word {
    name: String,
    value: Option<String>,
}

impl Word {
    fn new(word: &str) -> Result<Word, Failure> {
        let plain = word.replace('"', "");
        let body = plain
            .strip_prefix(['/', '-'])
            .filter(|body| !body.is_empty());
        let body = body.ok_or_else(|| {
            Failure::words(format!("`{word}` is no option: DISM's begin with `/`"))
                .hint("put values with blanks in quotes; `wimwright dism /?` lists the commands")
        })?;
        let (name, value) = match body.split_once(':') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (body, None),
        };
        Ok(Word {
            name: name.to_owned(),
            value,
        })
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its value, which it has to have.
    fn value(self) -> Result<String, Failure> {
        let missing = || {
            Failure::words(format!("a value is missing behind /{}", self.name))
                .hint(format!("it is written like /{}:VALUE", self.name))
        };
        let value = self.value.as_ref().filter(|value| !value.is_empty());
        value.cloned().ok_or_else(missing)
    }

    fn no_value(self) -> Result<(), Failure> {
        match &self.value {
            None => Ok(()),
            Some(value) => Err(Failure::words(format!(
                "/{} takes no value, and `{value}` stands behind it",
                self.name
            ))),
        }
    }
}

impl Line {
    /// What the words say.
    pub(super) fn parse(words: &[String]) -> Result<Line, Failure> {
        let words = words.iter().map(|word| Word::new(word));
        let words = words.collect::<Result<Vec<Word>, Failure>>()?;
        let asks = |word: &Word| word.is("?") || word.is("Get-Help") || word.is("h");
        let help = words.iter().any(asks);
        let mut line = Line {
            help,
            ..Line::default()
        };
        let mut rest = Vec::new();
        // The command first: what the others mean hangs on it.
        for word in words {
            match table::find(&word.name) {
                Some(command) if line.command.is_none() => {
                    line.command = Some(command);
                    line.argument = match command.value {
                        // Why it is refused, and how it is used, says more than what is
                        // wrong with it.
                        _ if help || command.refusal().is_some() => None,
                        Takes::Value => Some(word.value()?),
                        Takes::Nothing => word.no_value().map(|()| None)?,
                    };
                }
                _ => rest.push(word),
            }
        }
        for word in rest.into_iter().filter(|word| !asks(word)) {
            line.take(word)?;
        }
        Ok(line)
    }

    fn take(&mut self, word: Word) -> Result<(), Failure> {
        let choices = self
            .command
            .map_or(&[] as &[Choice], |command| command.options);
        let meant = |choice: &&Choice| {
            word.is(choice.name) || choice.alias.is_some_and(|alias| word.is(alias))
        };
        if let Some(choice) = choices.iter().find(meant) {
            return self.choose(choice, word);
        }
        if word.is("Image") {
            self.image = Some(word.value()?);
        } else if word.is("Online") {
            self.online = true;
        } else if word.is("Quiet") {
            self.quiet = true;
        } else if word.is("LogPath") {
            self.log = Some(word.value()?);
        } else if word.is("LogLevel") {
            let level = word.value()?;
            if !matches!(level.as_str(), "1" | "2" | "3" | "4") {
                let text = format!("`{level}` is no level of a log: there are 1, 2, 3 and 4");
                return Err(Failure::words(text));
            }
        } else if word.is("English") || word.is("NoRestart") {
            // English it is, and nothing restarts.
            word.no_value()?;
        } else if word.is("ScratchDir") || word.is("SysDriveDir") || word.is("WinDir") {
            // Scratch files lie beside what is written, and the image itself says
            // where its Windows is.
            word.value()?;
        } else if self
            .command
            .is_some_and(|command| command.refusal().is_some())
        {
            // Why the command is refused says more than what is wrong with it.
        } else {
            return Err(self.unknown(&word.name));
        }
        Ok(())
    }

    fn choose(&mut self, choice: &'static Choice, word: Word) -> Result<(), Failure> {
        let value = match choice.takes {
            Takes::Value => Some(word.value()?),
            Takes::Nothing => word.no_value().map(|()| None)?,
        };
        match choice.effect {
            Effect::Used => self.options.push((choice.name, value)),
            Effect::Always(_) => {}
            Effect::Noted(note) => self.notes.push(format!("/{}: {note}", choice.name)),
            Effect::Refused(why) => {
                let text = format!("/{} is refused: {why}", choice.name);
                return Err(Failure::new(NOT_SUPPORTED, text)
                    .hint(format!("say the same line without /{}", choice.name)));
            }
        }
        Ok(())
    }

    /// What DISM says of words that it does not know.
    fn unknown(&self, name: &str) -> Failure {
        let lower = name.to_lowercase();
        let Some(command) = self.command else {
            let failure = Failure::words(format!("the {lower} option is unknown"));
            return match table::near(name) {
                Some(near) => failure.hint(format!("there is /{near}")),
                None => failure.hint("`wimwright dism /?` lists the commands"),
            };
        };
        let text = format!("the {lower} option is not recognized in this context");
        let options: Vec<String> = command
            .options
            .iter()
            .map(|choice| format!("/{}", choice.name))
            .collect();
        Failure::words(text).hint(match options.is_empty() {
            true => format!("/{} takes no options of its own", command.name),
            false => format!("/{} takes {}", command.name, options.join(", ")),
        })
    }

    /// The values of an option.
    pub(super) fn values<'l>(&'l self, name: &'l str) -> impl Iterator<Item = &'l str> {
        let of_name = self.options.iter().filter(move |(found, _)| *found == name);
        of_name.filter_map(|(_, value)| value.as_deref())
    }

    /// Whether an option was said.
    pub(super) fn said(&self, name: &str) -> bool {
        self.options.iter().any(|(found, _)| *found == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Result<Line, Failure> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        Line::parse(&words)
    }

    #[test]
    fn case_quotes_and_order_do_not_count() {
        for words in [
            r"/Image:C:\mount /Add-Driver /Driver:C:\drivers /Recurse",
            r#"/add-driver /RECURSE /image:"C:\mount" "/driver:C:\drivers""#,
            r"-Image:C:\mount -Add-Driver -Driver:C:\drivers -Recurse /English /LogLevel:4",
        ] {
            let line = line(words).unwrap();
            assert_eq!(line.command.unwrap().name, "Add-Driver", "{words}");
            assert_eq!(line.image.as_deref(), Some(r"C:\mount"));
            assert_eq!(line.values("Driver").collect::<Vec<_>>(), [r"C:\drivers"]);
            assert!(line.said("Recurse") && !line.said("ForceUnsigned"));
        }
        let old = line(r"/Get-WimInfo /WimFile:D:\install.wim /index:2").unwrap();
        assert_eq!(old.command.unwrap().name, "Get-ImageInfo");
        assert_eq!(old.values("ImageFile").next(), Some(r"D:\install.wim"));
    }

    #[test]
    fn what_is_no_word_of_dism_is_error_87() {
        for (words, text, hint) in [
            ("/Add-Drver", "add-drver option is unknown", "/Add-Driver"),
            (
                "/Get-Drivers /Recurse",
                "not recognized in this context",
                "/Format",
            ),
            ("/Add-Driver /Driver:", "value is missing", "/Driver:VALUE"),
            ("/Add-Driver /Recurse:yes", "takes no value", ""),
            ("/Get-Drivers /LogLevel:9", "no level", ""),
            ("Get-Drivers", "no option", "quotes"),
            (
                "/Get-Drivers /Add-Driver",
                "not recognized in this context",
                "",
            ),
        ] {
            let failure = line(words).err().unwrap();
            assert!(failure.to_string().starts_with("Error: 87\n\n"), "{words}");
            assert!(failure.to_string().contains(text), "{failure}");
            assert!(
                failure.hint_text().unwrap_or_default().contains(hint),
                "{words}"
            );
        }
    }
}

//! What the script in a page tells, and the steps it amounts to.

use serde::Deserialize;
use url::Url;

use super::{Did, Text};

/// One message of the script: what was done in one page at once.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Told {
    /// The page.
    pub url: Url,
    /// Whether it is a window's, and not a frame's.
    #[serde(rename = "isTop")]
    pub is_top: bool,
    /// What was done, in order.
    pub doings: Vec<Doing>,
}

/// One thing that was done.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Doing {
    /// A page came.
    Page {
        /// How, by the Navigation Timing specification: `navigate`, `reload`, `back_forward`.
        how: String,
        /// Whether another page opened its window.
        opened: bool,
    },
    /// Something was typed.
    Fill {
        /// Where.
        selector: String,
        /// What.
        text: Option<String>,
        /// The name of the field, where what was typed is a secret.
        secret: Option<String>,
    },
    /// Something was clicked.
    Click {
        /// What.
        selector: String,
    },
    /// A form was submitted that has no button.
    Submit {
        /// Which.
        selector: String,
    },
}

impl Told {
    /// Reads a message. What is none is `None`: pages are not to be trusted with what they send.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The steps that it amounts to. That a page came is none of them.
    pub fn did(&self) -> Vec<Did> {
        let mut steps: Vec<Did> = Vec::new();
        for doing in &self.doings {
            match doing {
                Doing::Page { .. } => {}
                Doing::Click { selector } => steps.push(Did::Click(selector.clone())),
                Doing::Submit { selector } => steps.push(Did::Submit(selector.clone())),
                Doing::Fill { selector, text, secret } => {
                    let text = match (secret, text) {
                        (Some(name), _) => Text::Secret(name.clone()),
                        (None, text) => Text::Plain(text.clone().unwrap_or_default()),
                    };
                    add_fill(&mut steps, selector, text);
                }
            }
        }
        steps
    }
}

/// Adds what was typed. What was typed into the same field before, with nothing else done since, is what it was on the
/// way to.
pub fn add_fill(steps: &mut Vec<Did>, selector: &str, text: Text) {
    let Some(Did::Fill(fields)) = steps.last_mut() else {
        steps.push(Did::Fill(vec![(selector.to_owned(), text)]));
        return;
    };
    match fields.iter_mut().find(|(field, _)| field == selector) {
        Some((_, typed)) => *typed = text,
        None => fields.push((selector.to_owned(), text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_at_once_is_typed_and_then_clicked() {
        let told = r##"{"url":"https://a.example/login","isTop":true,"doings":[
            {"kind":"fill","selector":"#user","text":"a"},
            {"kind":"fill","selector":"#user","text":"ada"},
            {"kind":"fill","selector":"#password","secret":"password"},
            {"kind":"click","selector":"button"}]}"##;
        let did = Told::read(told).expect("a message").did();
        let fields = vec![
            ("#user".to_owned(), Text::Plain("ada".to_owned())),
            ("#password".to_owned(), Text::Secret("password".to_owned())),
        ];
        assert_eq!(did, [Did::Fill(fields), Did::Click("button".to_owned())]);
    }

    #[test]
    fn what_is_no_message_is_none() {
        for text in ["", "{}", "[1]", r#"{"url":"no","isTop":true,"doings":[]}"#] {
            assert_eq!(Told::read(text), None, "{text}");
        }
    }
}

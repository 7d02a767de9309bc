//! The territories of libphonenumber's metadata, read just as far as the plans need.

/// One territory: its attributes, and the text below it.
pub struct Territory {
    attributes: String,
    body: String,
}

/// Every territory of a document.
pub fn all_in(xml: &str) -> Vec<Territory> {
    let xml = without_comments(xml);
    let parts = xml.split("<territory ").skip(1);
    parts
        .filter_map(|part| {
            let (attributes, rest) = part.split_once('>')?;
            let body = rest.split("</territory>").next().unwrap_or_default();
            Some(Territory { attributes: format!(" {attributes}"), body: body.to_owned() })
        })
        .collect()
}

impl Territory {
    /// An attribute without white space; nothing where it is missing.
    pub fn attribute(&self, name: &str) -> &str {
        let begins = self
            .attributes
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix("=\"")?.split('"').next());
        begins.unwrap_or_default()
    }

    /// The expression of national numbers in an element; nothing where it is missing.
    pub fn pattern(&self, element: &str) -> String {
        let inside = between(&self.body, &format!("<{element}>"), &format!("</{element}>"));
        let pattern = between(inside, "<nationalNumberPattern>", "</nationalNumberPattern>");
        pattern.split_whitespace().collect()
    }
}

fn between<'t>(text: &'t str, first: &str, last: &str) -> &'t str {
    text.split_once(first).and_then(|(_, rest)| rest.split_once(last)).map_or("", |(inside, _)| inside)
}

fn without_comments(xml: &str) -> String {
    let mut parts = xml.split("<!--");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("-->").map_or("", |(_, rest)| rest))
}

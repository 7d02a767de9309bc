//! In which form a call is handed out: the one that is named, or the one that the asker likes best.

/// What is handed out of a call's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    Text,
    Svg,
    Html,
    Pcapng,
    Hep,
}

/// What a file is, where nothing more is registered.
const BYTES: &str = "application/octet-stream";

/// Those that a ladder has; the first where nobody says which.
pub const DRAWN: &[Form] = &[Form::Json, Form::Text, Form::Svg, Form::Html];
/// Those in which a call leaves the house as a file.
pub const EXPORTED: &[Form] = &[Form::Pcapng, Form::Hep, Form::Svg, Form::Html];

impl Form {
    pub fn word(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Text => "text",
            Form::Svg => "svg",
            Form::Html => "html",
            Form::Pcapng => "pcapng",
            Form::Hep => "hep",
        }
    }

    /// Its media type.
    pub fn kind(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Text => "text/plain; charset=utf-8",
            Form::Svg => "image/svg+xml",
            Form::Html => "text/html; charset=utf-8",
            Form::Pcapng | Form::Hep => BYTES,
        }
    }

    /// How its file is called.
    pub fn file(self) -> &'static str {
        match self {
            Form::Json => "call.json",
            Form::Text => "call.txt",
            Form::Svg => "call.svg",
            Form::Html => "call.html",
            Form::Pcapng => "call.pcapng",
            Form::Hep => "call.hep",
        }
    }

    /// Without what stands behind a semicolon.
    pub fn bare_kind(self) -> &'static str {
        self.kind().split(';').next().unwrap_or_default()
    }
}

/// What somebody likes best of what is offered, as `Accept` says (RFC 9110 12.5.1): the first of equals. Who
/// likes none of it is given the first, too.
pub fn liked(accept: &str, offered: &[Form]) -> Option<Form> {
    let best = |best: (u16, Option<Form>), form: &Form| {
        let quality = quality_of(accept, form.bare_kind());
        if quality > best.0 { (quality, Some(*form)) } else { best }
    };
    let (_, liked) = offered.iter().fold((0, None), best);
    liked.or(offered.first().copied())
}

/// In thousandths: what the range says that fits most exactly.
fn quality_of(accept: &str, kind: &str) -> u16 {
    let family = kind.split('/').next().unwrap_or_default();
    let fits = |range: &str| match range {
        _ if range.eq_ignore_ascii_case(kind) => Some(2),
        "*/*" => Some(0),
        _ => range.strip_suffix("/*").filter(|of| of.eq_ignore_ascii_case(family)).map(|_| 1),
    };
    let ranges = accept.split(',').filter_map(|range| {
        let mut words = range.split(';').map(str::trim);
        let exact = fits(words.next().unwrap_or_default())?;
        let quality = words.find_map(|word| word.strip_prefix("q=").or(word.strip_prefix("Q=")));
        Some((exact, quality.map_or(1_000, thousandths)))
    });
    ranges.max_by_key(|(exact, _)| *exact).map_or(0, |(_, quality)| quality)
}

/// What cannot be read wishes for nothing.
fn thousandths(quality: &str) -> u16 {
    let quality: f32 = quality.parse().unwrap_or(0.0);
    // Not a number is taken for none.
    if (0.0..=1.0).contains(&quality) { (quality * 1_000.0) as u16 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_what_they_like_is_given_it() {
        let liked = |accept| liked(accept, DRAWN);

        assert_eq!(liked("image/svg+xml"), Some(Form::Svg));
        assert_eq!(liked("text/*;q=0.5, image/svg+xml;q=0.4"), Some(Form::Text));
        assert_eq!(liked("text/*;q=0.5, text/plain;q=0.1"), Some(Form::Html));
        assert_eq!(liked("text/html,application/xhtml+xml,image/webp,*/*;q=0.8"), Some(Form::Html));
        assert_eq!(liked("*/*, application/json;q=0"), Some(Form::Text));
        assert_eq!(liked("IMAGE/SVG+XML;Q=1"), Some(Form::Svg));
    }

    #[test]
    fn who_does_not_care_is_given_the_first() {
        for accept in ["", "*/*", "image/png", "text/html;q=0", "text/html;q=NaN", ";;,=,q=1"] {
            assert_eq!(liked(accept, DRAWN), Some(Form::Json), "{accept}");
            assert_eq!(liked(accept, EXPORTED), Some(Form::Pcapng), "{accept}");
        }
    }
}

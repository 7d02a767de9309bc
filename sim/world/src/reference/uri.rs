//! URIs of requests, taken apart and put together by hand.

/// Whom a request URI asks for.
pub(crate) enum Wanted {
    /// What was dialled, without separators, with the extension behind it; or a name.
    Somebody(String, Option<String>),
    /// `urn:service:sos`, perhaps with a service.
    Help(Option<String>),
}

impl Wanted {
    pub fn of(uri: &str) -> Option<Wanted> {
        let lower = uri.to_ascii_lowercase();
        if lower == "urn:service:sos" {
            return Some(Wanted::Help(None));
        }
        if let Some(services) = lower.strip_prefix("urn:service:sos.") {
            return Some(Wanted::Help(services.split('.').next().map(str::to_owned)));
        }
        named(uri).map(|text| {
            let extension = extension(uri).filter(|_| is_dialled(&text));
            Wanted::Somebody(text, extension)
        })
    }
}

/// What `;ext=` says, in the user part of a SIP URI or in a tel URI.
fn extension(uri: &str) -> Option<String> {
    let user = if uri.starts_with("tel:") { uri.to_owned() } else { unescaped(uri.split('@').next()?) };
    let extension = user.split(';').find_map(|part| part.strip_prefix("ext="))?;
    let digits: String = extension.chars().filter(|letter| !"-.() ".contains(*letter)).collect();
    (!digits.is_empty()).then_some(digits)
}

/// The number or name that a SIP or tel URI names.
pub(crate) fn named(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let text = match scheme.to_ascii_lowercase().as_str() {
        "tel" => telephone(rest)?.to_owned(),
        "sip" | "sips" => unescaped(rest.split_once('@')?.0.split(':').next()?),
        _ => return None,
    };
    let mut parts = text.split(';');
    let text = parts.next()?;
    if text.is_empty() {
        return None;
    }
    if !is_dialled(text) {
        return Some(text.to_owned());
    }
    let context = parts.find_map(|part| {
        let (name, says) = part.split_once('=')?;
        name.eq_ignore_ascii_case("phone-context").then(|| says.to_owned())
    });
    let text = if text.starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let bare = |text: &str| text.chars().filter(|letter| !"-.() ".contains(*letter)).collect::<String>();
    let is_local = !text.starts_with('+');
    let whole = context.filter(|context| is_local && context.starts_with('+'));
    let whole = whole.map(|context| bare(&format!("{context}{text}")));
    // A context makes no number of a short code.
    let whole = whole.filter(|whole| whole.len() > 9).unwrap_or_else(|| bare(&text));
    (!whole.is_empty()).then_some(whole)
}

/// What stands behind `tel:`, if it may (RFC 3966 3): a plus at its beginning or nowhere, digits and
/// separators; letters to F, stars and crosses where there is no plus.
fn telephone(rest: &str) -> Option<&str> {
    let number = rest.split(';').next()?;
    let fits = match number.strip_prefix('+') {
        Some(digits) => digits.chars().all(|letter| letter.is_ascii_digit() || "-.()".contains(letter)),
        None => number.chars().all(|letter| letter.is_ascii_hexdigit() || "*#-.()".contains(letter)),
    };
    fits.then_some(rest)
}

/// The URI in a header's value: what stands in angle brackets, if there are any.
pub(crate) fn bare(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest),
        None => value.split(';').next().unwrap_or(value),
    }
}

/// Whether an address stands for nobody.
pub(crate) fn is_anonymous(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    lower.contains("@anonymous.invalid") || named(&lower).as_deref() == Some("anonymous")
}

/// Whether a text is dialled, and no name.
pub(crate) fn is_dialled(text: &str) -> bool {
    text.chars().all(|letter| "0123456789+-.() *#".contains(letter))
}

/// What letters mean on the keys of a phone: `1-800-FLOWERS`.
pub(crate) fn on_keys(text: &str) -> Option<String> {
    const KEYS: [&str; 8] = ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"];
    let bare: String = text.chars().filter(|letter| !"-.() ".contains(*letter)).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let begins_as_number = digits.chars().next().is_some_and(|first| first.is_ascii_digit());
    if digits.len() < 7 || !begins_as_number || !digits.chars().all(|one| one.is_ascii_alphanumeric()) {
        return None;
    }
    let key = |letter: char| {
        let at = KEYS.iter().position(|key| key.contains(letter.to_ascii_uppercase()));
        at.and_then(|at| char::from_digit(at as u32 + 2, 10)).unwrap_or(letter)
    };
    Some(bare.chars().map(key).collect())
}

/// Text as the user part of a URI (RFC 3261 25.1).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/".as_bytes().contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A URI in angle brackets, perhaps behind a name.
pub(crate) fn name_addr(display: Option<&str>, uri: &str) -> String {
    match display.filter(|display| !display.trim().is_empty()) {
        Some(display) => {
            format!("\"{}\" <{uri}>", display.replace('\\', "\\\\").replace('"', "\\\""))
        }
        None => format!("<{uri}>"),
    }
}

//! One Rust file: its text, and its code with comments and literals blanked out, line for line.

/// A file as the rules read it.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and literals replaced by spaces; same lines, same columns in bytes.
    pub code: String,
    /// First line (from 0) of the trailing `mod tests`, or the number of lines.
    product_lines: usize,
}

impl Source {
    pub fn new(path: String, text: String) -> Source {
        let code = mask(&text);
        let product_lines = if is_test_path(&path) { 0 } else { lines_before_tests(&code) };
        Source { path, text, code, product_lines }
    }

    /// Lines of code that are no test, with their numbers from 1.
    pub fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().take(self.product_lines).enumerate().map(|(at, line)| (at + 1, line))
    }

    /// The same, as one text.
    pub fn product_text(&self) -> &str {
        let end = self.code.split_inclusive('\n').take(self.product_lines).map(str::len).sum();
        &self.code[..end]
    }

    pub fn product_line_count(&self) -> usize {
        self.product_lines
    }

    /// The number (from 1) of the line that holds a byte of `code`.
    pub fn line_of(&self, at: usize) -> usize {
        self.code.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
    }
}

fn is_test_path(path: &str) -> bool {
    path.ends_with("/tests.rs")
        || path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"))
}

fn lines_before_tests(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let is_start = |at: usize| {
        lines[at].trim() == "#[cfg(test)]"
            && lines[at + 1..]
                .iter()
                .map(|line| line.trim())
                .find(|line| !line.is_empty() && !line.starts_with("#["))
                == Some("mod tests {")
    };
    (0..lines.len()).find(|at| is_start(*at)).unwrap_or(lines.len())
}

/// Where `word` stands as a whole word.
pub fn words_at<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let (starts, ends) = (word.starts_with(is_name_char), word.ends_with(is_name_char));
        !(starts && joins(before) || ends && joins(after))
    })
}

/// Whether a character can stand in a name.
pub fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' | b'b' | b'c' if !joins_before(bytes, at) => match raw_start(bytes, at) {
                Some((quote, hashes)) => raw_end(bytes, quote, hashes),
                None => at,
            },
            b'\'' => char_end(bytes, at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole literals and comments are blanked, so characters stay whole")
}

fn joins_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start + 2, 1);
    while at < bytes.len() && depth > 0 {
        if bytes[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if bytes[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
    }
    at
}

fn string_end(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The quote and the hashes of a raw string that begins at `r`, `br` or `cr`.
fn raw_start(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let r = if bytes[at] == b'r' { at } else { at + 1 };
    if bytes.get(r) != Some(&b'r') {
        return None;
    }
    let hashes = bytes[r + 1..].iter().take_while(|byte| **byte == b'#').count();
    let quote = r + 1 + hashes;
    (bytes.get(quote) == Some(&b'"')).then_some((quote, hashes))
}

fn raw_end(bytes: &[u8], quote: usize, hashes: usize) -> usize {
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let rest = &bytes[quote + 1..];
    rest.windows(closing.len())
        .position(|window| window == closing)
        .map_or(bytes.len(), |at| quote + 1 + at + closing.len())
}

/// The end of a character literal; `at` itself for a lifetime.
fn char_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        return bytes[at + 3..]
            .iter()
            .position(|byte| *byte == b'\'')
            .map_or(bytes.len(), |length| at + 4 + length);
    }
    let width = match bytes.get(at + 1) {
        Some(first) if *first >= 0xF0 => 4,
        Some(first) if *first >= 0xE0 => 3,
        Some(first) if *first >= 0xC0 => 2,
        _ => 1,
    };
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + width + 2 } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let masked = mask(
            "let a = \"unsafe // x\"; // unsafe\n\
             let b = r#\"fn \"q\" {\"#; /* { /* } */ */ 'a' '\\'' &'static x",
        );

        assert!(!masked.contains("unsafe") && !masked.contains('{') && !masked.contains("fn "));
        assert_eq!(masked.lines().count(), 2);
        assert!(masked.contains("&'static x"));
    }

    #[test]
    fn a_trailing_test_module_is_no_product() {
        let source = Source::new(
            "a/src/b.rs".into(),
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n".into(),
        );

        assert_eq!(source.product_line_count(), 2);
        assert!(!source.product_text().contains("fn b"));
    }

    #[test]
    fn a_word_inside_a_longer_one_is_another_word() {
        assert_eq!(words_at("unsafe unsafe_code not_unsafe", "unsafe").collect::<Vec<_>>(), [0]);
    }
}

//! Digest authentication (RFC 7616, RFC 8760), both ways: `Guard` asks and verifies, `answer` answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use sip_message::{Header, Message, Uri};

use crate::chance::Chance;

/// How a digest is computed, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

impl Algorithm {
    /// The name as challenges have it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512_256 => "SHA-512-256",
        }
    }

    /// The algorithm of that name; session variants are not spoken here.
    pub fn named(name: &str) -> Option<Algorithm> {
        let all = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
        all.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    fn hex(self, pieces: &[&[u8]]) -> Hex {
        match self {
            Algorithm::Md5 => digest::<Md5>(pieces),
            Algorithm::Sha256 => digest::<Sha256>(pieces),
            Algorithm::Sha512_256 => digest::<Sha512_256>(pieces),
        }
    }

    /// The hash of user, realm and password, as it may be stored in place of the password.
    pub fn ha1(self, user: &str, realm: &str, password: &str) -> String {
        self.hex(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]).text().to_owned()
    }
}

/// The lower-case hex digest of the pieces with colons between them.
fn digest<D: Digest>(pieces: &[&[u8]]) -> Hex {
    let mut hasher = D::new();
    for (place, piece) in pieces.iter().enumerate() {
        if place > 0 {
            hasher.update(b":");
        }
        hasher.update(piece);
    }
    Hex::of(hasher.finalize().as_slice())
}

/// A digest of the longest kind.
const LONGEST: usize = 32;

/// Bytes in lower-case hex. Each digest is made of others: none takes memory for that.
#[derive(Clone, Copy, Debug)]
struct Hex {
    room: [u8; 2 * LONGEST],
    length: usize,
}

impl Hex {
    fn of(bytes: &[u8]) -> Hex {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = Hex { room: [0; 2 * LONGEST], length: 2 * bytes.len() };
        for (pair, byte) in hex.room.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }

    fn bytes(&self) -> &[u8] {
        &self.room[..self.length]
    }

    fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("digits are ASCII")
    }
}

/// What we know of somebody to verify them by. Cannot be printed.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    Password(&'a str),
    /// `Algorithm::ha1`, usable with that algorithm only.
    Ha1(Algorithm, &'a str),
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What an Authorization is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Proven,
    /// Computed rightly, from a nonce that is old or was used before: to be met with `challenge_stale`.
    Stale,
    Wrong,
    /// No digest for this realm and from this guard: as if there were none.
    NotOurs,
}

/// A part of a challenge or an answer that means something here.
#[derive(Clone, Copy)]
enum Part {
    Algorithm,
    Cnonce,
    Nc,
    NextNonce,
    Nonce,
    Opaque,
    Qop,
    Realm,
    Response,
    Stale,
    Uri,
    Username,
}

/// In the order of `Part`.
const NAMES: [&str; Part::Username as usize + 1] = [
    "algorithm",
    "cnonce",
    "nc",
    "nextnonce",
    "nonce",
    "opaque",
    "qop",
    "realm",
    "response",
    "stale",
    "uri",
    "username",
];

/// The parts of a digest challenge or answer; of several of a name the first.
#[derive(Clone, Debug, Default)]
struct Parts<'a>([Option<&'a str>; NAMES.len()]);

impl<'a> Parts<'a> {
    /// The parameters of a value whose scheme is Digest; quotes and escapes stay in place.
    fn parse(value: &'a str) -> Option<Parts<'a>> {
        let value = value.trim_ascii();
        let (scheme, mut rest) = value.split_at(memchr::memchr2(b' ', b'\t', value.as_bytes())?);
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut parts = Parts::default();
        while !rest.is_empty() {
            let (piece, more) = split_at_comma(rest);
            rest = more;
            let piece = piece.trim_ascii();
            if piece.is_empty() {
                continue;
            }
            let (name, text) = piece.split_at(memchr::memchr(b'=', piece.as_bytes())?);
            let name = name.trim_ascii_end();
            if let Some(place) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) {
                parts.0[place].get_or_insert(text[1..].trim_ascii_start());
            }
        }
        Some(parts)
    }

    /// As written between the quotes, with its escapes.
    fn get(&self, part: Part) -> Option<&'a str> {
        let value = self.0[part as usize]?;
        Some(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value))
    }

    fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::named(self.get(Part::Algorithm).unwrap_or("MD5"))
    }
}

fn split_at_comma(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(mark) = memchr::memchr2(b',', b'"', &bytes[at..]) {
        at += mark;
        if bytes[at] == b',' {
            return (&text[..at], &text[at + 1..]);
        }
        at = behind_quotes(bytes, at + 1);
    }
    (text, "")
}

/// The place behind the quote that ends what begins here.
fn behind_quotes(bytes: &[u8], begin: usize) -> usize {
    let mut at = begin;
    while let Some(mark) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += mark;
        match bytes[at] {
            b'"' => return at + 1,
            _ => at += 2,
        }
    }
    bytes.len()
}

/// The text inside a quoted string.
fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut letters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        plain.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
    }
    Cow::Owned(plain)
}

fn escaped(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if let '"' | '\\' = letter {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}

/// All that the last hash covers.
#[derive(Clone, Copy)]
pub struct Sum<'a> {
    pub algorithm: Algorithm,
    pub ha1: &'a str,
    pub nonce: &'a str,
    /// Nonce count, client nonce and protection; nothing in the manner of RFC 2069.
    pub qop: Option<(&'a str, &'a str, &'a str)>,
    pub method: &'a str,
    pub uri: &'a str,
    pub body: &'a [u8],
}

impl Sum<'_> {
    /// The `response` of a digest.
    pub fn response(&self) -> String {
        self.hex().text().to_owned()
    }

    fn hex(&self) -> Hex {
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let protects_body = matches!(self.qop, Some((_, _, qop)) if qop.eq_ignore_ascii_case("auth-int"));
        let ha2 = match protects_body {
            true => self.algorithm.hex(&[method, uri, self.algorithm.hex(&[self.body]).bytes()]),
            false => self.algorithm.hex(&[method, uri]),
        };
        let (ha1, nonce) = (self.ha1.as_bytes(), self.nonce.as_bytes());
        match self.qop {
            Some((count, cnonce, qop)) => {
                let (count, cnonce) = (count.as_bytes(), cnonce.as_bytes());
                self.algorithm.hex(&[ha1, nonce, count, cnonce, qop.as_bytes(), ha2.bytes()])
            }
            None => self.algorithm.hex(&[ha1, nonce, ha2.bytes()]),
        }
    }
}

/// What an Authorization says, read once. Nothing of it is proven.
#[derive(Clone, Debug)]
pub struct Claim<'a>(Parts<'a>);

impl<'a> Claim<'a> {
    /// Nothing where its scheme is not Digest.
    pub fn read(authorization: &'a str) -> Option<Claim<'a>> {
        Parts::parse(authorization).map(Claim)
    }

    /// The user name that it claims.
    pub fn user(&self) -> Option<Cow<'a, str>> {
        self.0.get(Part::Username).map(unescaped)
    }

    /// The algorithm that it was computed by, if it is known here.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.0.algorithm()
    }
}

/// Header values that ask for a proof, one for each algorithm.
#[derive(Clone, Debug, Default)]
pub struct Challenges {
    /// None of them has a line end in it.
    lines: String,
}

impl Challenges {
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.lines.lines()
    }
}

/// What stands in a challenge beside the realm.
const CHALLENGE_MORE: usize = 140;

/// Challenges those who want something of us, and verifies what they answer.
#[derive(Debug)]
pub struct Guard {
    realm: Box<str>,
    /// As it stands between quotes.
    escaped: Box<str>,
    nonces: Nonces,
}

impl Guard {
    /// `key` signs the nonces: guards with the same key know each other's.
    pub fn new(realm: &str, key: [u8; 32]) -> Guard {
        Guard { realm: realm.into(), escaped: escaped(realm).into(), nonces: Nonces::new(key) }
    }

    /// The realm has another name from now on; proofs for the old one no longer count.
    pub fn rename(&mut self, realm: &str) {
        if &*self.realm != realm {
            (self.realm, self.escaped) = (realm.into(), escaped(realm).into());
        }
    }

    /// One header value per algorithm, in this order.
    pub fn challenge(&mut self, now_ms: u64, algorithms: impl IntoIterator<Item = Algorithm>) -> Challenges {
        self.challenges(now_ms, algorithms, "")
    }

    /// The same, saying that only the nonce was at fault: the client need not ask its user again.
    pub fn challenge_stale(
        &mut self,
        now_ms: u64,
        algorithms: impl IntoIterator<Item = Algorithm>,
    ) -> Challenges {
        self.challenges(now_ms, algorithms, ", stale=true")
    }

    fn challenges(
        &mut self,
        now_ms: u64,
        algorithms: impl IntoIterator<Item = Algorithm>,
        more: &str,
    ) -> Challenges {
        let nonce = self.nonces.mint(now_ms);
        let mut lines = String::with_capacity(2 * (self.escaped.len() + CHALLENGE_MORE));
        for algorithm in algorithms {
            let pieces = [
                "Digest realm=\"",
                &self.escaped,
                "\", nonce=\"",
                nonce.text(),
                "\", algorithm=",
                algorithm.name(),
                ", qop=\"auth\"",
                more,
                "\n",
            ];
            pieces.iter().for_each(|piece| lines.push_str(piece));
        }
        Challenges { lines }
    }

    /// Verifies the value of an Authorization or Proxy-Authorization.
    pub fn verify(
        &mut self,
        now_ms: u64,
        authorization: &str,
        method: &str,
        uri: &str,
        secret: Secret<'_>,
        body: &[u8],
    ) -> Proof {
        let Some(claim) = Claim::read(authorization) else { return Proof::NotOurs };
        self.judge(now_ms, &claim, method, uri, secret, body)
    }

    /// The same of one that was read already.
    pub fn judge(
        &mut self,
        now_ms: u64,
        Claim(parts): &Claim<'_>,
        method: &str,
        uri: &str,
        secret: Secret<'_>,
        body: &[u8],
    ) -> Proof {
        let (Some(nonce), Some(algorithm)) = (parts.get(Part::Nonce), parts.algorithm()) else {
            return Proof::NotOurs;
        };
        if parts.get(Part::Realm).map(unescaped).as_deref() != Some(&self.realm) {
            return Proof::NotOurs;
        }
        let Some(minted) = self.nonces.ours(nonce) else { return Proof::NotOurs };
        let (Some(user), Some(claimed_uri), Some(response)) =
            (parts.get(Part::Username), parts.get(Part::Uri), parts.get(Part::Response))
        else {
            return Proof::Wrong;
        };
        let made;
        let ha1 = match secret {
            Secret::Password(password) => {
                let user = unescaped(user);
                made = algorithm.hex(&[user.as_bytes(), self.realm.as_bytes(), password.as_bytes()]);
                made.text()
            }
            Secret::Ha1(of, ha1) if of == algorithm => ha1,
            Secret::Ha1(..) => return Proof::Wrong,
        };
        let qop = match parts.get(Part::Qop) {
            Some(qop) => match (parts.get(Part::Nc), parts.get(Part::Cnonce)) {
                (Some(count), Some(cnonce)) => Some((count, cnonce, qop)),
                _ => return Proof::Wrong,
            },
            None => None,
        };
        let sum = Sum { algorithm, ha1, nonce, qop, method, uri: claimed_uri, body };
        if !is_same_text(sum.hex().text(), response) || !is_same_place(claimed_uri, uri) {
            return Proof::Wrong;
        }
        let count = match qop {
            Some((count, _, _)) => u32::from_str_radix(count, 16).ok(),
            None => Some(1),
        };
        match count {
            Some(count) if self.nonces.spend(now_ms, minted, count) => Proof::Proven,
            Some(_) => Proof::Stale,
            None => Proof::Wrong,
        }
    }
}

/// Compares without telling by its time how much was right.
fn is_same_text(ours: &str, theirs: &str) -> bool {
    let theirs = theirs.as_bytes();
    ours.len() == theirs.len()
        && ours.bytes().zip(theirs).fold(0, |sum, (one, other)| sum | (one ^ other.to_ascii_lowercase())) == 0
}

/// Clients drop or add ports and parameters of the Request-URI; user and host have to be the same.
fn is_same_place(claimed: &str, actual: &str) -> bool {
    if claimed == actual {
        return true;
    }
    match (Uri::parse(claimed), Uri::parse(actual)) {
        (Ok(claimed), Ok(actual)) => claimed.user() == actual.user() && claimed.host() == actual.host(),
        _ => false,
    }
}

/// The user name that an Authorization claims.
pub fn user_of(authorization: &str) -> Option<String> {
    Claim::read(authorization)?.user().map(Cow::into_owned)
}

/// The realm that a challenge or an Authorization names.
pub fn realm_of(value: &str) -> Option<String> {
    Parts::parse(value)?.get(Part::Realm).map(unescaped).map(Cow::into_owned)
}

/// A nonce is the time of its making, signed; so those that were never used need no memory.
#[derive(Debug)]
pub struct Nonces {
    key: [u8; 32],
    minted: u32,
    /// The highest count of each nonce in use: the oldest come first.
    counts: BTreeMap<Minted, u32>,
    /// Older nonces than this have been forgotten, and are stale.
    forgotten_ms: u64,
}

/// A nonce is good for so long.
pub const NONCE_AGE_MAX_MS: u64 = 300_000;
/// So many nonces in use are remembered: where more phones come at once, the first are asked a second time.
pub const NONCES_MAX: usize = 65_536;

/// A nonce in bytes: when it was made, which one it is, and so much of its seal.
const NONCE_TIME: usize = 8;
const NONCE_BODY: usize = 12;
const NONCE_BYTES: usize = 28;

/// What a nonce is made of: when it was made, and which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minted {
    ms: u64,
    number: u32,
}

/// A nonce as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Nonce(Hex);

impl Nonce {
    pub fn text(&self) -> &str {
        self.0.text()
    }
}

impl Nonces {
    pub fn new(key: [u8; 32]) -> Nonces {
        Nonces { key, minted: 0, counts: BTreeMap::new(), forgotten_ms: 0 }
    }

    pub fn mint(&mut self, now_ms: u64) -> Nonce {
        self.minted = self.minted.wrapping_add(1);
        self.sealed(Minted { ms: now_ms, number: self.minted })
    }

    /// Key and body are one block of the hash with room for its padding: a text of the body would make two.
    fn sealed(&self, minted: Minted) -> Nonce {
        let mut nonce = [0; NONCE_BYTES];
        let (body, seal) = nonce.split_at_mut(NONCE_BODY);
        body[..NONCE_TIME].copy_from_slice(&minted.ms.to_be_bytes());
        body[NONCE_TIME..].copy_from_slice(&minted.number.to_be_bytes());
        let sum = Sha256::new().chain_update(self.key).chain_update(&*body).finalize();
        seal.copy_from_slice(&sum[..NONCE_BYTES - NONCE_BODY]);
        Nonce(Hex::of(&nonce))
    }

    /// What a nonce is made of, if we made it.
    pub fn ours(&self, nonce: &str) -> Option<Minted> {
        let (time, number) = nonce.get(..2 * NONCE_BODY)?.split_at_checked(2 * NONCE_TIME)?;
        let ms = u64::from_str_radix(time, 16).ok()?;
        let minted = Minted { ms, number: u32::from_str_radix(number, 16).ok()? };
        is_same_text(self.sealed(minted).text(), nonce).then_some(minted)
    }

    /// Whether our nonce is fresh, and used this often for the first time.
    pub fn spend(&mut self, now_ms: u64, minted: Minted, count: u32) -> bool {
        if now_ms.saturating_sub(minted.ms) > NONCE_AGE_MAX_MS {
            return false;
        }
        if let Some(highest) = self.counts.get_mut(&minted) {
            let rises = count > *highest;
            *highest = count.max(*highest);
            return rises;
        }
        if minted.ms <= self.forgotten_ms {
            return false;
        }
        self.counts.insert(minted, count);
        if self.counts.len() > NONCES_MAX
            && let Some((oldest, _)) = self.counts.pop_first()
        {
            self.forgotten_ms = self.forgotten_ms.max(oldest.ms);
        }
        true
    }
}

/// The strongest challenge of a 401 or 407 that we can answer, and the header that answers it.
pub fn pick<'m>(response: &Message<'m>) -> Option<(&'static str, &'m str)> {
    let header = match response.status() {
        Some(401) => (Header::WwwAuthenticate, "Authorization"),
        Some(407) => (Header::ProxyAuthenticate, "Proxy-Authorization"),
        _ => return None,
    };
    let (asking, answering) = header;
    let challenges = response.lines().filter(|line| line.header == asking).map(|line| line.value);
    let known = challenges.filter_map(|value| Some((Parts::parse(value)?.algorithm()?, value)));
    // The first of equals: the server's order counts (RFC 8760 2.4).
    let best = known.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, value)| (answering, value))
}

/// Whether a challenge says that only the nonce was at fault.
pub(crate) fn is_stale(challenge: &str) -> bool {
    let stale = Parts::parse(challenge).and_then(|parts| parts.get(Part::Stale));
    stale.is_some_and(|stale| stale.eq_ignore_ascii_case("true"))
}

/// The nonce that an Authentication-Info wants used next (RFC 7616 3.5).
pub(crate) fn next_nonce(info: &str) -> Option<String> {
    let with_scheme = format!("Digest {info}");
    Some(Parts::parse(&with_scheme)?.get(Part::NextNonce)?.to_owned())
}

/// The same challenge with another nonce.
pub(crate) fn renewed(challenge: &str, nonce: &str) -> Option<String> {
    let old = Parts::parse(challenge)?.get(Part::Nonce)?;
    let at = old.as_ptr() as usize - challenge.as_ptr() as usize;
    Some(format!("{}{nonce}{}", &challenge[..at], &challenge[at + old.len()..]))
}

/// Who we are to those who challenge us. Cannot be printed.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub user: &'a str,
    pub password: &'a str,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// The value that answers a challenge. `count` says how often its nonce has been used, this time included.
pub fn answer(
    challenge: &str,
    credentials: Credentials<'_>,
    method: &str,
    uri: &str,
    body: &[u8],
    chance: &mut Chance,
    count: u32,
) -> Option<String> {
    let cnonce = chance.text(20);
    answer_with(challenge, credentials, method, uri, body, &cnonce, count)
}

fn answer_with(
    challenge: &str,
    credentials: Credentials<'_>,
    method: &str,
    uri: &str,
    body: &[u8],
    cnonce: &str,
    count: u32,
) -> Option<String> {
    let parts = Parts::parse(challenge)?;
    let (realm, nonce, algorithm) = (parts.get(Part::Realm)?, parts.get(Part::Nonce)?, parts.algorithm()?);
    let count = format!("{count:08x}");
    let qop = match parts.get(Part::Qop) {
        Some(offered) => Some(strongest_offered(offered)?),
        None => None,
    };
    let user = escaped(credentials.user);
    let ha1 = algorithm.ha1(credentials.user, &unescaped(realm), credentials.password);
    let qop_parts = qop.map(|qop| (count.as_str(), cnonce, qop));
    let response = Sum { algorithm, ha1: &ha1, nonce, qop: qop_parts, method, uri, body }.response();
    let mut value = format!(
        r#"Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}""#
    );
    let mut say = |text: fmt::Arguments<'_>| value.write_fmt(text).expect("a String takes everything");
    if parts.get(Part::Algorithm).is_some() {
        say(format_args!(", algorithm={}", algorithm.name()));
    }
    if let Some(qop) = qop {
        say(format_args!(r#", qop={qop}, nc={count}, cnonce="{cnonce}""#));
    }
    if let Some(opaque) = parts.get(Part::Opaque) {
        say(format_args!(r#", opaque="{opaque}""#));
    }
    Some(value)
}

/// `auth` where it is offered; `auth-int` breaks where somebody rewrites the body under way.
fn strongest_offered(offered: &str) -> Option<&'static str> {
    let has = |wanted: &str| offered.split(',').any(|one| one.trim().eq_ignore_ascii_case(wanted));
    match () {
        () if has("auth") => Some("auth"),
        () if has("auth-int") => Some("auth-int"),
        () => None,
    }
}

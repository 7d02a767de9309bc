//! How a phone is woken that sleeps: what it has said of its push service (RFC 8599).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sip_message::Uri;

/// So long before its end a binding is renewed by waking its phone (RFC 8599 5.5).
const AHEAD: Duration = Duration::from_secs(120);
/// More of it is no token of any service.
const TOKEN_MAX: usize = 2048;

/// What its push service needs to know. Whoever has the token can wake the phone: it is shown to nobody else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bell {
    /// As the house calls it.
    pub provider: Arc<str>,
    pub token: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<Box<str>>,
    /// Names the device where it does not say which it is: its contact may change while it sleeps.
    pub device: Box<str>,
    /// How long before the end of the binding it is woken to renew it.
    pub ahead_s: u64,
    /// When it registered last, if since the process began.
    #[serde(skip)]
    pub heard: Option<Instant>,
}

impl Bell {
    pub(crate) fn new(provider: &Arc<str>, said: &Said<'_>, (now, lasts): (Instant, Duration)) -> Bell {
        Bell {
            provider: Arc::clone(provider),
            token: said.token.as_ref().into(),
            param: said.param.as_deref().map(Box::from),
            device: said.device(),
            ahead_s: AHEAD.min(lasts / 2).as_secs(),
            heard: Some(now),
        }
    }

    /// When it is woken to renew a binding that ends at `until`: once more where nothing came of it.
    pub(crate) fn dues(&self, until: Instant) -> [Option<Instant>; 2] {
        let ahead = Duration::from_secs(self.ahead_s);
        [until.checked_sub(ahead), until.checked_sub(ahead / 2)]
    }

    /// Whether both wake the same phone.
    pub(crate) fn is_same(&self, said: &Said<'_>) -> bool {
        self.device == said.device()
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What a contact says of its push service, all of it.
pub(crate) struct Said<'m> {
    pub provider: &'m str,
    pub token: Cow<'m, str>,
    pub param: Option<Cow<'m, str>>,
}

impl fmt::Debug for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Said<'_> {
    /// A name that is the same as long as the token is, and does not show it.
    fn device(&self) -> Box<str> {
        let mut sum = Sha256::new();
        let provider = self.provider.to_ascii_lowercase();
        for piece in [&*provider, &*self.token, self.param.as_deref().unwrap_or_default()] {
            sum.update(piece);
            sum.update([0]);
        }
        let hex: String = sum.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("push-{hex}").into()
    }
}

/// What a contact wants with push services.
#[derive(Debug)]
pub(crate) enum Asks<'m> {
    Nothing,
    /// Which there are: this one, or any.
    WhichThereAre(Option<&'m str>),
    ToBeWoken(Said<'m>),
}

impl<'m> Asks<'m> {
    pub fn of(uri: &Uri<'m>) -> Asks<'m> {
        let value = |name: &str| uri.param(name).flatten().filter(|value| !value.is_empty());
        if uri.param("pn-provider").is_none() {
            return Asks::Nothing;
        }
        match (value("pn-provider"), value("pn-prid")) {
            (Some(provider), Some(token)) if token.len() <= TOKEN_MAX => {
                let param = value("pn-param").filter(|param| param.len() <= TOKEN_MAX).map(plain);
                Asks::ToBeWoken(Said { provider, token: plain(token), param })
            }
            (provider, _) => Asks::WhichThereAre(provider),
        }
    }
}

fn plain(value: &str) -> Cow<'_, str> {
    sip_message::unescaped(value)
}

/// A contact without what belongs to its push service: so it is shown to others (RFC 8599 13).
pub fn without_tokens(contact: &str) -> Cow<'_, str> {
    let is_pushed = |name: &str| name.get(..3).is_some_and(|begins| begins.eq_ignore_ascii_case("pn-"));
    if !contact.contains(';') || !contact.split(';').any(is_pushed) {
        return Cow::Borrowed(contact);
    }
    let Ok(uri) = Uri::parse(contact) else { return Cow::Borrowed(contact) };
    let place = |part: &str| (part.as_ptr() as usize).wrapping_sub(contact.as_ptr() as usize);
    let mut shown = String::new();
    let mut from = 0;
    for param in uri.params().into_iter().filter(|param| is_pushed(param.name)) {
        let begins = place(param.name);
        let ends = param.value.map_or(begins + param.name.len(), |value| place(value) + value.len());
        let (Some(before), Some(_)) = (contact.get(from..begins), contact.get(ends..)) else { continue };
        shown.push_str(before.trim_end().strip_suffix(';').unwrap_or(before));
        from = ends;
    }
    if from == 0 {
        return Cow::Borrowed(contact);
    }
    shown.push_str(&contact[from..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wakes_a_phone_is_taken_out_of_its_contact_and_nothing_else_is() {
        let whole = "sip:ann;pn-prid=u@192.0.2.7:5060;transport=tcp;pn-provider=apns;PN-PRID=t0k3n:x&y;\
                     pn-param=T.app;ob;pn-silent?X=1";

        assert_eq!(without_tokens(whole), "sip:ann;pn-prid=u@192.0.2.7:5060;transport=tcp;ob?X=1");
        for bare in ["sip:ann@192.0.2.7;transport=tcp", "sip:ann@h;pnx=1", "no uri;pn-prid=1", "tel:+1"] {
            assert_eq!(without_tokens(bare), bare);
        }
    }

    #[test]
    fn a_token_names_its_device_and_is_not_shown_by_that() {
        let asks = |contact: &'static str| match Asks::of(&Uri::parse(contact).expect("a URI")) {
            Asks::ToBeWoken(said) => (said.device(), said.token.to_string(), format!("{said:?}")),
            other => panic!("{other:?}"),
        };

        let (device, token, shown) = asks("sip:a@h;pn-provider=apns;pn-prid=t0k3n%3Avoip;pn-param=T.app");

        assert_eq!(token, "t0k3n:voip");
        assert!(!device.contains("t0k3n") && !shown.contains("t0k3n"), "{device} {shown}");
        assert_eq!(asks("sip:a@other;pn-provider=APNS;pn-prid=t0k3n:voip;pn-param=T.app").0, device);
        assert_ne!(asks("sip:a@h;pn-provider=apns;pn-prid=T0k3n:voip;pn-param=T.app").0, device);
        assert_ne!(asks("sip:a@h;pn-provider=apns;pn-prid=t0k3n:voip").0, device);
    }
}

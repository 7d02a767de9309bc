//! What people of a place are used to: how they dial, and what they hear.

use std::sync::Arc;

use sound::Tone;

use crate::aloud::Aloud;
use crate::numbering::Country;
/// How people of a place dial, and what they hear.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    pub country: Arc<Country>,
    /// What is heard there while it rings.
    pub ringback: Arc<Tone>,
    /// What people there hear before a call of theirs is refused.
    pub aloud: Option<Arc<Aloud>>,
    /// What they hear of it where their phone knows nothing of that call.
    pub tones: Arc<Aloud>,
    pub area_code: Option<Arc<str>>,
    pub outside_prefix: Option<Arc<str>>,
    /// What is dialled first to be hidden.
    pub privacy_code: Option<Arc<str>>,
    /// What is dialled first to be shown.
    pub show_code: Option<Arc<str>>,
    /// A digit, and the user that it calls.
    pub operator: Option<(Arc<str>, Arc<str>)>,
}

//! What somebody is doing, in the words of RFC 4480 3.2.

macro_rules! activities {
    ($($variant:ident $word:literal,)+) => {
        /// What somebody is doing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Activity {
            $($variant,)+
        }

        impl Activity {
            /// Every one of them.
            pub const ALL: &[Activity] = &[$(Activity::$variant,)+];

            /// The name of its element.
            pub fn word(self) -> &'static str {
                match self {
                    $(Activity::$variant => $word,)+
                }
            }
        }
    };
}

activities! {
    Appointment "appointment",
    Away "away",
    Breakfast "breakfast",
    Busy "busy",
    Dinner "dinner",
    Holiday "holiday",
    InTransit "in-transit",
    LookingForWork "looking-for-work",
    Meal "meal",
    Meeting "meeting",
    OnThePhone "on-the-phone",
    Performance "performance",
    PermanentAbsence "permanent-absence",
    Playing "playing",
    Presentation "presentation",
    Shopping "shopping",
    Sleeping "sleeping",
    Spectator "spectator",
    Steering "steering",
    Travel "travel",
    Tv "tv",
    Vacation "vacation",
    Working "working",
    Worship "worship",
}

impl Activity {
    /// The activity of this name; what nobody has registered tells a watcher nothing.
    pub fn named(word: &str) -> Option<Activity> {
        Activity::ALL.iter().copied().find(|one| one.word() == word)
    }
}

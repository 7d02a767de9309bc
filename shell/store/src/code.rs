//! Codes of what keeps records from being found, each with what to do.

/// A code, what it means in a few words, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreCode {
    pub code: &'static str,
    pub title: &'static str,
    pub help: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $title:literal $help:literal;)*) => {
        /// All of them.
        pub const CODES: &[StoreCode] =
            &[$(StoreCode { code: $code, title: $title, help: $help }),*];
    };
}

codes! {
    AWAY "TD-S001" "the server of records is not there"
        "Calls go on, and their records are on the disk of this node, in records/. They go to the server by \
themselves when it is back: nothing has to be done here. Until then no call can be searched; `tandem cdr \
export` reads the files. See whether the server runs, whether the hosts of [system.storage] lead to it, and \
whether its certificate is signed by what tls_verify names; one that only reads (a standby) does not count.";
    REFUSED "TD-S002" "the server of records does not take them"
        "Calls go on, and their records are on the disk of this node, in records/. The server is there, and \
says no: the user or its password, the database, a right that is missing (the user has to own the schema, \
or may make it), an encoding other than UTF8, or tables of a newer version of Tandem. Mend it there or in \
[system.storage]; it is tried again by itself.";
}

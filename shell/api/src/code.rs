//! What a refusal is called, so that a program need not read its words: `tandem help TD-A003`.

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub code: &'static str,
    pub title: &'static str,
    pub help: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $title:literal $help:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Code = Code { code: $code, title: $title, help: $help };)*
        }

        /// Every refusal by HTTP, in order of their codes.
        pub const CODES: &[Code] = &[$(Code::$name),*];
    };
}

codes! {
    NO_TOKEN "TD-A001" "the token is missing, or is none of ours"
        "Send Authorization: Bearer TOKEN. tandem token create makes one; tandem token list says which hold.";
    NOT_ALLOWED "TD-A002" "the token is not good for this"
        "A reader looks, an operator changes what is in force, an admin makes tokens and reads the audit.";
    SENSELESS "TD-A003" "the question makes no sense"
        "The detail says which word is wrong and what could stand there; /openapi.json lists all.";
    MISSING "TD-A004" "there is no such thing"
        "The list above it names what is there.";
    NO_METHOD "TD-A005" "this is not asked for by that method"
        "The Allow header of the answer names the methods; /openapi.json lists all.";
    NOT_NOW "TD-A006" "the house cannot do it now"
        "A part of it is busy, or stops, or the disk refuses. Nothing was changed; ask again later.";
    DEFECT "TD-A007" "a defect cost this answer"
        "The log says more. What is in force goes on; tandem status shows it.";
    NOT_RECORDED "TD-A008" "nothing is changed that cannot be recorded"
        "The audit log cannot be written: see the log for the disk's words. The command line still works.";
    TAKEN "TD-A009" "it is there already, or there are too many"
        "Choose another name, or remove what is there first.";
    NOT_THAT "TD-A010" "the document is not in the state that was named"
        "Somebody changed it, or it is there, or it is not: GET it again, and send its ETag as If-Match.";
    CONFLICT "TD-A011" "somebody is in the middle of a change"
        "A revision waits to be confirmed, or the directory was edited and not applied: see tandem plan.";
    UNTESTED "TD-A012" "a stored test would fail"
        "tests.failed says which, and what was found in place of what is expected. Nothing was changed.";
    UNWRITABLE "TD-A013" "a document cannot be written as it is wished"
        "The path names the value: a mask in place of a secret, a file elsewhere, or what TOML cannot say.";
    NO_GOOD "TD-A014" "the token of the identity provider is no good"
        "The detail says what is wrong: its end, its issuer, for whom it is, by which key it is signed.";
    NOT_CAPTURED "TD-A015" "the call is not captured"
        "Its user, site or trunk allows less of its media, or a call for help does, or it does not pass us.";
}

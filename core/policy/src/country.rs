//! How countries dial: calling code, prefixes, and the numbers that call for help.

/// The dialling habits of a country.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Country {
    /// Two letters, as in ISO 3166.
    pub id: &'static str,
    pub calling_code: &'static str,
    /// What is dialled before a foreign number.
    pub international: &'static str,
    /// What is dialled before an area code and is no part of the number.
    pub national: &'static str,
    pub emergency: &'static [&'static str],
    /// Beginnings, after the calling code, of numbers that cost extra.
    pub premium: &'static [&'static str],
    /// Beginnings of numbers that cost the caller nothing.
    pub toll_free: &'static [&'static str],
}

macro_rules! countries {
    ($($id:literal $code:literal $international:literal $national:literal
       [$($emergency:literal)*] [$($premium:literal)*] [$($free:literal)*];)*) => {
        const COUNTRIES: &[Country] = &[$(Country {
            id: $id,
            calling_code: $code,
            international: $international,
            national: $national,
            emergency: &[$($emergency),*],
            premium: &[$($premium),*],
            toll_free: &[$($free),*],
        }),*];
    };
}

countries! {
    "US" "1" "011" "1" ["911"] ["900" "976"] ["800" "833" "844" "855" "866" "877" "888"];
    "CA" "1" "011" "1" ["911"] ["900" "976"] ["800" "833" "844" "855" "866" "877" "888"];
    "AE" "971" "00" "0" ["999" "998" "997" "112"] ["900"] ["800"];
    "AR" "54" "00" "0" ["911" "107" "100"] ["600"] ["800"];
    "AT" "43" "00" "0" ["112" "133" "144" "122"] ["900" "930"] ["800"];
    "AU" "61" "0011" "0" ["000" "112" "106"] ["190"] ["1800"];
    "BE" "32" "00" "0" ["112" "100" "101"] ["90"] ["800"];
    "BR" "55" "00" "0" ["190" "192" "193" "112"] ["900"] ["800"];
    "CH" "41" "00" "0" ["112" "117" "118" "144"] ["90"] ["800"];
    "CL" "56" "00" "" ["131" "132" "133"] ["600"] ["800"];
    "CN" "86" "00" "0" ["110" "119" "120"] [] ["800" "400"];
    "CZ" "420" "00" "" ["112" "150" "155" "158"] ["90"] ["800"];
    "DE" "49" "00" "0" ["112" "110"] ["900" "137"] ["800"];
    "DK" "45" "00" "" ["112"] ["90"] ["80"];
    "ES" "34" "00" "" ["112" "091" "061"] ["803" "806" "807" "905"] ["900" "800"];
    "FI" "358" "00" "0" ["112"] ["600" "700"] ["800"];
    "FR" "33" "00" "0" ["112" "15" "17" "18" "114"] ["89"] ["80"];
    "GB" "44" "00" "0" ["999" "112"] ["9" "87"] ["800" "808"];
    "GR" "30" "00" "" ["112" "100" "166" "199"] ["90"] ["800"];
    "HK" "852" "001" "" ["999" "112"] ["900"] ["800"];
    "HU" "36" "00" "06" ["112" "104" "105" "107"] ["90"] ["80"];
    "IE" "353" "00" "0" ["112" "999"] ["15"] ["1800"];
    "IL" "972" "00" "0" ["100" "101" "102" "112"] ["190"] ["180"];
    "IN" "91" "00" "0" ["112" "100" "101" "102" "108"] ["190"] ["180"];
    "IT" "39" "00" "" ["112" "113" "115" "118"] ["89" "166"] ["800" "803"];
    "JP" "81" "010" "0" ["110" "118" "119"] ["990"] ["120" "800"];
    "KR" "82" "00" "0" ["112" "119" "113"] ["60"] ["80"];
    "LU" "352" "00" "" ["112" "113"] ["90"] ["800"];
    "MX" "52" "00" "" ["911"] ["900"] ["800"];
    "MY" "60" "00" "0" ["999" "112"] ["600"] ["1800"];
    "NL" "31" "00" "0" ["112"] ["900" "906" "909"] ["800"];
    "NO" "47" "00" "" ["112" "110" "113"] ["82"] ["800"];
    "NZ" "64" "00" "0" ["111" "112"] ["900"] ["800" "508"];
    "PH" "63" "00" "0" ["911" "112"] ["900"] ["1800"];
    "PL" "48" "00" "" ["112" "997" "998" "999"] ["70"] ["800"];
    "PT" "351" "00" "" ["112"] ["760" "761" "762"] ["800"];
    "RO" "40" "00" "0" ["112"] ["90"] ["800"];
    "SA" "966" "00" "0" ["911" "997" "998" "999" "112"] ["700"] ["800"];
    "SE" "46" "00" "0" ["112"] ["900" "939" "944"] ["20"];
    "SG" "65" "000" "" ["995" "999" "112"] ["1900"] ["1800" "800"];
    "SK" "421" "00" "0" ["112" "150" "155" "158"] ["90"] ["800"];
    "TH" "66" "001" "0" ["191" "199" "1669" "112"] ["1900"] ["1800"];
    "TR" "90" "00" "0" ["112"] ["900"] ["800"];
    "TW" "886" "002" "0" ["110" "119" "112"] ["20"] ["80"];
    "UA" "380" "00" "0" ["112" "101" "102" "103"] ["900"] ["800"];
    "ZA" "27" "00" "0" ["112" "10111" "10177"] ["86"] ["800"];
}

/// Area codes under +1 that are other countries, at other prices.
const ABROAD_UNDER_1: &[&str] = &[
    "242", "246", "264", "268", "284", "345", "441", "473", "649", "658", "664", "721", "758", "767", "784",
    "809", "829", "849", "868", "869", "876",
];

/// Audiotext and the like: calling codes of no country.
const COSTLY_CODES: &[&str] = &["878", "882", "883", "979"];

/// Satellite telephones, by calling code and what follows it.
const SATELLITE_CODES: &[&str] = &["870", "881", "88213", "88216"];

impl Country {
    /// The country of two letters.
    pub fn named(id: &str) -> Option<&'static Country> {
        COUNTRIES.iter().find(|country| country.id == id)
    }

    /// What holds where a country is not known: the prefixes that most use.
    pub fn anywhere() -> &'static Country {
        const ANYWHERE: Country = Country {
            id: "",
            calling_code: "",
            international: "00",
            national: "0",
            emergency: &["112", "911"],
            premium: &[],
            toll_free: &[],
        };
        &ANYWHERE
    }

    /// Every id, in the order of the table.
    pub fn ids() -> impl Iterator<Item = &'static str> {
        COUNTRIES.iter().map(|country| country.id)
    }

    /// The digits after the calling code, if the digits of a number are of this country.
    pub fn national_digits<'n>(&self, digits: &'n str) -> Option<&'n str> {
        let rest = digits.strip_prefix(self.calling_code)?;
        let abroad = self.calling_code == "1" && ABROAD_UNDER_1.iter().any(|code| rest.starts_with(code));
        (!abroad).then_some(rest)
    }
}

/// Whether digits, without plus, cost extra wherever one calls from.
pub(crate) fn is_premium(digits: &str) -> bool {
    COSTLY_CODES.iter().any(|code| digits.starts_with(code))
        || COUNTRIES.iter().any(|country| begins(country, digits, country.premium))
}

/// Whether digits, without plus, are those of a satellite telephone.
pub(crate) fn is_satellite(digits: &str) -> bool {
    SATELLITE_CODES.iter().any(|code| digits.starts_with(code))
}

/// Whether digits, without plus, are free of charge inside a country.
pub(crate) fn is_toll_free(country: &Country, digits: &str) -> bool {
    begins(country, digits, country.toll_free)
}

fn begins(country: &Country, digits: &str, beginnings: &[&str]) -> bool {
    digits
        .strip_prefix(country.calling_code)
        .is_some_and(|rest| beginnings.iter().any(|beginning| rest.starts_with(beginning)))
}

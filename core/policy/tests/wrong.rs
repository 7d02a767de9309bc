//! Wrong configurations, one fault each, and what is said about it: code, place, and what to write instead.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read their data from files")]

use model::{Problem, Secrets, SourceFile};

fn problems_of(files: &[SourceFile]) -> Vec<Problem> {
    let problems = match model::load(files) {
        Ok(documents) => policy::compile(&documents, &Secrets::new()).err(),
        Err(problems) => Some(problems),
    };
    problems.unwrap_or_default()
}

fn file(name: &str) -> SourceFile {
    let path = format!("{}/tests/wrong/{name}", env!("CARGO_MANIFEST_DIR"));
    SourceFile::new(name, std::fs::read_to_string(path).unwrap())
}

fn said_of(name: &str) -> (String, String) {
    let problems = problems_of(&[file(name)]);
    let [problem] = problems.as_slice() else {
        panic!("one fault, {} problems: {problems:?}", problems.len())
    };
    let place = format!("{} {}:{}:{}", problem.code, problem.file, problem.line, problem.column);
    let shown = problem.to_string();
    assert!(shown.starts_with(&format!("error[{}]: ", problem.code)), "{shown}");
    assert!(!shown.contains("hunter22"), "{shown}");
    assert!(!serde_json::to_string(problem).unwrap().contains("hunter22"), "{shown}");
    (place, problem.suggestion.clone().unwrap_or_default())
}

macro_rules! wrong {
    ($($name:ident: $file:literal is $place:literal, $suggestion:literal;)*) => {
        $(#[test]
        fn $name() {
            let (place, suggestion) = said_of($file);

            assert_eq!(place.replace($file, "_"), $place);
            assert_eq!(suggestion.replace($file, "_"), $suggestion);
        })*

        #[test]
        fn every_wrong_file_is_named_here() {
            let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wrong")).unwrap();
            let mut files: Vec<String> =
                folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            files.sort();
            assert_eq!(files, [$($file),*]);
        }
    };
}

wrong! {
    typo_in_a_key: "01-typo-in-a-key.toml"
        is "TD-C004 _:16:1", "did you mean \"accept\"?";
    typo_in_a_kind: "02-typo-in-a-kind.toml"
        is "TD-C003 _:14:2", "did you mean \"trunk\"?";
    typo_in_a_nested_key: "03-typo-in-a-nested-key.toml"
        is "TD-C004 _:16:12", "did you mean \"sources\"?";
    typo_in_a_word: "04-typo-in-a-word.toml"
        is "TD-C007 _:10:8", "did you mean \"outside\"?";
    trunk_that_is_not_there: "05-trunk-that-is-not-there.toml"
        is "TD-C017 _:32:18", "did you mean \"northwind\" (_:14)?";
    site_that_is_not_there: "06-site-that-is-not-there.toml"
        is "TD-C017 _:20:8", "did you mean \"redmond\" (_:11)?";
    route_expected_that_is_not_there: "07-route-expected-that-is-not-there.toml"
        is "TD-C017 _:43:20", "did you mean \"us\" (_:29)?";
    caller_of_a_test_that_is_not_there: "08-caller-of-a-test-that-is-not-there.toml"
        is "TD-C017 _:42:18", "did you mean \"hana\" (_:19)?";
    object_twice: "09-object-twice.toml"
        is "TD-C008 _:45:8", "remove or rename one";
    number_without_plus: "10-number-without-plus.toml"
        is "TD-C009 _:21:10", "did you mean \"+14255550100\"?";
    number_without_quotes: "11-number-without-quotes.toml"
        is "TD-C010 _:21:10", "add quotes: \"+14255550100\"";
    number_too_long: "12-number-too-long.toml"
        is "TD-C009 _:21:10", "";
    extension_without_quotes: "13-extension-without-quotes.toml"
        is "TD-C010 _:22:13", "add quotes: \"100\"";
    leading_zero_without_quotes: "14-leading-zero-without-quotes.toml"
        is "TD-C010 _:22:13", "add quotes: \"0100\"";
    duration_without_unit: "15-duration-without-unit.toml"
        is "TD-C011 _:17:51", "did you mean \"4s\"?";
    duration_without_quotes: "16-duration-without-quotes.toml"
        is "TD-C010 _:17:51", "add quotes: \"4\"";
    duration_of_a_strange_unit: "17-duration-of-a-strange-unit.toml"
        is "TD-C011 _:17:51", "did you mean \"4s\"?";
    uri_without_scheme: "18-uri-without-scheme.toml"
        is "TD-C013 _:15:20", "did you mean \"sip:sbc1.northwind.example\"?";
    uri_with_a_port_that_cannot_be: "19-uri-with-a-port-that-cannot-be.toml"
        is "TD-C015 _:23:24", "";
    transport_that_is_not_known: "20-transport-that-is-not-known.toml"
        is "TD-C025 _:15:20", "did you mean \"tls\"?";
    port_out_of_range: "21-port-out-of-range.toml"
        is "TD-C031 _:9:7", "";
    address_that_is_none: "22-address-that-is-none.toml"
        is "TD-C014 _:8:11", "";
    network_too_narrow: "23-network-too-narrow.toml"
        is "TD-C014 _:16:23", "";
    range_reversed: "24-range-reversed.toml"
        is "TD-C021 _:26:9", "exchange the two ends";
    media_ports_reversed: "25-media-ports-reversed.toml"
        is "TD-C021 _:10:15", "did you mean \"30000-39999\"?";
    two_users_with_one_number: "26-two-users-with-one-number.toml"
        is "TD-C020 _:26:10", "see _:19";
    two_users_with_one_extension: "27-two-users-with-one-extension.toml"
        is "TD-C020 _:26:13", "see _:19";
    pattern_like_a_regular_expression: "28-pattern-like-a-regular-expression.toml"
        is "TD-C016 _:31:6", "use N (2-9), Z (1-9), X (0-9) and … (the rest)";
    pattern_in_small_letters: "29-pattern-in-small-letters.toml"
        is "TD-C016 _:31:6", "did you mean \"+1 NXX NXX XXXX\"?";
    route_that_is_never_reached: "30-route-that-is-never-reached.toml"
        is "TD-C024 _:36:6", "give it an order below 100 (_:29)";
    route_that_leads_nowhere: "31-route-that-leads-nowhere.toml"
        is "TD-C023 _:29:8", "use = [{ trunk = \"…\" }] or send = { user = \"by-number\" }";
    route_that_leads_both_ways: "32-route-that-leads-both-ways.toml"
        is "TD-C030 _:33:17", "write two routes";
    emergency_without_trunk: "33-emergency-without-trunk.toml"
        is "TD-C022 _:34:12", "trunks = [\"…\"]";
    required_key_missing: "34-required-key-missing.toml"
        is "TD-C005 _:29:8", "add order = …";
    list_where_text_is_wanted: "35-list-where-text-is-wanted.toml"
        is "TD-C006 _:20:8", "";
    text_where_a_list_is_wanted: "36-text-where-a-list-is-wanted.toml"
        is "TD-C006 _:35:8", "";
    format_of_the_future: "37-format-of-the-future.toml"
        is "TD-C002 _:1:10", "format = 1";
    format_missing: "38-format-missing.toml"
        is "TD-C002 _:1:1", "add \"format = 1\" as the first line";
    system_missing: "39-system-missing.toml"
        is "TD-C027 _:1:1", "add [system] with name and country";
    country_in_small_letters: "40-country-in-small-letters.toml"
        is "TD-C007 _:5:11", "two capital letters, such as \"US\"";
    country_that_is_not_known: "41-country-that-is-not-known.toml"
        is "TD-C007 _:5:11", "did you mean \"AX\"?";
    secret_in_plain_text: "42-secret-in-plain-text.toml"
        is "TD-C018 _:22:12", "{ env = \"NAME\" } or { file = \"path\" }";
    secret_as_text: "43-secret-as-text.toml"
        is "TD-C018 _:22:12", "{ env = \"NAME\" }";
    secret_without_value: "44-secret-without-value.toml"
        is "TD-C019 _:22:12", "put the secret there, then apply again";
    name_in_capitals: "45-name-in-capitals.toml"
        is "TD-C026 _:19:7", "did you mean \"hana-kim\"?";
    interface_that_listens_on_nothing: "46-interface-that-listens-on-nothing.toml"
        is "TD-C028 _:7:12", "udp = 5060, tcp = 5060 or tls = 5061";
    tls_without_certificate: "47-tls-without-certificate.toml"
        is "TD-C028 _:9:7", "add tls_certificate = \"…\" and tls_key = \"…\", or tls_names = [\"…\"] and \
                             [system.acme]";
    interface_without_the_transport: "48-interface-without-the-transport.toml"
        is "TD-C030 _:16:13", "add tcp = … to it";
    cause_that_is_none: "49-cause-that-is-none.toml"
        is "TD-C007 _:17:25", "did you mean \"timeout\"?";
    status_that_is_none: "50-status-that-is-none.toml"
        is "TD-C031 _:17:20", "300 to 699";
    rule_that_becomes_nothing: "51-rule-that-becomes-nothing.toml"
        is "TD-C029 _:39:39", "write a number, or its beginning and …, such as \"+1425…\"";
    refusal_that_is_none: "52-refusal-that-is-none.toml"
        is "TD-C007 _:43:22", "did you mean \"TD-R211\"?";
    time_without_offset: "53-time-without-offset.toml"
        is "TD-C032 _:42:52", "write it as \"2026-11-20T10:00:00-08:00\"";
    bracket_left_open: "54-bracket-left-open.toml"
        is "TD-C001 _:38:1", "";
    text_without_quotes: "55-text-without-quotes.toml"
        is "TD-C010 _:27:9", "add quotes: \"northwind\"";
    numbers_of_two_trunks: "56-numbers-of-two-trunks.toml"
        is "TD-C020 _:32:10", "";
    route_that_gives_calls_back: "57-route-that-gives-calls-back.toml"
        is "TD-C030 _:33:18", "use another trunk";
    extension_that_calls_for_help: "58-extension-that-calls-for-help.toml"
        is "TD-C030 _:22:13", "choose another extension";
    session_timer_too_short: "59-session-timer-too-short.toml"
        is "TD-C031 _:14:26", "90s to 24h, or \"off\"";
    no_calls_in_a_second: "71-no-calls-in-a-second.toml"
        is "TD-C031 _:16:31", "1 to 10000";
    typo_in_early_media: "72-typo-in-early-media.toml"
        is "TD-C007 _:16:24", "did you mean \"gated\"?";
    typo_in_a_rule_of_calls: "73-typo-in-a-rule-of-calls.toml"
        is "TD-C004 _:16:10", "did you mean \"reliable\"?";
    outside_prefix_too_long: "74-outside-prefix-too-long.toml"
        is "TD-C031 _:12:18", "";
    unowned_both_ways: "75-unowned-both-ways.toml"
        is "TD-C030 _:25:10", "{ refuse = 604 } or { user = \"…\" }";
    unowned_user_that_is_not_there: "76-unowned-user-that-is-not-there.toml"
        is "TD-C017 _:28:20", "did you mean \"hana\" (_:19)?";
    extension_prefix_of_two_sites: "77-extension-prefix-of-two-sites.toml"
        is "TD-C030 _:15:20", "give each site its own";
    dial_plan_that_is_not_there: "78-dial-plan-that-is-not-there.toml"
        is "TD-C017 _:12:12", "did you mean \"office\" (_:39)?";
    response_that_is_any: "80-response-that-is-any.toml"
        is "TD-C005 _:17:14", "add status = … or q850 = …";
    response_that_becomes_success: "81-response-that-becomes-success.toml"
        is "TD-C031 _:17:14", "400 to 699";
    certificate_with_a_wildcard: "82-certificate-with-a-wildcard.toml"
        is "TD-C007 _:16:27", "write the whole name, such as \"northwind.example\"";
    typo_in_failover: "83-typo-in-failover.toml"
        is "TD-C004 _:17:26", "did you mean \"after_ringing\"?";
    nobody_is_at_a_site_without_subnets: "90-location-without-subnets.toml"
        is "TD-C030 _:13:51", "add subnets at _:7";
    d14_a_certificate_that_nobody_gives: "certificate-01-from-nobody.toml"
        is "TD-C076 _:10:14", "add [system.acme] with authority = \"letsencrypt\" and terms = \"agreed\"";
    d14_a_certificate_for_every_host: "certificate-02-for-every-host.toml"
        is "TD-C076 _:14:14", "name each host, such as \"sip.contoso.example\"";
    d14_a_certificate_from_files_and_by_its_names: "certificate-03-from-files-too.toml"
        is "TD-C030 _:14:14", "leave tls_certificate and tls_key out, or tls_names";
    d14_a_certificate_for_an_address: "certificate-04-for-an-address.toml"
        is "TD-C076 _:14:14", "a name of DNS such as \"sip.example.com\"";
    d14_an_authority_that_is_asked_in_the_clear: "certificate-05-asked-for-in-the-clear.toml"
        is "TD-C013 _:8:13", "write \"https://ca.contoso.example/acme\"";
    d14_terms_that_nobody_agreed_to: "certificate-06-terms-that-nobody-agreed-to.toml"
        is "TD-C005 _:7:1", "add terms = …";
    d14_no_address_of_mail: "certificate-07-no-address-of-mail.toml"
        is "TD-C076 _:9:12", "such as \"telephony@example.com\"";
    d14_a_certificate_for_a_uri: "certificate-08-for-a-uri.toml"
        is "TD-C076 _:14:14", "did you mean \"sip.contoso.example\"?";
    d14_a_certificate_for_a_name_twice: "certificate-09-for-a-name-twice.toml"
        is "TD-C076 _:14:37", "name it once";
    conference_with_an_extension_of_somebody: "conference-01-extension-of-somebody.toml"
        is "TD-C020 _:28:13", "";
    conference_that_would_be_called_for_help: "conference-02-extension-that-is-a-call-for-help.toml"
        is "TD-C020 _:25:13", "";
    conference_for_too_many: "conference-03-for-too-many.toml"
        is "TD-C031 _:25:9", "from 2 to 100";
    conference_with_the_name_of_somebody: "conference-04-name-of-somebody.toml"
        is "TD-C020 _:26:13", "another name";
    conference_for_nobody_known: "conference-05-user-that-is-not-there.toml"
        is "TD-C017 _:27:10", "did you mean \"hana\" (_:24)?";
    conference_with_words_for_an_extension: "conference-06-words-for-an-extension.toml"
        is "TD-C063 _:25:13", "such as \"8001\"";
    conference_with_a_number_of_somebody: "conference-07-number-of-somebody.toml"
        is "TD-C020 _:28:10", "";
    people_in_the_clear_from_another_machine: "directory-01-in-the-clear.toml"
        is "TD-C074 _:14:13", "leave start_tls out, or write ldaps://";
    a_filter_of_people_that_is_none: "directory-02-no-filter.toml"
        is "TD-C080 _:14:10", "such as \"(&(objectClass=person)(telephoneNumber=*))\"";
    a_name_for_a_directory_without_a_password: "directory-03-name-without-a-password.toml"
        is "TD-C005 _:14:8", "password = { file = \"…\" }";
    a_directory_that_is_asked_all_the_time: "directory-04-asked-all-the-time.toml"
        is "TD-C031 _:14:12", "1h suits most houses";
    passwords_of_people_outside_the_configuration: "directory-05-folder-elsewhere.toml"
        is "TD-C080 _:14:10", "a folder beside the documents, such as \"passwords\"";
    a_directory_that_speaks_something_else: "directory-06-no-ldap.toml"
        is "TD-C013 _:13:7", "such as \"ldaps://ldap.example.com\"";
    forward_to_oneself: "forward-01-to-oneself.toml"
        is "TD-C030 _:23:22", "name somebody else, or leave it out";
    forward_to_somebody_who_is_not_there: "forward-02-to-somebody-who-is-not-there.toml"
        is "TD-C017 _:23:29", "";
    forward_to_two_places: "forward-03-to-two-places.toml"
        is "TD-C030 _:23:20", "{ user = \"…\" } or { number = \"+…\" }";
    forward_refusal_when_busy: "forward-04-refusal-when-busy.toml"
        is "TD-C030 _:23:20", "leave it out; refuse belongs to always";
    forward_refusal_that_is_none: "forward-05-refusal-that-is-none.toml"
        is "TD-C031 _:23:22", "480 or 603";
    forward_ringing_for_an_hour: "forward-06-ringing-for-an-hour.toml"
        is "TD-C031 _:23:62", "from \"5s\" to \"120s\"";
    forward_typo_in_a_key: "forward-07-typo-in-a-key.toml"
        is "TD-C004 _:23:13", "did you mean \"no_answer\"?";
    no_call_at_all: "forward-08-no-call-at-all.toml"
        is "TD-C031 _:23:13", "1 or more, or forward = { always = { refuse = 486 } }";
    programs_answered_in_the_clear: "http-01-heard-in-the-clear.toml"
        is "TD-C074 _:6:19", "add tls_certificate = \"…\" and tls_key = \"…\", or listen on 127.0.0.1; \
                              in_clear = \"accepted\" if somebody before the house seals it";
    certificate_of_http_without_its_key: "http-02-certificate-without-key.toml"
        is "TD-C028 _:6:19", "add tls_certificate = \"…\" and tls_key = \"…\"";
    http_without_a_port: "http-03-no-port.toml"
        is "TD-C014 _:6:19", "such as \"192.0.2.10:7443\"";
    typo_in_what_may_be_clear: "http-04-typo-in-a-word.toml"
        is "TD-C007 _:6:49", "did you mean \"accepted\"?";
    g2_stun_without_checks: "ice-01-stun-without-checks-of-ours.toml"
        is "TD-C030 _:10:8", "add ice = \"full\", or leave stun out";
    g2_turn_without_checks: "ice-02-turn-without-checks-of-ours.toml"
        is "TD-C030 _:11:8", "add ice = \"full\", or leave turn out";
    g2_password_of_turn: "ice-03-password-of-turn-in-plain-text.toml"
        is "TD-C018 _:11:65", "{ env = \"NAME\" } or { file = \"path\" }";
    g2_server_without_a_port: "ice-04-server-without-a-port-that-can-be.toml"
        is "TD-C015 _:11:8", "such as \"stun.example.com:3478\"";
    header_that_the_house_writes: "identity-01-header-that-the-house-writes.toml"
        is "TD-C061 _:13:20", "";
    header_in_its_short_form: "identity-02-header-in-its-short-form.toml"
        is "TD-C061 _:13:23", "write \"Contact\"";
    header_with_a_line_end: "identity-03-header-with-a-line-end.toml"
        is "TD-C061 _:13:41", "";
    word_that_nothing_fills: "identity-04-word-that-nothing-fills.toml"
        is "TD-C061 _:13:41", "did you mean {caller}?";
    header_rule_that_does_two_things: "identity-05-header-rule-that-does-two-things.toml"
        is "TD-C061 _:13:12", "write one of set, add, remove and pass";
    header_rule_without_a_value: "identity-06-header-rule-without-a-value.toml"
        is "TD-C061 _:13:12", "add value = \"…\"";
    identity_by_a_header_rule: "identity-07-identity-by-a-header-rule.toml"
        is "TD-C061 _:13:12", "use identity.caller_id, identity.trust or identity.diversion";
    user_among_owned_numbers: "identity-09-user-among-owned-numbers.toml"
        is "TD-C016 _:13:41", "write the user's number";
    privacy_code_of_digits: "identity-10-privacy-code-of-digits.toml"
        is "TD-C062 _:6:16", "such as \"*67\"";
    privacy_code_that_calls_for_help: "identity-11-privacy-code-that-calls-for-help.toml"
        is "TD-C062 _:6:13", "such as \"*67\"";
    trust_that_is_no_word: "identity-12-trust-that-is-no-word.toml"
        is "TD-C007 _:13:22", "known here: none, in, out, both";
    writing_what_comes_in: "identity-13-writing-what-comes-in.toml"
        is "TD-C061 _:13:12", "leave direction out";
    a_message_that_is_no_word: "identity-14-a-message-that-is-no-word.toml"
        is "TD-C007 _:13:55", "did you mean \"reinvite\"?";
    not_hearing_in_some_messages: "identity-15-not-hearing-in-some-messages.toml"
        is "TD-C061 _:13:12", "leave on out";
    inside_interface_that_is_not_there: "media-01-inside-interface-that-is-not-there.toml"
        is "TD-C017 _:27:26", "did you mean \"lan\" (_:7)?";
    inside_interface_that_faces_the_world: "media-02-inside-interface-that-faces-the-world.toml"
        is "TD-C077 _:27:26", "name an interface with side = \"inside\"";
    inside_interface_that_is_the_usual_one: "media-03-inside-interface-that-is-the-usual-one.toml"
        is "TD-C077 _:28:26", "name an interface that faces our own network";
    inside_assumed_without_an_interface: "media-04-inside-assumed-without-an-interface.toml"
        is "TD-C077 _:27:16", "add inside_interface = the interface for who is inside";
    interface_of_media_that_goes_direct: "media-05-interface-of-media-that-goes-direct.toml"
        is "TD-C077 _:28:19", "";
    observer_that_is_heard_at_a_name: "observer-01-heard-at-a-name.toml"
        is "TD-C014 _:12:10", "an address of this machine, such as \"udp:192.0.2.10:9060\"";
    observer_at_a_port_of_an_interface: "observer-02-port-of-an-interface.toml"
        is "TD-C088 _:12:10", "another port, such as 9060";
    observer_that_nobody_is: "observer-03-taken-from-nobody.toml"
        is "TD-C005 _:13:8", "from = [\"192.0.2.20\"]";
    observer_that_anybody_is: "observer-04-taken-from-everybody.toml"
        is "TD-C088 _:13:8", "name its addresses, or add key = { file = \"…\" }";
    observers_that_are_alike: "observer-05-two-that-are-alike.toml"
        is "TD-C088 _:18:8", "give each its agent, an address of its own in from, or a port of its own";
    observer_with_a_key_in_plain_text: "observer-06-key-in-plain-text.toml"
        is "TD-C018 _:14:7", "{ env = \"NAME\" } or { file = \"path\" }";
    orbit_without_a_range: "orbit-01-no-range.toml"
        is "TD-C064 _:24:11", "such as [\"701\", \"709\"]";
    orbit_with_an_extension_of_somebody: "orbit-02-extension-of-somebody.toml"
        is "TD-C020 _:27:11", "";
    orbit_with_a_code_of_digits: "orbit-03-code-of-digits.toml"
        is "TD-C063 _:25:8", "such as \"*68\"";
    orbit_that_calls_back_at_once: "orbit-04-called-back-at-once.toml"
        is "TD-C031 _:25:13", "from \"10s\" to \"1h\"";
    orbit_whose_fallback_refuses: "orbit-05-fallback-that-refuses.toml"
        is "TD-C030 _:25:12", "{ user = \"…\" } or { number = \"+…\" }";
    pickup_code_of_digits: "pickup-01-code-of-digits.toml"
        is "TD-C063 _:6:15", "pickup_code = \"**\", or another one";
    pickup_code_that_begins_another: "pickup-02-code-that-begins-a-code-for-privacy.toml"
        is "TD-C063 _:7:15", "pickup_code = \"**\", or another one";
    tokens_in_the_clear_to_another_machine: "push-01-tokens-in-the-clear.toml"
        is "TD-C074 _:46:7", "send to 127.0.0.1, to a program that knows the way on; in_clear = \"accepted\" \
                              if the network between is believed";
    waiting_too_long_for_a_phone: "push-02-wait-of-an-hour.toml"
        is "TD-C031 _:47:8", "leave it away: most phones are there in two seconds";
    a_recorder_that_is_nowhere: "recorder-01-nowhere.toml"
        is "TD-C085 _:11:11", "servers = [\"sip:recorder.example.com;transport=tcp\"]";
    recordings_kept_at_no_recorder: "recorder-02-none-there.toml"
        is "TD-C085 _:12:6", "add [recorder.…] with servers = […]";
    recorders_of_five_groups: "recorder-03-five-groups.toml"
        is "TD-C085 _:28:9", "have 4 groups at most";
    typo_in_redirect: "redirect-01-typo-in-a-word.toml"
        is "TD-C007 _:16:21", "did you mean \"refuse\"?";
    silence_too_short: "silence-01-too-short.toml"
        is "TD-C031 _:14:20", "10s to 24h, or \"off\"";
    sound_that_is_not_there: "sound-01-file-that-is-not-there.toml"
        is "TD-C065 _:8:9", "its name begins at the configuration's directory";
    sound_elsewhere: "sound-02-file-elsewhere.toml"
        is "TD-C065 _:8:9", "a file below the configuration's directory, such as \"sounds/waiting.wav\"";
    sound_of_another_kind: "sound-03-file-of-another-kind.toml"
        is "TD-C007 _:8:9", "\"off\", \"tone\", or a file such as \"sounds/waiting.wav\"";
    trunk_that_serves_its_site_alone_and_has_none: "toll-bypass-01-trunk-without-site.toml"
        is "TD-C070 _:14:8", "add site = \"…\"";
    trunk_that_serves_a_site_without_subnets: "toll-bypass-02-trunk-at-a-site-without-subnets.toml"
        is "TD-C070 _:18:8", "add subnets = [\"…\"] to the site";
    site_that_refuses_toll_bypass_without_subnets: "toll-bypass-03-site-without-subnets.toml"
        is "TD-C070 _:11:7", "add subnets = [\"…\"] to the site";
    usages_of_a_site_that_allows_toll_bypass: "toll-bypass-04-usages-of-a-site-that-allows-it.toml"
        is "TD-C070 _:13:11", "add toll_bypass = \"refused\"";
    pbx_that_refuses_toll_bypass: "toll-bypass-05-pbx-that-refuses-it.toml"
        is "TD-C070 _:14:8", "leave toll_bypass out; its site says where the people of the PBX are";
    mailbox_that_is_not_there: "toll-bypass-06-mailbox-that-is-not-there.toml"
        is "TD-C017 _:13:11", "did you mean \"hana\" (_:20)?";
    records_in_the_clear_to_another_machine: "webhook-01-elsewhere-in-the-clear.toml"
        is "TD-C074 _:46:7", "send to 127.0.0.1, to a program that knows the way on; in_clear = \"accepted\" \
                              if the network between is believed";
    records_by_tls: "webhook-02-by-tls.toml"
        is "TD-C013 _:46:7", "such as \"http://127.0.0.1:4318\"";
    d7_wss_without_certificate: "websocket-01-wss-without-certificate.toml"
        is "TD-C028 _:10:7", "add tls_certificate = \"…\" and tls_key = \"…\", or tls_names = [\"…\"] and \
                              [system.acme]";
    d7_no_page_let_in: "websocket-02-no-page-let-in.toml"
        is "TD-C028 _:10:7", "add origins = [\"https://…\"], the pages that phones are on";
    d7_origin_with_a_path: "websocket-03-origin-with-a-path.toml"
        is "TD-C013 _:13:12", "did you mean \"https://phones.example.com\"?";
    d7_origin_without_a_scheme: "websocket-04-origin-without-a-scheme.toml"
        is "TD-C013 _:13:12", "did you mean \"https://phones.example.com\"?";
    d7_origin_with_the_usual_port: "websocket-05-origin-with-the-usual-port.toml"
        is "TD-C013 _:13:17", "did you mean \"https://phones.example.com\"?";
    d7_origins_where_nobody_comes: "websocket-06-origins-of-nobody.toml"
        is "TD-C030 _:10:12", "add wss = 443, or leave origins out";
    d7_port_of_another_transport: "websocket-07-port-of-another-transport.toml"
        is "TD-C028 _:11:6", "another port";
    d7_server_by_websocket: "websocket-08-server-by-websocket.toml"
        is "TD-C025 _:15:20", "udp, tcp or tls; browsers are let in by ws or wss of an [interface.*]";
    phone_where_no_browser_comes: "websocket-09-phone-where-no-browser-comes.toml"
        is "TD-C030 _:10:9", "add wss = 443, or leave phone out";
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let name = "10-number-without-plus.toml";
    let text = file(name).text.replace("order = 100", "ordr = 100").replace("\"4s\"", "\"4x\"");

    let problems = problems_of(&[SourceFile::new(name, text)]);

    let said: Vec<String> =
        problems.iter().map(|problem| format!("{} {}", problem.code, problem.line)).collect();
    assert_eq!(said, ["TD-C011 17", "TD-C009 21", "TD-C005 29", "TD-C004 30"]);
}

#[test]
fn an_object_that_stands_in_two_files_is_told_where_the_first_is() {
    let good = file("37-format-of-the-future.toml").text.replace("format = 2", "format = 1");
    let other = "[trunk.northwind]\nservers = [{ uri = \"sip:other.example\" }]\n";

    let files = [SourceFile::new("conf.d/all.toml", good), SourceFile::new("conf.d/more.toml", other)];
    let problems = problems_of(&files);

    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "trunk \"northwind\" is defined twice");
    assert_eq!(problems[0].suggestion.as_deref(), Some("the first is at conf.d/all.toml:14"));
    assert_eq!((problems[0].file.as_str(), problems[0].line), ("conf.d/more.toml", 1));
}

#[test]
fn a_problem_is_shown_with_its_line_and_a_way_to_more() {
    let problems = problems_of(&[file("05-trunk-that-is-not-there.toml")]);

    let shown = problems[0].clone().note("nothing was applied").to_string();

    let wanted = r#"error[TD-C017]: trunk "northwnd" is not defined
  ┌─ 05-trunk-that-is-not-there.toml:32:18
  │
32│ use = [{ trunk = "northwnd", share = 70 }]
  │                  ^^^^^^^^^^ did you mean "northwind" (05-trunk-that-is-not-there.toml:14)?
  │
  = nothing was applied
  = more: tandem help TD-C017"#;
    assert_eq!(shown, wanted);
}

#[test]
fn a_problem_is_told_to_programs_too() {
    let problems = problems_of(&[file("05-trunk-that-is-not-there.toml")]);

    let json = serde_json::to_value(&problems[0]).unwrap();

    assert_eq!(json["code"], "TD-C017");
    assert_eq!((&json["line"], &json["column"]), (&32.into(), &18.into()));
    assert_eq!(json["span"], "\"northwnd\"");
}

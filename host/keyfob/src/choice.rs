//! Which of several tokens an app means.

use keyfob_wire::Status;

use crate::{Error, TokenUri};

/// Chooses the only token that could be opened, by what came of trying each.
///
/// # Errors
/// [`Error::SeveralTokens`] if several could. If none could: the reason of the one that might have been meant, or that
/// there is none.
pub(crate) fn only_opened<T>(tried: Vec<(TokenUri, Result<T, Error>)>) -> Result<(TokenUri, T), Error> {
    let (mut opened, mut refused) = (Vec::new(), Vec::new());
    for (uri, outcome) in tried {
        match outcome {
            Ok(session) => opened.push((uri, session)),
            Err(error) => refused.push(error),
        }
    }
    match opened.len() {
        0 => Err(refused.into_iter().min_by_key(certainty_of_another).unwrap_or(Error::NoToken)),
        1 => opened.pop().ok_or(Error::NoToken),
        _ => Err(Error::SeveralTokens(opened.iter().map(|(uri, _)| uri.to_string()).collect())),
    }
    .map_err(|error| match error {
        // A socket that nobody listens on is what a killed emulator left behind.
        Error::Unreachable { .. } => Error::NoToken,
        error => error,
    })
}

/// How certain it is that the token wasn't the one that the app means.
fn certainty_of_another(error: &Error) -> u8 {
    match error {
        Error::Unreachable { .. } => 5,
        Error::NotAToken => 4,
        Error::Refused(Status::NotReady) => 3,
        Error::OtherVendor => 2,
        Error::Emulated => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(number: usize) -> TokenUri {
        format!("hid:/dev/hidraw{number}").parse().unwrap()
    }

    fn chosen(outcomes: Vec<Result<char, Error>>) -> Result<(String, char), &'static str> {
        let tried = outcomes.into_iter().enumerate().map(|(number, outcome)| (uri(number), outcome));
        only_opened(tried.collect()).map(|(uri, it)| (uri.to_string(), it)).map_err(|error| error.code())
    }

    fn refusals() -> Vec<fn() -> Error> {
        vec![
            || Error::Unreachable { uri: String::new(), source: std::io::ErrorKind::NotFound.into() },
            || Error::NotAToken,
            || Error::Refused(Status::NotReady),
            || Error::OtherVendor,
            || Error::Emulated,
            || Error::Permission { uri: String::new() },
        ]
    }

    #[test]
    fn others_are_passed_over() {
        let others = || refusals().into_iter().map(|refusal| Err(refusal()));
        let (ahead, behind) = (others().chain([Ok('a')]).collect(), [Ok('a')].into_iter().chain(others()).collect());
        assert_eq!(chosen(ahead), Ok(("hid:/dev/hidraw6".into(), 'a')));
        assert_eq!(chosen(behind), Ok(("hid:/dev/hidraw0".into(), 'a')));
    }

    #[test]
    fn of_two_none_is_chosen() {
        let tried = vec![(uri(0), Ok(())), (uri(1), Err(Error::OtherVendor)), (uri(2), Ok(()))];
        let error = only_opened(tried).unwrap_err();
        assert!(matches!(error, Error::SeveralTokens(uris) if uris == ["hid:/dev/hidraw0", "hid:/dev/hidraw2"]));
    }

    /// The reason told is that of the token that is most likely meant, in whatever order they are.
    #[test]
    fn the_reason_is_that_of_the_likeliest() {
        assert_eq!(chosen(Vec::new()), Err("no-token"));
        let codes = ["no-token", "not-a-token", "not-ready", "unknown-vendor", "emulated-token", "device-permission"];
        for (last, code) in codes.into_iter().enumerate() {
            let refusals: Vec<_> = refusals().into_iter().take(last + 1).collect();
            assert_eq!(chosen(refusals.iter().map(|refusal| Err(refusal())).collect()), Err(code));
            assert_eq!(chosen(refusals.iter().rev().map(|refusal| Err(refusal())).collect()), Err(code));
        }
    }
}
